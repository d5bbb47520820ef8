// The text of a resource: that of its narrative, and that of everything in it. https://hl7.org/fhir/R4/search.html#content
import { membersOf } from '../../fhir/elements.js'
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { wordsOf } from '../../fhir/search/words.js'
import { textOfXhtml } from '../../fhir/text/xhtml.js'

/** Words between blanks; `narrative` is undefined where there are none. */
export interface Texts { readonly narrative: string | undefined, readonly content: string }

// So many characters of a text fit into a tsvector, whatever they are: it holds a megabyte.
const MOST = 200_000

// What names something, is no text, or has parameters of its own.
const NO_TEXT: ReadonlySet<string> = new Set(['id', 'uri', 'url', 'canonical', 'oid', 'uuid', 'base64Binary', 'date', 'dateTime', 'instant', 'time'])
// Strings that are no text either.
const NO_TEXT_IN: Readonly<Record<string, string>> = { Reference: 'reference', SampledData: 'data', Narrative: 'status' }

/** The words of a resource: of its narrative, and of all texts and codes in it and in what it contains. Of each the first 200,000 characters. */
export function textsOf (resource: JsonObject): Texts {
  const { text } = resource
  const div = isObject(text) ? text['div'] : undefined
  const all: string[] = []
  gather(resource, typeOf(resource), all)
  const narrative = typeof div === 'string' ? bounded(textOfXhtml(div)) : ''
  return { narrative: narrative === '' ? undefined : narrative, content: bounded(all.join(' ')) }
}

// What goes beyond ends before the word that would.
function bounded (text: string): string {
  const words = wordsOf(text).join(' ')
  return words.length <= MOST ? words : words.slice(0, words.lastIndexOf(' ', MOST))
}

const typeOf = ({ resourceType }: JsonObject): string => typeof resourceType === 'string' ? resourceType : ''

function gather (holder: JsonObject, type: string, into: string[]): void {
  const members = membersOf(type)
  for (const [name, value] of Object.entries(holder)) {
    if (name === NO_TEXT_IN[type]) continue
    // Beside a primitive stand its extensions.
    const kind = name.startsWith('_') ? 'Element' : members.get(name)?.type
    if (kind !== undefined && !NO_TEXT.has(kind)) for (const each of Array.isArray(value) ? value : [value]) take(each, kind, into)
  }
}

function take (value: Json, kind: string, into: string[]): void {
  if (typeof value === 'string') into.push(kind === 'xhtml' ? textOfXhtml(value) : value)
  else if (isObject(value)) gather(value, kind === 'Resource' ? typeOf(value) : kind, into)
}
