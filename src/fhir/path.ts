// What compiled FHIRPath calls at run time. https://hl7.org/fhirpath/N1/
// Compiled code (scripts/generate/fhirpath.ts) is handed this module and calls its functions by name. A collection of at most one item is the
// value or undefined; any other is an array. Numbers may be Decimal (json.ts), which compares and adds through valueOf.
import { Decimal, type Json, type JsonObject, isObject as isJsonObject } from './json-value.js'
import { typeNamed } from './reference.js'

export type Value = Json | undefined
export type Collection = readonly Value[]

/** The empty collection. */
export const NONE: readonly Json[] = Object.freeze([])

const isObject: (value: Value) => value is JsonObject = isJsonObject
const isNumeric = (value: Value): value is number | Decimal => typeof value === 'number' || value instanceof Decimal

/** A value or nothing as a collection. */
export const list = (value: Value): Collection => Array.isArray(value) ? value : value == null ? NONE : [value]

/** The only item of a collection. @throws Error when there are several, as FHIRPath demands where it wants one. */
export function one (items: Collection): Value {
  if (items.length > 1) throw new Error('FHIRPath: one item expected, several found')
  return items[0]
}

/** Calls `body` with a value that is there. */
export const apply = <T, R>(value: T | null | undefined, body: (value: T) => R): R | undefined => value == null ? undefined : body(value)
/** Calls `body` with a value that may not be there. */
export const given = <T, R>(value: T, body: (value: T) => R): R => body(value)

export const filter = <T>(items: readonly T[], test: (item: T) => boolean): readonly T[] => items.filter(item => item != null && test(item))

export function some<T> (items: readonly T[], test: (item: T) => boolean): boolean {
  for (const item of items) if (item != null && test(item)) return true
  return false
}

export function every<T> (items: readonly T[], test: (item: T) => boolean): boolean {
  for (const item of items) if (item != null && !test(item)) return false
  return true
}

/** The items that `body` gives for each item, in one collection. */
export function flat (items: Collection, body: (item: Json) => Value | Collection): Collection {
  const result: Value[] = []
  for (const item of items) {
    if (item == null) continue
    const found = body(item)
    if (Array.isArray(found)) for (const each of found) result.push(each)
    else if (found != null) result.push(found as Value)
  }
  return result
}

/** Repeats `body` on what it gives until nothing new comes. */
export function repeat (items: Collection, body: (item: Json) => Value | Collection): Collection {
  const result: Value[] = []
  let wave = items
  while (wave.length > 0) {
    const next: Value[] = []
    for (const each of flat(wave, body)) {
      if (result.some(known => same(known, each))) continue
      result.push(each)
      next.push(each)
    }
    wave = next
  }
  return result
}

/** Elements by name where the type is known at run time only: a plain member or a choice element's (`value` -> `valueString`). */
export function members (source: Value | Collection, name: string): Collection {
  return flat(list(source as Value), item => {
    if (!isObject(item)) return undefined
    if (item[name] !== undefined) return item[name]
    for (const key in item) if (key.startsWith(name) && key.length > name.length && isUpper(key.charCodeAt(name.length))) return item[key]
    return undefined
  })
}
const isUpper = (unit: number): boolean => unit >= 65 && unit <= 90

/** The extensions of a primitive element, which stand in `_name` beside it. */
export function primitiveExtensions (parents: Collection, name: string): Collection {
  return flat(parents, parent => isObject(parent)
    ? flat(list(parent[`_${name}`]), beside => isObject(beside) ? beside['extension'] : undefined)
    : undefined)
}

const isMember = (key: string): boolean => key !== 'resourceType' && key !== 'fhir_comments'

/** The elements right below. A primitive and what stands beside it in `_name` are one element. */
export function children (items: Collection): Collection {
  return flat(items, item => {
    if (!isObject(item)) return undefined
    const found: Value[] = []
    for (const key in item) {
      if (!isMember(key) || (key.startsWith('_') && item[key.slice(1)] !== undefined)) continue
      const value = item[key]
      if (Array.isArray(value)) found.push(...value)
      else found.push(value)
    }
    return found
  })
}

/** All elements below, at any depth. */
export function descendants (items: Collection): Collection {
  const result: Value[] = []
  for (let wave = children(items); wave.length > 0; wave = children(wave)) for (const each of wave) result.push(each)
  return result
}

/** A collection as a boolean: nothing is undefined, one item that is not a boolean is true. */
export function truth (value: Value | Collection): boolean | undefined {
  const item = Array.isArray(value) ? one(value) : value as Value
  return item == null ? undefined : item !== false
}

/** Equality of two items: numbers by value, objects by their members in any order. */
export function same (left: Value, right: Value): boolean {
  if (left === right) return true
  if (isNumeric(left)) return isNumeric(right) && Number(left) === Number(right)
  if (typeof left !== 'object' || typeof right !== 'object' || left == null || right == null) return false
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((item, index) => same(item, right[index]))
  if (Array.isArray(right) || left instanceof Decimal || right instanceof Decimal) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every(key => same(left[key], right[key]))
}

/** `=`: undefined when a side is empty. */
export function equal (left: Value | Collection, right: Value | Collection): boolean | undefined {
  if (typeof left === 'string' && typeof right === 'string') return left === right
  const [a, b] = [list(left as Value), list(right as Value)]
  if (a.length === 0 || b.length === 0) return undefined
  return a.length === b.length && a.every((item, index) => same(item, b[index]))
}

export const differs = (left: Value, right: Value): boolean => left != null && left !== right

/** `~`: order and letter case do not matter, and empty is like empty. */
export function equivalent (left: Collection, right: Collection): boolean {
  const folded = (value: Value): Value => typeof value === 'string' ? value.toLowerCase().replace(/\s+/g, ' ').trim() : value
  const rest = right.map(folded)
  for (const item of left) {
    const at = rest.findIndex(other => same(folded(item), other))
    if (at < 0) return false
    rest.splice(at, 1)
  }
  return rest.length === 0
}

/** `in`: undefined when there is no item. */
export const isIn = (item: Value, items: Collection): boolean | undefined => item == null ? undefined : items.some(each => same(item, each))

/** Items that are the same have the same key: what lets large collections be compared in linear time. */
function keyOf (value: Value): unknown {
  if (isNumeric(value)) return Number(value)
  return typeof value === 'object' && value !== null ? `\0${canonical(value)}` : value
}

function canonical (value: Value): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (isNumeric(value)) return String(Number(value))
  if (!isObject(value)) return JSON.stringify(value) ?? ''
  return `{${Object.keys(value).sort().map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`
}

/** Below this many comparisons, keys cost more than they save. */
const FEW = 64

/** Whether an item is among these. */
function among (items: Collection, asked: number): (item: Value) => boolean {
  if (items.length * asked <= FEW) return item => items.some(each => same(item, each))
  const keys = new Set(items.map(keyOf))
  return item => keys.has(keyOf(item))
}

export function distinct (items: Collection): Collection {
  const seen = new Set<unknown>()
  return items.filter(item => seen.size < seen.add(keyOf(item)).size)
}

export const isDistinct = (items: Collection): boolean => distinct(items).length === items.length
export const combine = (left: Collection, right: Collection): Collection => [...left, ...right]
export const union = (left: Collection, right: Collection): Collection => distinct(combine(left, right))
export const intersect = (left: Collection, right: Collection): Collection => distinct(left.filter(among(right, left.length)))
export function exclude (left: Collection, right: Collection): Collection {
  const isExcluded = among(right, left.length)
  return left.filter(item => !isExcluded(item))
}
export const subsetOf = (left: Collection, right: Collection): boolean => left.every(among(right, left.length))

/** A negative, zero or positive number; NaN (neither less, equal nor more) where a side is empty or the two cannot be compared. */
export function compare (left: Value, right: Value): number {
  if (left == null || right == null) return NaN
  if (isNumeric(left) && isNumeric(right)) return Number(left) - Number(right)
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0
  if (isObject(left) && isObject(right) && unitOf(left) === unitOf(right)) return compare(left['value'], right['value'])
  return NaN
}

// https://hl7.org/fhir/R4/fhirpath.html#quantity: the code where there is a system, else the text of the unit.
const unitOf = (quantity: JsonObject): string => String(quantity['code'] ?? quantity['unit'] ?? '1')

const DATE = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?)?)?)?(Z|[+-]\d\d:\d\d)?$/

/** Compares dates part by part; NaN where they are equal up to a precision that only one of them has. https://hl7.org/fhirpath/N1/#datetime-comparison */
export function compareDates (left: Value, right: Value): number {
  if (typeof left !== 'string' || typeof right !== 'string') return NaN
  if (isLikeWritten(left, right)) return left === right ? 0 : left < right ? -1 : 1
  const [a, b] = [DATE.exec(left), DATE.exec(right)]
  if (!a || !b) return NaN
  if (a[4] !== undefined && b[4] !== undefined && a[8] !== b[8] && a[8] !== undefined && b[8] !== undefined) return Date.parse(left) - Date.parse(right)
  for (let part = 1; part <= 5; part++) {
    if (a[part] === undefined || b[part] === undefined) return a[part] === b[part] ? 0 : NaN
    const difference = Number(a[part]) - Number(b[part])
    if (difference !== 0) return difference
  }
  const seconds = (found: RegExpExecArray): number => Number(`${found[6] ?? 'x'}${found[7] ?? ''}`)
  return a[6] === undefined && b[6] === undefined ? 0 : seconds(a) - seconds(b)
}

// Two dates to the second with the same zone and as many digits are in the order of their texts.
const SECOND = 'yyyy-MM-ddTHH:mm:ss'.length
const isLikeWritten = (left: string, right: string): boolean => left.length === right.length && left.length > SECOND &&
  (left.endsWith('Z') ? right.endsWith('Z') : left.slice(-6) === right.slice(-6)) && DATE.test(left) && DATE.test(right)

/** `=` of dates: undefined where they are equal up to a precision that only one of them has. */
export function equalDates (left: Value, right: Value): boolean | undefined {
  const difference = compareDates(left, right)
  return Number.isNaN(difference) ? undefined : difference === 0
}

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number | undefined>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => right === 0 ? undefined : left / right,
  div: (left, right) => right === 0 ? undefined : Math.trunc(left / right),
  mod: (left, right) => right === 0 ? undefined : left % right
}

export function calculate (operator: string, left: Value, right: Value): Value {
  if (left == null || right == null) return undefined
  if (operator === '+' && typeof left === 'string' && typeof right === 'string') return left + right
  if (!isNumeric(left) || !isNumeric(right)) throw new Error(`FHIRPath: ${operator} of what is not a number`)
  return ARITHMETIC[operator]?.(Number(left), Number(right))
}

export const negated = (value: Value): Value => value == null ? undefined : -Number(value)
/** `&`: nothing is the empty string. */
export const concat = (left: Value, right: Value): string => String(left ?? '') + String(right ?? '')

export const isValue = (value: Value): boolean => value != null && !isObject(value)
export const hasValue = (items: Collection): boolean => items.length === 1 && isValue(items[0])
export const isResource = (value: Value, type: string): boolean => isObject(value) && value['resourceType'] === type

/** The type a reference's target has, by what the reference itself says; `#x` is looked up in the resource. */
export function targetType (reference: Value, resource: Value): string | undefined {
  const { url, type } = isObject(reference) ? { url: reference['reference'], type: reference['type'] } : { url: reference, type: undefined }
  if (typeof url === 'string') {
    if (url.startsWith('#')) return textOf(contained(url, resource)?.['resourceType'])
    const found = typeNamed(url)
    if (found !== undefined) return found
  }
  return textOf(type)
}
const textOf = (value: Value): string | undefined => typeof value === 'string' ? value : undefined

function contained (url: string, resource: Value): JsonObject | undefined {
  if (!isObject(resource)) return undefined
  if (url === '#') return resource
  const found = list(resource['contained']).find(each => isObject(each) && each['id'] === url.slice(1))
  return isObject(found) ? found : undefined
}

export const refersTo = (reference: Value, type: string, resource: Value): boolean => targetType(reference, resource) === type

/** A contained resource, or as much of any other as its reference tells: its type. */
export function resolve (reference: Value, resource: Value): JsonObject | undefined {
  const url = isObject(reference) ? reference['reference'] : reference
  if (typeof url === 'string' && url.startsWith('#')) return contained(url, resource)
  const type = targetType(reference, resource)
  return type === undefined ? undefined : { resourceType: type }
}

export const toText = (value: Value): string | undefined => value == null || isObject(value) ? undefined : String(value)
export const toInteger = (value: Value): number | undefined => value != null && /^[+-]?\d+$/.test(String(value)) ? Number(value) : typeof value === 'boolean' ? Number(value) : undefined
export const toDecimal = (value: Value): number | undefined => value != null && /^[+-]?\d+(\.\d+)?$/.test(String(value)) ? Number(value) : typeof value === 'boolean' ? Number(value) : undefined
export const lengthOf = (value: Value): number | undefined => value == null ? undefined : String(value).length
export const upper = (value: Value): string | undefined => value == null ? undefined : String(value).toUpperCase()
export const lower = (value: Value): string | undefined => value == null ? undefined : String(value).toLowerCase()

export function substring (value: Value, start: Value, length?: Value): string | undefined {
  if (value == null || start == null) return undefined
  const [text, from] = [String(value), Number(start)]
  if (from < 0 || from >= text.length) return undefined
  return length == null ? text.slice(from) : text.slice(from, from + Number(length))
}

const both = <R>(body: (text: string, part: string) => R) => (value: Value, part: Value): R | undefined =>
  value == null || part == null ? undefined : body(String(value), String(part))

export const startsWith = both((text, part) => text.startsWith(part))
export const endsWith = both((text, part) => text.endsWith(part))
export const containsText = both((text, part) => text.includes(part))
export const indexOf = both((text, part) => text.indexOf(part))
export const replace = (value: Value, part: Value, by: Value): string | undefined =>
  value == null || part == null || by == null ? undefined : String(value).replaceAll(String(part), String(by))
export const replaceMatches = (value: Value, pattern: Value, by: Value): string | undefined =>
  value == null || pattern == null || by == null ? undefined : String(value).replace(new RegExp(String(pattern), 'gsu'), String(by))
export const matches = (value: Value, pattern: RegExp | Value): boolean | undefined =>
  value == null || pattern == null ? undefined : (pattern instanceof RegExp ? pattern : new RegExp(String(pattern), 'su')).test(String(value))

const numeric = (body: (value: number) => number) => (value: Value): number | undefined => value == null ? undefined : body(Number(value))
export const abs = numeric(Math.abs)
export const ceiling = numeric(Math.ceil)
export const floor = numeric(Math.floor)
export const round = (value: Value, digits?: Value): number | undefined =>
  value == null ? undefined : Math.round(Number(value) * 10 ** Number(digits ?? 0)) / 10 ** Number(digits ?? 0)
