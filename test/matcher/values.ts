// Whether one value of a resource is what one value of a search asks for: the tables of the page, read off it.
// https://hl7.org/fhir/R4/search.html#ptypes
import { createRequire } from 'node:module'
import type { Member } from './definitions.js'

export interface Context { readonly base: string, readonly now: number }

const isObject = (value: unknown): value is Member => typeof value === 'object' && value !== null
const list = (value: unknown): unknown[] => value === undefined ? [] : [value].flat()
const PREFIX = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+.\d])/

/** Splits at what is not escaped, and takes the escapes away. https://hl7.org/fhir/R4/search.html#escaping */
export const parts = (text: string, separator: ',' | '|' | '$'): string[] =>
  text.split(new RegExp(`(?<!\\\\)(?:\\\\\\\\)*\\${separator}`)).length === 1 ? [text] : (text.match(new RegExp(`(?:\\\\.|[^\\\\${separator}])+|(?<=^|\\${separator})(?=\\${separator}|$)`, 'g')) ?? [])
export const plain = (text: string): string => text.replace(/\\(.)/g, '$1')

const prefixed = (text: string): [prefix: string, rest: string] => {
  const prefix = PREFIX.exec(text)?.[1]
  return prefix === undefined ? ['eq', text] : [prefix, text.slice(2)]
}

// https://hl7.org/fhir/R4/search.html#string

const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const NAMES = ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country']

/** The texts of a string, a HumanName or an Address. */
export const textsOf = (value: unknown): string[] => isObject(value) ? NAMES.flatMap(name => list(value[name])).map(String) : [String(value)]

export function isString (value: unknown, raw: string, modifier: string | undefined): boolean {
  const asked = plain(raw)
  return textsOf(value).some(text => modifier === 'exact' ? text === asked : modifier === 'contains' ? folded(text).includes(folded(asked)) : folded(text).startsWith(folded(asked)))
}

// https://hl7.org/fhir/R4/search.html#token

interface Coding { readonly system: string | undefined, readonly code: string | undefined, readonly text: string | undefined }

// A code element has no system of its own; that of its binding is not asked here.
const IMPLIED = 'implied'

/** Codings of whatever a token parameter finds. */
export function codingsOf (value: unknown): Coding[] {
  if (!isObject(value)) return [{ system: IMPLIED, code: String(value), text: undefined }]
  if ('coding' in value || ('text' in value && !('value' in value))) return list(value['coding']).flatMap(codingsOf)
  const code = value['code'] ?? value['value']
  return [{ system: value['system'] as string | undefined, code: code === undefined ? undefined : String(code), text: value['display'] as string | undefined }]
}

const wordsOf = (value: unknown): string[] => !isObject(value)
  ? []
  : [...codingsOf(value).flatMap(({ text }) => text ?? []), ...list(value['text']), ...(isObject(value['type']) ? list(value['type']['text']) : [])].map(String)

export function isToken (value: unknown, raw: string, modifier: string | undefined): boolean {
  if (modifier === 'text') return wordsOf(value).some(text => folded(text).startsWith(folded(plain(raw))))
  const [first = '', second, third] = parts(raw, '|').map(plain)
  if (modifier === 'of-type') {
    return isObject(value) && value['value'] === third && codingsOf(value['type'] ?? {}).some(({ system = '', code }) => system === first && code === second)
  }
  return codingsOf(value).some(({ system, code }) => {
    if (second === undefined) return code === first
    if (second === '') return system === first
    return code === second && (first === '' ? system === undefined : system === first)
  })
}

// https://hl7.org/fhir/R4/search.html#date

const DAY = 86_400_000

/** The span of a date as it is written, [from, to), without a zone in UTC. */
export function spanOf (text: string): readonly [number, number] {
  const [, year = '', month, day, hour, minute, second, fraction, zone = 'Z'] = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text) ?? []
  if (month === undefined) return [Date.UTC(Number(year), 0), Date.UTC(Number(year) + 1, 0)]
  if (day === undefined) return [Date.UTC(Number(year), Number(month) - 1), Date.UTC(Number(year), Number(month))]
  const start = Date.UTC(Number(year), Number(month) - 1, Number(day))
  if (hour === undefined) return [start, start + DAY]
  const from = Date.parse(`${text.slice(0, 10)}T${hour}:${minute ?? '00'}:${second ?? '00'}${(fraction ?? '').slice(0, 4)}${zone}`)
  return [from, from + (second === undefined ? 60_000 : fraction === undefined ? 1000 : 1)]
}

/** The span of a date, a Period or a Timing; an end that is not told is far away. */
export function dateSpan (value: unknown): readonly [number, number] | undefined {
  if (typeof value === 'string') return /^\d{4}(-|$)/.test(value) ? spanOf(value) : undefined
  if (!isObject(value)) return undefined
  const { start, end, event, repeat } = value as { start?: string, end?: string, event?: string[], repeat?: Member }
  const spans = [...(event ?? []).map(spanOf), ...(isObject(repeat?.['boundsPeriod']) ? [dateSpan(repeat['boundsPeriod']) ?? [0, 0] as const] : [])]
  if (spans.length > 0) return [Math.min(...spans.map(([from]) => from)), Math.max(...spans.map(([, to]) => to))]
  if (start === undefined && end === undefined) return undefined
  return [start === undefined ? -Infinity : spanOf(start)[0], end === undefined ? Infinity : spanOf(end)[1]]
}

export function isDate (value: unknown, raw: string, { now }: Context): boolean {
  const [prefix, text] = prefixed(plain(raw))
  const span = dateSpan(value)
  if (span === undefined) return false
  const [[from, to], [low, high]] = [span, spanOf(text)]
  const within = from >= low && to <= high
  const about = Math.abs(now - low) / 10
  switch (prefix) {
    case 'ne': return !within
    case 'gt': return to > high
    case 'lt': return from < low
    case 'ge': return to > high || within
    case 'le': return from < low || within
    case 'sa': return from >= high
    case 'eb': return to <= low
    case 'ap': return from < high + about && to > low - about
    default: return within
  }
}

// https://hl7.org/fhir/R4/search.html#number https://hl7.org/fhir/R4/search.html#quantity

function isNumber (prefix: string, digits: string, from: number, to: number): boolean {
  const asked = Number(digits)
  const half = 0.5 * 10 ** -(digits.split('.')[1]?.length ?? 0)
  const round = (number: number): number => Number(number.toPrecision(14))
  const within = from >= round(asked - half) && (from === to ? to < round(asked + half) : to < round(asked + half))
  switch (prefix) {
    case 'ne': return !within
    case 'gt': return to > asked
    case 'ge': return to >= asked
    case 'lt': return from < asked
    case 'le': return from <= asked
    case 'sa': return from > asked
    case 'eb': return to < asked
    case 'ap': return from <= round(asked + Math.abs(asked) / 10) && to >= round(asked - Math.abs(asked) / 10)
    default: return within
  }
}

export const isNumeric = (value: unknown, raw: string): boolean => {
  const [from, to] = isObject(value) ? [numberAt(value['low'], -Infinity), numberAt(value['high'], Infinity)] : [Number(value), Number(value)]
  return isNumber(...prefixed(plain(raw)), from, to)
}

const numberAt = (value: unknown, otherwise: number): number => isObject(value) && typeof value['value'] === 'number' ? value['value'] : otherwise

interface Ucum { readonly convertUnitTo: (from: string, value: number, to: string) => { readonly status: string, readonly toVal: number | null } }
let ucum: Ucum | undefined
const units = (): Ucum => (ucum ??= createRequire(import.meta.url)('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance() as Ucum)
const UCUM = 'http://unitsofmeasure.org'

export function isQuantity (value: unknown, raw: string): boolean {
  if (!isObject(value) || typeof value['value'] !== 'number') return false
  const [number = '', system = '', code = ''] = parts(raw, '|').map(plain)
  const [prefix, digits] = prefixed(number)
  const own = value['code'] ?? value['unit']
  let amount: number = value['value']
  if (system === '' && code !== '' && value['code'] !== code && value['unit'] !== code) return false
  if (system !== '' && system !== UCUM && (value['system'] !== system || own !== code)) return false
  if (system === UCUM) {
    if (value['system'] !== UCUM) return false
    const converted = units().convertUnitTo(String(value['code']), amount, code)
    if (converted.status !== 'succeeded' || converted.toVal === null) return false
    amount = Number(converted.toVal.toPrecision(14))
  }
  return isNumber(prefix, digits, amount, amount)
}

// https://hl7.org/fhir/R4/search.html#uri

export function isUri (value: unknown, raw: string, modifier: string | undefined): boolean {
  const [stored, asked] = [String(value), plain(raw)]
  if (modifier === 'below') return stored.startsWith(asked)
  if (modifier === 'above') return asked === stored || asked.startsWith(stored.endsWith('/') ? stored : `${stored}/`)
  return stored === asked
}

// https://hl7.org/fhir/R4/search.html#sort

/** What a value of a parameter of this type is sorted by, upwards or downwards. */
export function sortKeys (type: string, value: unknown, sign: number): (string | number)[] {
  switch (type) {
    case 'string': return textsOf(value).map(folded)
    case 'date': return (dateSpan(value) ?? []).slice(...sign > 0 ? [0, 1] : [1])
    case 'number': return [Number(value)]
    case 'quantity': return isObject(value) && typeof value['value'] === 'number' ? [inGrams(value, value['value'])] : []
    case 'token': return codingsOf(value).flatMap(({ system, code }) => code === undefined ? [] : system === IMPLIED ? code : `${system ?? ''}|${code}`)
    default: return [String(value)]
  }
}

// In the base unit of what is measured: the tests weigh, or count.
const inGrams = ({ system, code }: Member, value: number): number =>
  system === UCUM ? Number(units().convertUnitTo(String(code), value, 'g').toVal?.toPrecision(14) ?? value) : value

// https://hl7.org/fhir/R4/location.html#positional

const FAR: Readonly<Record<string, number>> = { km: 1, m: 0.001, '[mi_i]': 1.609344 }

export function isNear (value: unknown, raw: string): boolean {
  const [latitude = '', longitude = '', distance = '', unit = ''] = parts(raw, '|').map(plain)
  const { latitude: north, longitude: east } = value as { latitude: number, longitude: number }
  const radians = (degrees: number): number => degrees * Math.PI / 180
  const half = (degrees: number): number => Math.sin(radians(degrees) / 2) ** 2
  const angle = 2 * Math.asin(Math.sqrt(half(north - Number(latitude)) + Math.cos(radians(north)) * Math.cos(radians(Number(latitude))) * half(east - Number(longitude))))
  // The page leaves the distance to the server where it is left out: docs/decisions/0018-search.md says 50 km.
  return angle * 6371.0088 <= Number(distance === '' ? '50' : distance) * (FAR[unit === '' ? 'km' : unit] ?? NaN)
}
