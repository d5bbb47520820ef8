// Equality of JSON values as a JSON Patch test demands it. https://www.rfc-editor.org/rfc/rfc6902#section-4.6
import { Decimal, type Json, isObject } from '../json-value.js'

/** True when two values are the same: numbers by their exact value, objects whatever the order of their members. */
export function equal (one: Json, other: Json): boolean {
  if (isNumber(one) && isNumber(other)) return exact(String(one)) === exact(String(other))
  if (Array.isArray(one)) return Array.isArray(other) && one.length === other.length && one.every((item, at) => equal(item, other[at] ?? null))
  if (!isObject(one)) return one === other
  if (!isObject(other) || Object.keys(one).length !== Object.keys(other).length) return false
  return Object.entries(one).every(([name, member]) => Object.hasOwn(other, name) && equal(member, other[name] ?? null))
}

const isNumber = (value: Json): value is number | Decimal => typeof value === 'number' || value instanceof Decimal

/** One spelling for each number: its digits without zeros at either end, and the power of ten that they count. */
function exact (text: string): string {
  const [, sign = '', whole = '', decimals = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + decimals).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  return significant === '' ? '0' : `${sign}${significant}e${Number(exponent) - decimals.length + digits.length - significant.length}`
}
