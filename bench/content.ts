// Whether a body is what was sent, apart from what belongs to the server.
import { isDeepStrictEqual } from 'node:util'
import type { Reply } from './driver.js'

export interface JsonObject { readonly [member: string]: unknown }

/** A resource as it is sent, with the text that a server which keeps texts answers behind its head. */
export interface Body {
  readonly type: string
  /** Without id; `{"resourceType":"T"` and what follows. */
  readonly text: string
  readonly tail: string
}

const memberText = (object: JsonObject): string => JSON.stringify(object).slice(1)

/** The body of a resource without what the server owns. */
export function bodyOf (resource: JsonObject): Body {
  const { resourceType, id, meta, ...rest } = resource
  const { versionId, lastUpdated, ...kept } = (meta ?? {}) as JsonObject
  const type = String(resourceType)
  const members = memberText(rest)
  const metaText = Object.keys(kept).length === 0 ? '' : JSON.stringify(kept)
  const tail = `${metaText === '' ? '' : `,${metaText.slice(1, -1)}`}}${members === '}' ? '' : ','}${members}`
  return { type, tail, text: `{"resourceType":"${type}"${metaText === '' ? '' : `,"meta":${metaText}`}${members === '}' ? '' : ','}${members}` }
}

/** The same body under an id, for an update. */
export const underId = ({ type, text }: Body, id: string): string =>
  text.replace(`{"resourceType":"${type}"`, `{"resourceType":"${type}","id":"${id}"`)

const foreign = ['id', 'meta', 'text']

/** What is wrong with the answer to a read or a write of this body; undefined: nothing. */
export function wrongBody ({ text }: Reply, type: string, id: string | undefined, tail: string): string | undefined {
  if (id !== undefined && !text.includes(`"id":"${id}"`) && !text.includes(`"id": "${id}"`)) return 'another id'
  if (text.endsWith(tail)) return text.startsWith(`{"resourceType":"${type}"`) ? undefined : 'another type'
  return sameValues(text, tail) ? undefined : 'another body'
}

// Another server may order members as it likes, and keep its own meta and narrative.
function sameValues (text: string, tail: string): boolean {
  try {
    const strip = (object: JsonObject): JsonObject => Object.fromEntries(Object.entries(object).filter(([name]) => !foreign.includes(name) && name !== 'resourceType'))
    return isDeepStrictEqual(strip(JSON.parse(text) as JsonObject), strip(JSON.parse(`{"meta":{"x":1${tail}`) as JsonObject))
  } catch {
    return false
  }
}

/** The type, id and versionId of a Location, absolute or not. */
export function placeOf (location: string | undefined): { readonly type: string, readonly id: string, readonly version: string | undefined } | undefined {
  const [, type, id, version] = /([A-Z]\w+)\/([\w.-]+)(?:\/_history\/([\w.-]+))?$/.exec(location ?? '') ?? []
  return type === undefined || id === undefined ? undefined : { type, id, version }
}
