// What the text of a Reference points to. https://hl7.org/fhir/R4/references.html#literal
import { isResourceType, type ResourceType } from './resource-types.js'

/** A reference's text, told apart. Nothing is looked up: `literal` says what is meant, not that it exists. */
export type Target =
  /** A resource of this server: `Patient/anna`, `Patient/anna/_history/7`, or the same under the server's own URL. */
  | { readonly kind: 'literal', readonly type: ResourceType, readonly id: string, readonly version: string | undefined }
  /** The resource of another server. `type` and `id` are those its URL ends with, where it ends like one. */
  | { readonly kind: 'elsewhere', readonly url: string, readonly type: ResourceType | undefined, readonly id: string | undefined }
  /** `urn:uuid:` or `urn:oid:`: an entry of the same Bundle, or a name that only its maker understands. */
  | { readonly kind: 'urn', readonly urn: string }
  /** `#x`: a contained resource; an empty id is the container itself. */
  | { readonly kind: 'contained', readonly id: string }
  /** `Practitioner?identifier=...`: to be found at write. https://hl7.org/fhir/R4/http.html#trules */
  | { readonly kind: 'conditional', readonly type: ResourceType, readonly query: string }
  /** A canonical URL with `|version`. https://hl7.org/fhir/R4/references.html#canonical */
  | { readonly kind: 'canonical', readonly url: string, readonly version: string }
  | { readonly kind: 'unknown', readonly text: string }

const SLASH = 47

/** Whether a text is a logical id. https://hl7.org/fhir/R4/datatypes.html#id */
export function isId (text: string): boolean {
  if (text.length === 0 || text.length > 64) return false
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    const letterOrDigit = (unit >= 97 && unit <= 122) || (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90)
    if (!letterOrDigit && unit !== 45 && unit !== 46) return false
  }
  return true
}

/**
 * Reads the text of a reference. `base` is the URL under which this server's resources stand, without a slash at its
 * end (`https://karta.example/fhir`); what stands under it is the server's own.
 */
export function parseReference (text: string, base?: string): Target {
  const known = read.get(text)
  if (known !== undefined) return known
  if (text.startsWith('#')) return { kind: 'contained', id: text.slice(1) }
  if (text.startsWith('urn:')) return { kind: 'urn', urn: text }
  return hasScheme(text) ? absolute(text, base) : relative(text)
}

// A search URL may carry `://` in its query, so only one before any slash or question mark counts.
function hasScheme (text: string): boolean {
  const colon = text.indexOf('://')
  return colon !== -1 && text.indexOf('/') > colon && !text.slice(0, colon).includes('?')
}

// One write reads a reference several times, and a Bundle names the same few resources over and over. What is literal without a
// base is so with any.
const MOST_READ = 4096
const read = new Map<string, Target>()

function relative (text: string): Target {
  const target = relativeTarget(text)
  if (target.kind !== 'literal') return target
  // A copy, because a part of a text holds on to all of it. A literal has no character beyond ASCII.
  const copy = Buffer.from(text, 'latin1').toString('latin1')
  if (read.size >= MOST_READ) read.clear()
  read.set(copy, relativeTarget(copy))
  return target
}

function relativeTarget (text: string): Target {
  const slash = text.indexOf('/')
  const query = text.indexOf('?')
  if (query !== -1 && (slash === -1 || query < slash)) {
    const type = text.slice(0, query)
    return isResourceType(type) && query < text.length - 1
      ? { kind: 'conditional', type, query: text.slice(query + 1) }
      : { kind: 'unknown', text }
  }
  return literal(text, slash) ?? { kind: 'unknown', text }
}

/** `Type/id` or `Type/id/_history/version`; undefined when it is neither. */
function literal (text: string, slash: number): Target & { kind: 'literal' } | undefined {
  if (slash === -1) return undefined
  const type = text.slice(0, slash)
  if (!isResourceType(type)) return undefined
  const end = text.indexOf('/', slash + 1)
  const id = end === -1 ? text.slice(slash + 1) : text.slice(slash + 1, end)
  if (!isId(id)) return undefined
  if (end === -1) return { kind: 'literal', type, id, version: undefined }
  const version = text.startsWith('/_history/', end) ? text.slice(end + 10) : ''
  return isId(version) ? { kind: 'literal', type, id, version } : undefined
}

function absolute (text: string, base: string | undefined): Target {
  if (base !== undefined && text.startsWith(base) && text.charCodeAt(base.length) === SLASH) {
    return relative(text.slice(base.length + 1))
  }
  const bar = text.indexOf('|')
  if (bar > 0 && bar < text.length - 1) return { kind: 'canonical', url: text.slice(0, bar), version: text.slice(bar + 1) }
  const end = ending(text)
  return { kind: 'elsewhere', url: text, type: end?.type, id: end?.id }
}

/** What a foreign URL ends with, read as `Type/id` with or without a version. */
function ending (url: string): Target & { kind: 'literal' } | undefined {
  const history = url.indexOf('/_history/')
  const last = url.lastIndexOf('/', history === -1 ? undefined : history - 1)
  const start = url.lastIndexOf('/', last - 1) + 1
  return start > 0 ? literal(url.slice(start), last - start) : undefined
}

/** The type that a reference names, whatever its form; undefined where the text alone does not say it. */
export function typeNamed (text: string): ResourceType | undefined {
  const target = parseReference(text)
  if (target.kind === 'literal' || target.kind === 'conditional' || target.kind === 'elsewhere') return target.type
  // What follows a type may be no id.
  const slash = text.indexOf('/')
  const first = slash === -1 ? '' : text.slice(0, slash)
  return isResourceType(first) ? first : undefined
}

/** The text of a reference to a resource of this server. */
export const referenceTo = (type: string, id: string): string => `${type}/${id}`
