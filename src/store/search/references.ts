// What a resource refers to by a reference parameter: what _include follows. https://hl7.org/fhir/R4/search.html#include
import { isObject } from '../../fhir/json-value.js'
import { parseReference } from '../../fhir/reference.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import type { KnownParameters } from './known.js'

export interface ResourceKey { readonly type: ResourceType, readonly id: string }

/** The resources of this server that a parameter of a resource leads to. `resource`: parsed. */
export function referencesIn (parameters: KnownParameters, type: string, code: string, resource: object, base: string): ResourceKey[] {
  const found: ResourceKey[] = []
  parameters.extract(type, code, resource, (_kind, value) => {
    const text = isObject(value) ? value['reference'] : value
    if (typeof text !== 'string') return
    const target = parseReference(text, base)
    if (target.kind === 'literal') found.push({ type: target.type, id: target.id })
  })
  return found
}
