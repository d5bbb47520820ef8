// The index rows of date parameters. https://hl7.org/fhir/R4/search.html#date
// One parameter of most types is its main date and stands in the current row itself; this is for all others.
import { rangeOf } from '../../fhir/date-range.js'
import type { Json } from '../../fhir/json-value.js'
import { KIND, type Param, type Rows, valueKey } from './rows.js'

export function writeDate (rows: Rows, param: Param, type: string, value: Json): void {
  writeSpan(rows, valueKey(param, KIND.date), type, value)
}

/** A span under a key. */
export function writeSpan (rows: Rows, key: readonly [number, number], type: string, value: Json): void {
  const range = rangeOf(type, value, rows.zone)
  if (range) rows.dates.push({ key, lo: range[0], hi: range[1] })
}
