// Versions as HTTP validators: the ETag is the versionId, always weak. https://hl7.org/fhir/R4/http.html#versioning
import { invalid } from './outcome.js'

/** The ETag of a version. */
export const etag = (versionId: string): string => `W/"${versionId}"`

// https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3: an opaque tag holds no quote and no control character.
const ONE = /^\s*(?:W\/)?"([\x21\x23-\x7e\x80-\xff]*)"\s*$/
const LIST = /^\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*(?:,\s*(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"\s*)*$/
const EACH = /"([\x21\x23-\x7e\x80-\xff]*)"/g

/** The versionId of a header that is one ETag; undefined when it is anything else. */
export const versionNamed = (header: string): string | undefined => ONE.exec(header)?.[1]

/**
 * The one versionId that `If-Match` names. Throws FhirError 400 for anything else: a write that is meant for one
 * version is not done on a guess. https://hl7.org/fhir/R4/http.html#concurrency
 */
export function versionToMatch (ifMatch: string): string {
  const version = versionNamed(ifMatch)
  if (version === undefined || version === '') {
    throw invalid('If-Match must name one version, such as W/"23"')
  }
  return version
}

/**
 * Whether `If-None-Match` (one ETag, a list, or `*`) names this version; weak comparison, as RFC 9110 asks of GET.
 * Throws FhirError 400 when it is none of these.
 */
export function namesVersion (ifNoneMatch: string, versionId: string): boolean {
  if (ifNoneMatch === `W/"${versionId}"` || ifNoneMatch.trim() === '*') return true
  if (!LIST.test(ifNoneMatch)) throw invalid('If-None-Match must be *, one ETag such as W/"23", or a list of them')
  for (const [, version] of ifNoneMatch.matchAll(EACH)) if (version === versionId) return true
  return false
}

/** Whether a version of these milliseconds is not newer than `If-Modified-Since`. What is no HTTP date says nothing (RFC 9110, 13.1.3). */
export function unmodifiedSince (ifModifiedSince: string, milliseconds: number): boolean {
  const since = HTTP_DATE.test(ifModifiedSince) ? Date.parse(ifModifiedSince) : NaN
  // An HTTP date has no fractions, so the version's are dropped before they are compared.
  return Math.floor(milliseconds / 1000) * 1000 <= since
}

// All three forms that RFC 9110 (5.6.7) asks a recipient to read begin with the day of the week.
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/

/** Milliseconds as an HTTP date. */
export const httpDate = (milliseconds: number): string => new Date(milliseconds).toUTCString()
