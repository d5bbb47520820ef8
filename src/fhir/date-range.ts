// The span of time that a date element means, half-open. https://hl7.org/fhir/R4/search.html#date
// What is written without a zone is read in the deployment's. A Timing means its outer limits only, a Period without an end goes on.
import { isObject, type Json } from './json-value.js'
import { instantOfLocal } from './zone.js'

/** Milliseconds [lo, hi). */
export type Range = readonly [lo: number, hi: number]

/** Stands for no lower or upper end; further away than any date that FHIR can write. */
export const BEGINNING = -9e15
export const END = 9e15

const digit = (text: string, at: number): number => {
  const value = text.charCodeAt(at) - 48
  return value >= 0 && value <= 9 ? value : NaN
}
const two = (text: string, at: number): number => digit(text, at) * 10 + digit(text, at + 1)

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** Days from 1970-01-01 to the first of a month (counted from 0, may be 12) in the Gregorian calendar. */
function daysTo (year: number, month: number): number {
  // Years begin in March here, so that the leap day is the last. https://howardhinnant.github.io/date_algorithms.html#days_from_civil
  const shifted = month < 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5)
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}
const monthStart = (year: number, month: number): number => month < 12 ? daysTo(year, month) * DAY : daysTo(year + 1, month - 12) * DAY

/**
 * The span of a date, dateTime or instant: a year, month, day, minute, second, or its fraction (to the millisecond).
 * undefined when the text is none.
 */
export function dateRange (text: string, zone: string): Range | undefined {
  const year = two(text, 0) * 100 + two(text, 2)
  if (text.length === 4) return local(monthStart(year, 0), monthStart(year, 12), zone)
  const month = two(text, 5) - 1
  if (text.charCodeAt(4) !== 45 || !(month >= 0 && month < 12)) return undefined
  if (text.length === 7) return local(monthStart(year, month), monthStart(year, month + 1), zone)
  const day = two(text, 8)
  const start = monthStart(year, month) + (day - 1) * DAY
  if (text.charCodeAt(7) !== 45 || !(day >= 1) || start >= monthStart(year, month + 1)) return undefined
  if (text.length === 10) return local(start, start + DAY, zone)
  return text.charCodeAt(10) === 84 ? timeRange(text, start, zone) : undefined
}

function timeRange (text: string, day: number, zone: string): Range | undefined {
  const [hour, minute] = [two(text, 11), two(text, 14)]
  let at = 16
  let start = day + hour * HOUR + minute * MINUTE
  let length = MINUTE
  if (text.charCodeAt(13) !== 58 || !(hour <= 24 && minute < 60)) return undefined
  if (text.charCodeAt(16) === 58) {
    const second = two(text, 17)
    if (!(second <= 60)) return undefined
    start += second * 1000
    length = 1000
    at = 19
  }
  if (text.charCodeAt(at) === 46) {
    const end = fractionEnd(text, at + 1)
    if (end === at + 1 || length !== 1000) return undefined
    start += Math.floor(Number(`0${text.slice(at, end)}`) * 1000 + 1e-6)
    length = 1
    at = end
  }
  if (at === text.length) return local(start, start + length, zone)
  const offset = offsetOf(text, at)
  return offset === undefined ? undefined : [start - offset, start - offset + length]
}

function fractionEnd (text: string, from: number): number {
  let at = from
  while (at < text.length && !Number.isNaN(digit(text, at))) at++
  return at
}

/** `Z` or `+hh:mm` at the end of the text, as milliseconds. */
function offsetOf (text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at)
  if (sign === 90) return at + 1 === text.length ? 0 : undefined
  if ((sign !== 43 && sign !== 45) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 58) return undefined
  const offset = two(text, at + 1) * HOUR + two(text, at + 4) * MINUTE
  return Number.isNaN(offset) ? undefined : sign === 43 ? offset : -offset
}

function local (lo: number, hi: number, zone: string): Range | undefined {
  return Number.isNaN(lo) ? undefined : [instantOfLocal(zone, lo), instantOfLocal(zone, hi)]
}

/** The span of a Period. Without a start it reaches back, without an end forward for ever; undefined when it has neither. */
export function periodRange (value: Json | undefined, zone: string): Range | undefined {
  if (!isObject(value)) return undefined
  const start = typeof value['start'] === 'string' ? dateRange(value['start'], zone) : undefined
  const end = typeof value['end'] === 'string' ? dateRange(value['end'], zone) : undefined
  return start || end ? [start?.[0] ?? BEGINNING, end?.[1] ?? END] : undefined
}

/** From the first to the last moment that a Timing names: its events and the Period that bounds its repetition. */
export function timingRange (value: Json | undefined, zone: string): Range | undefined {
  if (!isObject(value)) return undefined
  const events = (Array.isArray(value['event']) ? value['event'] : []).map(event => typeof event === 'string' ? dateRange(event, zone) : undefined)
  const bounds = isObject(value['repeat']) ? periodRange(value['repeat']['boundsPeriod'], zone) : undefined
  const spans = [...events, bounds].filter(span => span !== undefined)
  return spans.length === 0 ? undefined : [Math.min(...spans.map(span => span[0])), Math.max(...spans.map(span => span[1]))]
}

/** The span of an element of a FHIR type; undefined for what is no date (`Age`, a string) or cannot be read. */
export function rangeOf (type: string, value: Json | undefined, zone: string): Range | undefined {
  switch (type) {
    case 'date':
    case 'dateTime':
    case 'instant': return typeof value === 'string' ? dateRange(value, zone) : undefined
    case 'Period': return periodRange(value, zone)
    case 'Timing': return timingRange(value, zone)
    default: return undefined
  }
}
