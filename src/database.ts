import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'pg'
import type { Config } from './config.js'
import { openCluster } from './embedded/cluster.js'
import { codeOf, StartError } from './start-error.js'

export interface Database {
  readonly url: string
  /** Stops the embedded PostgreSQL, if it was that and nobody else uses it. */
  readonly stop: () => Promise<void>
}

const WAIT = 30_000
// Nobody listens yet, the name is not known yet, or it says itself that it is starting: a database that is started together with us.
const NOT_YET = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT', 'ECONNRESET', '57P03']

/** The PostgreSQL of DATABASE_URL, or the embedded one in the data folder, started when it does not run. Throws StartError. */
export async function openDatabase ({ databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>, say: (line: string) => void): Promise<Database> {
  if (databaseUrl === undefined) return await openCluster({ dataDir, say })
  await checkServer(databaseUrl, say)
  return { url: databaseUrl, stop: async () => {} }
}

async function checkServer (url: string, say: (line: string) => void): Promise<void> {
  const client = await connected(url, say)
  try {
    const { rows: [row] } = await client.query<{ version: string, number: number, encoding: string }>(
      "select current_setting('server_version') as version, current_setting('server_version_num')::int as number, current_setting('server_encoding') as encoding")
    if (row === undefined || row.number < 150_000 || row.number >= 190_000) {
      throw new StartError(`DATABASE_URL is PostgreSQL ${row?.version}; Karta works with PostgreSQL 15 to 18.`)
    }
    if (row.encoding !== 'UTF8') {
      throw new StartError(`The database of DATABASE_URL has the encoding ${row.encoding}; Karta needs UTF8: create database karta encoding 'UTF8' template template0`)
    }
  } finally {
    await client.end()
  }
}

async function connected (url: string, say: (line: string) => void): Promise<Client> {
  const until = Date.now() + WAIT
  for (let tries = 0; ; tries++) {
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 5000 })
    try {
      await client.connect()
      return client
    } catch (thrown) {
      if (!NOT_YET.includes(codeOf(thrown) ?? '') || Date.now() > until) throw new StartError(`${place(url)} does not answer: ${reason(thrown)}`, { cause: thrown })
      if (tries === 0) say(`Waiting for ${place(url)}: ${reason(thrown)}`)
      await pause(500)
    }
  }
}

// Never the password: the line goes to a log.
function place (url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `The database of DATABASE_URL (${decodeURIComponent(hostname)}:${port === '' ? '5432' : port}${pathname})`
}

const reason = (thrown: unknown): string => thrown instanceof Error && thrown.message !== '' ? thrown.message : codeOf(thrown) ?? String(thrown)
