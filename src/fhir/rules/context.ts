// What the checks of one resource share.
import { isObject, type Json, type JsonObject } from '../json-value.js'

/** `this` of every generated validator: the resource it is in, and the one that contains that (itself when none does). */
export interface Context {
  readonly resource: JsonObject
  readonly root: JsonObject
  /** The contained resources by id, made when first asked for and shared by container and contained. */
  readonly fragments: { byId?: Map<Json | undefined, JsonObject> }
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
  return Array.isArray(contained) ? contained.filter(isObject) : []
}

/** What `#id` names: a contained resource, or with an empty id the container. */
export function fragment (context: Context, id: string): JsonObject | undefined {
  if (id === '') return context.root
  context.fragments.byId ??= new Map(containedOf(context.root).map(one => [one['id'], one]))
  return context.fragments.byId.get(id)
}
