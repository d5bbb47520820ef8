// The index rows of composite parameters. https://hl7.org/fhir/R4/search.html#composite
//
// Components are taken from one element instance together. The first is always a code or reference and becomes part of the key; the
// second decides the kind of row: a token for token$token and reference$token, else a row of the quantities, numbers, strings or dates under the pair's key.
import type { Json } from '../../fhir/json-value.js'
import { writeSpan } from './date.js'
import { numberOf } from './number.js'
import { writeCodedQuantity } from './quantity.js'
import { referenceText } from './reference.js'
import { KIND, type Param, type Rows, valueKey } from './rows.js'
import { writeWord } from './string.js'
import { tokenTexts } from './token.js'

/** A component's values: FHIR type, value, FHIR type, value ... */
export type Component = ReadonlyArray<string | Json>

/** `kinds`: the search types of the components. */
export function writeComposite (rows: Rows, param: Param, kinds: readonly string[], components: readonly Component[]): void {
  const [first = [], second = [], third = []] = components
  const codes = texts(rows, kinds[0], first)
  for (let at = 0; at < second.length; at += 2) {
    const type = String(second[at])
    const value = second[at + 1] ?? null
    switch (kinds[1]) {
      case 'quantity': writeCodedQuantity(rows, param, codes, type, value); break
      case 'number': numbers(rows, param, codes, value, third[1] ?? null); break
      case 'string': if (typeof value === 'string') for (const code of codes) word(rows, param, code, value); break
      case 'date': for (const code of codes) writeSpan(rows, valueKey(param, KIND.date, code), type, value); break
      default: tokens(rows, param, codes, texts(rows, kinds[1], [type, value]))
    }
  }
}

function texts (rows: Rows, kind: string | undefined, component: Component): string[] {
  const found: string[] = []
  for (let at = 0; at < component.length; at += 2) {
    const value = component[at + 1] ?? null
    if (kind === 'reference') found.push(...[referenceText(value, rows.base) ?? []].flat())
    else found.push(...tokenTexts(String(component[at]), value))
  }
  return found
}

function tokens (rows: Rows, param: Param, left: readonly string[], right: readonly string[]): void {
  for (const code of left) for (const value of right) rows.token(param, KIND.pair, `${code}$${value}`)
}

function word (rows: Rows, param: Param, code: string, value: string): void {
  rows.token(param, KIND.exact, `${code}$${value}`)
  writeWord(rows, valueKey(param, KIND.word, code), value)
}

/** A start and an end are one row: `value` and `high`. */
function numbers (rows: Rows, param: Param, codes: readonly string[], start: Json, end: Json): void {
  const [value, high] = [numberOf(start), numberOf(end)]
  if (value === undefined || high === undefined) return
  for (const code of codes) rows.quantities.push({ key: valueKey(param, KIND.number, code), value, high })
}
