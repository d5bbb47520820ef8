// Spans of time against the span that was asked for. https://hl7.org/fhir/R4/search.html#date
import { BEGINNING, END } from '../../fhir/date-range.js'
import type { Comparison } from '../../fhir/search/comparison.js'
import type { Statement } from './statement.js'

// Longer ones are few, and stand in an index by where they end (0014_long): a day of 25 hours is not among them. It is
// a literal in that index, and so in each statement.
const LONG = 90_000_000

/** The column names of a span [lo, hi). */
export interface SpanColumns { readonly lo: string, readonly hi: string }

/** Whether a row of the current state has a main date at all. */
export const dated = (a: string): string => `not (${a}.dlo = ${BEGINNING} and ${a}.dhi = ${END})`

/** SQL for a bound of the search value; bound where it is used: what stands nowhere in a statement has no type. */
const ends = (sql: Statement, { low, high }: Comparison): { readonly from: () => string, readonly to: () => string } =>
  ({ from: () => `${sql.bind(low, 'float8')}::int8`, to: () => `${sql.bind(high, 'float8')}::int8` })

/** The page's words, on half-open spans: the search value's is [low, high), the resource's [lo, hi). */
export function spans (sql: Statement, { lo, hi }: SpanColumns, comparison: Comparison): string {
  const { from, to } = ends(sql, comparison)
  const within = (): string => `(${lo} >= ${from()} and ${hi} <= ${to()})`
  switch (comparison.prefix) {
    case 'eq': return within()
    case 'ne': return `not ${within()}`
    case 'gt': return `${hi} > ${to()}`
    case 'lt': return `${lo} < ${from()}`
    case 'ge': return `(${hi} > ${to()} or ${within()})`
    case 'le': return `(${lo} < ${from()} or ${within()})`
    case 'sa': return `${lo} >= ${to()}`
    case 'eb': return `${hi} <= ${from()}`
    case 'ap': return `(${lo} < ${to()} and ${hi} > ${from()})`
    case 'co': return `(${lo} <= ${from()} and ${hi} >= ${to()})`
  }
}

/** The same to find by, for all of some comparisons: each is one piece of an index, and no row is in two of them. */
export function spanPieces (sql: Statement, columns: SpanColumns, comparisons: readonly Comparison[]): string[] {
  const { lo, hi } = columns
  const all = (piece: string): string => [piece, ...comparisons.flatMap(each => [...bounds(sql, lo, each), spans(sql, columns, each)])].join(' and ')
  const reaching = comparisons.find(({ prefix }) => REACHING.includes(prefix))
  if (reaching === undefined) return [all('true')]
  // What reaches over a moment begins shortly before it, or is long.
  const { from, to } = ends(sql, reaching)
  const [least, over] = reaching.prefix === 'gt' || reaching.prefix === 'co' ? [to, to] : reaching.prefix === 'ge' ? [from, to] : [from, from]
  return [
    all(`${lo} >= ${least()} - ${LONG}`),
    all(`${lo} < ${least()} - ${LONG} and ${hi} - ${lo} > ${LONG} and ${hi} >= ${over()}`)
  ]
}

const REACHING: readonly string[] = ['gt', 'ge', 'ap', 'co']

/** What a comparison says of where a span begins: bounds of a walk in that order. */
export function bounds (sql: Statement, lo: string, comparison: Comparison): string[] {
  const { from, to } = ends(sql, comparison)
  switch (comparison.prefix) {
    case 'eq': return [`${lo} >= ${from()}`, `${lo} < ${to()}`]
    case 'lt':
    case 'eb': return [`${lo} < ${from()}`]
    case 'le':
    case 'ap': return [`${lo} < ${to()}`]
    case 'sa': return [`${lo} >= ${to()}`]
    case 'co': return [`${lo} <= ${from()}`]
    default: return ['true']
  }
}
