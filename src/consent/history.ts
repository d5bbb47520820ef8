// The versions that one caller may see, newest first. https://hl7.org/fhir/R4/http.html#history
import type { Caller } from '../auth/caller.js'
import { RESOURCE_TYPES, numberOf } from '../fhir/resource-types.js'
import { isServerId } from '../store/id.js'
import type { Reads } from '../store/pool.js'
import { ridAt } from '../store/rid.js'
import { TYPES } from '../store/types.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from './row.js'
import { reachable } from './scoped.js'
import { AS_NOW, prepared, type HistoryPage, type HistoryQuery } from './visible.js'

const LAST = '9223372036854775807'

// Bounds that every history has: [$1 since, $2 before), and the moment or period $3, $4 in which a version was current.
const BOUNDS = 'v.state <> 8 and v.rid >= $1::int8 and v.rid < $2::int8'
const CURRENT_IN = `v.rid < $4::int8 and not exists (
    select from karta.version n where n.type = v.type and n.id = v.id and n.ver > v.ver and n.rid <= $3::int8)`

// A feed that a client follows by `_since` must not pass over a version that commits late.
const BELOW_HORIZON = 'v.xid < pg_snapshot_xmin(pg_current_snapshot())'

/** A page of the history of one resource, one type, or all. Answers no row where the resource is absent or hidden. */
export async function readHistory (db: Reads, caller: Caller, query: HistoryQuery): Promise<HistoryPage> {
  const bounds = [
    query.since === undefined ? '0' : ridAt(query.since),
    query.before ?? LAST,
    query.at === undefined ? '0' : ridAt(query.at[0]),
    query.at === undefined ? LAST : ridAt(query.at[1]),
    query.count + 1
  ]
  const moment = query.at === undefined ? '$3::int8 = 0 and $4::int8 > 0' : CURRENT_IN
  const name = `${query.id === undefined ? query.type === undefined ? 'system' : 'type' : 'instance'}${query.at === undefined ? '' : '-at'}`
  const statement = query.type === undefined
    ? systemHistory(caller, name, bounds, moment)
    : query.id === undefined
      ? typeHistory(caller, name, bounds, moment, query.type)
      : instanceHistory(caller, name, bounds, moment, query.type, query.id)
  const rows = await db.query<RawRow & { readonly total?: string }>(statement)
  const total = rows[0]?.total
  return {
    rows: rows.slice(0, query.count).map(raw => withMethod(versionRow(raw))),
    total: query.id !== undefined && query.before === undefined ? Number(total ?? 0) : undefined,
    more: rows.length > query.count
  }
}

const withMethod = (row: VersionRow): VersionRow & { method: 'POST' | 'PUT' | 'DELETE' } => ({
  ...row,
  method: row.deleted ? 'DELETE' : row.ver === 1 && isServerId(row.id) ? 'POST' : 'PUT'
})

function instanceHistory (caller: Caller, name: string, bounds: readonly unknown[], moment: string, type: string, id: string): ReturnType<typeof prepared> {
  return prepared(caller, `history-${name}`, [...bounds, numberOf(type), id], allowed => `
    select ${COLUMNS}, count(*) over () as total
    from (${AS_NOW} where v.type = $6::int2 and v.id = $7::text and ${BOUNDS} and ${moment}) v
    where ${allowed}
    order by v.rid desc limit $5::int4`)
}

// Patient data is walked by the owners that the caller can reach at all, everything else by its type.
const isPatientData = (type: string): boolean => {
  const row = TYPES[type as keyof typeof TYPES]
  return row.class !== 'directory' && row.class !== 'conformance'
}

function typeHistory (caller: Caller, name: string, bounds: readonly unknown[], moment: string, type: string): ReturnType<typeof prepared> {
  const owned = isPatientData(type)
  return prepared(caller, `history-${name}${owned ? '-owned' : ''}`, [...bounds, numberOf(type)], (allowed, subject) => `
    select ${COLUMNS}
    from (${AS_NOW} where v.type = $6::int2 and ${BOUNDS} and ${moment} and ${BELOW_HORIZON}
          and ${(owned ? reachable('v', caller.kind, subject) : undefined) ?? 'true'}) v
    where ${allowed}
    order by v.rid desc limit $5::int4`)
}

// Each type has its own order, so a page of all is the newest of each type's newest; patient data is walked by its owners.
function systemHistory (caller: Caller, name: string, bounds: readonly unknown[], moment: string): ReturnType<typeof prepared> {
  const byType = caller.kind === 'operator' ? RESOURCE_TYPES : RESOURCE_TYPES.filter(type => !isPatientData(type))
  return prepared(caller, `history-${name}`, [...bounds, byType.map(numberOf)], (allowed, subject) => {
    const narrow = reachable('v', caller.kind, subject)
    const walk = `
    select v.* from unnest($6::int2[]) as t(type), lateral (
      select * from (${AS_NOW} where v.type = t.type and ${BOUNDS} and ${moment} and ${BELOW_HORIZON}) v
      where ${allowed} order by v.rid desc limit $5::int4) v`
    const owned = `
    select * from (select * from (${AS_NOW} where ${narrow ?? 'true'} and ${BOUNDS} and ${moment} and ${BELOW_HORIZON}) v
      where v.class not in (2, 3) and ${allowed} order by v.rid desc limit $5::int4) o`
    return `
    select ${COLUMNS} from (${narrow === undefined ? walk : `${walk} union all ${owned}`}) v
    order by v.rid desc limit $5::int4`
  })
}
