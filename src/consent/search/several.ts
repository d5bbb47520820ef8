// A page of the resources of several types, in one statement: of each type what a page of it alone would hold, the first of all of these
// together. Types that share a table and are asked alike are one arm of it, so that all of them are not many.
// https://hl7.org/fhir/R4/search.html#all docs/decisions/0020-several-types.md
import type { Caller } from '../../auth/caller.js'
import { tooCostly } from '../../fhir/outcome.js'
import { numberOf, type ResourceType } from '../../fhir/resource-types.js'
import { numbers } from '../../store/binary.js'
import { currentTable } from '../../store/current.js'
import type { Searches } from '../../store/pool.js'
import { allAlike } from '../../store/search/alike.js'
import { isNever, type Condition } from '../../store/search/condition.js'
import { COLUMNS, versionRow, type RawRow } from '../row.js'
import { behind, columnsOf, isWalked, orderBy, type Column, type Order, type Place } from './order.js'
import { limitOf, pageOf, type Paged, type SearchPage } from './page.js'
import { isOwned, matching, planOf, type Plan, type Rows } from './plan.js'
import { Statement } from './statement.js'

/** What is asked of one of the types. */
export interface OfType {
  readonly type: ResourceType
  /** All of these must hold. */
  readonly conditions: readonly Condition[]
  readonly order: Order
}

/** A search of several types. The orders of all have the same keys. */
export interface Several { readonly each: readonly OfType[], readonly after: Place | undefined, readonly count: number }

// Rows that the walk of each type looks at: less than where there is one walk only, for those that find too little add up.
const BUDGET = 500
// Beyond, a statement takes longer to plan than to run.
const MOST_ARMS = 60

/** One page. Throws FhirError 400 where the types are asked in too many different ways. */
export async function searchSeveral (db: Searches, caller: Caller, { each, after, count }: Several): Promise<SearchPage> {
  const arms = armsOf(each)
  if (arms.length === 0) return { rows: [], places: [], next: undefined }
  const sql = new Statement(db, caller, 'a page of several types')
  const columns = columnsOf(sql, arms[0]?.order ?? [])
  const keys = columns.map((_, place) => `p.k${place}`)
  const found = arms.map(arm => `
    select p.rid, p.owner, ${keys.join(', ')} from (${armPage(sql, arm, { conditions: arm.conditions, after, count })} select * from p) p`)
  const rows = await db.query<RawRow & { readonly place: Place }>(sql.query(`
    with p as materialized (select * from (${found.join(' union all ')}) p order by ${orderBy(columns, keys)} ${limitOf(sql, count)})
    select ${COLUMNS}, array[${keys.map(name => `${name}::text`).join(', ')}] as place
    from p, lateral (select * from karta.version n where n.owner = p.owner and n.rid = p.rid offset 0) v
    order by ${orderBy(columns, keys)}`, LONGEST))
  const shown = rows.slice(0, count)
  return { rows: shown.map(versionRow), places: shown.map(({ place }) => place), next: rows.length > count ? shown.at(-1)?.place : undefined }
}

// All types of the server are some fifty thousand characters.
const LONGEST = 131_072

/** How many resources there are; counted up to `most` where that is given. */
export async function severalTotal (db: Searches, caller: Caller, each: readonly OfType[], most?: number): Promise<number> {
  const arms = armsOf(each)
  if (arms.length === 0) return 0
  const sql = new Statement(db, caller, 'how many there are of several types')
  const found = arms.map(({ types, conditions, ...rows }) => `select f.rid from (${matching(sql, rowsOf(sql, types, rows), conditions)}) f`)
  const [row] = await db.query<{ readonly total: string }>(sql.query(
    `select count(*) as total from (${found.join(' union all ')}${most === undefined ? '' : ` limit ${most + 1}`}) f`, LONGEST))
  return Number(row?.total ?? 0)
}

/** Types of one table that are asked alike. */
interface Arm extends Rows { readonly types: readonly ResourceType[], readonly conditions: readonly Condition[], readonly order: Order }

function armsOf (each: readonly OfType[]): Arm[] {
  const arms: Arm[] = []
  for (const { type, conditions, order } of each) {
    if (conditions.some(isNever)) continue
    const own: Arm = { table: currentTable(type), isOwned: isOwned(type), types: [type], conditions, order }
    const place = arms.findIndex(arm => together(arm, own) !== undefined)
    const both = arms[place] && together(arms[place], own)
    if (both === undefined) arms.push(own)
    else arms[place] = both
  }
  if (arms.length > MOST_ARMS) {
    throw tooCostly(`these types are asked in ${arms.length} ways: at most ${MOST_ARMS} are searched at once, so name fewer with _type`)
  }
  return arms
}

function together (left: Arm, right: Arm): Arm | undefined {
  if (left.table.name !== right.table.name || left.isOwned !== right.isOwned || orderText(left) !== orderText(right)) return undefined
  const conditions = allAlike(left.conditions, right.conditions)
  return conditions && { ...left, types: [...left.types, ...right.types], conditions }
}

const orderText = ({ order }: Arm): string => JSON.stringify(order)

// Which types they are is bound: the text of a statement does not depend on it.
const rowsOf = (sql: Statement, types: readonly ResourceType[], { table, isOwned }: Rows): Rows =>
  types.length === 1 ? { table, isOwned } : { table: { name: table.name, only: `type = any (${typesIn(sql, types)})` }, isOwned }

const typesIn = (sql: Statement, types: readonly ResourceType[]): string => sql.bind(numbers(types.map(numberOf)), 'int2[]')

function armPage (sql: Statement, arm: Arm, paged: Paged): string {
  const columns = columnsOf(sql, arm.order)
  const plan = planOf(sql, rowsOf(sql, arm.types, arm), arm.conditions)
  // Where something drives that surely finds little, the types make no difference.
  const isDriven = plan.driver !== undefined && plan.driver.most === undefined
  return !isWalked(arm.order) || isDriven || arm.types.length === 1
    ? pageOf(sql, { ...plan, budget: BUDGET }, { ...paged, order: arm.order }, columns)
    : walkedEach(sql, arm, plan, paged, columns)
}

/**
 * A page of several types of one table, whose index has the type in front: each type is walked on its own. A type whose walk ended before it
 * had found enough (`l`) is asked again by the index of tokens.
 */
function walkedEach (sql: Statement, { types }: Arm, { table, driver, where, all }: Plan, paged: Paged, columns: readonly Column[]): string {
  const { after, count } = paged
  const names = (a: string): string[] => columns.map(({ sql: value }) => value(a))
  const begins = (a: string): string => behind(sql, columns, names(a), after)
  const limit = `order by ${orderBy(columns, names('c'))} ${limitOf(sql, count)}`
  const selected = `c.rid, c.owner, ${names('c').map((name, place) => `${name} as k${place}`).join(', ')}`
  const few = driver === undefined ? 'false' : `cardinality((select d.few from d)) <= ${driver.most ?? 0}`
  const driven = driver === undefined
    ? ''
    : `d as materialized (select ${driver.few()} as few),
      s as materialized (select ${selected} from ${driver.source('(select d.few from d)::int8[]', undefined).from} where ${few} and ${begins('c')} and ${where()} ${limit}),`
  const many = driver === undefined ? 'true' : `not (${few})`
  const walk = (more: string): string =>
    `select t.* from ${table.name} t where t.type = y.type and ${begins('t')} order by ${orderBy(columns, names('t'))} ${more}`
  const each = `unnest(${typesIn(sql, types)}) y(type)`
  const left = 'cardinality((select l.types from l)) > 0'
  return `with ${driven}
    w as materialized (
      select y.type, f.* from ${each}, lateral (select ${selected} from (${walk(`limit ${BUDGET}`)}) c where ${many} and ${where()} ${limit}) f),
    l as materialized (
      select array(select y.type from ${each} where ${many}
        and (select count(*) from w where w.type = y.type) <= ${sql.bind(count, 'int4')} and exists (${walk(`offset ${BUDGET} limit 1`)})) as types),
    g as materialized (select ${selected} from ${all(begins, undefined).from} where ${left} and c.type = any ((select l.types from l)::int2[]) and ${where()} ${limit}),
    p as materialized (
      ${driver === undefined ? '' : 'select * from s union all'}
      select w.rid, w.owner, ${columns.map((_, place) => `w.k${place}`).join(', ')} from w where not w.type = any ((select l.types from l)::int2[])
      union all select * from g)`
}
