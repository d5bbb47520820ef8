// Contained resources. https://hl7.org/fhir/R4/references.html#contained
import { Decimal, type Json, type JsonObject } from '../json-value.js'
import { containedOf, type Context } from './context.js'

/** Every string in a tree that names a fragment (`#x`), as a reference, canonical, uri or url would. */
function fragments (value: Json | undefined, found: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('#')) found.add(value)
  } else if (Array.isArray(value)) for (const item of value) fragments(item, found)
  else if (typeof value === 'object' && value !== null && !(value instanceof Decimal)) for (const member in value) fragments(value[member], found)
}

/** dom-2 to dom-5 of one contained resource. `used`: the fragments that the whole container names. */
function broken (one: JsonObject, used: ReadonlySet<string>): string | undefined {
  const meta = one['meta'] as JsonObject | undefined
  if (one['contained'] !== undefined) return 'dom-2: a contained resource contains no other'
  if (meta?.['versionId'] !== undefined || meta?.['lastUpdated'] !== undefined) return 'dom-4: a contained resource has no meta.versionId and no meta.lastUpdated'
  if (meta?.['security'] !== undefined) return 'dom-5: a contained resource has no security labels'
  if (typeof one['id'] === 'string' && used.has(`#${one['id']}`)) return undefined
  // It may instead refer to its container, as a Provenance does.
  const own = new Set<string>()
  fragments(one, own)
  if (own.has('#')) return undefined
  return `dom-3: nothing in the resource refers to the contained ${String(one['resourceType'])} '${String(one['id'] ?? '')}', and it does not refer to its container`
}

const MOST_TOLD = 10

/** The rules that a resource's contained resources keep; one text for all that is wrong. */
export function contained (this: Context, value: JsonObject): string | undefined {
  if (value['contained'] === undefined) return undefined
  const used = new Set<string>()
  fragments(value, used)
  const all = containedOf(value)
  const told = all.map(one => broken(one, used)).filter(text => text !== undefined)
  const ids = new Set<Json | undefined>()
  const twice = all.map(one => one['id']).find(id => id !== undefined && ids.size === ids.add(id).size)
  if (twice !== undefined) told.push(`two contained resources have the id '${String(twice)}'`)
  return told.length > 0 ? told.slice(0, MOST_TOLD).join('; ') : undefined
}
