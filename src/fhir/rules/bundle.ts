// Entries of a Bundle. https://hl7.org/fhir/R4/bundle.html#bundle-unique
import { type JsonObject } from '../json-value.js'
import type { Context } from './context.js'

/** "The Absolute URL for the resource": a scheme, be it http or urn. */
export function fullUrl (this: Context, entry: JsonObject): string | undefined {
  const url = entry['fullUrl']
  if (typeof url !== 'string' || /^[A-Za-z][A-Za-z0-9+.-]*:/.test(url)) return undefined
  return `the fullUrl '${url}' is not an absolute URL`
}
