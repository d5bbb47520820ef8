// Puts the demo city into a new database.
import pg from 'pg'
import type { Config } from '../config.js'

// A row of what has been loaded, like a file's: there, and without resources, while the city is being written.
const KEY = 'demo city'
// Two processes that start at once: one writes, the other waits.
const LOCK = 5_527_001

/**
 * Writes the city where nothing was ever written, or where writing it was interrupted. Answers how many resources were
 * written: 0 on every later start, and where the operator has records of his own.
 */
export async function seed (config: Config, url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    if (!await isWanted(client)) return 0
    await client.query('select pg_advisory_lock($1)', [LOCK])
    if (!await isWanted(client)) return 0
    await mark(client, 0)
    // Every start comes here, and only the first needs the server's modules for it.
    const { writeCity } = await import('./write.js')
    const written = await writeCity(config, url)
    await mark(client, written)
    return written
  } finally {
    await client.end()
  }
}

async function isWanted (client: pg.Client): Promise<boolean> {
  const { rows: [row] } = await client.query<{ begun: boolean | null, empty: boolean }>(`
    select (select resources = 0 from karta.loaded where key = $1) as begun, not exists (select from karta.version) as empty`, [KEY])
  return row !== undefined && (row.begun ?? row.empty)
}

async function mark (client: pg.Client, resources: number): Promise<void> {
  await client.query(`insert into karta.loaded (key, resources, failed) values ($1, $2, '{}')
    on conflict (key) do update set resources = excluded.resources, at = excluded.at`, [KEY, resources])
}
