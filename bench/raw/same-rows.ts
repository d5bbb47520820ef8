// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The same-rows baseline: stores and reads what the server stores and reads for the same work, and nothing else.
import { randomBytes } from 'node:crypto'
import { int8s } from './arrays.js'
import { insertMany, prepare, type Prepared } from './bundle-statement.js'
import type { Run } from './connections.js'
import type { Item, RowSet } from './rows.js'
import { deleteOne, insertOne, updateOne, type AuditValues, type Statement } from './statements.js'
import type { Baseline, Stored } from './server.js'

const SELECT = `select type, id, rid, ver, state, body, owner, owners, class from raw.version
  where type = $1::int2 and id = $2::text order by ver desc limit 1`

// Requests that end at the same time share a flush of the audit, with one link that seals them.
const AUDIT = `
  with a as (insert into raw.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, shown)
    select statement_timestamp(), $1::int8, x.seq, x.owner, $2::int8, 1, 1, x.type, 200, $3::text, array[x.shown]
    from unnest($4::int8[], $5::int8[], $6::int2[], $7::int8[]) as x(seq, owner, type, shown))
  insert into raw.audit_link (writer, link, at, seqs, hash) values ($1::int8, $8::int8, statement_timestamp(), $9::int8multirange, $10::bytea)`

interface Read { readonly rid: string, readonly state: number, readonly body: string, readonly owner: string }
interface Waiting { readonly seq: number, readonly owner: string, readonly type: number, readonly rid: string, readonly done: () => void, readonly failed: (error: unknown) => void }

const HASH = randomBytes(32)
const WRITER = String(Date.now())

let last = 0n
let sequence = 0

/** The next version's number: the clock's milliseconds and a counter. */
function nextRid (): string {
  const now = BigInt(Date.now()) << 20n
  last = now > last ? now : last + 1n
  return String(last)
}

/** An id that sorts by time. */
function nextId (): string {
  const hex = Date.now().toString(16).padStart(12, '0') + randomBytes(10).toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

const audit = (): AuditValues => ({ writer: WRITER, seq: ++sequence, actor: '1', client: 'bench' })
const lastUpdated = (rid: string): string => new Date(Number(BigInt(rid) >> 20n)).toISOString()

const textOf = (type: string, id: string, rid: string, body: string): string =>
  `{"resourceType":"${type}","id":"${id}","meta":{"versionId":"${rid}","lastUpdated":"${lastUpdated(rid)}"${body}`

/** Groups the audit rows of reads: one flush at a time. */
class Audit {
  readonly #run: Run
  #waiting: Waiting[] = []
  #busy = false
  #link = 0

  constructor (run: Run) {
    this.#run = run
  }

  async record (owner: string, type: number, rid: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ seq: ++sequence, owner, type, rid, done: resolve, failed: reject })
      if (!this.#busy) void this.#flush()
    })
  }

  async #flush (): Promise<void> {
    this.#busy = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 1000)
      try {
        await this.#run(this.#statement(batch))
        for (const { done } of batch) done()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
    }
    this.#busy = false
  }

  #statement (batch: readonly Waiting[]): Statement {
    const first = batch[0]?.seq ?? 0
    return {
      name: 'audit',
      text: AUDIT,
      values: [WRITER, '1', 'bench', int8s(batch.map(({ seq }) => String(seq))), int8s(batch.map(({ owner }) => owner)), `{${batch.map(({ type }) => type).join(',')}}`,
        int8s(batch.map(({ rid }) => rid)), String(++this.#link), `{[${first},${first + batch.length})}`, HASH]
    }
  }
}

/** The baseline over these connections. */
export function sameRows (reads: Run, writes: Run, audits: Run, items: readonly Item[]): Baseline {
  const trail = new Audit(audits)
  const prepared = new Map<number, Prepared>()
  const rowOf = (item: number): RowSet => {
    const row = items[item]?.[0]
    if (row === undefined) throw new RangeError(`there is no item ${item}`)
    return row
  }
  const stored = (row: RowSet, id: string, rid: string): Stored => ({ id, rid, text: textOf(row.typeName, id, rid, row.body) })
  return {
    async read (typeName, type, id) {
      const [row] = await reads<Read & { id: string }>({ name: 'select', text: SELECT, values: [type, id] })
      if (row === undefined) return undefined
      await trail.record(row.owner, type, row.rid)
      return row.state === 9 ? undefined : { id, rid: row.rid, text: textOf(typeName, id, row.rid, row.body) }
    },
    async create (item) {
      const [row, id, rid] = [rowOf(item), nextId(), nextRid()]
      await writes(insertOne(row.typeName === 'Patient' ? { ...row, owner: rid } : row, id, rid, audit()))
      return stored(row, id, rid)
    },
    async update (item, id) {
      const [row, rid] = [rowOf(item), nextRid()]
      await writes(updateOne(row, id, rid, audit()))
      return stored(row, id, rid)
    },
    async remove (item, id) {
      await writes(deleteOne(rowOf(item), id, nextRid(), audit()))
    },
    async bundle (item) {
      const rows = items[item] ?? []
      let ready = prepared.get(item)
      if (ready === undefined) prepared.set(item, ready = prepare(rows))
      const [ids, rids] = [rows.map(nextId), rows.map(nextRid)]
      await writes(insertMany(ready, ids, rids, audit()))
      return rows.map((row, place) => ({ type: row.typeName, id: ids[place] ?? '', rid: rids[place] ?? '' }))
    }
  }
}
