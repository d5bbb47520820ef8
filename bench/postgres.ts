// A PostgreSQL of the benchmark's own, with the settings of the embedded one: what is acknowledged is on the disk.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { openCluster } from '../src/embedded/cluster.js'
import { postmasterOf } from '../src/embedded/postmaster.js'

export interface Postgres {
  readonly folder: string
  readonly url: (database: string) => string
  /** The process whose descendants do the database's work; it changes when PostgreSQL is started again. */
  readonly pid: () => number | undefined
  /** Makes an empty database, or a copy of another that nobody uses. */
  readonly create: (database: string, template?: string) => Promise<void>
  readonly version: string
  readonly stop: () => Promise<void>
}

/** Runs SQL on a connection of its own. */
export async function ask<Row extends pg.QueryResultRow> (url: string, sql: string, values: readonly unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return values.length === 0 ? (await client.query<Row>(sql)).rows ?? [] : (await client.query<Row>(sql, [...values])).rows
  } finally {
    await client.end()
  }
}

/** A new folder that the account of PostgreSQL can enter, so that all of it is below. */
export function temporaryFolder (name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`))
  chmodSync(folder, 0o711)
  return folder
}

/** Starts a cluster in a temporary folder; `stop` removes it. */
export async function startPostgres (): Promise<Postgres> {
  const folder = temporaryFolder('karta-bench')
  const cluster = await openCluster({ dataDir: folder, say: () => {} })
  const url = (database: string): string => cluster.url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`)
  const [row] = await ask<{ server_version: string }>(url('postgres'), 'show server_version')
  return {
    folder,
    url,
    pid: () => postmasterOf(join(folder, 'postgres'))?.pid,
    create: async (database, template = 'template0') => { await ask(url('postgres'), `create database ${database} template ${template} strategy file_copy`) },
    version: row?.server_version ?? '',
    stop: async () => {
      await cluster.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
