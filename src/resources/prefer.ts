// What a client would like back, and how strict it wants us. https://hl7.org/fhir/R4/http.html#ops
// https://www.rfc-editor.org/rfc/rfc7240

export interface Prefer {
  /** undefined: the interaction's own default. */
  readonly return: 'minimal' | 'representation' | 'OperationOutcome' | undefined
  readonly handling: 'strict' | 'lenient'
}

const DEFAULT: Prefer = { return: undefined, handling: 'strict' }

const RETURNS: ReadonlyMap<string, Prefer['return']> =
  new Map([['minimal', 'minimal'], ['representation', 'representation'], ['operationoutcome', 'OperationOutcome']])

/**
 * The preferences of a `Prefer` header. Unknown ones are passed over, as RFC 7240 (section 2) demands; the first of
 * several with one name counts.
 */
export function prefer (header: string | string[] | undefined): Prefer {
  if (header === undefined) return DEFAULT
  const text = String(header)
  const seen = SEEN.get(text)
  if (seen !== undefined) return seen
  const preferences = stated(text)
  if (SEEN.size < MOST_SEEN) SEEN.set(text, preferences)
  return preferences
}

// A client says the same each time, and a Bundle says it for each entry.
const SEEN = new Map<string, Prefer>()
const MOST_SEEN = 100

function stated (header: string): Prefer {
  const stated = new Map<string, string>()
  for (const preference of header.split(/[,;]/)) {
    const [name = '', value = ''] = preference.split('=').map(part => part.trim().replace(/^"|"$/g, ''))
    if (!stated.has(name.toLowerCase())) stated.set(name.toLowerCase(), value.toLowerCase())
  }
  return {
    return: RETURNS.get(stated.get('return') ?? ''),
    handling: stated.get('handling') === 'lenient' ? 'lenient' : 'strict'
  }
}
