import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import type { Test } from 'tap'
import { openCluster, type Cluster } from '../src/embedded/cluster.js'
import { alive } from '../src/embedded/postmaster.js'
import { migrate } from '../src/store/migrate.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const LOCK = 5_527_002
// One PostgreSQL for all test files of this clone and account. It is started by whoever comes first and stopped by whoever leaves last; its
// folder stays, so that the next run finds the template.
const FOLDER = join(tmpdir(), `karta-test-${userInfo().uid}-${createHash('sha256').update(ROOT).digest('hex').slice(0, 8)}`)
const SETTINGS = { fsync: 'off', full_page_writes: 'off', autovacuum: 'off', shared_buffers: '256MB', max_connections: '400', max_wal_size: '1GB' }

let server: Promise<string> | undefined
let made = 0

async function open (): Promise<string> {
  const given = process.env['KARTA_TEST_DATABASE_URL']
  if (given !== undefined) return given
  const { url, stop } = await testCluster()
  // Not above: a program that is no test is not watched by tap.
  const { default: root } = await import('tap')
  root.teardown(stop)
  return url
}

/** The PostgreSQL of the tests of this clone, for a program that is no test. */
export const testCluster = async (): Promise<Cluster> => await openCluster({ dataDir: FOLDER, settings: SETTINGS, say: () => {} })

const on = (url: string, database: string): string => url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`)

async function ask (url: string, work: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client({ connectionString: on(url, 'postgres') })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function templateName (): string {
  const hash = createHash('sha256')
  const folder = join(ROOT, 'migrations')
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)))
  return `karta_template_${hash.digest('hex').slice(0, 12)}`
}

const namesLike = async (client: Client, pattern: string): Promise<string[]> =>
  (await client.query<{ datname: string }>('select datname from pg_database where datname like $1', [pattern])).rows.map(({ datname }) => datname)

/** Makes the migrated template once; test files that come at the same time wait for it. */
async function ensureTemplate (url: string, client: Client, template: string): Promise<void> {
  if ((await namesLike(client, template)).length > 0) return
  await client.query(`select pg_advisory_lock(${LOCK})`)
  if ((await namesLike(client, template)).length === 0) {
    for (const old of await namesLike(client, 'karta\\_template\\_%')) await client.query(`drop database if exists ${old}`)
    await client.query('drop database if exists karta_building')
    await client.query('create database karta_building')
    await migrate(on(url, 'karta_building'))
    await client.query(`alter database karta_building rename to ${template}`)
  }
  await client.query(`select pg_advisory_unlock(${LOCK})`)
}

// A test that was killed could not drop its database; its process number tells that it is gone.
async function dropOrphans (client: Client): Promise<void> {
  for (const name of await namesLike(client, 'karta\\_test\\_%')) {
    if (!alive(Number(name.split('_')[2]))) await client.query(`drop database if exists ${name} with (force)`)
  }
}

/**
 * The URL of a database of this test's own: a fresh copy of the migrated template, dropped at teardown.
 * It is on the embedded PostgreSQL, or on the server of KARTA_TEST_DATABASE_URL.
 */
export async function testDatabase (t: Pick<Test, 'teardown'>): Promise<string> {
  const url = await (server ??= open())
  const template = templateName()
  const name = `karta_test_${process.pid}_${++made}`
  await ask(url, async client => {
    await dropOrphans(client)
    await ensureTemplate(url, client, template)
    await client.query(`create database ${name} template ${template} strategy file_copy`)
  })
  t.teardown(async () => {
    await ask(url, async client => {
      // Connections that were ended a moment ago may still be there; cutting them off would be an error in their test.
      await client.query(`drop database if exists ${name}`)
        .catch(async () => await client.query(`drop database if exists ${name} with (force)`))
    })
  })
  return on(url, name)
}
