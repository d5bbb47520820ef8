// What an operation is asked: in the URL, or as a Parameters resource in the body, or both. https://hl7.org/fhir/R4/operations.html#request
import { Decimal, isObject, type Json, type JsonObject } from '../fhir/json.js'
import { invalid, malformed, notSupported } from '../fhir/outcome.js'
import { resourceOf } from './body.js'
import type { Asked, Query } from './exchange.js'
import { GENERAL } from './representation.js'

/**
 * The parameters by their names, each value as the text that would stand in a URL. Throws FhirError 400 for a parameter that the operation has
 * not (`names`; without them it takes any), whatever the client prefers: one that narrows would be passed over; for a value that is no primitive;
 * for another resource.
 */
export function operationParameters (asked: Asked, names?: readonly string[]): Query {
  const all: Record<string, string | string[]> = Object.create(null)
  const add = (name: string, value: string): void => {
    if (names !== undefined && ![...names, ...GENERAL].includes(name)) throw notSupported(`the parameter ${JSON.stringify(name)} is not known here, but ${[...names, ...GENERAL].join(', ')}`)
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  for (const [name, given] of Object.entries(asked.query)) for (const value of [given ?? ''].flat()) add(name, value)
  if (asked.body !== undefined && !isEmpty(asked.body)) for (const [name, value] of parametersIn(resourceOf(asked).value)) add(name, value)
  return all
}

const isEmpty = (body: NonNullable<Asked['body']>): boolean => 'bytes' in body && body.bytes.length === 0

function parametersIn ({ resourceType, parameter = [] }: JsonObject): Array<readonly [name: string, value: string]> {
  if (resourceType !== 'Parameters') throw malformed('an operation takes a Parameters resource', 'resourceType')
  if (!Array.isArray(parameter)) throw malformed('parameter must be an array', 'Parameters.parameter')
  return parameter.map((each, place) => {
    const where = `Parameters.parameter[${place}]`
    if (!isObject(each) || typeof each['name'] !== 'string') throw malformed('a parameter has a name', where)
    return [each['name'], valueOf(each, where)] as const
  })
}

function valueOf (parameter: JsonObject, where: string): string {
  const others = Object.keys(parameter).filter(member => member !== 'name' && member !== 'id' && member !== 'extension')
  const [member = '', ...more] = others
  const value: Json | undefined = parameter[member]
  const isPrimitive = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value instanceof Decimal
  if (!member.startsWith('value') || more.length > 0 || !isPrimitive) throw invalid('the value of this parameter is a primitive, such as valueDate, valueInstant, valueCode, valueInteger or valueString', where)
  return String(value)
}
