// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The two ways to use pg: a pool with a statement on each connection, and connections that carry many statements at once.
import pg from 'pg'
import type { Statement } from './statements.js'

export type Run = <Row extends pg.QueryResultRow>(statement: Statement) => Promise<readonly Row[]>

const OPTIONS = '-c jit=off -c plan_cache_mode=force_generic_plan'

/** `pool:16` or `pipeline:2`. */
export async function connect (url: string, mode: string): Promise<Run> {
  const [kind = '', count = '1'] = mode.split(':')
  if (kind === 'pool') {
    const pool = new pg.Pool({ connectionString: url, max: Number(count), idleTimeoutMillis: 0, options: OPTIONS })
    return async statement => (await pool.query({ ...statement })).rows
  }
  const clients = await Promise.all(Array.from({ length: Number(count) }, async () => {
    const client = new pg.Client({ connectionString: url, pipeline: true, options: OPTIONS })
    await client.connect()
    return client
  }))
  let turn = 0
  return async statement => {
    const client = clients[turn = (turn + 1) % clients.length]
    if (client === undefined) throw new RangeError('there is no connection')
    return (await client.query({ ...statement })).rows
  }
}
