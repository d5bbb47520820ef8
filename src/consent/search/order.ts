// The order of a page as SQL, and where the next one begins. https://hl7.org/fhir/R4/search.html#sort
import { BEGINNING, END } from '../../fhir/date-range.js'
import { numbers } from '../../store/binary.js'
import type { SortKey } from '../../store/search/sort.js'
import { KIND } from '../../store/index/rows.js'
import type { Statement } from './statement.js'

/** By one key after the other; the rid decides between equals. */
export type Order = readonly SortKey[]

/** Where a page begins: behind the row with these values of the order's columns. */
export type Place = readonly (string | null)[]

/** A column that rows are ordered by. Never null: what has no value is told by a column before. */
export interface Column { readonly sql: (alias: string) => string, readonly type: 'int8' | 'float8' | 'text' | 'bool', readonly descending: boolean }

/** Whether an order is that of the columns of a current row, for which there is an index to walk along. */
export const isWalked = ([first, ...more]: Order): boolean => more.length === 0 && (first?.by === 'updated' || (first?.by === 'main-date' && first.among !== true))

/** The columns of an order. */
export function columnsOf (sql: Statement, order: Order): Column[] {
  const columns = order.flatMap(key => columnsOfKey(sql, key))
  const descending = order.at(-1)?.descending ?? true
  return order.at(-1)?.by === 'updated' ? columns : [...columns, { sql: a => `${a}.rid`, type: 'int8', descending }]
}

function columnsOfKey (sql: Statement, key: SortKey): Column[] {
  const { descending } = key
  if (key.by === 'updated') return [{ sql: a => `${a}.rid`, type: 'int8', descending }]
  if (key.by === 'main-date') return key.among === true ? dateAmongOthers(descending) : [{ sql: a => `${a}.dlo`, type: 'int8', descending }]
  if (key.by === 'id') return [{ sql: a => `(select n.id from karta.version n where n.owner = ${a}.owner and n.rid = ${a}.rid)`, type: 'text', descending }]
  const type = key.by === 'texts' || key.by === 'terms' ? 'text' : key.by === 'dates' ? 'int8' : 'float8'
  const value = (a: string): string => `(${valueOf(sql, a, key, descending ? 'max' : 'min')})`
  const none = type === 'text' ? "''" : '0'
  return [
    { sql: a => `${value(a)} is null`, type: 'bool', descending: false },
    { sql: a => `coalesce(${value(a)}, ${none})`, type, descending }
  ]
}

// The columns of any other date.
function dateAmongOthers (descending: boolean): Column[] {
  const none = (a: string): string => `(${a}.dlo = ${BEGINNING} and ${a}.dhi = ${END})`
  return [
    { sql: none, type: 'bool', descending: false },
    { sql: a => `case when ${none(a)} then 0 else ${a}.${descending ? 'dhi' : 'dlo'} end`, type: 'int8', descending }
  ]
}

function valueOf (sql: Statement, a: string, key: Exclude<SortKey, { by: 'updated' | 'main-date' | 'id' }>, which: 'min' | 'max'): string {
  const bound = (keys: readonly string[]): string => sql.bind(numbers(keys), 'int8[]')
  switch (key.by) {
    case 'texts': return `select ${which}(s.value) from karta.string_value s where s.rid = ${a}.rid and s.key = any (${bound(key.keys)})`
    case 'dates': return `select ${which}(d.lo) from karta.date_value d where d.rid = ${a}.rid and d.key = any (${bound(key.keys)})`
    case 'numbers': return `select ${which}(q.value) from karta.quantity_value q where q.rid = ${a}.rid and q.key = any (${bound(key.keys)})`
    case 'quantities': return `
      select ${which}(least(greatest(q.value, -1e200), 1e200) * k.factor + k.shift) from karta.quantity_value q, karta.quantity_key k where q.rid = ${a}.rid and k.key = q.key and k.family = any (${bound(key.families)})`
    case 'booleans': {
      const is = (token: string, value: number): string => `when ${a}.tokens && ${bound([token])} then ${value}`
      return `case ${which === 'min' ? `${is(key.no, 0)} ${is(key.yes, 1)}` : `${is(key.yes, 1)} ${is(key.no, 0)}`} end`
    }
    case 'terms': return `
      select ${which}(substr(t.text, 2)) from karta.term t where t.key = any (${bound(key.keys)}) and t.token = any (${a}.tokens) and left(t.text, 1) in ('${KIND.coding}', '${KIND.code}', '${KIND.url}')`
  }
}

const collated = ({ type }: Column, text: string): string => type === 'text' ? `${text} collate "C"` : text

/** `order by` of columns that have these names. */
export const orderBy = (columns: readonly Column[], names: readonly string[]): string =>
  columns.map((column, place) => `${collated(column, names[place] ?? '')}${column.descending ? ' desc' : ''}`).join(', ')

/** That a row stands behind a place: compared at once where all columns go one way, so that an index answers. */
export function behind (sql: Statement, columns: readonly Column[], names: readonly string[], after: Place | undefined): string {
  if (after === undefined) return 'true'
  const at = (place: number): string => sql.bind(after[place] ?? null, columns[place]?.type ?? 'text')
  const name = (place: number): string => names[place] ?? ''
  const [first] = columns
  if (columns.every(({ descending, type }) => descending === first?.descending && type !== 'text')) {
    return `(${names.join(', ')}) ${first?.descending === true ? '<' : '>'} (${names.map((_, place) => at(place)).join(', ')})`
  }
  const later = columns.map((column, place) => {
    const equal = columns.slice(0, place).map((_, before) => `${name(before)} = ${at(before)}`)
    return `(${[...equal, `${collated(column, name(place))} ${column.descending ? '<' : '>'} ${at(place)}`].join(' and ')})`
  })
  return `(${later.join(' or ')})`
}
