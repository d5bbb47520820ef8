// A page of the resources of one type that meet a condition and that the caller may see, in one statement. Its shape decides while it
// runs how it is driven, so that it is right and quick whatever statistics say. docs/decisions/0018-search.md
//
//   d  what is driven by, where that may be too much: at most so many rids or owners
//   s  all that is found by it, where it was not too much
//   w  otherwise a walk in the order of the page over a bounded number of rows: fills the page where matches are dense
//   g  otherwise all matches by an index, sorted
import type { Caller } from '../../auth/caller.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import type { Searches } from '../../store/pool.js'
import type { Condition, ResourceName } from '../../store/search/condition.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from '../row.js'
import { behind, columnsOf, isWalked, orderBy, type Column, type Order, type Place } from './order.js'
import { matches, matching, planOf, rowsOf, type ByRid, type Plan, type Source } from './plan.js'
import { Statement } from './statement.js'
import { isAlongValues, walkAlongIndex, walkAlongValues, type Walk } from './walk.js'

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
  /** Where a page behind each of these rows begins. */
  readonly places: readonly Place[]
  /** Where the next page begins; undefined where this is the last. */
  readonly next: Place | undefined
}

/** One page. */
export async function searchPage (db: Searches, caller: Caller, search: Search): Promise<SearchPage> {
  const sql = new Statement(db, caller, `a page of ${search.type}`)
  const columns = columnsOf(sql, search.order)
  const found = pageOf(sql, planOf(sql, rowsOf(search.type), search.conditions), search, columns)
  const names = columns.map((_, place) => `p.k${place}`)
  const rows = await db.query<RawRow & { readonly place: Place }>(sql.query(`${found}
    select ${COLUMNS}, array[${names.map(name => `${name}::text`).join(', ')}] as place
    from p, lateral (select * from karta.version n where n.owner = p.owner and n.rid = p.rid offset 0) v
    order by ${orderBy(columns, names)}`))
  const shown = rows.slice(0, search.count)
  return { rows: shown.map(versionRow), places: shown.map(({ place }) => place), next: rows.length > search.count ? shown.at(-1)?.place : undefined }
}

/** How many resources there are; counted up to `most` where that is given. */
export async function searchTotal (db: Searches, caller: Caller, { type, conditions }: Pick<Search, 'type' | 'conditions'>, most?: number): Promise<number> {
  const sql = new Statement(db, caller, `how many ${type} there are`)
  const plan = planOf(sql, rowsOf(type), conditions)
  // What is met everywhere is counted up to a bound as it comes.
  const counted = most !== undefined && plan.isDense ? `select c.rid from (select * from ${plan.table.name} t where ${plan.table.only ?? 'true'} order by t.rid desc offset 0) c where ${plan.where()}` : matches(plan)
  const [row] = await db.query<{ readonly total: string }>(sql.query(`select count(*) as total from (${counted}${most === undefined ? '' : ` limit ${most + 1}`}) f`))
  return Number(row?.total ?? 0)
}

/** Which resources there are: id and surrogate of each, at most `most` and one more. */
export async function searchNames (db: Searches, caller: Caller, type: ResourceType, conditions: readonly Condition[], most: number): Promise<ReadonlyArray<Required<ResourceName>>> {
  const sql = new Statement(db, caller, `which ${type} there are`)
  return await db.query(sql.query(`
    select v.id, f.owner from (${matching(sql, rowsOf(type), conditions)} limit ${most + 1}) f,
      lateral (select n.id from karta.version n where n.owner = f.owner and n.rid = f.rid offset 0) v`))
}

/** To whom they belong: the surrogates of their owners; undefined where they are more than `most`, or belong to more than that. */
export async function searchOwners (db: Searches, caller: Caller, type: ResourceType, conditions: readonly Condition[], most: number): Promise<readonly string[] | undefined> {
  const sql = new Statement(db, caller, `to whom ${type} belong`)
  const plan = planOf(sql, rowsOf(type), conditions)
  if (plan.isDense) return undefined
  const rows = await db.query<{ readonly owner: string, readonly looked: string }>(sql.query(
    `with f as materialized (select m.owner, m.owners from (${matches(plan)}) m limit ${most + 1})
    select distinct o.owner, (select count(*) from f) as looked from f, unnest(coalesce(f.owners, array[f.owner])) o(owner)`))
  return Number(rows[0]?.looked ?? 0) > most || rows.length > most ? undefined : rows.map(({ owner }) => owner)
}

/** What a page is made of, whatever the type. */
export type Paged = Omit<Search, 'type' | 'order'>

/** The phases of a page, and what of them is shown: `p` (rid, owner, k0, k1, ...). */
export function pageOf (sql: Statement, plan: Plan, search: Omit<Search, 'type'>, columns: readonly Column[]): string {
  const { driver, where, all } = plan
  const { order, after, count } = search
  const arranged = arrangement(sql, search, columns)
  if (driver !== undefined && driver.most === undefined) return `with p as materialized (${arranged(driver.source('null', arranged.byRid), where())})`
  // What is driven by is looked up once, and one more than is enough tells that it is too much.
  const few = driver === undefined ? 'false' : `cardinality((select d.few from d)) <= ${driver.most ?? 0}`
  const many = driver === undefined ? 'true' : `not (${few})`
  const driven = driver === undefined
    ? ''
    : `d as materialized (select ${driver.few()} as few),
      s as materialized (${arranged(driver.source('(select d.few from d)::int8[]', arranged.byRid), `${few} and ${where()}`)}),`
  const walk = walkOf(sql, plan, search, columns)
  const full = walk === undefined ? 'false' : `(select count(*) from w) > ${sql.bind(count, 'int4')}`
  const begins = isWalked(order) ? (a: string): string => behind(sql, columns, columns.map(({ sql: value }) => value(a)), after) : (): string => 'true'
  return `with ${driven}
    ${walk === undefined ? '' : `w as materialized (${selected(walk.rid, walk.names)} from ${walk.from} where ${many} and ${walk.where} and ${where()} order by ${walk.order} ${limitOf(sql, count)}),`}
    g as materialized (${arranged(all(begins, arranged.byRid), `${many} and not (${full}) and ${where()}`)}),
    p as materialized (
      ${driver === undefined ? '' : 'select * from s union all'}
      ${walk === undefined ? '' : `select * from w where ${full} union all`} select * from g)`
}

export const limitOf = (sql: Statement, count: number): string => `limit ${sql.bind(count + 1, 'int4')}`
const selected = (rid: string, names: readonly string[]): string => `select ${rid} as rid, c.owner, ${names.map((name, place) => `${name} as k${place}`).join(', ')}`

function walkOf (sql: Statement, { table, budget }: Plan, { order, after, conditions }: Omit<Search, 'type'>, columns: readonly Column[]): Walk | undefined {
  if (isWalked(order)) return walkAlongIndex(sql, table, order, columns, after, conditions, budget)
  // With several keys all that is walked over is sorted, however little is shown of it.
  return isAlongValues(order) ? walkAlongValues(sql, table, order, columns, after, order.length === 1 ? budget : Math.min(budget, 1000)) : undefined
}

/** SQL for the first rows of a source in the order of the page. `byRid`: the source may come in that order itself. */
type Arranged = ((source: Source, where: string) => string) & { readonly byRid: ByRid }

function arrangement (sql: Statement, { order, after, count }: Omit<Search, 'type'>, columns: readonly Column[]): Arranged {
  const byRid = order.length === 1 && order[0]?.by === 'updated' ? order[0].descending ? 'desc' : 'asc' : undefined
  const arranged = (source: Source, where: string): string => {
    if (isWalked(order)) {
      const names = byRid === undefined ? columns.map(({ sql: value }) => value('c')) : [source.rid]
      return `${selected(source.rid, names)} from ${source.from} where ${behind(sql, columns, names, after)} and ${where} order by ${orderBy(columns, names)} ${limitOf(sql, count)}`
    }
    // What a row is sorted by is looked up once.
    const names = columns.map((_, place) => `x.k${place}`)
    return `select x.* from (${selected('c.rid', columns.map(({ sql: value }) => value('c')))} from (select c.* from ${source.from} where ${where} offset 0) c offset 0) x
      where ${behind(sql, columns, names, after)} order by ${orderBy(columns, names)} ${limitOf(sql, count)}`
  }
  return Object.assign(arranged, { byRid } as const)
}
