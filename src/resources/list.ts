// `_list`: the resources that a List's entries refer to. https://hl7.org/fhir/R4/search.html#list
// The List is read for the caller: one that he may not see is as one that there is not, and so are its entries.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import { isObject, type Json } from '../fhir/json-value.js'
import { forbidden, invalid, notSupported } from '../fhir/outcome.js'
import { isId, parseReference } from '../fhir/reference.js'
import { numberOf, type ResourceType } from '../fhir/resource-types.js'
import { unescaped, type Criterion } from '../fhir/search/parameter.js'
import { NEVER, type Condition } from '../store/search/condition.js'
import { versionText, WHOLE } from './representation.js'
import type { Server } from './server.js'

export const LIST = '_list'

/** The ids of the Lists of a criterion. Throws FhirError 400 for anything else. */
export function listsIn ({ name, modifier, values }: Criterion): readonly string[] {
  if (modifier !== undefined) throw invalid(`${name}: ${LIST} has no modifiers`)
  return values.map(raw => {
    const value = unescaped(raw)
    // https://hl7.org/fhir/R4/lifecycle.html#current
    if (value.startsWith('$')) throw notSupported(`${name}=${value}: lists that a server makes up as it is asked ($current-...) are not offered, only the id of a List`)
    const id = value.replace(/^List\//, '')
    if (!isId(id)) throw invalid(`${name}=${value} is not the id of a List`)
    return id
  })
}

/** That a resource of a type is referred to by an entry of one of these Lists that is not marked as deleted. Throws FhirError 403 without the scope to read a List. */
export async function onList ({ readers, base }: Server, caller: Caller, type: ResourceType, criterion: Criterion): Promise<Condition> {
  if (!allows(caller, 'List', 'read')) throw forbidden(`${criterion.name}: the token's scope does not cover reading a List`)
  const lists = await readMany(readers, caller, listsIn(criterion).map(id => ({ type: 'List', id })))
  const ids = new Set(lists.flatMap(list => list === undefined || list.deleted ? [] : entriesOf(list, type, base)))
  return ids.size === 0 ? NEVER : { kind: 'ids', type: numberOf(type), ids: [...ids] }
}

function entriesOf (list: VersionRow, type: ResourceType, base: string): string[] {
  const { entry = [] } = JSON.parse(versionText(list, WHOLE)) as { entry?: readonly Json[] }
  return entry.flatMap(each => {
    if (!isObject(each) || each['deleted'] === true || !isObject(each['item'])) return []
    const { reference } = each['item']
    const target = typeof reference === 'string' ? parseReference(reference, base) : undefined
    return target?.kind === 'literal' && target.type === type ? [target.id] : []
  })
}
