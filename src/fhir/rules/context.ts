// What the checks of one resource share.
import type { Json, JsonObject } from '../json-value.js'

/** `this` of every generated validator: the resource it is in, and the one that contains that (itself when none does). */
export interface Context {
  readonly resource: JsonObject
  readonly root: JsonObject
  /** A Bundle whose entries' resources are left to others. */
  readonly envelope?: true
}

/** What a validator noticed, before it is told as an Issue: a JSON pointer, and which rule with what. */
export interface Finding {
  readonly instancePath: string
  readonly keyword: string
  readonly params: Readonly<Record<string, unknown>>
}

/** The contained resources of a resource, as far as they are objects. */
export function containedOf (root: JsonObject): readonly JsonObject[] {
  const contained: Json | undefined = root['contained']
  return Array.isArray(contained) ? contained.filter(one => typeof one === 'object' && one !== null && !Array.isArray(one)) as JsonObject[] : []
}
