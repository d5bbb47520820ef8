// A page of the resources of one type that meet a condition and that the caller may see, in one statement. Its shape decides while it
// runs how it is driven, so that neither statistics nor the state of a prepared plan matter. docs/decisions/0018-search.md
//
//   d  what is driven by, where that may be too much: at most so many rids or owners
//   s  all that is found by it, where it was not too much
//   w  otherwise a walk in the order of the page over a bounded number of rows: fills the page where matches are dense
//   g  otherwise all matches by the index of tokens, sorted
import type { Caller } from '../../auth/caller.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import { currentTable, type CurrentTable } from '../../store/current.js'
import type { Searches } from '../../store/pool.js'
import type { Condition, ResourceName } from '../../store/search/condition.js'
import { TYPES } from '../../store/types.js'
import { numbers } from '../../store/binary.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from '../row.js'
import { reachable, scoped, subjectOf } from '../scoped.js'
import { behind, columnsOf, isWalked, orderBy, type Column, type Order, type Place } from './order.js'
import { findsRids, foundByTokens, ownersOf, predicate, ridsOf } from './predicate.js'
import { Statement } from './statement.js'

export interface Search {
  readonly type: ResourceType
  /** All of these must hold. */
  readonly conditions: readonly Condition[]
  readonly order: Order
  readonly after: Place | undefined
  readonly count: number
}

export interface SearchPage {
  readonly rows: readonly VersionRow[]
  /** Where the next page begins; undefined where this is the last. */
  readonly next: Place | undefined
}

// Rows that a walk looks at: measured in store.md over densities from none to everything.
const BUDGET = 4000
const MOST_RIDS = 1000
const MOST_OWNERS = 200

/** One page. */
export async function searchPage (db: Searches, caller: Caller, search: Search): Promise<SearchPage> {
  const sql = new Statement()
  const columns = columnsOf(sql, search.order)
  const found = isWalked(search.order) ? walked(sql, caller, rowsOf(search.type), search, columns) : sorted(sql, caller, rowsOf(search.type), search, columns)
  const names = columns.map((_, place) => `p.k${place}`)
  const rows = await db.query<RawRow & { readonly place: Place }>(sql.query(`${found}
    select ${COLUMNS}, array[${names.map(name => `${name}::text`).join(', ')}] as place
    from p, lateral (select * from karta.version n where n.owner = p.owner and n.rid = p.rid offset 0) v
    order by ${orderBy(columns, names)}`))
  const shown = rows.slice(0, search.count)
  return { rows: shown.map(versionRow), next: rows.length > search.count ? shown.at(-1)?.place : undefined }
}

/** How many resources there are; counted up to `most` where that is given. */
export async function searchTotal (db: Searches, caller: Caller, { type, conditions }: Pick<Search, 'type' | 'conditions'>, most?: number): Promise<number> {
  const sql = new Statement()
  const [row] = await db.query<{ readonly total: string }>(sql.query(
    `select count(*) as total from (${matches(sql, caller, rowsOf(type), conditions)}${most === undefined ? '' : ` limit ${most + 1}`}) f`))
  return Number(row?.total ?? 0)
}

/** Which resources there are: id and surrogate of each, at most `most` and one more. */
export async function searchNames (db: Searches, caller: Caller, type: ResourceType, conditions: readonly Condition[], most: number): Promise<ReadonlyArray<Required<ResourceName>>> {
  const sql = new Statement()
  return await db.query(sql.query(`
    select v.id, f.owner from (${matches(sql, caller, rowsOf(type), conditions)} limit ${most + 1}) f,
      lateral (select n.id from karta.version n where n.owner = f.owner and n.rid = f.rid offset 0) v`))
}

/** To whom they belong: the surrogates of their owners, at most `most` and one more. */
export async function searchOwners (db: Searches, caller: Caller, type: ResourceType, conditions: readonly Condition[], most: number): Promise<readonly string[]> {
  const sql = new Statement()
  const rows = await db.query<{ readonly owner: string }>(sql.query(
    `select distinct o.owner from (${matches(sql, caller, rowsOf(type), conditions)}) f, unnest(coalesce(f.owners, array[f.owner])) o(owner) limit ${most + 1}`))
  return rows.map(({ owner }) => owner)
}

/** Current rows that are searched as one: those of a type, or of several that share a table. `isOwned`: they are patient data. */
export interface Rows { readonly table: CurrentTable, readonly isOwned: boolean }

export const rowsOf = (type: ResourceType): Rows => ({ table: currentTable(type), isOwned: isOwned(type) })

export const isOwned = (type: ResourceType): boolean => TYPES[type].class === 'patient-data' || TYPES[type].class === 'control'

/** SQL for all rows that meet the conditions and that the caller may see, in no order. */
export function matches (sql: Statement, caller: Caller, rows: Rows, conditions: readonly Condition[]): string {
  const { driver, where, all } = partsOf(sql, caller, rows, conditions)
  if (driver === undefined) return `select c.* from (${all('c', 'true')}) c`
  if (driver.most === undefined) return `select c.* from ${driver.source('null')} where ${where()}`
  const few = `cardinality((select d.few from d)) <= ${driver.most}`
  return `with d as materialized (select ${driver.few()} as few)
    select c.* from ${driver.source('(select d.few from d)::int8[]')} where ${few} and ${where()}
    union all select c.* from (${all('c', `not (${few})`)}) c`
}

export const limitOf = (sql: Statement, count: number): string => `limit ${sql.bind(count + 1, 'int4')}`

/** What a page is made of, whatever the type. */
export type Paged = Omit<Search, 'type' | 'order'>

/** A page in an order that has no index: all matches, sorted. */
export function sorted (sql: Statement, caller: Caller, of: Rows, { conditions, after, count }: Paged, columns: readonly Column[]): string {
  const keys = columns.map(({ sql: value }, place) => `${value('m')} as k${place}`)
  const names = columns.map((_, place) => `x.k${place}`)
  return `with p as materialized (
    select x.* from (select m.rid, m.owner, ${keys.join(', ')} from (${matches(sql, caller, of, conditions)} offset 0) m offset 0) x
    where ${behind(sql, columns, names, after)} order by ${orderBy(columns, names)} ${limitOf(sql, count)})`
}

/** A page in the order of an index. `budget`: rows that its walk looks at. */
export function walked (sql: Statement, caller: Caller, of: Rows, { conditions, after, count }: Paged, columns: readonly Column[], budget = BUDGET): string {
  const { table, driver, where, all } = partsOf(sql, caller, of, conditions)
  const names = (a: string): string[] => columns.map(({ sql: value }) => value(a))
  const begins = (a: string): string => behind(sql, columns, names(a), after)
  const limit = `order by ${orderBy(columns, names('c'))} ${limitOf(sql, count)}`
  const selected = `c.rid, c.owner, ${names('c').map((name, place) => `${name} as k${place}`).join(', ')}`
  if (driver !== undefined && driver.most === undefined) {
    return `with p as materialized (select ${selected} from ${driver.source('null')} where ${begins('c')} and ${where()} ${limit})`
  }
  // What is driven by is looked up once, and one more than is enough tells that it is too much.
  const few = driver === undefined ? 'false' : `cardinality((select d.few from d)) <= ${driver.most ?? 0}`
  const driven = driver === undefined
    ? ''
    : `d as materialized (select ${driver.few()} as few),
      s as materialized (select ${selected} from ${driver.source('(select d.few from d)::int8[]')} where ${few} and ${begins('c')} and ${where()} ${limit}),`
  const many = driver === undefined ? 'true' : `not (${few})`
  const full = `(select count(*) from w) > ${sql.bind(count, 'int4')}`
  return `with ${driven}
    w as materialized (
      select ${selected} from (select * from ${table.name} t where ${table.only ?? 'true'} and ${begins('t')} order by ${orderBy(columns, names('t'))} limit ${budget}) c
      where ${many} and ${where()} ${limit}),
    g as materialized (select ${selected} from (${all('c', `${many} and not (${full}) and ${begins('c')}`)}) c ${limit}),
    p as materialized (
      ${driver === undefined ? '' : 'select * from s union all'}
      select * from w where ${full} union all select * from g)`
}

/** Where candidates come from. `most`: it may be more than that, and then it does not drive. `few`: SQL for the array it is driven by. */
interface Driver { readonly few: () => string, readonly most: number | undefined, readonly source: (few: string) => string }

interface Parts {
  readonly table: CurrentTable
  readonly driver: Driver | undefined
  /** What is asked of a candidate: all conditions and the policy. */
  readonly where: () => string
  /** All rows, by the indexes that fit the conditions. */
  readonly all: (alias: string, also: string) => string
}

export function partsOf (sql: Statement, caller: Caller, { table, isOwned }: Rows, conditions: readonly Condition[]): Parts {
  const subject = sql.bind(subjectOf(caller), 'int8')
  const where = (): string => [...conditions.map(each => predicate(sql, 'c', each)), scoped('c', caller.kind, subject)].join(' and ')
  return {
    table,
    where,
    driver: driverOf(sql, caller, table, isOwned, subject, conditions),
    all: (alias, also) => `
      select ${alias}.* from ${table.name} ${alias} where ${table.only === undefined ? 'true' : `${alias}.${table.only}`} and ${also} and
      ${[...conditions.map(each => indexed(sql, alias, table.name, each)), scoped(alias, caller.kind, subject)].join(' and ')} offset 0`
  }
}

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

const NOTHING = (): string => 'null'

// As an index answers it, where there is one.
function indexed (sql: Statement, alias: string, table: string, condition: Condition): string {
  if (condition.kind === 'tokens' || condition.kind === 'terms') return foundByTokens(sql, alias, table, condition)
  return findsRids(condition) ? `${alias}.rid = any (${ridsOf(sql, condition)})` : predicate(sql, alias, condition)
}

// The first that there is, from what surely finds little to what may find too much.
function driverOf (sql: Statement, caller: Caller, table: CurrentTable, isOwned: boolean, subject: string, conditions: readonly Condition[]): Driver | undefined {
  // Whatever drives looks only where the caller may see something, so that it takes no longer for what is hidden than for what is not there.
  const narrow = isOwned ? reachable('t', caller.kind, subject) : undefined
  const only = `${table.only === undefined ? '' : ` and t.${table.only}`}${narrow === undefined ? '' : ` and ${narrow}`}`
  const from = (where: string): string => `(select * from ${table.name} t where ${where}${only} offset 0) c`
  const byRid = conditions.find(each => each.kind === 'ids')
  if (byRid !== undefined && findsRids(byRid)) return { few: NOTHING, most: undefined, source: () => from(`t.rid = any (${ridsOf(sql, byRid)})`) }
  if (narrow !== undefined && caller.kind === 'self') return { few: NOTHING, most: undefined, source: () => from('true') }
  const token = conditions.find(each => each.kind === 'tokens' && each.sparse)
  if (token?.kind === 'tokens') return { few: NOTHING, most: undefined, source: () => from(`t.tokens && ${sql.bind(numbers(token.any), 'int8[]')}`) }
  const owner = conditions.find(each => each.kind === 'owner' && each.owners.length <= MOST_OWNERS)
  if (owner?.kind === 'owner') return { few: NOTHING, most: undefined, source: () => from(`t.owner = any (${sql.bind(numbers(owner.owners), 'int8[]')})`) }
  const either = conditions.flatMap(each => eitherOf(each) ?? [])[0]
  if (either !== undefined) return { few: NOTHING, most: undefined, source: () => eitherSource(sql, table.name, only, either) }
  if (narrow !== undefined && caller.kind === 'treating') {
    return {
      few: () => `array(select distinct r.owner from karta.rule r where r.actor = ${subject} and r.effect = 'permit' limit ${MOST_OWNERS + 1})`,
      most: MOST_OWNERS,
      source: few => from(`t.owner = any (${few})`)
    }
  }
  const valued = conditions.find(findsRids)
  return valued && { few: () => ridsOf(sql, valued, MOST_RIDS + 1), most: MOST_RIDS, source: few => from(`t.rid = any (${few})`) }
}
