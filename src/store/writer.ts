// Stores groups of versions: one statement, one round trip, one flush of the log for all groups that wait at the same
// time. docs/decisions/0009-store.md
import pg from 'pg'
import { hashes, hashText, numbers, texts } from './binary.js'
import type { AuditRow, Put, Tombstone, WriteGroup } from './version.js'

/** Another write took the version number or the id: read again, decide again. */
export class WriteConflict extends Error {
  override name = 'WriteConflict'
}

/** An owner is gone, or not treated by the caller: the same answer for both. */
export class OwnerRefused extends Error {
  override name = 'OwnerRefused'
}

/** A Patient whose data is still here cannot be deleted. */
export class OwnerHasData extends Error {
  override name = 'OwnerHasData'
}

interface Waiting {
  readonly group: WriteGroup
  readonly resolve: (rids: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

// A batch is bounded so that one slow group does not hold many: groups, and versions in all.
const MAX_GROUPS = 64
const MAX_VERSIONS = 512

/** Writes groups over a few connections; what waits while they are busy goes together in the next statement. */
export class Writer {
  readonly #pool: pg.Pool
  readonly #lanes: number
  readonly #writer: string
  readonly #waiting: Waiting[] = []
  #busy = 0
  /** Statements sent and groups stored, for metrics and tests. */
  trips = 0
  groups = 0

  /** `writer`: the audit writer's number, under which the rows of this process are kept. */
  constructor (pool: pg.Pool, lanes: number, writer: string) {
    this.#pool = pool
    this.#lanes = lanes
    this.#writer = writer
  }

  get queued (): number {
    return this.#waiting.length
  }

  /** Stores one group. Answers the rid of each version, in order. Throws WriteConflict, OwnerRefused, OwnerHasData, or what the database says. */
  commit (group: WriteGroup): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ group, resolve, reject })
      this.#next()
    })
  }

  #next (): void {
    while (this.#busy < this.#lanes && this.#waiting.length > 0) {
      this.#busy++
      void this.#store(this.#take()).finally(() => {
        this.#busy--
        this.#next()
      })
    }
  }

  #take (): Waiting[] {
    let versions = 0
    let count = 0
    for (const { group } of this.#waiting) {
      versions += group.versions.length
      if (count > 0 && (versions > MAX_VERSIONS || count === MAX_GROUPS)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #store (batch: readonly Waiting[]): Promise<void> {
    try {
      const rids = await this.#send(batch.map(({ group }) => group))
      let at = 0
      for (const { group, resolve } of batch) resolve(rids.slice(at, at += group.versions.length))
    } catch (error) {
      // One bad group fails the statement for all: each is asked again alone, unless the database itself is the reason.
      const [first] = batch
      if (first === undefined) return
      if (batch.length === 1) return first.reject(refusal(error))
      if (!isRefusal(error)) return batch.forEach(({ reject }) => reject(error))
      for (const waiting of batch) await this.#store([waiting])
    }
  }

  async #send (groups: readonly WriteGroup[]): Promise<readonly string[]> {
    this.trips++
    const { rows } = await this.#pool.query<{ rids: string[] }>({ name: 'write', text: WRITE, values: values(this.#writer, groups) })
    this.groups += groups.length
    return rows[0]?.rids ?? []
  }
}

const COLUMNS = [
  'int2[]', 'int2[]', 'text[]', 'int8[]', 'int4[]', 'int8[]', 'int8[]', 'boolean[]', 'int2[]', 'int2[]', 'int8[]', 'int8[]', 'int8[]', 'int8[]', 'int4[]',
  'text[]', 'text[]', 'text[]', 'text[]', 'text[]',
  'int8[]', 'int4[]', 'int8[]', 'int4[]', 'int8[]', 'float8[]', 'int4[]', 'int8[]', 'text[]', 'int4[]', 'int8[]', 'int8[]', 'int8[]',
  'int8[]', 'text[]', 'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]',
  'int8', 'int8[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int2[]', 'int2[]', 'int4[]', 'int4[]', 'text[]', 'text[]', 'text[]'
]
const WRITE = `select karta.write(${COLUMNS.map((type, index) => `$${index + 1}::${type}`).join(', ')}) as rids`

/** Surrogates as an array literal, or null. */
const literal = (surrogates: readonly string[] | undefined): string | null => surrogates === undefined ? null : `{${surrogates.join(',')}}`

/** Labels are codes of the service's own lists; quotes and backslashes are escaped all the same. */
const labelLiteral = (labels: readonly string[] | undefined): string | null =>
  labels === undefined ? null : `{${labels.map(label => `"${label.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

function values (writer: string, groups: readonly WriteGroup[]): unknown[] {
  const versions = groups.flatMap(group => group.versions)
  return [
    ...versionValues(versions),
    ...indexValues(versions),
    ...ownerValues(groups),
    writer,
    ...auditValues(groups)
  ]
}

const put = (version: Put | Tombstone): Put | undefined => version.op === 'put' ? version : undefined

function versionValues (versions: readonly (Put | Tombstone)[]): unknown[] {
  let end = 0
  return [
    numbers(versions.map(v => v.op === 'put' ? 1 : 3)),
    numbers(versions.map(v => v.type)),
    texts(versions.map(v => v.id)),
    numbers(versions.map(v => v.owner)),
    numbers(versions.map(v => v.ver)),
    numbers(versions.map(v => v.old?.rid ?? null)),
    numbers(versions.map(v => v.old?.owner ?? null)),
    numbers(versions.map(v => put(v)?.mapped ?? false)),
    numbers(versions.map(v => put(v)?.class ?? 0)),
    numbers(versions.map(v => put(v)?.rank ?? 3)),
    numbers(versions.map(v => put(v)?.author ?? null)),
    numbers(versions.map(v => put(v)?.rows.dlo ?? -9e15)),
    numbers(versions.map(v => put(v)?.rows.dhi ?? 9e15)),
    numbers(versions.map(v => c1(put(v)))),
    numbers(versions.map(v => (end += (put(v)?.rows.tokens.length ?? 0) / 2))),
    texts(versions.map(v => put(v)?.tail ?? '')),
    texts(versions.map(v => literal(put(v)?.owners))),
    texts(versions.map(v => literal(put(v)?.participants))),
    texts(versions.map(v => labelLiteral(put(v)?.labels))),
    texts(versions.map(v => put(v)?.refs ?? null))
  ]
}

function c1 (version: Put | undefined): string | null {
  const key = version?.rows.c1
  return key === undefined ? null : hashText(key[0], key[1])
}

function indexValues (versions: readonly (Put | Tombstone)[]): unknown[] {
  const puts = versions.flatMap((version, index) => version.op === 'put' ? [{ rows: version.rows, row: index + 1 }] : [])
  const codes = puts.flatMap(({ rows, row }) => rows.codes.map(key => ({ row, key })))
  const quantities = puts.flatMap(({ rows, row }) => rows.quantities.map(value => ({ row, ...value })))
  const strings = puts.flatMap(({ rows, row }) => rows.strings.map(value => ({ row, ...value })))
  const dates = puts.flatMap(({ rows, row }) => rows.dates.map(value => ({ row, ...value })))
  return [
    hashes(puts.map(({ rows }) => rows.tokens)),
    numbers(codes.map(code => code.row)), hashes(codes.map(code => code.key)),
    numbers(quantities.map(q => q.row)), hashes(quantities.map(q => q.key)), numbers(quantities.map(q => q.value)),
    numbers(strings.map(s => s.row)), hashes(strings.map(s => s.key)), texts(strings.map(s => s.value)),
    numbers(dates.map(d => d.row)), hashes(dates.map(d => d.key)), numbers(dates.map(d => d.lo)), numbers(dates.map(d => d.hi))
  ]
}

function ownerValues (groups: readonly WriteGroup[]): unknown[] {
  const made = groups.flatMap(group => group.newOwners)
  const treated = groups.flatMap(group => group.treated)
  // Once each: the statement counts them.
  const needed = [...new Map(groups.flatMap(group => group.needed).map(need => [need.owner, need])).values()]
  return [
    numbers(made.map(({ owner }) => owner)), texts(made.map(({ id }) => id)),
    numbers(groups.flatMap(group => group.revived)),
    numbers(needed.map(({ owner }) => owner)), texts(needed.map(({ id }) => id)),
    numbers(treated.map(({ owner }) => owner)), numbers(treated.map(({ actor }) => actor))
  ]
}

function auditValues (groups: readonly WriteGroup[]): unknown[] {
  const rows: readonly AuditRow[] = groups.map(group => group.audit)
  let last = 0
  const ends = groups.map(group => (last += group.versions.length))
  return [
    numbers(rows.map(row => row.seq)), numbers(rows.map(row => row.owner)), numbers(rows.map(row => row.actor)),
    numbers(rows.map(row => row.caller)), numbers(rows.map(row => row.interaction)), numbers(rows.map(row => row.type)),
    numbers(rows.map(row => row.status)),
    numbers(groups.map((group, index) => (ends[index] ?? 0) - group.versions.length + 1)), numbers(ends),
    texts(rows.map(row => row.client)), texts(rows.map(row => literal(row.owners))), texts(rows.map(row => literal(row.shown)))
  ]
}

const isRefusal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '23505' || error.code === 'KA001' || error.code === 'KA002' || error.code === '40P01')

// What the database refused, in our words; anything else goes on as it is.
function refusal (error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  switch (error.code) {
    case '23505':
    case '40P01': return new WriteConflict('another write came first', { cause: error })
    case 'KA001': return new OwnerRefused('an owner cannot be used', { cause: error })
    case 'KA002': return new OwnerHasData('the Patient owns data', { cause: error })
    default: return error
  }
}
