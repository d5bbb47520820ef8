// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The baseline of searches over HTTP: Fastify and pg, and for each search a statement that was written by hand. A request names its
// statement in the header x-item; they stand in a file, as { name, text, values }. What was shown is audited before it is sent.
//   URL=postgres://... ITEMS=file READS=pool:8 tsx bench/raw/search.ts      prints its port
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import { int8s } from './arrays.js'
import { connect } from './connections.js'
import type { Statement } from './statements.js'

interface Row { readonly type: number, readonly id: string, readonly rid: string, readonly owner: string, readonly body: string, readonly included?: boolean }
interface Waiting { readonly seq: number, readonly rows: readonly Row[], readonly done: () => void, readonly failed: (error: unknown) => void }

const setting = (name: string): string => process.env[name] ?? ''
const { types, statements } = JSON.parse(readFileSync(setting('ITEMS'), 'utf8')) as { readonly types: Readonly<Record<string, number>>, readonly statements: readonly Statement[] }
const names = new Map(Object.entries(types).map(([name, number]) => [number, name]))
const [run, audits] = await Promise.all([connect(setting('URL'), setting('READS')), connect(setting('URL'), 'pool:1')])

// Requests that end at the same time share a flush, with one link that seals them.
const AUDIT = `
  with a as (insert into raw.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, shown)
    select statement_timestamp(), $1::int8, x.seq, 0, 1, 1, 5, 0, 200, 'bench', x.shown::int8[] from unnest($2::int8[], $3::text[]) as x(seq, shown))
  insert into raw.audit_link (writer, link, at, seqs, hash) values ($1::int8, $4::int8, statement_timestamp(), $5::int8multirange, $6::bytea)`
const [HASH, WRITER] = [randomBytes(32), String(Date.now())]
const audit = { waiting: [] as Waiting[], busy: false, sequence: 0, link: 0 }

async function record (rows: readonly Row[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    audit.waiting.push({ seq: ++audit.sequence, rows, done: resolve, failed: reject })
    if (!audit.busy) void flush()
  })
}

async function flush (): Promise<void> {
  audit.busy = true
  while (audit.waiting.length > 0) {
    const batch = audit.waiting.splice(0, 1000)
    const first = batch[0]?.seq ?? 0
    try {
      await audits({
        name: 'audit',
        text: AUDIT,
        values: [WRITER, int8s(batch.map(({ seq }) => String(seq))), batch.map(({ rows }) => `{${rows.map(({ rid }) => rid).join(',')}}`),
          String(++audit.link), `{[${first},${first + batch.length})}`, HASH]
      })
      for (const { done } of batch) done()
    } catch (error) {
      for (const { failed } of batch) failed(error)
    }
  }
  audit.busy = false
}

const lastUpdated = (rid: string): string => new Date(Number(BigInt(rid) >> 20n)).toISOString()

function entry ({ type: number, id, rid, body, included }: Row): string {
  const type = names.get(number) ?? ''
  return `{"fullUrl":"http://127.0.0.1/fhir/${type}/${id}","resource":{"resourceType":"${type}","id":"${id}","meta":{"versionId":"${rid}","lastUpdated":"${lastUpdated(rid)}"${body},"search":{"mode":"${included === true ? 'include' : 'match'}"}}`
}

const app = fastify()
app.get('/fhir/*', async (request, reply) => {
  const statement = statements[Number(request.headers['x-item'])]
  if (statement === undefined) return await reply.code(404).send()
  const rows = await run<Row>(statement)
  await record(rows)
  return await reply.header('content-type', 'application/fhir+json; charset=utf-8').send(`{"resourceType":"Bundle","type":"searchset","entry":[${rows.map(entry).join(',')}]}`)
})

process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
