// A walk in the order of a page: along an index of the rows themselves, or along one of their values. docs/decisions/0018-search.md
import { numbers } from '../../store/binary.js'
import type { CurrentTable } from '../../store/current.js'
import type { Condition } from '../../store/search/condition.js'
import type { SortKey } from '../../store/search/sort.js'
import { behind, orderBy, type Column, type Order, type Place } from './order.js'
import type { Source } from './plan.js'
import { bounds, dated } from './span.js'
import type { Statement } from './statement.js'

/** Rows of the current state as `c`, as far as a walk goes, with the names of the columns of the order. */
export interface Walk extends Source {
  readonly names: readonly string[]
  /** Its order, for ORDER BY. */
  readonly order: string
  /** What is asked of a row besides the conditions. */
  readonly where: string
}

/** Along the rows: by when they were stored, or by their main date. Conditions on that are where it begins and ends. */
export function walkAlongIndex (sql: Statement, table: CurrentTable, order: Order, columns: readonly Column[], after: Place | undefined, conditions: readonly Condition[], budget: number): Walk {
  const names = (a: string): string[] => columns.map(({ sql: value }) => value(a))
  const within = conditions.flatMap(each => order[0]?.by === 'main-date' && each.kind === 'main-date'
    ? [dated('t'), ...bounds(sql, 't.dlo', each.comparison)]
    : order[0]?.by === 'updated' && each.kind === 'rids' ? [`t.rid >= ${sql.bind(each.from, 'int8')}`, `t.rid < ${sql.bind(each.before, 'int8')}`] : [])
  return {
    from: `(select * from ${table.name} t where ${[table.only ?? 'true', behind(sql, columns, names('t'), after), ...within].join(' and ')} order by ${orderBy(columns, names('t'))} limit ${budget}) c`,
    rid: 'c.rid',
    names: names('c'),
    order: orderBy(columns, names('c')),
    where: 'true'
  }
}

// Of each key so many entries, where they are merged in another order than that of the index.
const MERGED = 1000

/** Whether there is an index of what an order begins with, so that a walk is possible. Of several keys only the first is walked along. */
export const isAlongValues = ([first]: Order): boolean => first !== undefined && ['texts', 'dates', 'numbers', 'quantities'].includes(first.by)

/** Along the values of the first key. Ends before the resources that have none. */
export function walkAlongValues (sql: Statement, table: CurrentTable, order: Order, columns: readonly Column[], after: Place | undefined, budget: number): Walk | undefined {
  const [key, ...more] = order
  const [none, first] = columns
  // Behind the last of those that have a value nothing is walked along.
  if (key === undefined || none === undefined || first === undefined || after?.[0] === 'true' || after?.[0] === 't') return undefined
  const way = key.descending ? 'desc' : 'asc'
  const from = after?.[1] ?? undefined
  const entries = entriesOf(sql, key, first, from === undefined ? undefined : { value: from, rid: more.length === 0 ? after?.[2] ?? undefined : undefined }, budget)
  if (entries === undefined) return undefined
  // Entries of one index begin behind the place; those that are converted begin a little before it.
  const behindPlace = key.by === 'quantities' && from !== undefined ? ` where ${more.length === 0 ? behind(sql, columns.slice(1), ['e.value', 'e.rid'], after?.slice(1)) : `e.value ${key.descending ? '<=' : '>='} ${sql.bind(from, 'float8')}`}` : ''
  const ordered = `select distinct e.value, e.rid from (${entries}) e${behindPlace} order by e.value ${way}, e.rid ${way} limit ${key.by === 'quantities' ? MERGED : budget}`
  const only = table.only === undefined ? '' : ` and t.${table.only}`
  const row = `lateral (select * from ${table.name} t where t.rid = e.rid${only} offset 0) c`
  const names = ['false', 'e.value', ...columns.slice(2, -1).map(column => column.sql('c')), 'e.rid']
  // A resource stands where its first value does.
  const itsFirst = `e.value = ${first.sql('c')}`
  // All have a value, and the index's texts are in its own order.
  const along = [`e.value ${way}`, ...more.length === 0 ? [`e.rid ${way}`] : [orderBy(columns.slice(2), names.slice(2))]].join(', ')
  if (more.length === 0) return { from: `(${ordered}) e, ${row}`, rid: 'e.rid', names, order: along, where: itsFirst }
  // With further keys, those of one value are sorted among themselves: only where all of them were seen.
  return {
    from: `(select x.value, x.rid, last_value(x.value) over () as last, count(*) over () as seen from (${ordered}) x) e, ${row}`,
    rid: 'e.rid',
    names,
    order: along,
    where: `${itsFirst} and (e.value <> e.last or e.seen < ${key.by === 'quantities' ? MERGED : budget}) and ${behind(sql, columns, names, after)}`
  }
}

interface From { readonly value: string, readonly rid: string | undefined }

/** SQL for entries (value, rid) of an index in its order, for each of its keys. */
function entriesOf (sql: Statement, key: SortKey, column: Column, from: From | undefined, budget: number): string | undefined {
  const way = key.descending ? 'desc' : 'asc'
  const begins = (value: string): string => {
    if (from === undefined) return 'true'
    const op = key.descending ? '<' : '>'
    return from.rid === undefined ? `${value} ${op}= ${sql.bind(from.value, column.type)}` : `(${value}, v.rid) ${op} (${sql.bind(from.value, column.type)}, ${sql.bind(from.rid, 'int8')})`
  }
  const each = (keys: readonly string[], table: string, value: string): string => keys.map(one =>
    `(select ${value} as value, v.rid from karta.${table} v where v.key = ${sql.bind(one, 'int8')} and ${begins(value)} order by ${value} ${way}, v.rid ${way} limit ${budget})`).join(' union all ')
  switch (key.by) {
    case 'texts': return each(key.keys, 'string_value', 'v.value')
    case 'dates': return each(key.keys, 'date_value', 'v.lo')
    case 'numbers': return each(key.keys, 'quantity_value', 'v.value')
    case 'quantities': {
      const bound = from === undefined ? 'true' : `q.value ${key.descending ? '<=' : '>='} ${nearly(sql, from.value, key.descending)}`
      return `select least(greatest(v.value, -1e200), 1e200) * k.factor + k.shift as value, v.rid from karta.quantity_key k,
        lateral (select q.value, q.rid from karta.quantity_value q where q.key = k.key and ${bound} order by q.value ${way}, q.rid ${way} limit ${MERGED}) v
        where k.family = any (${sql.bind(numbers(key.families), 'int8[]')})`
    }
    default: return undefined
  }
}

// In the unit of the key, and a little before it: what is not behind the place is left out afterwards.
function nearly (sql: Statement, value: string, descending: boolean): string {
  const at = `((${sql.bind(value, 'float8')} - k.shift) / k.factor)`
  return `case when abs(${at}) > 1e190 then ${descending ? "'Infinity'" : "'-Infinity'"}::float8 else ${at} ${descending ? '+' : '-'} abs(${at}) * 1e-9 end`
}
