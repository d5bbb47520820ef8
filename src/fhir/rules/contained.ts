// Contained resources. https://hl7.org/fhir/R4/references.html#contained
import { Decimal, type Json, type JsonObject } from '../json-value.js'
import { containedOf, type Context } from './context.js'

const HASH = 35

/** Strikes out of `missing` the fragments (`#x`) that strings in a tree name, as a reference, canonical, uri or url would, until none is left. */
function strike (value: Json | undefined, missing: Set<string>): void {
  if (missing.size === 0) return
  if (typeof value === 'string') {
    if (value.charCodeAt(0) === HASH) missing.delete(value)
  } else if (Array.isArray(value)) for (const item of value) strike(item, missing)
  else if (typeof value === 'object' && value !== null && !(value instanceof Decimal)) for (const member in value) strike(value[member], missing)
}

/** dom-2 to dom-5 of one contained resource. `missing`: the fragments that the whole container does not name. */
function broken (one: JsonObject, missing: ReadonlySet<string>): string | undefined {
  const meta = one['meta'] as JsonObject | undefined
  if (one['contained'] !== undefined) return 'dom-2: a contained resource contains no other'
  if (meta?.['versionId'] !== undefined || meta?.['lastUpdated'] !== undefined) return 'dom-4: a contained resource has no meta.versionId and no meta.lastUpdated'
  if (meta?.['security'] !== undefined) return 'dom-5: a contained resource has no security labels'
  if (typeof one['id'] === 'string' && !missing.has(`#${one['id']}`)) return undefined
  // It may instead refer to its container, as a Provenance does.
  const container = new Set(['#'])
  strike(one, container)
  if (container.size === 0) return undefined
  return `dom-3: nothing in the resource refers to the contained ${String(one['resourceType'])} '${String(one['id'] ?? '')}', and it does not refer to its container`
}

const MOST_TOLD = 10

/** The rules that a resource's contained resources keep; one text for all that is wrong. */
export function contained (this: Context, value: JsonObject): string | undefined {
  if (value['contained'] === undefined) return undefined
  const all = containedOf(value)
  const missing = new Set(all.map(one => `#${String(one['id'])}`))
  strike(value, missing)
  const told = all.map(one => broken(one, missing)).filter(text => text !== undefined)
  const ids = new Set<Json | undefined>()
  const twice = all.map(one => one['id']).find(id => id !== undefined && ids.size === ids.add(id).size)
  if (twice !== undefined) told.push(`two contained resources have the id '${String(twice)}'`)
  return told.length > 0 ? told.slice(0, MOST_TOLD).join('; ') : undefined
}
