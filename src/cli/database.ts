import pg from 'pg'
import type { Config } from '../config.js'
import { prepare, type Say } from '../main.js'

/** Runs a command's work on the migrated database of this configuration, which the server may be using as well. */
export async function withDatabase<T> (config: Config, say: Say, work: (pool: pg.Pool, url: string) => Promise<T>): Promise<T> {
  const database = await prepare({ ...config, demo: false }, say)
  const pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => {})
  // Interrupted, the command ends where it is, but leaves no PostgreSQL behind that it has started.
  let ending: Promise<void> | undefined
  const interrupt = (): void => { ending ??= database.stop().finally(() => process.exit(130)) }
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    return await work(pool, database.url)
  } catch (thrown) {
    // Losing the database is no news then.
    await ending
    throw thrown
  } finally {
    await pool.end()
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
    await database.stop()
  }
}
