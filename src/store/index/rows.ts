// The index rows of one resource while they are gathered. What the keys are made of: docs/decisions/0010-index-rows.md
import type { Range } from '../../fhir/date-range.js'
import type { Json } from '../../fhir/json-value.js'
import type { Unit } from '../../fhir/unit.js'
import { type Key, type Seed, add, addUnit, finish, high, low, resume, seed } from '../hash.js'

/** A value in `quantity_value`: a point, or where `high` is given all of [value, high] (infinite where an end is open). */
export interface QuantityRow { readonly key: Key, readonly value: number, readonly high?: number }
/** A normalised text's beginning in `string_value`; `full` where it is longer than that. */
export interface StringRow { readonly key: Key, readonly value: string, readonly full?: string }
/** A span [lo, hi) in `date_value`, milliseconds. */
export interface DateRow { readonly key: Key, readonly lo: number, readonly hi: number }
/** A text of a parameter and the token under which resources carry it: for `:text`, `system|`, `:below` of a uri and for `:not`. */
export interface Term { readonly key: Key, readonly text: string, readonly token: Key }
/** What a quantity's key stands for, found under each of its families: the parameter, or the parameter and a code. */
export interface QuantityKey { readonly family: Key, readonly key: Key, readonly system: string, readonly code: string, readonly unit: string, readonly measure: Unit }

/** Which keys the dictionaries (terms, quantity keys) hold already. */
export interface Known { has (high: number, low: number): boolean }

/** One parameter of one type: where the hashes of its values begin. */
export interface Param { readonly type: string, readonly code: string, readonly seed: Seed, readonly terms: Key }

/** The first unit of what is hashed after `Type|code|` says which kind of value it is. FIXED FOR EVER. */
export const KIND = {
  code: 'c', // c + code: whatever its system
  coding: 's', // s + system + | + code; an empty system: it has none
  system: 'y', // y + system of an identifier
  text: 't', // t + folded text
  ofType: 'o', // o + type's system + | + type's code + | + value
  reference: 'r', // r + Type/id
  version: 'v', // v + Type/id/_history/version, or canonical|version
  url: 'u', // u + url
  exact: 'x', // x + the text as it is
  present: 'p',
  missing: 'm',
  failed: 'e', // of a parameter that was defined here: its expression failed
  uncoded: 'a', // a coding or concept without a code
  indirect: 'i', // the owner column does not answer this parameter
  terms: 'k', // the key of its terms
  date: 'd',
  word: 'w',
  number: 'n',
  quantity: 'q', // q + system + | + code + | + unit
  family: 'f',
  pair: '$' // $ + component + $ + component
} as const

const params = new Map<string, Param>()

/** The parameter of a type by its code. */
export function paramOf (type: string, code: string): Param {
  const name = `${type}|${code}|`
  let param = params.get(name)
  if (!param) {
    const start = seed(name)
    param = { type, code, seed: start, terms: keyOf(start, KIND.terms) }
    params.set(name, param)
  }
  return param
}

/** The key of a text that begins with its kind. */
export function keyOf (from: Seed, text: string): Key {
  resume(from)
  add(text)
  finish()
  return [high, low]
}

/** The key of a value of a parameter: what the reader of a search asks for. */
export function valueKey (param: Param, kind: string, text = ''): Key {
  resume(param.seed)
  add(kind)
  add(text)
  finish()
  return [high, low]
}

const BAR = 124

export class Rows {
  readonly zone: string
  readonly base: string | undefined
  readonly #known: Known | undefined
  readonly quantities: QuantityRow[] = []
  readonly strings: StringRow[] = []
  readonly dates: DateRow[] = []
  readonly codes: Key[] = []
  readonly terms: Term[] = []
  readonly quantityKeys: QuantityKey[] = []
  c1: Key | undefined
  /** The main date. */
  main: Range | undefined
  /** The references of the owner parameter that the owner columns answer, and whether there are others. */
  readonly own: Json[] = []
  indirect = false

  constructor (zone: string, base: string | undefined, known: Known | undefined) {
    this.zone = zone
    this.base = base
    this.#known = known
    count = 0
  }

  /** Adds the token of one text. */
  token (param: Param, kind: string, text: string): void {
    resume(param.seed)
    add(kind)
    add(text)
    finish()
    pushToken(high, low)
  }

  /** Adds the token of two texts with a bar between them. */
  pair (param: Param, kind: string, left: string, right: string): void {
    resume(param.seed)
    add(kind)
    add(left)
    addUnit(BAR)
    add(right)
    finish()
    pushToken(high, low)
  }

  /** Says that the last token stands for this text in the parameter's dictionary, unless that is known. */
  term (param: Param, kind: string, left: string, right?: string): void {
    if (this.#known?.has(high, low) === true) return
    const token: Key = [high, low]
    const text = right === undefined ? kind + left : `${kind}${left}|${right}`
    this.terms.push({ key: param.terms, text, token })
  }

  /** Adds a token that is a constant of its parameter. */
  constant (key: Key): void {
    pushToken(key[0], key[1])
  }

  knows (key: Key): boolean {
    return this.#known?.has(key[0], key[1]) === true
  }

  /** All tokens, each once. */
  tokens (): Int32Array {
    return distinct()
  }
}

// The tokens of the resource whose rows are being gathered: one at a time is, and nothing here is asynchronous.
let gathered = new Int32Array(1 << 10)
let count = 0

function pushToken (first: number, second: number): void {
  if (count + 2 > gathered.length) {
    const larger = new Int32Array(gathered.length * 2)
    larger.set(gathered)
    gathered = larger
  }
  gathered[count++] = first
  gathered[count++] = second
}

// Resources share what is allocated for their tokens, since an array of its own costs each more than they do.
const CHUNK = 1 << 14
let chunk = new Int32Array(CHUNK)
let used = 0

function room (length: number): Int32Array {
  if (length > CHUNK >> 2) return new Int32Array(length)
  if (used + length > CHUNK) {
    chunk = new Int32Array(CHUNK)
    used = 0
  }
  return chunk.subarray(used, used + length)
}

// Where tokens have been seen: one more than their place in the result, under some bits of theirs.
const SLOTS = 1 << 10
const FEW = SLOTS >> 1
const slots = new Uint16Array(SLOTS)

function distinct (): Int32Array {
  const result = room(count)
  const end = count <= FEW ? distinctFew(result) : distinctMany(result)
  if (result.buffer === chunk.buffer) used += end
  return result.length === end ? result : result.subarray(0, end)
}

function distinctFew (result: Int32Array): number {
  let end = 0
  for (let at = 0; at < count; at += 2) {
    const [first, second] = [gathered[at] ?? 0, gathered[at + 1] ?? 0]
    let slot = second & (SLOTS - 1)
    for (let place = slots[slot] ?? 0; place !== 0; place = slots[slot] ?? 0) {
      if (result[place - 1] === first && result[place] === second) break
      slot = (slot + 1) & (SLOTS - 1)
    }
    if (slots[slot] !== 0) continue
    slots[slot] = end + 1
    result[end++] = first
    result[end++] = second
  }
  slots.fill(0)
  return end
}

function distinctMany (result: Int32Array): number {
  const seen = new Set<number>()
  let end = 0
  for (let at = 0; at < count; at += 2) {
    const [first, second] = [gathered[at] ?? 0, gathered[at + 1] ?? 0]
    const short = shortKey(first, second)
    if (seen.has(short)) continue
    seen.add(short)
    result[end++] = first
    result[end++] = second
  }
  return end
}

/** 53 bits of a key as one number. Two keys that share them are as likely as a collision of 53 bits. */
export const shortKey = (first: number, second: number): number => (first >>> 0) * 0x200000 + (second >>> 11)
