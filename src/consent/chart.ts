// What belongs to a patient, or to an encounter, in pages that a stream can be made of: each page decides every row of it anew.
// https://hl7.org/fhir/R4/patient-operation-everything.html docs/decisions/0020-several-types.md
import type { Caller } from '../auth/caller.js'
import { numberOf } from '../fhir/resource-types.js'
import { numbers, texts } from '../store/binary.js'
import type { Query, Searches } from '../store/pool.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from './row.js'
import { reachable, scoped, subjectOf } from './scoped.js'
import { AS_NOW } from './visible.js'

/** The moment that a chart is of. What is written later does not change its pages. */
export interface Moment {
  /** What was committed, as PostgreSQL says it. */
  readonly snapshot: string
  /** The rid of that moment. */
  readonly rid: string
  /** A version before this rid whose transaction the snapshot cannot know came with a database that was restored. */
  readonly restored: string
}

/** What of a chart is asked for. */
export interface ChartFilter {
  readonly types: readonly string[]
  /** Versions stored at or after: a rid. */
  readonly since: string
  /** Milliseconds [from, before): what has a clinical time at all has some of it here. */
  readonly from: number
  readonly before: number
}

export interface ChartPage {
  readonly rows: readonly VersionRow[]
  /** Below which rid the next page begins; undefined where this is the last. */
  readonly next: string | undefined
}

/** How much a page may hold; a page has one row whatever its size. */
export interface Size { readonly rows: number, readonly bytes: number }

/** A resource of its own compartment, which pages leave out. */
export interface Centre { readonly type: string, readonly id: string }

export async function momentNow (db: Searches): Promise<Moment> {
  const [moment] = await db.query<{ readonly snapshot: string, readonly rid: string, readonly restored: string }>({
    name: 'chart-moment',
    text: 'select pg_current_snapshot()::text as snapshot, ((karta.clock_ms() + 1) << 20)::text as rid, ((karta.clock_ms() - 60000) << 20)::text as restored',
    values: []
  })
  if (moment === undefined) throw new Error('the database tells no moment')
  return moment
}

// What is written while a chart is read does not take anything out of it: a version is in it that was the newest at its moment.
const seen = (a: string): string =>
  `(pg_visible_in_snapshot(${a}.xid, $3::pg_snapshot) or (${a}.xid >= pg_snapshot_xmax($3::pg_snapshot) and ${a}.rid < $4::int8))`

const FILTERED = 'v.type = any ($5::int2[]) and v.rid >= $6::int8 and (v.dlo is null or v.dlo < $8::float8::int8) and (v.dhi is null or v.dhi > $7::float8::int8)'

/** What has this owner first, newest first. */
export async function ownPage (db: Searches, caller: Caller, owner: string, { type, id }: Centre, filter: ChartFilter, moment: Moment, after: string, size: Size): Promise<ChartPage> {
  const values = [
    owner, after, moment.snapshot, moment.restored, numbers(filter.types.map(numberOf)), filter.since, filter.from, filter.before, numberOf(type), id, size.rows, size.bytes
  ]
  return await pageOf(db, chart(caller, 'own', values, allowed => sized('$11', '$12', `
    select v.* from (${AS_NOW} where v.owner = $1::int8 and v.rid < $2::int8 and v.state = 0 and ${FILTERED} and ${seen('v')}
      and not exists (select from karta.version n where n.type = v.type and n.id = v.id and n.ver > v.ver and ${seen('n')})
      and not (v.type = $9::int2 and v.id = $10::text)) v
    where ${allowed} order by v.rid desc limit $11::int4 + 1`)))
}

/** What refers to patients or an encounter by one of these tokens, or has one of these owners among others, newest first; without what `ownPage` gives of them. */
export async function referringPage (
  db: Searches, caller: Caller, tokens: readonly string[], owners: readonly string[], { type, id }: Centre, filter: ChartFilter, after: string, size: Size
): Promise<ChartPage> {
  const values = [
    numbers(owners), after, numbers(tokens), numbers(filter.types.map(numberOf)), filter.since, filter.from, filter.before, numberOf(type), id, size.rows, size.bytes
  ]
  return await pageOf(db, chart(caller, 'referring', values, (allowed, narrow) => {
    const found = (condition: string): string => `
      select c.rid, c.owner from (select * from karta.current c where ${condition} and ${narrow('c')} offset 0) c
      where c.rid < $2::int8 and not c.owner = any ($1::int8[]) and c.type = any ($4::int2[]) and c.rid >= $5::int8 and c.dlo < $7::float8::int8 and c.dhi > $6::float8::int8`
    return sized('$10', '$11', `
      select v.* from (${found('c.tokens && $3::int8[]')} union ${found('c.owners && $1::int8[]')}) f,
        lateral (select * from karta.version n where n.owner = f.owner and n.rid = f.rid offset 0) v
      where not (v.type = $8::int2 and v.id = $9::text) and ${allowed} order by v.rid desc limit $10::int4 + 1`)
  }))
}

/** The newest versions of resources that are not deleted, in the order asked, without those of these owners; and how many of the keys are settled by that. */
export async function referredPage (
  db: Searches, caller: Caller, keys: ReadonlyArray<{ readonly type: string, readonly id: string }>, owners: readonly string[], bytes: number
): Promise<{ readonly rows: readonly VersionRow[], readonly settled: number }> {
  const values = [numbers(keys.map(({ type }) => numberOf(type))), texts(keys.map(({ id }) => id)), numbers(owners), bytes]
  const rows = await db.query<Placed>(chart(caller, 'referred', values, allowed => `
    select v.place, v.found, ${COLUMNS} from (
      select v.*, count(*) over () as found, sum(octet_length(v.body)) over (order by v.place) - octet_length(v.body) as before
      from (select k.place, v.* from unnest($1::int2[], $2::text[]) with ordinality as k(type, id, place),
              lateral (select * from karta.version v where v.type = k.type and v.id = k.id order by v.ver desc limit 1) v
            where v.state = 0 and not v.owner = any ($3::int8[]) and not coalesce(v.owners && $3::int8[], false) and ${allowed} offset 0) v) v
    where v.before = 0 or v.before < $4::int4 order by v.place`))
  const [first] = rows
  return { rows: rows.map(versionRow), settled: first === undefined || rows.length === Number(first.found) ? keys.length : Number(rows.at(-1)?.place) }
}

type Placed = RawRow & { readonly place: string, readonly found: string }

// So many rows as there is room for, and how many there would be. `most`, `bytes`: the parameters of the room.
const sized = (most: string, bytes: string, rows: string): string => `
  select v.found, ${COLUMNS} from (
    select v.*, count(*) over () as found, row_number() over (order by v.rid desc) as place, sum(octet_length(v.body)) over (order by v.rid desc) - octet_length(v.body) as before
    from (${rows}) v) v
  where v.place <= ${most}::int4 and (v.before = 0 or v.before < ${bytes}::int4) order by v.rid desc`

async function pageOf (db: Searches, query: Query): Promise<ChartPage> {
  const rows = await db.query<Placed>(query)
  const [first] = rows
  return { rows: rows.map(versionRow), next: first !== undefined && rows.length < Number(first.found) ? rows.at(-1)?.rid : undefined }
}

const TEXTS = new Map<string, string>()

/** A prepared statement of one kind of caller; the value behind those of the statement is the caller. */
function chart (caller: Caller, name: string, values: readonly unknown[], text: (allowed: string, narrow: (alias: string) => string) => string): Query {
  const key = `${caller.kind}:chart-${name}`
  const subject = `$${values.length + 1}::int8`
  // The directory is for everybody; of patient data what is driven by looks only where the caller may see something.
  const narrow = (a: string): string => {
    const where = reachable(a, caller.kind, subject)
    return where === undefined ? 'true' : `(${a}.class in (2, 3) or ${where})`
  }
  let sql = TEXTS.get(key)
  if (sql === undefined) TEXTS.set(key, sql = text(scoped('v', caller.kind, subject), narrow))
  return { name: key, text: sql, values: [...values, subjectOf(caller)] }
}
