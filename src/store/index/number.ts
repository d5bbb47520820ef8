// The index rows of number parameters. https://hl7.org/fhir/R4/search.html#number
// A number is a point: the implicit range of the page is the search value's.
import { Decimal, isObject, type Json } from '../../fhir/json-value.js'
import { KIND, type Param, type Rows, valueKey } from './rows.js'

export function writeNumber (rows: Rows, param: Param, type: string, value: Json): void {
  const span = type === 'Range' ? rangeSpan(value) : numberOf(value)
  if (span !== undefined) rows.quantities.push({ key: valueKey(param, KIND.number), ...(typeof span === 'number' ? { value: span } : span) })
}

/** A JSON number, whatever it is kept as. */
export const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === 'number' ? value : value instanceof Decimal ? Number(value.text) : undefined

export interface Span { readonly value: number, readonly high: number }

/** A Range as [low, high], infinite where an end is left out. */
export function rangeSpan (value: Json | undefined): Span | undefined {
  if (!isObject(value)) return undefined
  const [low, high] = [value['low'], value['high']].map(end => isObject(end) ? numberOf(end['value']) : undefined)
  return low === undefined && high === undefined ? undefined : { value: low ?? -Infinity, high: high ?? Infinity }
}
