// The write side's reading of JSON: values whose decimals keep their text, and a resource's own text as it is stored.
// https://hl7.org/fhir/R4/json.html
import { JsonScanner, NO_KEY } from './json-scanner.js'
import type { Json } from './json-value.js'
import { BundleScanner, type Outlined, type ScannedBundle, type UnreadResource } from './bundle-scanner.js'
import type { To } from './links.js'
import { ResourceScanner, type ScannedResource } from './resource-scanner.js'

export { Decimal, type Json, type JsonObject, isObject, jsonText } from './json-value.js'
export type { Outlined, ScannedBundle, ScannedResource, To, UnreadResource }

/**
 * The value of a JSON text.
 *
 * @throws FhirError 400 naming line and column: malformed text, a member twice or named `__proto__`, NUL, a lone surrogate, nesting over DEEPEST
 */
export function parseJson (text: string): Json {
  const scanner = new JsonScanner(text)
  return scanner.document(() => scanner.value(NO_KEY))
}

/**
 * A resource's value together with its stored form, links written as `to` says. Throws what parseJson throws, and when the text is no
 * object or its meta none.
 */
export function scanResource (text: string, to?: To): ScannedResource {
  const scanner = new ResourceScanner(text, to)
  return scanner.document(() => scanner.resource())
}

/** A Bundle's value with its resources, which are still to be read. Throws what parseJson throws of what is around them. */
export const scanBundle = (text: string, outlined: Outlined): ScannedBundle => new BundleScanner(text, outlined).bundle()

/** A resource that is still to be read. Throws when the text is no object. */
export const unreadResource = (text: string, outlined: Outlined): UnreadResource => new BundleScanner(text, outlined).alone()

/** A whole resource from its stored form: the head that the server owns, then the tail. */
export const resourceText = (type: string, id: string, versionId: string, lastUpdated: string, tail: string): string =>
  `{"resourceType":"${type}","id":"${id}","meta":{"versionId":"${versionId}","lastUpdated":"${lastUpdated}"${tail}`
