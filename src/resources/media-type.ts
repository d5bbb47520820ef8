// Which representation a client takes, and which body we take. https://hl7.org/fhir/R4/http.html#mime-type
import { invalid, notAcceptable, unsupportedMediaType } from '../fhir/outcome.js'
import { isSearch } from './route.js'

export const FHIR_JSON = 'application/fhir+json; charset=utf-8'
const JSON_PLAIN = 'application/json; charset=utf-8'
const TEXT_JSON = 'text/json; charset=utf-8'

/** The reply's content type for each media type that asks for JSON; generic ones are answered as they are asked. */
const OFFERED: ReadonlyMap<string, string> = new Map([
  ['application/fhir+json', FHIR_JSON], ['application/*', FHIR_JSON], ['*/*', FHIR_JSON], ['json', FHIR_JSON],
  ['application/json+fhir', FHIR_JSON], ['application/json', JSON_PLAIN], ['text/json', TEXT_JSON]
])

interface Range { readonly type: string, readonly quality: number, readonly parameters: ReadonlyMap<string, string> }

function range (text: string): Range {
  const [type = '', ...rest] = text.split(';').map(part => part.trim())
  const parameters = new Map(rest.map(part => {
    const [name = '', value = ''] = part.split('=').map(side => side.trim().replace(/^"|"$/g, ''))
    return [name.toLowerCase(), value]
  }))
  const quality = Number(parameters.get('q') ?? '1')
  return { type: type.toLowerCase(), quality: Number.isNaN(quality) ? 0 : quality, parameters }
}

// https://hl7.org/fhir/R4/versioning.html#mt-version: what asks for another version of FHIR is not what we have.
const isOurVersion = ({ parameters }: Range): boolean => /^4\.0(\.1)?$/.test(parameters.get('fhirversion') ?? '4.0')

function bestOf (accept: string): string | undefined {
  let best: Range | undefined
  for (const candidate of accept.split(',').map(range)) {
    if (candidate.quality > (best?.quality ?? 0) && OFFERED.has(candidate.type) && isOurVersion(candidate)) best = candidate
  }
  return best && OFFERED.get(best.type)
}

// Clients send the same few headers for ever.
const KNOWN = new Map<string, string>()
const MOST_KNOWN = 200

/**
 * The content type of the reply for an `Accept` header and a `_format` parameter, which wins over it.
 * Throws FhirError 406 when neither admits JSON, 400 when `_format` is no media type at all.
 */
export function contentTypeFor (accept: string | undefined, format: string | undefined): string {
  if (format !== undefined) return contentTypeOfFormat(format)
  if (accept === undefined || accept === '') return FHIR_JSON
  const known = KNOWN.get(accept) ?? bestOf(accept)
  if (known === undefined) throw notAcceptable('only JSON is offered: application/fhir+json')
  if (KNOWN.size < MOST_KNOWN) KNOWN.set(accept, known)
  return known
}

const OTHERS = /^(xml|ttl|html|(text|application)\/[a-z0-9.+-]+)$/

function contentTypeOfFormat (format: string): string {
  // A plus that the client did not escape has become a space on its way here.
  const wanted = range(format.replace(' ', '+'))
  const offered = wanted.type.includes('*') || !isOurVersion(wanted) ? undefined : OFFERED.get(wanted.type)
  if (offered !== undefined) return offered
  if (!OTHERS.test(wanted.type)) throw invalid(`_format must be a media type or json, not ${JSON.stringify(format)}`)
  throw notAcceptable(`_format ${wanted.type} is not offered: only json is`)
}

/** Whether a request names FHIR's own media type, without which a Binary comes as what it holds. https://hl7.org/fhir/R4/binary.html#rest */
export const asksForFhir = (accept: string | undefined): boolean =>
  accept !== undefined && /application\/(fhir\+(json|xml)|(json|xml)\+fhir)/i.test(accept)

const RESOURCE: readonly string[] = ['application/fhir+json', 'application/json']
const PATCH: readonly string[] = ['application/json-patch+json', ...RESOURCE]

/**
 * Throws FhirError 415 for a body that came compressed: a Binary would keep it as its content.
 * https://www.rfc-editor.org/rfc/rfc9110#section-15.5.16
 */
export function refuseEncoded (contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity') return
  throw unsupportedMediaType(`Content-Encoding ${JSON.stringify(contentEncoding)} is not taken: send the body as it is`)
}

/**
 * The media type of a body, checked before any of it is read. Throws FhirError 415 for a media type that the
 * interaction does not take, or a charset other than UTF-8.
 */
export function bodyType (contentType: string | undefined, interaction: string, type: string): string {
  if (contentType === undefined) throw unsupportedMediaType(`a body needs a Content-Type: ${allowed(interaction).join(', ')}`)
  const { type: mediaType, parameters } = range(contentType)
  const charset = parameters.get('charset')
  // A Binary takes anything as its content, except another representation of a Binary, which it is not.
  const isRaw = type === 'Binary' && interaction !== 'patch' && !isSearch(interaction) && !RESOURCE.includes(mediaType) && !mediaType.startsWith('application/fhir+')
  if (isRaw && /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+$/.test(mediaType)) return mediaType
  if (!allowed(interaction).includes(mediaType)) {
    throw unsupportedMediaType(`Content-Type ${JSON.stringify(mediaType)} is not taken here, but ${allowed(interaction).join(', ')}`)
  }
  if (charset !== undefined && charset.toLowerCase() !== 'utf-8') throw unsupportedMediaType('the charset must be utf-8')
  return mediaType
}

// https://hl7.org/fhir/R4/http.html#search
export const FORM = 'application/x-www-form-urlencoded'

function allowed (interaction: string): readonly string[] {
  if (isSearch(interaction)) return [FORM]
  return interaction === 'patch' ? PATCH : RESOURCE
}
