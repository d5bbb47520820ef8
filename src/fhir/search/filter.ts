// The language of _filter, parsed. https://hl7.org/fhir/R4/search_filter.html
import { invalid } from '../outcome.js'

export const OPERATORS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb', 'pr', 'po', 'ss', 'sb', 'in', 'ni', 're'] as const
export type Operator = typeof OPERATORS[number]

/** One name of a path, and what is asked in brackets of what it leads to. */
export interface PathStep { readonly name: string, readonly filter: Filter | undefined }

/** Where something stands in the text, both from 1. */
export interface Position { readonly line: number, readonly column: number }

export type Filter =
  | { readonly kind: 'and' | 'or', readonly left: Filter, readonly right: Filter }
  | { readonly kind: 'not', readonly of: Filter }
  | { readonly kind: 'test', readonly path: readonly PathStep[], readonly operator: Operator, readonly value: string, readonly at: Position }

const MOST_NESTED = 20
const MOST_TESTS = 50

/** Parses a filter. Throws FhirError 400 that says where it goes wrong, and what should stand there. */
export function parseFilter (text: string): Filter {
  if (text.includes('\0')) throw invalid('_filter: U+0000 stands in no value')
  return new Parser(text).whole()
}

/** How many comparisons a filter makes. */
export function testsIn (filter: Filter): number {
  switch (filter.kind) {
    case 'not': return testsIn(filter.of)
    case 'test': return filter.path.reduce((sum, step) => sum + (step.filter === undefined ? 0 : testsIn(step.filter)), 1)
    default: return testsIn(filter.left) + testsIn(filter.right)
  }
}

/** The message of what is wrong at a place of a filter. */
export const atPosition = ({ line, column }: Position, message: string): string => `_filter, line ${line}, column ${column}: ${message}`

class Parser {
  readonly #text: string
  #at = 0
  #depth = 0
  #tests = 0

  constructor (text: string) {
    this.#text = text
  }

  whole (): Filter {
    const filter = this.#filter()
    if (this.#at < this.#text.length) throw this.#unexpected('and, or, or the end')
    return filter
  }

  // From left to right: neither of `and` and `or` binds closer.
  #filter (): Filter {
    if (++this.#depth > MOST_NESTED) throw this.#wrong(`filters stand at most ${MOST_NESTED} deep within each other`)
    let left = this.#term()
    for (let word = this.#word(/(and|or)(?=[\s(])/iy); word !== undefined; word = this.#word(/(and|or)(?=[\s(])/iy)) {
      left = { kind: word === 'and' ? 'and' : 'or', left, right: this.#term() }
    }
    this.#depth--
    return left
  }

  #term (): Filter {
    this.#blanks()
    if (this.#word(/not(?=\s*\()/iy) !== undefined) return { kind: 'not', of: this.#enclosed('(', ')') }
    return this.#text[this.#at] === '(' ? this.#enclosed('(', ')') : this.#test()
  }

  #enclosed (opening: '(' | '[', closing: ')' | ']'): Filter {
    this.#blanks()
    this.#expect(opening)
    const filter = this.#filter()
    this.#blanks()
    this.#expect(closing)
    this.#blanks()
    return filter
  }

  #test (): Filter {
    if (++this.#tests > MOST_TESTS) throw this.#wrong(`a filter makes at most ${MOST_TESTS} comparisons`)
    const at = this.#position()
    const path = this.#path()
    const operator = this.#take(/[^\s()[\]]+/y)
    const known = OPERATORS.find(each => each === operator?.toLowerCase())
    if (known === undefined) {
      this.#at -= operator?.length ?? 0
      throw this.#unexpected(`one of ${OPERATORS.join(' ')}`)
    }
    this.#space(known)
    const value = this.#text[this.#at] === '"' ? this.#string() : this.#take(/[^\s)\]]+/y)
    if (value === undefined) throw this.#unexpected('a value')
    this.#blanks()
    return { kind: 'test', path, operator: known, value, at }
  }

  #path (): readonly PathStep[] {
    const steps: PathStep[] = []
    for (;;) {
      const name = this.#take(/[_a-z][-_a-z0-9]*/iy)
      if (name === undefined) throw this.#unexpected(steps.length === 0 ? 'the name of a parameter, not or (' : 'the name of a parameter')
      const filter = this.#text[this.#at] === '[' ? this.#enclosed('[', ']') : undefined
      steps.push({ name, filter })
      if (this.#text[this.#at] !== '.') break
      this.#at++
    }
    if (steps.at(-1)?.filter !== undefined) throw this.#unexpected('. and the name of a parameter of what the brackets choose')
    this.#space(steps.at(-1)?.name ?? '')
    return steps
  }

  #string (): string {
    const source = this.#take(/"(?:[^"\\]|\\.)*"/sy)
    if (source === undefined) throw this.#wrong('a text that begins with " ends with another')
    try {
      return JSON.parse(source) as string
    } catch {
      this.#at -= source.length
      throw this.#wrong('this is no text of JSON')
    }
  }

  #word (pattern: RegExp): string | undefined {
    return this.#take(pattern)?.toLowerCase()
  }

  #take (pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [found] = pattern.exec(this.#text) ?? []
    this.#at += found?.length ?? 0
    return found
  }

  #blanks (): void {
    this.#take(/\s*/y)
  }

  #space (after: string): void {
    if (this.#take(/\s+/y) === undefined) throw this.#unexpected(`a blank after ${after}`)
  }

  #expect (letter: string): void {
    if (this.#text[this.#at] !== letter) throw this.#unexpected(letter)
    this.#at++
  }

  #position (): Position {
    const before = this.#text.slice(0, this.#at).split('\n')
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 }
  }

  #unexpected (expected: string): Error {
    const found = this.#text.slice(this.#at, this.#at + 20)
    return this.#wrong(`${found === '' ? 'it ends' : `${JSON.stringify(found)} stands`} where ${expected} should`)
  }

  #wrong (message: string): Error {
    return invalid(atPosition(this.#position(), message))
  }
}
