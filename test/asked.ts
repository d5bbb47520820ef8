// What a search must be asked for, so that it finds a resource by one of its parameters: made of what fhirpath.js yields for its expression.
import { parseReference } from '../src/fhir/reference.js'
import type { SearchParameterRow } from '../src/generated/search-parameters.js'
import { oracleComponents, oracleItems } from './generated/oracle.js'

interface Resource { readonly resourceType: string, readonly id: string }
type Member = Readonly<Record<string, unknown>>

/** Values of a parameter that find a resource, each once. */
export const valuesOf = (row: SearchParameterRow, resource: Resource): ReadonlySet<string> =>
  new Set(row.type === 'composite' ? composites(resource.resourceType, row, resource) : oracleItems(row, resource).flatMap(value => asked(row, value)))

const isObject = (value: unknown): value is Member => typeof value === 'object' && value !== null
const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&')
const texts = (value: unknown): string[] => typeof value === 'string' && value.trim() !== '' ? [value] : []
const list = (value: unknown): unknown[] => value === undefined ? [] : [value].flat()

/** The values that a search for what was found must find it by. */
function asked (row: SearchParameterRow, value: unknown): string[] {
  switch (row.type) {
    case 'token': return tokens(row, value)
    case 'string': return strings(value)
    case 'uri': return texts(value).map(escaped)
    case 'reference': return references(row, value)
    case 'date': return dates(value)
    case 'number': return typeof value === 'number' ? [String(value)] : isObject(value) ? ranges(value, '') : []
    case 'quantity': return quantities(value)
    default: return []
  }
}

function tokens (row: SearchParameterRow, value: unknown): string[] {
  if (!isObject(value)) return [escaped(String(value))]
  if (Array.isArray(value['coding'])) return value['coding'].flatMap(coding => tokens(row, coding))
  const symbol = value['code'] ?? value['value']
  if (typeof symbol !== 'string') return []
  // A ContactPoint has a system, too, but it is no uri.
  if (typeof value['system'] !== 'string' || !/[:/]/.test(value['system'])) return [escaped(symbol)]
  return [escaped(symbol), `${escaped(value['system'])}|${escaped(symbol)}`, `${escaped(value['system'])}|`]
}

const PARTS = ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country']
const strings = (value: unknown): string[] => isObject(value)
  ? PARTS.flatMap(part => list(value[part]).flatMap(texts)).map(escaped)
  : texts(value).map(escaped)

function references (row: SearchParameterRow, value: unknown): string[] {
  // The first resource of a Bundle is no reference to one.
  if (isObject(value) && value['resourceType'] !== undefined) return []
  const text = isObject(value) ? value['reference'] ?? value['url'] : value
  if (typeof text !== 'string') return []
  const target = parseReference(text, 'http://karta.test/fhir')
  if (target.kind === 'contained' || target.kind === 'conditional' || target.kind === 'unknown') return []
  const byId = target.kind === 'literal' && target.version === undefined && row.target?.includes(target.type) === true ? [target.id] : []
  return [escaped(text), ...byId]
}

function dates (value: unknown): string[] {
  if (typeof value === 'string') return /^\d{4}/.test(value) ? [value, `ge${value}`, `le${value}`] : []
  if (!isObject(value)) return []
  const [start, end] = [texts(value['start'])[0], texts(value['end'])[0]]
  return [...(start === undefined ? [] : [`ge${start}`]), ...(end === undefined ? [] : [`le${end}`])]
}

function quantities (value: unknown): string[] {
  if (!isObject(value)) return []
  if (typeof value['currency'] === 'string' && typeof value['value'] === 'number') return [`${value['value']}|urn:iso:std:iso:4217|${value['currency']}`]
  if (value['low'] !== undefined || value['high'] !== undefined) return ranges(value, '')
  if (typeof value['value'] !== 'number' || value['comparator'] !== undefined) return []
  const number = String(value['value'])
  const unit = value['code'] ?? value['unit']
  return [number, `ge${number}`, ...(typeof unit === 'string' ? [`${number}||${escaped(unit)}`] : []),
    ...(typeof value['system'] === 'string' && typeof value['code'] === 'string' ? [`${number}|${escaped(value['system'])}|${escaped(value['code'])}`] : [])]
}

function ranges (value: Member, unit: string): string[] {
  const [low, high] = [value['low'], value['high']].map(end => isObject(end) && typeof end['value'] === 'number' ? end['value'] : undefined)
  return [...(low === undefined ? [] : [`ge${low}${unit}`]), ...(high === undefined ? [] : [`le${high}${unit}`])]
}

function composites (type: string, row: SearchParameterRow, resource: Resource): string[] {
  return oracleComponents(type, row, resource).flatMap(parts => {
    const each = parts.map((values, place) => {
      const component = row.components?.[place]
      return component === undefined ? [] : values.flatMap(value => asked({ ...row, type: component.type as SearchParameterRow['type'] }, value)).filter(text => !text.endsWith('|'))
    })
    return each.some(values => values.length === 0) ? [] : [each.map(values => values[0]).join('$'), each.map(values => values.at(-1)).join('$')]
  })
}
