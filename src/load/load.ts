// karta load: files into the record, through the write path of the server, several units at a time.
import type pg from 'pg'
import { referenceTo } from '../fhir/reference.js'
import { ErrorFile } from './error-file.js'
import { finish } from './finish.js'
import type { Loading } from './loading.js'
import { OPERATOR } from './operator.js'
import { ownerlessSince, settle } from './ownerless.js'
import { sourcesOf } from './sources.js'
import { Tally } from './tally.js'
import { Writing } from './writing.js'

export interface Loaded {
  readonly tally: Tally
  readonly seconds: number
  /** How many found their patient only after they were written. */
  readonly settled: number
  /** How many are nobody's, and the first of them; all are in the error file. */
  readonly ownerless: number
  readonly examples: readonly string[]
}

const EXAMPLES = 20

/** Loads what the paths name. Throws StartError for a path that cannot be loaded, and what the database says when it is gone. */
export async function load (loading: Loading, paths: readonly string[]): Promise<Loaded> {
  const sources = sourcesOf(paths)
  const { pool, progress } = loading
  const start = performance.now()
  const since = await lastRid(pool)
  const errors = new ErrorFile(loading.errorFile)
  const tally = new Tally()
  try {
    progress.start(sources.reduce((sum, { size }) => sum + size, 0), tally)
    try {
      await new Writing(loading, OPERATOR, tally, errors).all(sources)
    } finally {
      progress.stop()
    }
    const settled = await settle(loading.server, OPERATOR, pool, since)
    const left = await listed(pool, since, errors)
    await finish(pool)
    return { tally, seconds: (performance.now() - start) / 1000, settled, ...left }
  } finally {
    await errors.end()
  }
}

async function listed (pool: pg.Pool, since: string, errors: ErrorFile): Promise<Pick<Loaded, 'ownerless' | 'examples'>> {
  let ownerless = 0
  const examples: string[] = []
  for await (const { type, id } of ownerlessSince(pool, since)) {
    errors.addOwnerless(referenceTo(type, id))
    if (ownerless++ < EXAMPLES) examples.push(referenceTo(type, id))
  }
  return { ownerless, examples }
}

async function lastRid (pool: pg.Pool): Promise<string> {
  const { rows: [row] } = await pool.query<{ rid: string }>('select (karta.clock_ms() << 20)::text as rid')
  return row?.rid ?? '0'
}
