// The index rows of token parameters. https://hl7.org/fhir/R4/search.html#token
//
// `code` asks for the kind c, `system|code` and `|code` for s, `system|` of an identifier for y (of a coding: all terms that begin with
// s + system + |), :of-type for o, :text for all terms that begin with t + the folded text.
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { contactValue, folded } from '../../fhir/normalise.js'
import { KIND, type Param, type Rows } from './rows.js'

export function writeToken (rows: Rows, param: Param, type: string, value: Json): void {
  switch (type) {
    case 'CodeableConcept': return isObject(value) ? toldUncoded(rows, param, concept(rows, param, value)) : undefined
    case 'Coding': return isObject(value) ? toldUncoded(rows, param, coding(rows, param, value)) : undefined
    case 'Identifier': return isObject(value) ? writeIdentifier(rows, param, value) : undefined
    case 'ContactPoint': return isObject(value) && typeof value['value'] === 'string' ? rows.token(param, KIND.code, contactValue(value['value'])) : undefined
    case 'code': return typeof value === 'string' ? code(rows, param, value) : undefined
    default: return isObject(value) || value === null ? undefined : rows.token(param, KIND.code, String(value))
  }
}

// Whoever has other codes than some is found by all others, and by this.
function toldUncoded (rows: Rows, param: Param, isCoded: boolean): void {
  if (!isCoded) rows.token(param, KIND.uncoded, '')
}

/** Whether it has a code. */
function concept (rows: Rows, param: Param, value: JsonObject): boolean {
  const codings = value['coding']
  const words = value['text']
  let [told, isCoded] = [false, false]
  if (Array.isArray(codings)) {
    for (const each of codings) {
      if (!isObject(each)) continue
      isCoded = coding(rows, param, each) || isCoded
      told ||= each['display'] === words
    }
  }
  if (!told) text(rows, param, words)
  return isCoded
}

function coding (rows: Rows, param: Param, { system, code: symbol, display }: JsonObject): boolean {
  const isCoded = typeof symbol === 'string'
  if (isCoded) {
    rows.token(param, KIND.code, symbol)
    const from = typeof system === 'string' ? system : ''
    rows.pair(param, KIND.coding, from, symbol)
    rows.term(param, KIND.coding, from, symbol)
  }
  text(rows, param, display)
  return isCoded
}

function code (rows: Rows, param: Param, value: string): void {
  rows.token(param, KIND.code, value)
  rows.term(param, KIND.code, value)
}

function text (rows: Rows, param: Param, value: Json | undefined): void {
  if (typeof value !== 'string') return
  const words = folded(value)
  rows.token(param, KIND.text, words)
  rows.term(param, KIND.text, words)
}

/** An Identifier, of a token parameter or inside a Reference. */
export function writeIdentifier (rows: Rows, param: Param, { system, value, type }: JsonObject): void {
  const from = typeof system === 'string' ? system : ''
  if (from !== '') rows.token(param, KIND.system, from)
  if (isObject(type)) text(rows, param, type['text'])
  if (typeof value !== 'string') return
  rows.token(param, KIND.code, value)
  rows.pair(param, KIND.coding, from, value)
  const codings = isObject(type) ? type['coding'] : undefined
  if (!Array.isArray(codings)) return
  for (const each of codings) if (isObject(each) && typeof each['code'] === 'string') ofType(rows, param, each, value)
}

function ofType (rows: Rows, param: Param, { system, code: symbol, display }: JsonObject, value: string): void {
  rows.pair(param, KIND.ofType, `${typeof system === 'string' ? system : ''}|${String(symbol)}`, value)
  text(rows, param, display)
}

/** The codes of a token component, each with and without its system, as the composite's key writes them. */
export function tokenTexts (type: string, value: Json): string[] {
  if (type === 'CodeableConcept') return isObject(value) && Array.isArray(value['coding']) ? value['coding'].flatMap(each => tokenTexts('Coding', each)) : []
  if (type === 'Coding' || type === 'Identifier') {
    if (!isObject(value)) return []
    const symbol = value[type === 'Coding' ? 'code' : 'value']
    const { system } = value
    return typeof symbol === 'string' ? [KIND.code + symbol, `${KIND.coding}${typeof system === 'string' ? system : ''}|${symbol}`] : []
  }
  return isObject(value) || value === null ? [] : [KIND.code + String(value)]
}
