// What a search is sorted by. https://hl7.org/fhir/R4/search.html#sort
import type { SearchParameterRow } from '../../generated/search-parameters.js'
import { hashText } from '../binary.js'
import { mainDate } from '../index/main.js'
import { KIND, paramOf } from '../index/rows.js'
import { keyOf } from './build.js'
import { homeOf, type KnownParameters, partsIn } from './known.js'

/**
 * One key of an order. A resource with several values of a parameter stands by its first one in that order, one without a value behind all others.
 * Keys are those of the index rows, as decimal texts.
 */
export type SortKey = { readonly descending: boolean } & (
  | { readonly by: 'updated' }
  /** `among`: beside types of which it is a date like others. */
  | { readonly by: 'main-date', readonly among?: true }
  | { readonly by: 'id' }
  | { readonly by: 'texts', readonly keys: readonly string[] }
  | { readonly by: 'dates', readonly keys: readonly string[] }
  | { readonly by: 'numbers', readonly keys: readonly string[] }
  /** In the base unit of what is measured, so that pounds stand among kilograms. */
  | { readonly by: 'quantities', readonly families: readonly string[] }
  /** Codes by their system and code. */
  | { readonly by: 'terms', readonly keys: readonly string[] }
  /** False before true: the tokens of each. */
  | { readonly by: 'booleans', readonly no: string, readonly yes: string }
)

// Only of what is a code the dictionary keeps the text.
const hasTerms = ({ of = [] }: SearchParameterRow): boolean => of.length === 0 || of.some(type => type === 'code' || type === 'Coding' || type === 'CodeableConcept')

/** The key of a parameter; undefined where its values have no order: references, identifiers, contacts, composites, places. */
export function sortKey (parameters: KnownParameters, type: string, code: string, descending: boolean): SortKey | undefined {
  const row = parameters.of(type, code)
  if (row === undefined) return undefined
  if (code === '_lastUpdated') return { by: 'updated', descending }
  if (code === '_id') return { by: 'id', descending }
  if (row.type === 'date' && row.stored === undefined && code === mainDate(type)) return { by: 'main-date', descending }
  const home = homeOf(type, code)
  const keys = (kind: string): string[] => partsIn(type, row).map(part => keyOf({ type, part }, kind))
  const token = (text: string): string => keyOf({ type, part: { code: row.stored ?? code } }, KIND.code, text)
  const terms = (): SortKey => ({ by: 'terms', keys: partsIn(type, row).map(part => hashText(...paramOf(home, part.code).terms)), descending })
  switch (row.type) {
    case 'string': return { by: 'texts', keys: keys(KIND.word), descending }
    case 'date': return { by: 'dates', keys: keys(KIND.date), descending }
    case 'number': return { by: 'numbers', keys: keys(KIND.number), descending }
    case 'quantity': return { by: 'quantities', families: keys(KIND.family), descending }
    case 'uri': return terms()
    case 'token': return row.of?.join() === 'boolean' ? { by: 'booleans', no: token('false'), yes: token('true'), descending } : hasTerms(row) ? terms() : undefined
    default: return undefined
  }
}
