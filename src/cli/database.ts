import pg from 'pg'
import type { Config } from '../config.js'
import { prepare, type Say } from '../main.js'

/** Runs a command's work on the migrated database of this configuration, which the server may be using as well. */
export async function withDatabase<T> (config: Config, say: Say, work: (pool: pg.Pool, url: string) => Promise<T>): Promise<T> {
  const database = await prepare({ ...config, demo: false }, say)
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
  try {
    return await work(pool, database.url)
  } finally {
    await pool.end()
    await database.stop()
  }
}
