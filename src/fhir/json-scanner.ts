// JSON text to values in one pass, by RFC 8259, and stricter where a health record would otherwise change in silence:
// duplicate names, NUL and lone surrogates are refused, numbers keep their text. https://hl7.org/fhir/R4/json.html
import { type Key, keyAt, keyOf } from './json-key.js'
import { LONGEST_EXACT, numberEnd, numberOf, power, printsAsWritten } from './json-number.js'
import { giveBack, takeUnits } from './json-units.js'
import type { Decimal, Json, JsonObject } from './json-value.js'
import { malformed } from './outcome.js'

/** How many arrays and objects may stand inside each other. */
export const DEEPEST = 128

// Node 20 has it, es2023's types do not.
declare global { interface String { isWellFormed (): boolean } }

const [TAB, LF, CR, BLANK, QUOTE, COMMA, MINUS, POINT, ZERO, NINE, COLON, BACKSLASH, LOWER_E, LOWER_R, LOWER_U] = [9, 10, 13, 32, 34, 44, 45, 46, 48, 57, 58, 92, 101, 114, 117] as const
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [91, 93, 123, 125] as const
const LITERALS: ReadonlyMap<number, readonly [string, Json]> = new Map([[116, ['true', true]], [102, ['false', false]], [110, ['null', null]]])

/** The name under which a Reference has its text. */
export const REFERENCE = 'reference'

/** The key of a value that is no member: the document itself. */
export const NO_KEY = keyOf('')

/** Reads the value of a member whose name, quotes included, is text[start, end); undefined leaves the member out. */
export type ReadMember = (key: Key, start: number, end: number) => Json | undefined

// One look-up a character: does a string go on with it, is it whitespace.
const [PLAIN, WHITESPACE] = [1, 2] as const
const CLASS = new Uint8Array(1 << 16).fill(PLAIN, BLANK)
for (const code of [QUOTE, BACKSLASH]) CLASS[code] = 0
for (const code of [TAB, LF, CR, BLANK]) CLASS[code] = WHITESPACE | (CLASS[code] ?? 0)
const is = (code: number | undefined, kind: number): boolean => ((CLASS[code ?? 0] ?? 0) & kind) !== 0

/** Where a text stands that is a part of a larger one, by which its errors are told. */
export interface Within { readonly text: string, readonly start: number }

export class JsonScanner {
  readonly text: string
  /** The text's UTF-16 units and a 0 after them. */
  readonly units: Uint16Array
  /** Where the next character to read stands. */
  at = 0
  readonly #within: Within | undefined
  #depth = 0

  constructor (text: string, within?: Within) {
    this.text = text
    this.#within = within
    if (!text.isWellFormed()) this.fail('a lone surrogate is not text', text.search(/\p{Surrogate}/u))
    if (text.charCodeAt(0) === 0xfeff) this.fail('a byte order mark is not allowed', 0)
    this.units = takeUnits(text)
  }

  /** Refuses the text, naming the place by line and column (UTF-16 units, from 1). */
  fail (problem: string, at = this.at): never {
    const { text, start } = this.#within ?? { text: this.text, start: 0 }
    const place = start + at
    const line = text.slice(0, place).split('\n').length
    throw malformed(`line ${line}, column ${place - text.lastIndexOf('\n', place - 1)}: ${problem}`)
  }

  /** Refuses what stands here, or that nothing does. */
  refuse (wanted: string): never {
    const code = this.text.codePointAt(this.at)
    return this.fail(code === undefined ? `the text ends where ${wanted} is expected` : `${JSON.stringify(String.fromCodePoint(code))} where ${wanted} is expected`)
  }

  /** The one value of the text, which nothing but whitespace may surround. */
  document<T> (read: () => T): T {
    try {
      this.space()
      if (this.at === this.text.length) this.fail('the text is empty')
      const value = read()
      this.space()
      if (this.at < this.text.length) this.refuse('the end')
      return value
    } finally {
      giveBack(this.units)
    }
  }

  /** Goes over whitespace; the character code that follows it, 0 at the end of the text. */
  space (): number {
    const { units } = this
    const start = this.at
    const first = units[start] ?? 0
    if (first > BLANK) return first
    let at = start
    while (is(units[at], WHITESPACE)) at++
    this.at = at
    if (at > start) this.skipped(start, at)
    return units[at] ?? 0
  }

  /** Insignificant whitespace was found; for those who copy tokens. */
  skipped (_start: number, _end: number): void {}

  /** A string value was read that may be a link, its token beginning at `start`: the value that it becomes. */
  found (_key: Key, value: string, _start: number): string {
    return value
  }

  value (key: Key): Json {
    const code = this.units[this.at] ?? 0
    switch (code) {
      case QUOTE: {
        const start = this.at
        const value = this.string()
        return key.links !== 'none' || value.charCodeAt(0) === LOWER_U ? this.found(key, value, start) : value
      }
      case BRACE: return this.object()
      case BRACKET: return this.array(key)
      case MINUS: return this.#longNumber()
      default: return code >= ZERO && code <= NINE ? this.#number() : this.#literal(code)
    }
  }

  /** An object; `read`, when given, reads each member's value in place of `value`. */
  object (read?: ReadMember): JsonObject {
    this.#enter()
    const object: JsonObject = {}
    let seen = 0
    let code = this.space()
    if (code === BRACE_END) return this.#leave(object)
    for (;;) {
      if (code !== QUOTE) this.refuse('a member name in quotes')
      const start = this.at
      const key = this.#key()
      const end = this.at
      // A plain object cannot hold it: assigning it would change the object's prototype.
      if (key.name === '__proto__') this.fail('the member name "__proto__" is not allowed', start)
      if ((seen & key.bit) !== 0 && Object.hasOwn(object, key.name)) this.fail(`the member ${JSON.stringify(key.name)} is there twice`, start)
      seen |= key.bit
      if (this.space() !== COLON) this.refuse('a colon')
      this.at++
      this.space()
      const value = read === undefined ? this.value(key) : read(key, start, end)
      if (value !== undefined) object[key.name] = value
      code = this.space()
      if (code === BRACE_END) return this.#leave(object)
      if (code !== COMMA) this.refuse('a comma or the end of the object')
      this.at++
      code = this.space()
    }
  }

  /** An array; its strings are found under the name of the member that holds it. */
  array (key: Key, read?: () => Json): Json[] {
    this.#enter()
    if (this.space() === BRACKET_END) return this.#leave([])
    // Most arrays have one item: pushed to an empty one, it would take room for seventeen.
    const array = [read === undefined ? this.value(key) : read()]
    for (;;) {
      const code = this.space()
      if (code === BRACKET_END) return this.#leave(array)
      if (code !== COMMA) this.refuse('a comma or the end of the array')
      this.at++
      this.space()
      array.push(read === undefined ? this.value(key) : read())
    }
  }

  /** Goes over the value that stands here without reading what is in it: for a text that is read later, and refused then. */
  skip (key: Key): void {
    if (!this.#skipped()) this.value(key)
  }

  /** False, and nothing done, where there is no array, object or string that ends as it should: reading it says why. */
  #skipped (): boolean {
    const { units } = this
    let at = this.at
    let open = 0
    // The innermost 32 of what is open, a bit each: 1 for a brace.
    let braces = 0
    do {
      const code = units[at++] ?? 0
      if (code === QUOTE) {
        const from = at
        while (is(units[at], PLAIN) || (units[at] === BACKSLASH && at++ < this.text.length)) at++
        if (units[at] !== QUOTE) return false
        if (at - from === REFERENCE.length && units[from] === LOWER_R) this.passed(from, at + 1)
        at++
      } else if ((code | BLANK) === BRACE) {
        open++
        braces = braces << 1 | (code & BLANK) >> 5
      } else if ((code | BLANK) === BRACE_END) {
        if (--open < 0 || (braces & 1) !== (code & BLANK) >> 5) return false
        braces >>>= 1
      } else if (open === 0 || at > this.text.length) return false
    } while (open > 0)
    this.at = at
    return true
  }

  /** A string of the length of `reference` was gone over, its characters from `start`, `end` behind its quote. */
  passed (_start: number, _end: number): void {}

  /** The string whose quote stands here. */
  string (): string {
    const { units } = this
    const start = this.at + 1
    let at = start
    while (is(units[at], PLAIN)) at++
    if (units[at] !== QUOTE) return this.#escaped(start, at)
    this.at = at + 1
    return this.text.slice(start, at)
  }

  #enter (): void {
    if (++this.#depth > DEEPEST) this.fail(`nested more than ${DEEPEST} deep`)
    this.at++
  }

  #leave<T> (value: T): T {
    this.#depth--
    this.at++
    return value
  }

  #key (): Key {
    const { units } = this
    const start = this.at + 1
    let at = start
    while (is(units[at], PLAIN)) at++
    if (units[at] !== QUOTE) return keyOf(this.#escaped(start, at))
    this.at = at + 1
    return keyAt(this.text, units, start, at)
  }

  /** The rest of a string that holds an escape, or does not end. */
  #escaped (start: number, from: number): string {
    const { text } = this
    for (let at = from; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        this.at = at + 1
        const value = JSON.parse(text.slice(start - 1, at + 1)) as string
        if (!value.isWellFormed()) this.fail('a lone surrogate is escaped in this string', start - 1)
        return value
      }
      if (code < BLANK) this.fail(code === 0 ? 'NUL in a string' : 'a control character in a string must be escaped', at)
      if (code === BACKSLASH) at = this.#escapeEnd(at)
    }
    return this.fail('this string does not end', start - 1)
  }

  /** The last character of the escape that begins at `at`. */
  #escapeEnd (at: number): number {
    const { text } = this
    const kind = text.charAt(at + 1)
    if (kind !== 'u') {
      if (kind === '' || !'"\\/bfnrt'.includes(kind)) this.fail('no such escape', at)
      return at + 1
    }
    if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) this.fail('four hexadecimal digits must follow \\u', at)
    if (text.startsWith('0000', at + 2)) this.fail('NUL in a string', at)
    return at + 5
  }

  /** The number whose first digit stands here: one of few digits without building a string. */
  #number (): number | Decimal {
    const { units } = this
    const start = this.at
    let at = start
    let point = -1
    let digits = 0
    let code = 0
    for (;; at++) {
      code = units[at] ?? 0
      if (code >= ZERO && code <= NINE) digits = digits * 10 + code - ZERO
      else if (code === POINT && point < 0) point = at
      else break
    }
    if (at - start > LONGEST_EXACT || (code | 32) === LOWER_E || !printsAsWritten(units, start, point, at)) return this.#longNumber()
    this.at = at
    return point < 0 ? digits : digits / power(at - point - 1)
  }

  #longNumber (): number | Decimal {
    const end = numberEnd(this.text, this.at)
    if (end === this.at) this.refuse('a digit')
    const token = this.text.slice(this.at, end)
    this.at = end
    return numberOf(token)
  }

  #literal (code: number): Json {
    const literal = LITERALS.get(code)
    if (literal === undefined || !this.text.startsWith(literal[0], this.at)) return this.refuse('a value')
    this.at += literal[0].length
    return literal[1]
  }
}
