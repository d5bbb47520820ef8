// From the bytes of a body to the resource in it. https://hl7.org/fhir/R4/json.html
import { isUtf8 } from 'node:buffer'
import { scanResource, type ScannedResource } from '../fhir/json.js'
import { malformed } from '../fhir/outcome.js'
import type { Asked, Body } from './exchange.js'

const isBody = (body: Body | ScannedResource): body is Body => 'bytes' in body

/** The text of a body. Throws FhirError 400 when there is none, or it is not UTF-8, naming the first wrong byte. */
export function textOf ({ bytes }: Body): string {
  if (bytes.length === 0) throw malformed('the body is empty')
  if (!isUtf8(bytes)) throw malformed(`the body is not UTF-8: byte ${firstWrongByte(bytes)} (counted from 0) begins no character`)
  return bytes.toString('utf8')
}

/** The resource that a request or an entry carries, scanned once. */
export function resourceOf ({ body }: Asked): ScannedResource {
  if (body === undefined) throw malformed('the body is empty')
  return isBody(body) ? scanResource(textOf(body)) : body
}

/** The resource of an interaction on a type. Throws FhirError 400 when it is of another type, or of none. */
export function resourceOfType (asked: Asked): ScannedResource {
  const resource = asked.type === 'Binary' && asked.body !== undefined && isBody(asked.body) && isRaw(asked.body)
    ? binaryOf(asked, asked.body)
    : resourceOf(asked)
  refuseOtherType(asked, resource)
  return resource
}

/** Throws FhirError 400 unless a resource is of the type that is asked for. */
export function refuseOtherType ({ type, path }: Asked, { resourceType }: Named): void {
  if (typeof resourceType !== 'string') throw malformed('the resource has no resourceType', type)
  if (resourceType !== type) throw malformed(`the resource is a ${resourceType}, but ${path} takes a ${type}`, `${type}.resourceType`)
}

/** What a resource says that it is. */
export interface Named { readonly resourceType?: unknown, readonly id?: unknown }

/** The body itself, for interactions that do not take a resource. */
export function bodyOf ({ body }: Asked): Body | undefined {
  return body !== undefined && isBody(body) ? body : undefined
}

const isRaw = ({ mediaType }: Body): boolean => mediaType !== 'application/fhir+json' && mediaType !== 'application/json'

// Content that was sent as what it is becomes the Binary that holds it. https://hl7.org/fhir/R4/binary.html#rest
function binaryOf ({ id, headers }: Asked, { bytes, mediaType }: Body): ScannedResource {
  const context = headers['x-security-context']
  return scanResource(JSON.stringify({
    resourceType: 'Binary',
    ...(id !== '' && { id }),
    contentType: headers['content-type']?.replace(/\s+/g, ' ').trim() ?? mediaType,
    ...(typeof context === 'string' && { securityContext: { reference: context } }),
    ...(bytes.length > 0 && { data: bytes.toString('base64') })
  }))
}

// Well-formed sequences, Unicode 15 table 3-7: the lead byte gives the length and the bounds of the second byte.
function sequenceAt (bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const length = lead >= 0xc2 && lead <= 0xdf ? 2 : lead >= 0xe0 && lead <= 0xef ? 3 : lead >= 0xf0 && lead <= 0xf4 ? 4 : 0
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  const second = bytes[at + 1] ?? 0
  if (length === 0 || second < low || second > high) return 0
  for (let i = 2; i < length; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0
  return length
}

function firstWrongByte (bytes: Buffer): number {
  let at = 0
  while (at < bytes.length) {
    const length = sequenceAt(bytes, at)
    if (length === 0) return at
    at += length
  }
  return at
}
