// From a JSON pointer to a FHIRPath location: `/name/0/_given/1` -> `Patient.name[0].given[1]`.
// A choice is `Observation.value.ofType(Quantity)` and a resource inside another `Bundle.entry[0].resource.ofType(Patient)`,
// as the reference validator says it. https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
import { isObject, type Json, type JsonObject } from '../json-value.js'

/** Of each structure its members: the structure a member leads to and, of a choice, its FHIRPath name. */
export type MessageTable = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export interface Place {
  readonly expression: string
  /** The JSON value there. */
  readonly value: Json | undefined
}

interface Step { readonly expression: string, readonly value: Json | undefined, readonly structure: string }

const within = (value: Json | undefined, segment: string): Json | undefined =>
  Array.isArray(value) ? value[Number(segment)] : isObject(value) ? value[segment] : undefined

function stepInto ({ expression, value, structure }: Step, segment: string, table: MessageTable): Step {
  const inside = within(value, segment)
  const type = isObject(inside) ? inside['resourceType'] : undefined
  const resource = typeof type === 'string' && type in table ? `.ofType(${type})` : ''
  if (/^\d+$/.test(segment)) {
    return { expression: `${expression}[${segment}]${resource}`, value: inside, structure: resource === '' ? structure : String(type) }
  }
  const name = segment.replace(/^_/, '')
  const [next = '', choice = name] = table[structure]?.[name] ?? []
  const leadsTo = segment === name ? next : 'Element'
  return { expression: `${expression}.${choice}${resource}`, value: inside, structure: resource === '' ? leadsTo : String(type) }
}

const unescaped = (segment: string): string => segment.replaceAll('~1', '/').replaceAll('~0', '~')

/** What a JSON pointer into a resource points to. */
export function placeOf (pointer: string, type: string, root: JsonObject, table: MessageTable): Place {
  const segments = pointer.split('/').slice(1).map(unescaped)
  return segments.reduce<Step>((step, segment) => stepInto(step, segment, table), { expression: type, value: root, structure: type })
}
