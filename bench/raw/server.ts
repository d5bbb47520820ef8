// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The baselines over HTTP: Fastify and pg, no FHIR logic. A request names its rows in the header x-item; they stand in a file.
//   KIND=same|ideal URL=postgres://... ITEMS=file READS=pipeline:1 WRITES=pool:16 tsx bench/raw/server.ts      prints its port
import { readFileSync } from 'node:fs'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import { connect } from './connections.js'
import { ideal } from './ideal.js'
import type { Item } from './rows.js'
import { sameRows } from './same-rows.js'

export interface Stored { readonly id: string, readonly rid: string, readonly text: string }

export interface Baseline {
  readonly read: (typeName: string, type: number, id: string) => Promise<Stored | undefined>
  readonly create: (item: number) => Promise<Stored>
  readonly update: (item: number, id: string) => Promise<Stored>
  readonly remove: (item: number, id: string) => Promise<void>
  readonly bundle: (item: number) => Promise<readonly { readonly type: string, readonly id: string, readonly rid: string }[]>
}

interface Parameters { type: string, id: string }

const FHIR_JSON = 'application/fhir+json; charset=utf-8'
const setting = (name: string): string => process.env[name] ?? ''

const items = JSON.parse(readFileSync(setting('ITEMS'), 'utf8')) as { readonly types: Readonly<Record<string, number>>, readonly items: readonly Item[] }
const [reads, writes, audits] = await Promise.all([connect(setting('URL'), setting('READS')), connect(setting('URL'), setting('WRITES')), connect(setting('URL'), 'pool:1')])
const baseline = setting('KIND') === 'same' ? sameRows(reads, writes, audits, items.items) : ideal(reads, writes, items.items)

const itemOf = (request: FastifyRequest): number => Number(request.headers['x-item'])

async function show (reply: FastifyReply, status: number, stored: Stored | undefined, ifNoneMatch: string | undefined): Promise<FastifyReply> {
  if (stored === undefined) return await reply.code(404).send()
  const etag = `W/"${stored.rid}"`
  reply.header('etag', etag)
  if (ifNoneMatch === etag) return await reply.code(304).send()
  return await reply.code(status).header('content-type', FHIR_JSON).send(stored.text)
}

const app = fastify({ bodyLimit: 512 * 1024 * 1024 })
app.removeAllContentTypeParsers()
app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => { done(null, body) })

app.get<{ Params: Parameters }>('/fhir/:type/:id', async (request, reply) => {
  const { type, id } = request.params
  return await show(reply, 200, await baseline.read(type, items.types[type] ?? 0, id), request.headers['if-none-match'])
})
app.post<{ Params: Parameters }>('/fhir/:type', async (request, reply) => {
  const stored = await baseline.create(itemOf(request))
  reply.header('location', `http://127.0.0.1/fhir/${request.params.type}/${stored.id}/_history/${stored.rid}`)
  return await show(reply, 201, stored, undefined)
})
app.put<{ Params: Parameters }>('/fhir/:type/:id', async (request, reply) =>
  await show(reply, 200, await baseline.update(itemOf(request), request.params.id), undefined))
app.delete<{ Params: Parameters }>('/fhir/:type/:id', async (request, reply) => {
  await baseline.remove(itemOf(request), request.params.id)
  return await reply.code(204).send()
})
app.post('/fhir', async (request, reply) => {
  const stored = await baseline.bundle(itemOf(request))
  const entries = stored.map(({ type, id, rid }) =>
    `{"response":{"status":"201 Created","location":"http://127.0.0.1/fhir/${type}/${id}/_history/${rid}","etag":"W/\\"${rid}\\""}}`)
  return await reply.header('content-type', FHIR_JSON).send(`{"resourceType":"Bundle","type":"transaction-response","entry":[${entries.join(',')}]}`)
})

process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
