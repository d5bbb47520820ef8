// How the rows that meet some conditions are found: what drives, and what is asked of each row besides. docs/decisions/0018-search.md
import type { Caller } from '../../auth/caller.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import { numbers, texts } from '../../store/binary.js'
import { currentTable, type CurrentTable } from '../../store/current.js'
import type { Density } from '../../store/density.js'
import type { Searches } from '../../store/pool.js'
import { flat, type Condition, type Others, type ResourceName } from '../../store/search/condition.js'
import { KIND } from '../../store/index/rows.js'
import { TYPES } from '../../store/types.js'
import { reachable, scoped } from '../scoped.js'
import { findsRids, foundByTokens, mainDatePieces, ownersOf, predicate, ridRows, ridsOf } from './predicate.js'
import type { Statement } from './statement.js'

/** What stands in a FROM: rows of the current state as `c`, and the name of their rid. With an order asked, they come in the order of that. */
export interface Source { readonly from: string, readonly rid: string }

/** The order of rids in which rows are wanted, where that is the order of the page. */
export type ByRid = 'asc' | 'desc' | undefined

/** Where candidates come from. `most`: it may be more than that, and then it does not drive. `few`: SQL for the array it is driven by. */
export interface Driver {
  /** What it is, in words. */
  readonly says: string
  readonly few: () => string
  readonly most: number | undefined
  readonly source: (few: string, byRid: ByRid) => Source
}

export interface Plan {
  readonly table: CurrentTable
  readonly driver: Driver | undefined
  /** What is asked of a candidate `c`: all conditions and the policy. */
  readonly where: () => string
  /** All candidates, by the indexes that fit the conditions; `also` of each row. */
  readonly all: (also: (alias: string) => string, byRid: ByRid) => Source
  /** How many rows a walk looks at before all candidates are taken. */
  readonly budget: number
  /** Whether the one condition there is is met so often that to walk is the way to count up to a bound. */
  readonly isDense: boolean
}

const MOST_RIDS = 1000
const MOST_OWNERS = 200
// A condition whose other values are more than these is not turned round.
const MOST_OTHERS = 1000

/** Current rows that are searched as one: those of a type, or of several that share a table. `isOwned`: they are patient data. */
export interface Rows { readonly table: CurrentTable, readonly isOwned: boolean }

export const rowsOf = (type: ResourceType): Rows => ({ table: currentTable(type), isOwned: isOwned(type) })

export const isOwned = (type: ResourceType): boolean => TYPES[type].class === 'patient-data' || TYPES[type].class === 'control'

/** The plan for all of these conditions. */
export function planOf (sql: Statement, { table, isOwned }: Rows, asked: readonly Condition[]): Plan {
  const conditions = flat(asked)
  const density = densityFor(sql, sql.caller, table, isOwned)
  const least = leastOf(conditions, density)
  const driver = driverOf({ sql, table, isOwned, conditions, density })
  sql.drivenBy(`${table.name}: ${driver?.says ?? 'nothing that may be few, so it is walked in the order of the page'}`)
  return {
    table,
    where: () => [...conditions.map(each => predicate(sql, 'c', each)), scoped('c', sql.caller.kind, sql.subject)].join(' and '),
    driver,
    all: (also, byRid) => allOf(sql, table, conditions, also, byRid),
    budget: budgetOf(least, conditions),
    isDense: conditions.length === 1 && least !== undefined && least > 40_000
  }
}

// What an analysis says is for who sees everything: else the way that is taken, and so the time, would tell how often others have something.
const densityFor = (db: Pick<Searches, 'densityOf'>, { kind }: Caller, { name }: CurrentTable, isOwned: boolean): Density | undefined =>
  isOwned && kind !== 'operator' ? undefined : db.densityOf(name)

const expected = ({ rows, share }: Density, tokens: readonly string[]): number => rows * share(tokens)

/** How many rows the rarest tokens that are asked stand in; undefined where that is not known. */
function leastOf (conditions: readonly Condition[], density: Density | undefined): number | undefined {
  if (density === undefined) return undefined
  const counts = conditions.flatMap(each => each.kind === 'tokens' ? expected(density, each.any) : [])
  return counts.length === 0 ? undefined : Math.min(...counts)
}

// A walk may cost about as much as what it may spare. Where each row is looked up among values, or among many of them, it costs more, and most where the rows that belong to it are.
function budgetOf (least: number | undefined, conditions: readonly Condition[]): number {
  if (conditions.some(each => each.kind === 'owns')) return 400
  if (conditions.some(each => each.kind === 'tokens' && each.any.length > 50)) return 1000
  if (conditions.length > 0 && conditions.every(each => findsRids(each) && each.kind !== 'main-date' && each.kind !== 'rids')) return 1000
  if (least === undefined || least <= 6000) return 4000
  return least <= 25_000 ? 16_000 : 64_000
}

/** Whether so many rows carry the one token that is asked, by the analysis of their table, that they are surely more than these. */
export function isOften (db: Pick<Searches, 'densityOf'>, caller: Caller, type: ResourceType, [condition, ...more]: readonly Condition[], most: number): boolean {
  if (condition?.kind !== 'tokens' || more.length > 0) return false
  const density = densityFor(db, caller, currentTable(type), isOwned(type))
  return density !== undefined && expected(density, condition.any) > 10 * most
}

/** Whether it is cheaper to take all rows with these tokens than to walk until some are found: less than some multiple of the square root of all. */
const isFew = (density: Density | undefined, tokens: readonly string[]): boolean =>
  density !== undefined && expected(density, tokens) <= Math.max(200, 2 * Math.sqrt(density.rows))

interface Asking {
  readonly sql: Statement
  readonly table: CurrentTable
  readonly isOwned: boolean
  readonly conditions: readonly Condition[]
  readonly density: Density | undefined
}

const NOTHING = (): string => 'null'

// The first that there is, from what surely finds little to what may find too much.
function driverOf ({ sql, table, isOwned, conditions, density }: Asking): Driver | undefined {
  const { caller, subject } = sql
  // Whatever drives looks only where the caller may see something, so that it takes no longer for what is hidden than for what is not there.
  const narrow = isOwned ? reachable('t', caller.kind, subject) : undefined
  const only = `${table.only === undefined ? '' : ` and t.${table.only}`}${narrow === undefined ? '' : ` and ${narrow}`}`
  const rows = (where: string): Source => ({ from: `(select * from ${table.name} t where ${where}${only} offset 0) c`, rid: 'c.rid' })
  const surely = (says: string, source: Driver['source']): Driver => ({ says, few: NOTHING, most: undefined, source })
  const byRid = conditions.find(each => each.kind === 'ids')
  if (byRid !== undefined && findsRids(byRid)) return surely('the ids that are asked', () => rows(`t.rid = any (${ridsOf(sql, table, byRid)})`))
  if (narrow !== undefined && caller.kind === 'self') return surely('what belongs to the patient who asks', () => rows('true'))
  const tokens = fewest(conditions, density)
  if (tokens?.sparse === true) return surely('references, identifiers or the like, which few rows have', () => withTokens(sql, table.name, tokens.any, only))
  const owner = conditions.find(each => each.kind === 'owner' && each.owners.length <= MOST_OWNERS)
  if (owner?.kind === 'owner') return surely('the patients who are asked for', () => rows(`t.owner = any (${sql.bind(numbers(owner.owners), 'int8[]')})`))
  const either = conditions.flatMap(each => eitherOf(each) ?? [])[0]
  if (either !== undefined) return surely('the patients who are asked for, and references to them', () => ({ from: eitherSource(sql, table.name, only, either), rid: 'c.rid' }))
  if (tokens !== undefined) return surely('codes or the like, which by the analysis of the table few rows have', () => withTokens(sql, table.name, tokens.any, only))
  if (narrow !== undefined && caller.kind === 'treating') {
    return {
      says: `the patients whom the caller treats, where they are at most ${MOST_OWNERS}`,
      few: () => `array(select distinct r.owner from karta.rule r where r.actor = ${subject} and r.effect = 'permit' limit ${MOST_OWNERS + 1})`,
      most: MOST_OWNERS,
      source: few => rows(`t.owner = any (${few})`)
    }
  }
  const dates = mainDates(conditions)
  const arrays = (): string[] => [
    ...conditions.filter(findsRids).filter(({ kind }) => kind !== 'main-date').map(each => ridsOf(sql, table, each, MOST_RIDS + 1)),
    ...dates.length === 0 ? [] : [`array(${datedRows(sql, table, dates).map(rows => `(${rows})`).join(' union all ')} limit ${MOST_RIDS + 1})`]
  ]
  if (!conditions.some(findsRids)) return undefined
  return {
    says: `values (${[...new Set(conditions.filter(findsRids).map(({ kind }) => WORDS[kind] ?? kind))].join(', ')}), where they find at most ${MOST_RIDS} rows`,
    few: () => firstFew(arrays()),
    most: MOST_RIDS,
    source: (few, order) => order === undefined ? rows(`t.rid = any (${few})`) : inOrder(`unnest(${few})`, table.name, only, order)
  }
}

type MainDate = Extract<Condition, { kind: 'main-date' }>

// A period that is open on one side for each of two conditions is one that is closed for both.
const mainDates = (conditions: readonly Condition[]): MainDate[] => conditions.flatMap(each => each.kind === 'main-date' ? each : [])

const datedRows = (sql: Statement, { name, only = 'true' }: CurrentTable, dates: readonly MainDate[]): string[] =>
  mainDatePieces(sql, dates).map(piece => `select t.rid from ${name} t where ${only} and ${piece}`)

const WORDS: Readonly<Record<string, string>> = { rids: 'when it was stored', 'main-date': 'the main date', words: 'texts', window: 'numbers of a composite', near: 'distance' }

/** Of several arrays the first that is short enough, else the last; each is looked up once, and the next only where that is too long. */
const firstFew = ([array = 'null', ...others]: readonly string[]): string => others.length === 0
  ? array
  : `(select case when cardinality(a.few) <= ${MOST_RIDS} then a.few else ${firstFew(others)} end from (select ${array} as few offset 0) a)`

/** Rows by their rids, the first ones first, so that no more are looked at than a page needs. */
const inOrder = (rids: string, table: string, only: string, order: 'asc' | 'desc'): Source => ({
  from: `(select distinct x.rid from ${rids} x(rid) order by x.rid ${order} offset 0) r, lateral (select * from ${table} t where t.rid = r.rid${only} offset 0) c`,
  rid: 'r.rid'
})

/** The tokens that surely few rows have: of a kind that few share, else the rarest ones. */
function fewest (conditions: readonly Condition[], density: Density | undefined): Extract<Condition, { kind: 'tokens' }> | undefined {
  const all = conditions.flatMap(each => each.kind === 'tokens' && (each.sparse || isFew(density, each.any)) ? each : [])
  const [first, ...others] = all
  if (first === undefined || density === undefined) return first
  return all.find(({ sparse }) => sparse) ?? others.reduce((least, each) => density.share(each.any) < density.share(least.any) ? each : least, first)
}

const withTokens = (sql: Statement, table: string, any: readonly string[], only: string): Source => ({
  from: `(select * from ${table} t where ${foundByTokens(sql, 't', table, { kind: 'tokens', any, sparse: false })}${only} offset 0) c`, rid: 'c.rid'
})

interface Either { readonly patients: readonly ResourceName[], readonly tokens: readonly string[] }

/** That a row belongs to one of a few patients or has a token that few have; undefined where a condition says something else. */
function eitherOf (condition: Condition): Either | undefined {
  if (condition.kind === 'tokens' && condition.sparse) return { patients: [], tokens: condition.any }
  if (condition.kind === 'owned') return condition.patients.length <= MOST_OWNERS ? { patients: condition.patients, tokens: condition.references } : undefined
  if (condition.kind !== 'or' || condition.of.length === 0) return undefined
  const each = condition.of.map(eitherOf)
  return each.includes(undefined) ? undefined : { patients: each.flatMap(one => one?.patients ?? []), tokens: each.flatMap(one => one?.tokens ?? []) }
}

// Three ways for a row to be one of these, each row by one of them.
function eitherSource (sql: Statement, table: string, only: string, { patients, tokens }: Either): string {
  const owners = ownersOf(sql, patients)
  const others = sql.bind(numbers(tokens), 'int8[]')
  return `(
    (select * from ${table} t where t.owner = any (${owners})${only} offset 0) union all
    (select * from ${table} t where t.owners && ${owners} and not t.owner = any (${owners})${only} offset 0) union all
    (select * from ${table} t where t.tokens && ${others} and not t.owner = any (${owners}) and not coalesce(t.owners && ${owners}, false)${only} offset 0)) c`
}

// By tokens where there are any, since rows that have several of them are found at once; else by the values of one condition, or by what
// other values a parameter has that must not have some; else all rows of the table.
function allOf (sql: Statement, table: CurrentTable, conditions: readonly Condition[], also: (alias: string) => string, byRid: ByRid): Source {
  const only = table.only === undefined ? '' : ` and t.${table.only}`
  const rows = (where: string): Source => ({ from: `(select * from ${table.name} t where ${also('t')}${only}${where} offset 0) c`, rid: 'c.rid' })
  const tokens = conditions.flatMap(each => each.kind === 'tokens' ? each : [])
  if (tokens.length > 0) {
    const found = (): string => tokens.map(each => ` and ${foundByTokens(sql, 't', table.name, each)}`).join('')
    const dates = mainDates(conditions)
    if (dates.length === 0) return rows(found())
    const pieces = mainDatePieces(sql, dates).map(piece => `(select * from ${table.name} t where ${also('t')}${only}${found()} and ${piece} offset 0)`)
    return { from: `(${pieces.join(' union all ')}) c`, rid: 'c.rid' }
  }
  const terms = conditions.find(each => each.kind === 'terms')
  if (terms !== undefined) return rows(` and ${foundByTokens(sql, 't', table.name, terms)}`)
  const valued = conditions.find(findsRids)
  if (valued !== undefined) {
    return byRid === undefined
      ? rows(` and t.rid = any (${ridsOf(sql, table, valued)})`)
      : inOrder(`(${ridRows(sql, table, valued)})`, table.name, `${only} and ${also('t')}`, byRid)
  }
  const related = conditions.flatMap(each => relatedOwners(sql, each) ?? [])[0]
  if (related !== undefined) {
    return { from: `((select * from ${table.name} t where t.owner = any (${related}) and t.owners is null and ${also('t')}${only} offset 0) union all
      (select * from ${table.name} t where t.owners && ${related} and ${also('t')}${only} offset 0)) c`, rid: 'c.rid' }
  }
  const negated = conditions.flatMap(each => each.kind === 'not' && each.others !== undefined ? each.others : [])[0]
  if (negated === undefined) return rows('')
  const others = `(select array(${otherCodes(sql, negated)} limit ${MOST_OTHERS + 1}) || ${sql.bind(numbers(negated.besides), 'int8[]')})`
  const few = `cardinality(${others}) <= ${MOST_OTHERS}`
  return {
    from: `((select * from ${table.name} t where ${few} and t.tokens && ${others} and ${also('t')}${only} offset 0)
      union all (select * from ${table.name} t where not (${few}) and ${also('t')}${only} offset 0)) c`,
    rid: 'c.rid'
  }
}

// A system and a code may hold bars, too: only where the first bar is the one before the code it is known which code it is. What is found besides is asked again.
const otherCodes = (sql: Statement, { dictionary, asked, endings }: Others): string => `
  select t.token from karta.term t where t.key = ${sql.bind(dictionary, 'int8')} and left(t.text, 1) in ('${KIND.coding}', '${KIND.code}') and t.token <> all (${sql.bind(numbers(asked), 'int8[]')})
    and not exists (select from unnest(${sql.bind(texts(endings), 'text[]')}) e(ending) where right(t.text, length(e.ending)) = e.ending and strpos(t.text, '|') = length(t.text) - length(e.ending) + 1)`

/** SQL for all surrogates, as an int8[], by which a condition on other resources is met. */
function relatedOwners (sql: Statement, condition: Condition): string | undefined {
  if (condition.kind === 'owner-meets') return `array(select m.owner from (${matching(sql, rowsOf('Patient'), [condition.of])}) m)`
  if (condition.kind === 'owns') return `array(select distinct o.owner from (${matching(sql, rowsOf(condition.type), [condition.of])}) m, unnest(coalesce(m.owners, array[m.owner])) o(owner))`
  return undefined
}

const ANY = (): string => 'true'

/** SQL for all rows that meet some conditions and that the caller may see, in no order. */
export const matching = (sql: Statement, rows: Rows, conditions: readonly Condition[]): string => matches(planOf(sql, rows, conditions))

/** The same of a plan. */
export function matches ({ driver, where, all }: Plan): string {
  const rows = (source: Source, also: string): string => `select c.* from ${source.from} where ${also} and ${where()}`
  if (driver === undefined) return rows(all(ANY, undefined), 'true')
  if (driver.most === undefined) return rows(driver.source('null', undefined), 'true')
  const few = `cardinality((select d.few from d)) <= ${driver.most}`
  return `with d as materialized (select ${driver.few()} as few)
    ${rows(driver.source('(select d.few from d)::int8[]', undefined), few)}
    union all ${rows(all(ANY, undefined), `not (${few})`)}`
}
