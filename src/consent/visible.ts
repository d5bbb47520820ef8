// The only way to a row: what one caller may see of what he asked for, policy and data in one statement. Rows leave, not
// a builder to which something could be added. https://hl7.org/fhir/R4/http.html#read docs/decisions/0005-policy-columns.md
import type { Caller } from '../auth/caller.js'
import { numberOf } from '../fhir/resource-types.js'
import { numbers, texts } from '../store/binary.js'
import type { Query, Readers, Reads } from '../store/pool.js'
import { isRid } from '../store/rid.js'
import { Turn } from '../store/turn.js'
import { COLUMNS, columns, versionRow, type RawRow, type VersionRow } from './row.js'
import { scoped, subjectOf } from './scoped.js'
import { otherStore } from './stores.js'

export type { VersionRow } from './row.js'

/**
 * The newest version of one resource. undefined: there is none, or the caller may not see it; nothing tells which.
 * `known`: the rid of a version that the client has; where that is the newest, its text stays in the database.
 */
export async function readCurrent (db: Reads, caller: Caller, type: string, id: string, known?: string): Promise<VersionRow | undefined> {
  const other = otherStore(type, id)
  if (other !== undefined) return await other.read(db, caller, id)
  db.trips++
  return await turnOf(db.shared, caller.kind).ask({ type, id, subject: subjectOf(caller), known: known ?? null })
}

interface Read {
  readonly type: string
  readonly id: string
  readonly subject: string | null
  readonly known: string | null
}

// Reads of one kind of caller that are asked at once share a statement; each row is decided for who asked for it.
const TURNS = new WeakMap<Readers, Map<Caller['kind'], Turn<Read, VersionRow | undefined>>>()

function turnOf (db: Readers, kind: Caller['kind']): Turn<Read, VersionRow | undefined> {
  let turns = TURNS.get(db)
  if (turns === undefined) TURNS.set(db, turns = new Map())
  let turn = turns.get(kind)
  if (turn === undefined) turns.set(kind, turn = new Turn(reads => readAll(db, kind, reads), db.connections))
  return turn
}

async function readAll (db: Reads, kind: Caller['kind'], reads: readonly Read[]): Promise<(VersionRow | undefined)[]> {
  const rows = await db.query<RawRow & { readonly place: string }>({
    name: `${kind}:read`,
    text: READ[kind],
    values: [
      numbers(reads.map(({ type }) => numberOf(type))), texts(reads.map(({ id }) => id)), numbers(reads.map(({ subject }) => subject)),
      numbers(reads.map(({ known }) => known))
    ]
  })
  return placed(rows, new Array(reads.length).fill(undefined))
}

const readText = (kind: Caller['kind']): string => `
  select k.place, ${columns("case when v.rid = k.known then '' else v.body end as body")}
  from unnest($1::int2[], $2::text[], $3::int8[], $4::int8[]) with ordinality as k(type, id, subject, known, place),
       lateral (select * from karta.version v where v.type = k.type and v.id = k.id order by v.ver desc limit 1) v
  where ${scoped('v', kind, 'k.subject')}`

const READ: Readonly<Record<Caller['kind'], string>> = { operator: readText('operator'), self: readText('self'), treating: readText('treating') }

function placed (rows: readonly (RawRow & { readonly place: string })[], found: (VersionRow | undefined)[]): (VersionRow | undefined)[] {
  for (const row of rows) found[Number(row.place) - 1] = versionRow(row)
  return found
}

// An old version is judged by its own labels and those that the resource has now: the stricter of both.
const AS_NOW = `
  select v.rid, v.owner, v.ver, v.type, v.class, v.state, v.id, v.body, v.owners, v.xid,
         greatest(v.label_state, c.label_state) as label_state, coalesce(v.labels, '{}') || coalesce(c.labels, '{}') as labels
  from karta.version v,
       lateral (select c.labels, c.label_state from karta.version c where c.type = v.type and c.id = v.id order by c.ver desc limit 1) c`

/** One version of one resource. undefined: there is none, or the caller may not see it. */
export async function readVersion (db: Reads, caller: Caller, type: string, id: string, versionId: string): Promise<VersionRow | undefined> {
  const rid = isRid(versionId) ? versionId : '0'
  const other = await otherStore(type, id)?.read(db, caller, id)
  if (other !== undefined) return other.rid === rid ? other : undefined
  const [row] = await db.query<RawRow>(prepared(caller, 'vread', [numberOf(type), id, rid], allowed => `
    select ${COLUMNS}
    from (${AS_NOW} where v.type = $1::int2 and v.id = $2::text and v.rid = $3::int8 and v.state <> 8) v
    where ${allowed}`))
  return row === undefined ? undefined : versionRow(row)
}

/** The newest versions of many resources, in the order asked, in one round trip. */
export async function readMany (db: Reads, caller: Caller, keys: readonly { readonly type: string, readonly id: string }[]): Promise<(VersionRow | undefined)[]> {
  if (keys.length === 0) return []
  const others = await Promise.all(keys.map(key => otherStore(key.type, key.id)?.read(db, caller, key.id)))
  const subject = subjectOf(caller)
  const rows = await readAll(db, caller.kind, keys.map(({ type, id }) => ({ type, id, subject, known: null })))
  return rows.map((row, place) => row ?? others[place])
}

/** The newest versions of many resources, or the versions named, in the order asked. At most two statements. */
export async function readVersions (
  db: Reads, caller: Caller, keys: readonly { readonly type: string, readonly id: string, readonly versionId?: string }[]
): Promise<(VersionRow | undefined)[]> {
  const named = keys.filter(key => key.versionId !== undefined)
  if (named.length === 0) return await readMany(db, caller, keys)
  const newest = keys.filter(key => key.versionId === undefined)
  const [current, versions] = await Promise.all([readMany(db, caller, newest), readManyVersions(db, caller, named)])
  const [nextCurrent, nextVersion] = [current.values(), versions.values()]
  return keys.map(key => (key.versionId === undefined ? nextCurrent : nextVersion).next().value)
}

async function readManyVersions (
  db: Reads, caller: Caller, keys: readonly { readonly type: string, readonly id: string, readonly versionId?: string }[]
): Promise<(VersionRow | undefined)[]> {
  const rids = keys.map(({ versionId = '' }) => isRid(versionId) ? versionId : '0')
  const values = [keys.map(key => numberOf(key.type)), keys.map(key => key.id), rids]
  const rows = await db.query<RawRow & { readonly place: string }>(prepared(caller, 'vread-many', values, allowed => `
    select k.place, ${COLUMNS}
    from unnest($1::int2[], $2::text[], $3::int8[]) with ordinality as k(type, id, rid, place),
         lateral (${AS_NOW} where v.type = k.type and v.id = k.id and v.rid = k.rid and v.state <> 8) v
    where ${allowed}`))
  return placed(rows, new Array(keys.length).fill(undefined))
}

/** What a history asks for. Times in milliseconds. */
export interface HistoryQuery {
  readonly type?: string
  readonly id?: string
  /** Versions stored at or after. */
  readonly since?: number
  /** Versions that were current at some moment of [from, to). */
  readonly at?: readonly [from: number, to: number]
  /** Versions older than this rid: the cursor of the page before. */
  readonly before?: string
  readonly count: number
}

export interface HistoryPage {
  readonly rows: readonly (VersionRow & { readonly method: 'POST' | 'PUT' | 'DELETE' })[]
  /** How many versions the caller may see in all; only for one resource. */
  readonly total: number | undefined
  readonly more: boolean
}

/** A prepared statement of one caller: its text and name depend on the kind of caller only. `$n` after the values is the caller. */
export function prepared (caller: Caller, name: string, values: readonly unknown[], text: (allowed: string, subject: string) => string): Query {
  const key = `${caller.kind}:${name}`
  const subject = `$${values.length + 1}::int8`
  let sql = TEXTS.get(key)
  if (sql === undefined) TEXTS.set(key, sql = text(scoped('v', caller.kind, subject), subject))
  return { name: key, text: sql, values: [...values, subjectOf(caller)] }
}

const TEXTS = new Map<string, string>()
export { AS_NOW }
