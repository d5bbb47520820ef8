// Prefixes, and the spans that the values of numbers and dates mean. https://hl7.org/fhir/R4/search.html#prefix
import { dateRange } from '../date-range.js'

export const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const
export type Prefix = typeof PREFIXES[number]

/**
 * How a value is compared. [low, high) is the span that the value means by its precision, `at` the number itself (a date has none):
 * with gt, lt, ge, le, sa and eb a number is exact. For `ap` the span is the wider one. `co`, which is an operator of _filter only: what the resource
 * says includes it.
 */
export interface Comparison { readonly prefix: Prefix | 'co', readonly low: number, readonly high: number, readonly at: number }

const PREFIX = /^(eq|ne|gt|lt|ge|le|sa|eb|ap)(?=[-+.\d])/

/** The prefix of a value and what follows it. */
export function prefixed (text: string): readonly [prefix: Prefix, rest: string] {
  const prefix = PREFIX.exec(text)?.[1] as Prefix | undefined
  return prefix === undefined ? ['eq', text] : [prefix, text.slice(2)]
}

const NUMBER = /^[+-]?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/

/** `5.40`, `ge100`, `1e2`; undefined when it is no number. */
export function numberComparison (text: string): Comparison | undefined {
  const [prefix, digits] = prefixed(text)
  const match = NUMBER.exec(digits)
  if (match === null) return undefined
  const [, , fraction = '', exponent] = match
  const at = Number(digits)
  if (!Number.isFinite(at)) return undefined
  if (prefix === 'ap') {
    // https://hl7.org/fhir/R4/search.html#prefix: ten per cent of the stated value.
    const around = Math.abs(at) / 10
    return { prefix, low: at - around, high: at + around, at }
  }
  // The page gives 1e2 the span [95, 105): with an exponent it counts one digit more.
  const half = exponent === undefined ? 0.5 * 10 ** -fraction.length : 0.5 * 10 ** (Number(exponent) - fraction.length - 1)
  // With more digits than a double holds, the span is that of the one double.
  const [low, high] = [Math.min(rounded(at - half), at), Math.max(rounded(at + half), at + Math.abs(at) * Number.EPSILON)]
  return { prefix, low, high, at }
}

// 5.4 + 0.05 is 5.45, not 5.450000000000001.
const rounded = (value: number): number => Number(value.toPrecision(15))

/** `2013-01`, `ge2013-01-14T10:00`; undefined when it is no date. `now` in milliseconds; `zone` reads what has none. */
export function dateComparison (text: string, zone: string, now: number): Comparison | undefined {
  const [prefix, date] = prefixed(text)
  if (!/^\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/.test(date)) return undefined
  const range = dateRange(date, zone)
  if (range === undefined) return undefined
  const [low, high] = range
  if (prefix !== 'ap') return { prefix, low, high, at: low }
  // Ten per cent of the time between now and the date.
  const around = Math.abs(now - low) / 10
  return { prefix, low: low - around, high: high + around, at: low }
}
