// The index rows of string parameters. https://hl7.org/fhir/R4/search.html#string
//
// A row for each part of a name or address: what it begins with is asked of `value`, :contains of `full` or, where there is none, `value`. :exact
// asks for the token of the kind x.
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { beginning, folded } from '../../fhir/normalise.js'
import { KIND, type Param, type Rows, valueKey } from './rows.js'

/** How much of a text stands in the index; an entry of a b-tree has its limit, and a longer beginning finds nothing more. */
export const LENGTH = 64

const NAME = ['text', 'family', 'given', 'prefix', 'suffix']
const ADDRESS = ['text', 'line', 'city', 'district', 'state', 'postalCode', 'country']

/** `without`: members of a name or address that other parameters of the type hold, and search asks there. */
export function writeString (rows: Rows, param: Param, type: string, value: Json, without: readonly string[] = []): void {
  if (typeof value === 'string') return text(rows, param, value)
  if (!isObject(value)) return
  if (type === 'HumanName') parts(rows, param, value, NAME, without)
  else if (type === 'Address') parts(rows, param, value, ADDRESS, without)
}

function parts (rows: Rows, param: Param, value: JsonObject, members: readonly string[], without: readonly string[]): void {
  for (const member of members) {
    if (without.includes(member)) continue
    const part = value[member]
    if (typeof part === 'string') text(rows, param, part)
    else if (Array.isArray(part)) for (const each of part) if (typeof each === 'string') text(rows, param, each)
  }
}

function text (rows: Rows, param: Param, value: string): void {
  rows.token(param, KIND.exact, value)
  writeWord(rows, valueKey(param, KIND.word), value)
}

/** A text under a key. */
export function writeWord (rows: Rows, key: readonly [number, number], value: string): void {
  const words = folded(value)
  const start = beginning(words, LENGTH)
  rows.strings.push(start === words ? { key, value: words } : { key, value: start, full: words })
}
