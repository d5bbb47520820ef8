import { readdirSync } from 'node:fs'
import type { Knex } from 'knex'
import { Client } from 'pg'
import { StartError } from '../start-error.js'

// Built, this file is dist/store/migrate.js and the migrations are dist/migrations/*.js; under tsx both are TypeScript.
const FOLDER = new URL(import.meta.url.endsWith('.ts') ? '../../migrations/' : '../migrations/', import.meta.url)
const TABLE = { schemaName: 'karta', tableName: 'migration' }
// Any number that nobody else takes an advisory lock with.
const LOCK = 5_527_000

interface Database { query: (sql: string) => Promise<{ rows: Array<{ name: string }> }> }

/** The names of all migrations, in order and without extension: the same whether they are read as .ts or as .js. */
const names = (): string[] =>
  readdirSync(FOLDER).filter(name => /^\d{4}_[a-z_]+\.(ts|js)$/.test(name)).map(name => name.slice(0, -3)).sort()

const source: Knex.MigrationSource<string> = {
  getMigrations: async () => names(),
  getMigrationName: name => name,
  getMigration: async name => await import(new URL(`${name}${import.meta.url.slice(-3)}`, FOLDER).href)
}

/**
 * The names of the migrations that this database lacks.
 * Throws StartError when it has one that this release does not know: a newer release wrote it.
 */
export async function pendingMigrations (database: Database): Promise<string[]> {
  const known = names()
  const { rows: [table] } = await database.query("select to_regclass('karta.migration')::text as name")
  const { rows } = typeof table?.name === 'string' ? await database.query('select name from karta.migration order by id') : { rows: [] }
  const done = new Set(rows.map(({ name }) => name))
  const unknown = [...done].filter(name => !known.includes(name))
  if (unknown.length > 0) {
    throw new StartError(`The database was migrated by a newer release of Karta (${unknown.join(', ')}). Run that release, or restore a backup from before.`)
  }
  return known.filter(name => !done.has(name))
}

/** Brings the database up to date and answers the names of what was run. Processes that start at once wait for the first one. */
export async function migrate (url: string): Promise<string[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const pending = await pendingMigrations(client)
    if (pending.length === 0) return []
    // Held by this connection and gone with it, unlike a row in a table, which a killed process would leave behind.
    await client.query(`select pg_advisory_lock(${LOCK})`)
    await client.query('create schema if not exists karta')
    return await latest(url)
  } finally {
    await client.end()
  }
}

async function latest (url: string): Promise<string[]> {
  // Only a database that is not current needs it, and it is slow to load.
  const { default: knex } = await import('knex')
  const database = knex({ client: 'pg', connection: url, pool: { min: 0, max: 1 }, migrations: { ...TABLE, migrationSource: source } })
  try {
    // A lock of knex that is seen here was left behind: its holder would hold ours too.
    await database.migrate.forceFreeMigrationsLock()
    const [, done] = await database.migrate.latest() as [number, string[]]
    return done
  } finally {
    await database.destroy()
  }
}
