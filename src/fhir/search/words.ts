// What `_text` and `_content` ask, and the words of a text. https://hl7.org/fhir/R4/search.html#content docs/decisions/0024-full-text.md
import { folded } from '../normalise.js'
import { invalid } from '../outcome.js'

const APOSTROPHES = /['\u2018\u2019\u02bc]/g
const NO_WORD = /[^\p{L}\p{N}\p{M}]+/gu
const LONGEST_WORD = 100
const LONGEST_QUERY = 1000

// Most texts are: the same, without what other letters need.
const ASCII = /^[\x00-\x7f]*$/ // eslint-disable-line no-control-regex
const NO_ASCII_WORD = /[^a-z0-9]+/g

const spaced = (text: string): string => ASCII.test(text)
  ? text.replaceAll("'", '').toLowerCase().replace(NO_ASCII_WORD, ' ')
  : folded(text.replace(APOSTROPHES, '')).replace(NO_WORD, ' ')

/** The words of a text as they are indexed, without case, accents and whatever stands between them. What is longer than a word of any language is none. */
export const wordsOf = (text: string): readonly string[] =>
  spaced(text).split(' ').filter(word => word !== '' && word.length <= LONGEST_WORD)

type Words =
  | { readonly kind: 'phrase', readonly words: readonly string[] }
  | { readonly kind: 'not', readonly of: Words }
  | { readonly kind: 'and' | 'or', readonly of: readonly Words[] }

/**
 * `(bone or liver) and metastases`, `"chest pain" -trauma`, as PostgreSQL's to_tsquery takes it, which refuses nothing of what this answers. `name` is for messages.
 * Throws FhirError 400 where there are no words, or none that must be there, and where brackets or quotes are left open.
 */
export function wordQuery (name: string, text: string): string {
  if (text.length > LONGEST_QUERY) throw invalid(`${name} has ${text.length} characters: at most ${LONGEST_QUERY} are taken`)
  const reader = new Reader(name, tokensOf(name, text))
  const query = reader.alternatives()
  if (reader.next() !== undefined) throw invalid(`${name}: a ) closes no bracket`)
  if (query === undefined) throw invalid(`${name} has no words: it is words, "phrases", or, - in front of what must not be there, and brackets`)
  if (!isPositive(query)) throw invalid(`${name} says only what must not be there: it needs a word that must, in each of its alternatives`)
  return tsquery(query)
}

type Token = { readonly kind: '(' | ')' | '-' | 'and' | 'or' } | { readonly kind: 'words', readonly words: readonly string[] }

// Quotes of any language.
const QUOTES = /[“”„«»]/g
const TOKEN = /\s+|([()])|"([^"]*)"|(-)(?=[^\s)])|([^\s()"]+)/gy

function tokensOf (name: string, text: string): readonly Token[] {
  const tokens: Token[] = []
  const plain = text.replace(QUOTES, '"')
  if ((plain.split('"').length - 1) % 2 !== 0) throw invalid(`${name}: a quote is not closed`)
  for (const [, bracket, quoted, minus, word] of plain.matchAll(TOKEN)) {
    if (bracket === '(' || bracket === ')') tokens.push({ kind: bracket })
    else if (minus !== undefined) tokens.push({ kind: '-' })
    else if (word !== undefined && /^(and|or)$/i.test(word)) tokens.push({ kind: word.toLowerCase() === 'or' ? 'or' : 'and' })
    else if (quoted !== undefined || word !== undefined) tokens.push({ kind: 'words', words: asked(name, quoted ?? word ?? '') })
  }
  return tokens
}

function asked (name: string, text: string): readonly string[] {
  const words = wordsOf(text)
  if (words.length === 0 && folded(text).replace(NO_WORD, '') !== '') throw invalid(`${name}: no word has more than ${LONGEST_WORD} letters`)
  return words
}

class Reader {
  readonly #name: string
  readonly #tokens: readonly Token[]
  #at = 0

  constructor (name: string, tokens: readonly Token[]) {
    this.#name = name
    this.#tokens = tokens
  }

  next (): Token | undefined {
    return this.#tokens[this.#at]
  }

  /** What is between `or`s. What has no words asks nothing. */
  alternatives (): Words | undefined {
    const of: Words[] = []
    for (;;) {
      const one = this.#all()
      if (one !== undefined) of.push(one)
      if (this.next()?.kind !== 'or') return joined('or', of)
      this.#at++
    }
  }

  #all (): Words | undefined {
    const of: Words[] = []
    for (let token = this.next(); token !== undefined && token.kind !== 'or' && token.kind !== ')'; token = this.next()) {
      if (token.kind === 'and') {
        this.#at++
        continue
      }
      const one = this.#one(token)
      if (one !== undefined) of.push(one)
    }
    return joined('and', of)
  }

  #one (token: Token): Words | undefined {
    this.#at++
    if (token.kind === 'words') return token.words.length === 0 ? undefined : { kind: 'phrase', words: token.words }
    if (token.kind === '(') {
      const inner = this.alternatives()
      if (this.next()?.kind !== ')') throw invalid(`${this.#name}: a ( is not closed`)
      this.#at++
      return inner
    }
    const next = this.next()
    if (next === undefined || next.kind === ')' || next.kind === 'or' || next.kind === 'and') return undefined
    const of = this.#one(next)
    return of && { kind: 'not', of }
  }
}

const joined = (kind: 'and' | 'or', of: readonly Words[]): Words | undefined => of.length > 1 ? { kind, of } : of[0]

// Whether some word must be there: what only must not be is no condition that an index answers.
function isPositive (query: Words): boolean {
  switch (query.kind) {
    case 'phrase': return true
    case 'not': return false
    case 'and': return query.of.some(isPositive)
    case 'or': return query.of.every(isPositive)
  }
}

// Words are letters and digits: there is nothing in them to escape.
function tsquery (query: Words): string {
  switch (query.kind) {
    case 'phrase': return `(${query.words.map(word => `'${word}'`).join(' <-> ')})`
    case 'not': return `!${tsquery(query.of)}`
    case 'and': return `(${query.of.map(tsquery).join(' & ')})`
    case 'or': return `(${query.of.map(tsquery).join(' | ')})`
  }
}
