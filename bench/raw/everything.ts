// The least that a chart costs: its rows along their key, page by page, written one after the other as entries. Fastify and pg; no policy, no audit,
// no moment, and nothing of what the rows refer to.
//   URL=postgres://... OWNER=surrogate tsx bench/raw/everything.ts      prints its port
import fastify from 'fastify'
import { Readable } from 'node:stream'
import pg from 'pg'

interface Row { readonly type: string, readonly id: string, readonly rid: string, readonly body: string }

const PAGE = 1000
// Without sorting, each page is a walk along the key; the planner, who expects few rows, would sort the whole chart for each.
const pool = new pg.Pool({ connectionString: process.env['URL'], max: 4, options: '-c jit=off -c plan_cache_mode=force_generic_plan -c enable_sort=off' })
const { rows: names } = await pool.query<{ number: number, name: string }>("select n as number, 'Type' || n as name from generate_series(1, 200) n")
const nameOf = new Map(names.map(({ number, name }) => [String(number), name]))

async function * chart (owner: string): AsyncGenerator<string> {
  let [below, between] = ['9223372036854775807', '']
  yield '{"resourceType":"Bundle","type":"searchset","entry":['
  const page = async (): Promise<Row[]> => (await pool.query<Row>({
    name: 'chart', text: 'select type::text, id, rid::text, body from karta.version where owner = $1::int8 and rid < $2::int8 and state = 0 order by rid desc limit $3::int4', values: [owner, below, PAGE]
  })).rows
  let due = page()
  for (;;) {
    const rows = await due
    below = rows.at(-1)?.rid ?? below
    if (rows.length === PAGE) due = page()
    let text = ''
    for (const { type, id, rid, body } of rows) {
      const name = nameOf.get(type) ?? ''
      text += `${between}{"fullUrl":"http://127.0.0.1/fhir/${name}/${id}","resource":{"resourceType":"${name}","id":"${id}","meta":{"versionId":"${rid}","lastUpdated":"${new Date(Number(BigInt(rid) >> 20n)).toISOString()}"${body},"search":{"mode":"match"}}`
      between = ','
    }
    yield text
    if (rows.length < PAGE) break
  }
  yield ']}'
}

const app = fastify()
app.get('/fhir/*', async (_, reply) => await reply.header('content-type', 'application/fhir+json; charset=utf-8').send(Readable.from(chart(process.env['OWNER'] ?? ''), { highWaterMark: 1 })))
process.stdout.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => process.exit(0))
