// The index rows of quantity parameters. https://hl7.org/fhir/R4/search.html#quantity
//
// A row's key names the parameter (and in a composite the code) together with the unit as it was sent; its value is as sent. The dictionary of
// quantity keys says, for each family (a parameter, or a parameter and a code), which units occur and how they convert: a search
// without a unit asks all keys of the family, a search with one those of its dimension, each with the bound in that key's own unit. So a value is
// one row, pounds find kilograms, and no row depends on what UCUM's tables say today.
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { unitOf } from '../../fhir/unit.js'
import type { Key } from '../hash.js'
import { type Span, numberOf, rangeSpan } from './number.js'
import { KIND, type Param, type QuantityRow, type Rows, valueKey } from './rows.js'

export function writeQuantity (rows: Rows, param: Param, type: string, value: Json): void {
  const measured = measure(type, value)
  if (!measured) return
  const key = valueKey(param, KIND.quantity, `${measured.system}|${measured.code}|${measured.unit}`)
  put(rows, key, [valueKey(param, KIND.family)], measured)
}

/**
 * A quantity that goes with a code. `codes`: the code's texts as tokenTexts gives them, each coding's without its system and with it. Each coding makes one
 * key, of its system and code; the families of that key are the code with and without its system.
 */
export function writeCodedQuantity (rows: Rows, param: Param, codes: readonly string[], type: string, value: Json): void {
  const measured = measure(type, value)
  if (!measured) return
  const unit = `${measured.system}|${measured.code}|${measured.unit}`
  codes.forEach((code, place) => {
    if (!code.startsWith(KIND.coding)) return
    // A code may hold a bar itself: what it is without its system stands before it.
    const plain = codes[place - 1] ?? code
    put(rows, valueKey(param, KIND.quantity, `${code}$${unit}`), [valueKey(param, KIND.family, plain), valueKey(param, KIND.family, code)], measured)
  })
}

function put (rows: Rows, key: Key, families: readonly Key[], measured: Measured): void {
  const { system, code, unit, span } = measured
  const row: QuantityRow = typeof span === 'number' ? { key, value: span } : { key, ...span }
  rows.quantities.push(row)
  if (rows.knows(key)) return
  const scale = unitOf(system, code, unit)
  for (const family of families) rows.quantityKeys.push({ family, key, system, code, unit, measure: scale })
}

interface Measured { readonly system: string, readonly code: string, readonly unit: string, readonly span: number | Span }

const text = (value: Json | undefined): string => typeof value === 'string' ? value : ''

function measure (type: string, value: Json): Measured | undefined {
  if (!isObject(value)) return undefined
  switch (type) {
    case 'Range': return rangeMeasure(value)
    case 'Money': return money(value)
    // Its values are a text of many numbers; a search for one of them has no meaning that the page defines.
    case 'SampledData': return undefined
    default: return quantity(value)
  }
}

function quantity (value: JsonObject): Measured | undefined {
  const number = numberOf(value['value'])
  if (number === undefined) return undefined
  return { system: text(value['system']), code: text(value['code']), unit: text(value['unit']), span: compared(number, text(value['comparator'])) }
}

/** A value known only to be below or above something is all that it may be. */
function compared (value: number, comparator: string): number | Span {
  if (comparator === '<' || comparator === '<=') return { value: -Infinity, high: value }
  return comparator === '>' || comparator === '>=' ? { value, high: Infinity } : value
}

function rangeMeasure (value: JsonObject): Measured | undefined {
  const span = rangeSpan(value)
  const end = isObject(value['low']) ? value['low'] : value['high']
  return span && isObject(end) ? { system: text(end['system']), code: text(end['code']), unit: text(end['unit']), span } : undefined
}

const CURRENCY = 'urn:iso:std:iso:4217'

function money (value: JsonObject): Measured | undefined {
  const number = numberOf(value['value'])
  return number === undefined ? undefined : { system: CURRENCY, code: text(value['currency']), unit: '', span: number }
}
