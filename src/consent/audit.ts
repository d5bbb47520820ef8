// Who saw what, durable before the first byte leaves. Requests that end at the same time share a flush; each flush is a
// link of this process's hash chain. docs/decisions/0008-audit.md
import type pg from 'pg'
import type { Caller } from '../auth/caller.js'
import { unavailable } from '../fhir/outcome.js'
import { numberOf } from '../fhir/resource-types.js'
import { numbers, texts } from '../store/binary.js'
import type { AuditRow } from '../store/version.js'
import type { VersionRow } from './row.js'

// Numbers in the database: append, never reorder.
export const INTERACTIONS = [
  'read', 'vread', 'history-instance', 'history-type', 'history-system', 'batch', 'transaction', 'create', 'update', 'patch',
  'delete', 'search-type', 'search-system', 'operation'
] as const
export const CALLERS = ['operator', 'self', 'treating'] as const

export type Interaction = typeof INTERACTIONS[number]

/** What one request showed. `query` holds parameter names and values as asked; it stays in the database. */
export interface Shown {
  readonly interaction: Interaction
  readonly type?: string
  readonly status: number
  readonly query?: string
  readonly rows: readonly Pick<VersionRow, 'rid' | 'owner' | 'owners' | 'class'>[]
}

interface Pending {
  readonly row: AuditRow
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

// The database's clock moves on by itself; partitions are made this often, days ahead.
const PARTITIONS_EVERY = 6 * 3600 * 1000
// A write's row is durable with the write; it is sealed by the next flush, or after this.
const SEAL_AFTER = 1000
const MAX_ROWS = 1000

/** The audit trail of this process. */
export class AuditWriter {
  /** The number under which this process's rows are kept. */
  readonly writer: string
  readonly #pool: pg.Pool
  readonly #onError: (error: unknown) => void
  readonly #partitions: NodeJS.Timeout
  #sealing: NodeJS.Timeout | undefined
  #pending: Pending[] = []
  #sealed: number[] = []
  #flushing: Promise<void> | undefined
  #seq = 0
  #link = 0
  #head: Buffer = Buffer.alloc(32)
  #inDoubt = false
  /** Flushes and rows so far, for metrics and tests. */
  flushes = 0
  rows = 0

  private constructor (pool: pg.Pool, writer: string, onError: (error: unknown) => void) {
    this.#pool = pool
    this.writer = writer
    this.#onError = onError
    this.#partitions = setInterval(() => { pool.query('select karta.make_partitions()').catch(onError) }, PARTITIONS_EVERY).unref()
  }

  /** Registers this process as a writer. `onError` hears of failures that no request waits for. */
  static async start (pool: pg.Pool, processName: string, onError: (error: unknown) => void): Promise<AuditWriter> {
    await pool.query('select karta.make_partitions()')
    const { rows } = await pool.query<{ writer: string }>('insert into karta.audit_writer (process) values ($1) returning writer', [processName])
    const [row] = rows
    if (row === undefined) throw new Error('the audit writer has no number')
    return new AuditWriter(pool, row.writer, onError)
  }

  get queued (): number {
    return this.#pending.length
  }

  /** Records what is about to be shown; durable when it resolves. Rejects with FhirError 503: then nothing may be shown. */
  record (caller: Caller, shown: Shown): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ row: this.row(caller, shown), resolve, reject })
      if (this.#pending.length === 1) setImmediate(() => this.#flush())
    })
  }

  /** The row of a write, which is stored in the write's own transaction. Tell `committed` when it was. */
  row (caller: Caller, { interaction, type, status, query, rows }: Shown): AuditRow {
    const owners = ownersOf(rows)
    return {
      seq: ++this.#seq,
      owner: owners[0] ?? '0',
      owners: owners.length > 1 ? owners : undefined,
      actor: caller.kind === 'self' ? caller.owner : caller.actor,
      caller: CALLERS.indexOf(caller.kind) + 1,
      interaction: INTERACTIONS.indexOf(interaction) + 1,
      type: type === undefined ? 0 : numberOf(type),
      status,
      client: caller.client,
      query,
      shown: rows.map(row => row.rid)
    }
  }

  /** A write's row is in the database: the next flush seals it. */
  committed (row: AuditRow): void {
    this.#sealed.push(row.seq)
    this.#sealing ??= setTimeout(() => {
      this.#sealing = undefined
      this.#flush()
    }, SEAL_AFTER).unref()
  }

  /** Seals what is left. */
  async end (): Promise<void> {
    clearInterval(this.#partitions)
    clearTimeout(this.#sealing)
    await this.#flushing
    if (this.#pending.length + this.#sealed.length > 0) await this.#run()
  }

  #flush (): void {
    if (this.#flushing !== undefined || this.#pending.length + this.#sealed.length === 0) return
    this.#flushing = this.#run().finally(() => {
      this.#flushing = undefined
      if (this.#pending.length > 0) this.#flush()
    })
  }

  async #run (): Promise<void> {
    const batch = this.#pending.splice(0, MAX_ROWS)
    const sealed = this.#sealed
    this.#sealed = []
    try {
      if (this.#inDoubt) await this.#findHead()
      await this.#send(batch.map(({ row }) => row), sealed)
      for (const { resolve } of batch) resolve()
    } catch (error) {
      // Whether the flush was committed is not known: the head is read again before the next one.
      this.#inDoubt = true
      this.#sealed.push(...sealed)
      this.#onError(error)
      for (const { reject } of batch) reject(unavailable('the audit trail cannot be written', { cause: error }))
    }
  }

  async #send (rows: readonly AuditRow[], sealed: readonly number[]): Promise<void> {
    const { rows: [answer] } = await this.#pool.query<{ head: Buffer }>({
      name: 'audit-flush', text: FLUSH, values: [this.writer, this.#link + 1, this.#head, numbers(sealed), ...columns(rows)]
    })
    if (answer === undefined) throw new Error('the audit flush has no answer')
    this.#link++
    this.#head = answer.head
    this.flushes++
    this.rows += rows.length
  }

  async #findHead (): Promise<void> {
    const { rows: [last] } = await this.#pool.query<{ link: string, hash: Buffer, sealed: string[] | null }>(
      `select l.link, l.hash, (select array_agg(s) from unnest($2::int8[]) s where exists (
         select from karta.audit_link k where k.writer = l.writer and k.seqs @> s)) as sealed
       from karta.audit_link l where l.writer = $1 order by l.link desc limit 1`, [this.writer, numbers(this.#sealed)])
    this.#link = Number(last?.link ?? 0)
    this.#head = last?.hash ?? Buffer.alloc(32)
    const known = new Set(last?.sealed?.map(Number))
    this.#sealed = this.#sealed.filter(seq => !known.has(seq))
    this.#inDoubt = false
  }
}

// Class 0 to 4; directory (2) and conformance (3) resources concern no patient.
function ownersOf (rows: Shown['rows']): string[] {
  const [only] = rows
  if (rows.length === 1 && only !== undefined && only.owners === undefined) return isOpen(only) ? [] : [only.owner]
  const owners = new Set<string>()
  for (const row of rows) {
    if (isOpen(row)) continue
    for (const owner of row.owners ?? [row.owner]) owners.add(owner)
  }
  return [...owners]
}

const isOpen = (row: { readonly class: number }): boolean => row.class === 2 || row.class === 3

const TYPES = ['int8[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int2[]', 'int2[]', 'text[]', 'text[]', 'text[]', 'text[]']
const FLUSH = `select karta.audit_flush($1::int8, $2::int8, $3::bytea, $4::int8[], ${TYPES.map((type, index) => `$${index + 5}::${type}`).join(', ')}) as head`

const columns = (rows: readonly AuditRow[]): unknown[] => [
  numbers(rows.map(row => row.seq)), numbers(rows.map(row => row.owner)), numbers(rows.map(row => row.actor)),
  numbers(rows.map(row => row.caller)), numbers(rows.map(row => row.interaction)), numbers(rows.map(row => row.type)),
  numbers(rows.map(row => row.status)), texts(rows.map(row => row.client)), texts(rows.map(row => row.query ?? null)),
  texts(rows.map(row => row.owners === undefined ? null : `{${row.owners.join(',')}}`)),
  texts(rows.map(row => row.shown.length === 0 ? null : `{${row.shown.join(',')}}`))
]
