// What belongs to patients, or to an encounter: first which versions, in one statement, then their texts, chunk by chunk. Both decide every row.
// https://hl7.org/fhir/R4/patient-operation-everything.html docs/decisions/0020-several-types.md
import type { Caller } from '../auth/caller.js'
import { numberOf } from '../fhir/resource-types.js'
import { numbers, texts } from '../store/binary.js'
import type { Query, Searches } from '../store/pool.js'
import { ridAt } from '../store/rid.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from './row.js'
import { reachable, scoped, subjectOf } from './scoped.js'

/** What of a chart is asked for. */
export interface ChartFilter {
  /** undefined: all of them. */
  readonly types: readonly string[] | undefined
  /** Versions stored at or after: a rid. */
  readonly since: string
  /** Milliseconds [from, before): what has a clinical time at all has some of it here. */
  readonly from: number
  readonly before: number
}

/** Whose chart it is. */
export interface ChartOf {
  /** The surrogates of patients; none for an encounter. */
  readonly owners: readonly string[]
  /** The tokens by which others refer to whose it is. */
  readonly tokens: readonly string[]
  /** The versions of the patients or the encounter themselves, which are not listed. */
  readonly themselves: readonly string[]
}

/** Which versions there are, newest first, and of which moment that is. */
export interface ChartList {
  readonly owners: readonly string[]
  readonly rids: readonly string[]
  /** What was committed, as PostgreSQL says it. */
  readonly snapshot: string
  /** Milliseconds. */
  readonly at: number
}

/** The versions below a rid, at most `most`, in the order of their rids. */
export async function chartList (db: Searches, caller: Caller, { owners, tokens, themselves }: ChartOf, filter: ChartFilter, below: string, most: number | undefined): Promise<ChartList> {
  const values = [
    numbers(owners), numbers(tokens), numbers(themselves), below, filter.types === undefined ? null : numbers(filter.types.map(numberOf)), filter.since, filter.from, filter.before, most ?? null
  ]
  const [row] = await db.query<{ readonly owners: string, readonly rids: string, readonly snapshot: string, readonly at: string }>(chart(caller, 'list', values, 'c', (allowed, narrow) => {
    const found = (condition: string): string => `
      select c.rid, c.owner from (select * from karta.current c where ${condition} and ${narrow('c')} offset 0) c
      where c.rid < $4::int8 and ($5::int2[] is null or c.type = any ($5::int2[])) and c.rid >= $6::int8 and c.dlo < $8::float8::int8 and c.dhi > $7::float8::int8 and not c.rid = any ($3::int8[]) and ${allowed}`
    const others = 'not c.owner = any ($1::int8[])'
    return `
      select coalesce(array_agg(f.owner), '{}')::text as owners, coalesce(array_agg(f.rid), '{}')::text as rids, pg_current_snapshot()::text as snapshot, karta.clock_ms() as at
      from (select f.rid, f.owner from (
        ${found('c.owner = any ($1::int8[])')}
        union all (${found(`c.tokens && $2::int8[] and ${others}`)} union ${found(`c.owners && $1::int8[] and ${others}`)})) f
        order by f.rid desc limit $9::int8) f`
  }))
  if (row === undefined) throw new Error('the chart has no list')
  return { owners: listed(row.owners), rids: listed(row.rids), snapshot: row.snapshot, at: Number(row.at) }
}

const listed = (array: string): readonly string[] => array === '{}' ? [] : array.slice(1, -1).split(',')

// So long a write may be under way after it took its number.
const LONGEST_WRITE = 60_000

/**
 * The texts of a piece of a list, as many as `bytes` have room for, and at least one; how many of the piece are settled by that. Each is decided
 * anew, by its own labels and those that the resource has now: these are looked for only where something of these owners was written meanwhile.
 */
export async function chartRows (
  db: Searches, caller: Caller, { owners, rids, snapshot, at }: ChartList, bytes: number
): Promise<{ readonly rows: readonly VersionRow[], readonly settled: number }> {
  const values = [numbers(owners), numbers(rids), numbers([...new Set(owners)]), snapshot, ridAt(at - LONGEST_WRITE), bytes]
  const rows = await db.query<Taken>(chart(caller, 'rows', values, 'v', allowed => `
    with s as materialized (select exists (
      select from karta.version n where n.owner = any ($3::int8[]) and n.rid >= $5::int8 and not pg_visible_in_snapshot(n.xid, $4::pg_snapshot)) as stale)
    select v.taken, ${COLUMNS} from (
      select v.*, sum(octet_length(v.body)) over (order by v.rid desc rows unbounded preceding) as taken from (
        select v.type, v.id, v.rid, v.ver, v.state, v.body, v.owner, v.owners, v.class,
               greatest(v.label_state, c.label_state) as label_state, coalesce(v.labels, '{}') || coalesce(c.labels, '{}') as labels
        from unnest($1::int8[], $2::int8[]) k(owner, rid)
        cross join lateral (select * from karta.version n where n.owner = k.owner and n.rid = k.rid offset 0) v
        left join lateral (
          select n.labels, n.label_state from karta.version n where (select s.stale from s) and n.type = v.type and n.id = v.id order by n.ver desc limit 1) c on true) v
      where ${allowed}) v
    where v.taken = octet_length(v.body) or v.taken - octet_length(v.body) < $6::int4 order by v.rid desc`))
  const last = rows.at(-1)
  return { rows: rows.map(versionRow), settled: last === undefined || Number(last.taken) < bytes ? rids.length : rids.indexOf(last.rid) + 1 }
}

type Taken = RawRow & { readonly taken: string }

/** The newest versions of resources that are not deleted, in the order asked, without those of these owners; and how many of the keys are settled by that. */
export async function referredRows (
  db: Searches, caller: Caller, keys: ReadonlyArray<{ readonly type: string, readonly id: string }>, owners: readonly string[], bytes: number
): Promise<{ readonly rows: readonly VersionRow[], readonly settled: number }> {
  const values = [numbers(keys.map(({ type }) => numberOf(type))), texts(keys.map(({ id }) => id)), numbers(owners), bytes]
  const rows = await db.query<Taken & { readonly place: string }>(chart(caller, 'referred', values, 'v', allowed => `
    select v.place, v.taken, ${COLUMNS} from (
      select v.*, sum(octet_length(v.body)) over (order by v.place rows unbounded preceding) as taken
      from (select k.place, v.* from unnest($1::int2[], $2::text[]) with ordinality as k(type, id, place),
              lateral (select * from karta.version v where v.type = k.type and v.id = k.id order by v.ver desc limit 1) v
            where v.state = 0 and not v.owner = any ($3::int8[]) and not coalesce(v.owners && $3::int8[], false) and ${allowed} offset 0) v) v
    where v.taken = octet_length(v.body) or v.taken - octet_length(v.body) < $4::int4 order by v.place`))
  const last = rows.at(-1)
  return { rows: rows.map(versionRow), settled: last === undefined || Number(last.taken) < bytes ? keys.length : Number(last.place) }
}

const TEXTS = new Map<string, string>()

/** A prepared statement of one kind of caller; the value behind those of the statement is the caller. */
function chart (caller: Caller, name: string, values: readonly unknown[], alias: string, text: (allowed: string, narrow: (alias: string) => string) => string): Query {
  const key = `${caller.kind}:chart-${name}`
  const subject = `$${values.length + 1}::int8`
  // The directory is for everybody; of patient data what is driven by looks only where the caller may see something.
  const narrow = (a: string): string => {
    const where = reachable(a, caller.kind, subject)
    return where === undefined ? 'true' : `(${a}.class in (2, 3) or ${where})`
  }
  let sql = TEXTS.get(key)
  if (sql === undefined) TEXTS.set(key, sql = text(scoped(alias, caller.kind, subject), narrow))
  return { name: key, text: sql, values: [...values, subjectOf(caller)] }
}
