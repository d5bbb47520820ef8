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

// Of each key so many entries, where several are merged.
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
  const entries = entriesOf(sql, key, first, from === undefined ? undefined : { value: from, rid: more.length === 0 ? after?.[2] ?? undefined : undefined }, budget, more.length === 0)
  if (entries === undefined) return undefined
  // Entries of one index begin behind the place; those that are converted begin a little before it.
  const behindPlace = key.by !== 'quantities' || from === undefined ? 'true' : more.length === 0 ? behind(sql, columns.slice(1), ['e.value', 'e.rid'], after?.slice(1)) : `e.value ${key.descending ? '<=' : '>='} ${sql.bind(from, 'float8')}`
  const most = key.by === 'quantities' ? MERGED : budget
  const limited = `order by e.value ${way}, e.rid ${way} limit ${most}`
  const op = key.descending ? '>' : '<'
  // What several keys have together is all there is only as far as each of them was read.
  const ordered = entries.isOne
    ? `select distinct e.value, e.rid from (${entries.sql}) e where ${behindPlace} ${limited}`
    : `with e as materialized (${entries.sql}), ends as materialized (select e.value, e.ends from e where e.ends is not null order by e.value ${way}, e.ends ${way} limit 1)
      select distinct e.value, e.rid from e where ${behindPlace} and (not exists (select from ends) or
        ${more.length === 0 ? `(e.value, e.rid) ${op}= (select x.value, x.ends from ends x)` : `e.value ${op} (select x.value from ends x)`}) ${limited}`
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
    where: `${itsFirst} and (e.value <> e.last or e.seen < ${most}) and ${behind(sql, columns, names, after)}`
  }
}

interface From { readonly value: string, readonly rid: string | undefined }

/**
 * SQL for entries (value, rid) of an index in its order, for each of its keys. `ends`: where there may be more of its key, the rid up to which all with the
 * last value were read. `isOne`: they are of one key, in order, and there is nothing else to sort by (`alone`).
 */
interface Entries { readonly sql: string, readonly isOne: boolean }

function entriesOf (sql: Statement, key: SortKey, column: Column, from: From | undefined, budget: number, alone: boolean): Entries | undefined {
  const way = key.descending ? 'desc' : 'asc'
  const begins = (value: string): string => {
    if (from === undefined) return 'true'
    const op = key.descending ? '<' : '>'
    return from.rid === undefined ? `${value} ${op}= ${sql.bind(from.value, column.type)}` : `(${value}, v.rid) ${op} (${sql.bind(from.value, column.type)}, ${sql.bind(from.rid, 'int8')})`
  }
  const ofKeys = (keys: readonly string[], table: string, value: string): Entries => {
    const most = keys.length === 1 ? budget : Math.min(budget, MERGED)
    const read = keys.map(one => `select ${value} as value, v.rid from karta.${table} v where v.key = ${sql.bind(one, 'int8')} and ${begins(value)} order by ${value} ${way}, v.rid ${way} limit ${most}`)
    // No more of one is read than the page needs.
    if (alone && keys.length === 1) return { sql: read.join(), isOne: true }
    const each = read.map(one => `select x.value, x.rid, case when row_number() over (order by x.value ${way}, x.rid ${way}) = ${most} then x.rid end as ends from (${one}) x`)
    return { sql: each.map(one => `(${one})`).join(' union all '), isOne: false }
  }
  switch (key.by) {
    case 'texts': return ofKeys(key.keys, 'string_value', 'v.value')
    case 'dates': return ofKeys(key.keys, 'date_value', 'v.lo')
    case 'numbers': return ofKeys(key.keys, 'quantity_value', 'v.value')
    case 'quantities': return { sql: converted(sql, key, from), isOne: false }
    default: return undefined
  }
}

// Numbers that differ may be equal when they are converted: where the next one is, not all with the last value were read.
function converted (sql: Statement, { families, descending }: Extract<SortKey, { by: 'quantities' }>, from: From | undefined): string {
  const [way, op, none] = descending ? ['desc', '<', '9223372036854775807'] : ['asc', '>', '-1']
  const inBase = (value: string): string => `least(greatest(${value}, -1e200), 1e200) * k.factor + k.shift`
  const bound = from === undefined ? 'true' : `q.value ${op}= ${nearly(sql, from.value, descending)}`
  const next = `(select n.value from karta.quantity_value n where n.key = k.key and n.value ${op} v.value order by n.value ${way} limit 1)`
  return `select ${inBase('v.value')} as value, v.rid, case when v.nth = ${MERGED} then case when ${inBase(next)} = ${inBase('v.value')} then ${none} else v.rid end end as ends
    from karta.quantity_key k,
      lateral (select x.value, x.rid, row_number() over (order by x.value ${way}, x.rid ${way}) as nth
        from (select q.value, q.rid from karta.quantity_value q where q.key = k.key and ${bound} order by q.value ${way}, q.rid ${way} limit ${MERGED}) x) v
    where k.family = any (${sql.bind(numbers(families), 'int8[]')})`
}

// In the unit of the key, and a little before it: what is not behind the place is left out afterwards. What is lost when a shift is taken off again is
// of the size of the shift: a millionth of a degree Celsius is 273.150001 K.
function nearly (sql: Statement, value: string, descending: boolean): string {
  const place = sql.bind(value, 'float8')
  const at = `((${place} - k.shift) / k.factor)`
  return `case when abs(${at}) > 1e190 then ${descending ? "'Infinity'" : "'-Infinity'"}::float8 else ${at} ${descending ? '+' : '-'} (abs(${place}) + abs(k.shift)) / k.factor * 1e-9 end`
}
