import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import t, { type Test } from 'tap'
import { openCluster } from '../../src/embedded/cluster.js'
import { alive, postmasterOf } from '../../src/embedded/postmaster.js'

const AS_ROOT = process.getuid?.() === 0

function folder (t: Test, name = ''): string {
  const made = mkdtempSync(join(tmpdir(), 'karta-cluster-'))
  chmodSync(made, 0o711)
  const dataDir = join(made, name)
  t.teardown(() => {
    const place = join(dataDir, 'postgres')
    const elsewhere = existsSync(dataDir) && lstatSync(place).isSymbolicLink() ? dirname(readlinkSync(place)) : undefined
    rmSync(made, { recursive: true })
    if (elsewhere !== undefined) rmSync(elsewhere, { recursive: true })
  })
  return dataDir
}

async function opened (t: Test, dataDir: string, said: string[] = []) {
  const cluster = await openCluster({ dataDir, settings: { shared_buffers: '128MB', fsync: 'off' }, say: line => said.push(line) })
  t.teardown(cluster.stop)
  return cluster
}

async function answer (url: string, sql: string): Promise<unknown> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    const { rows: [row] } = await client.query(sql)
    return row === undefined ? undefined : Object.values(row)[0]
  } finally {
    await client.end()
  }
}

async function eventually<T> (ask: () => Promise<T>, deadline = Date.now() + 20_000): Promise<T> {
  try {
    return await ask()
  } catch (thrown) {
    if (Date.now() > deadline) throw thrown
    await pause(50)
    return await eventually(ask, deadline)
  }
}

t.test('a first start makes a database that keeps what it acknowledges', async t => {
  const dataDir = folder(t)

  const { url } = await opened(t, dataDir)

  t.match(await answer(url, 'show server_version'), /^18\./)
  t.equal(await answer(url, 'show server_encoding'), 'UTF8')
  t.equal(await answer(url, 'show synchronous_commit'), 'on')
  t.equal(await answer(url, 'show password_encryption'), 'scram-sha-256')
  t.equal(await answer(url, "select current_setting('listen_addresses') = ''"), true, 'nobody reaches it over the network')
  t.equal(await answer(url, "select datcollate from pg_database where datname = 'karta'"), 'C')
})

t.test('secrets are readable by their owner only, and nobody enters without the password', async t => {
  const dataDir = folder(t)

  const { url } = await opened(t, dataDir)

  t.equal(statSync(join(dataDir, 'database-password')).mode & 0o777, 0o600)
  t.equal(statSync(join(dataDir, 'postgres')).mode & 0o777, 0o700)
  await t.rejects(answer(url.replace(/:[^:@]*@/, ':wrong@'), 'select 1'), { code: '28P01' })
})

t.test('what was written is there after a stop and a start', async t => {
  const dataDir = folder(t)
  const first = await openCluster({ dataDir, say: () => {} })
  await answer(first.url, 'create table kept as select 7 as n')
  await first.stop()
  t.equal(postmasterOf(join(dataDir, 'postgres')), undefined, 'PostgreSQL is stopped')

  const { url } = await opened(t, dataDir)

  t.equal(await answer(url, 'select n from kept'), 7)
})

t.test('two that start at once on one folder use one PostgreSQL, and the last one out stops it', async t => {
  const dataDir = folder(t)

  const [one, two] = await Promise.all([opened(t, dataDir), opened(t, dataDir)])

  t.equal(one.url, two.url)
  t.equal(await answer(one.url, 'select 1 as n'), 1)
})

t.test('a PostgreSQL that is killed is started again, with what it had acknowledged', async t => {
  const dataDir = folder(t)
  const said: string[] = []
  const { url } = await opened(t, dataDir, said)
  await answer(url, 'create table kept as select 7 as n')
  const before = postmasterOf(join(dataDir, 'postgres'))?.pid ?? 0

  process.kill(before, 'SIGKILL')

  await eventually(async () => { if (alive(before)) throw new Error('it lives') })
  t.equal(await eventually(async () => await answer(url, 'select n from kept')), 7)
  t.not(postmasterOf(join(dataDir, 'postgres'))?.pid, before)
  t.match(said.join('\n'), /starting it again/)
})

t.test('a lock file whose number now belongs to another program does not stop the start', async t => {
  const dataDir = folder(t)
  const first = await openCluster({ dataDir, say: () => {} })
  const lock = join(dataDir, 'postgres/postmaster.pid')
  const text = readFileSync(lock, 'utf8')
  await first.stop()
  writeFileSync(lock, text.replace(/^\d+/, String(process.pid)), { mode: 0o600 })

  const { url } = await opened(t, dataDir)

  t.equal(await answer(url, 'select 1 as n'), 1)
})

t.test('an empty lock file is waited for where it is new, and taken away where it is old', async t => {
  const dataDir = folder(t)
  const first = await openCluster({ dataDir, say: () => {} })
  const lock = join(dataDir, 'postgres/postmaster.pid')
  await first.stop()
  const { uid, gid } = statSync(join(dataDir, 'postgres'))
  writeFileSync(lock, '', { mode: 0o600 })
  chownSync(lock, uid, gid)
  const written = setTimeout(() => rmSync(lock), 700)

  const second = await openCluster({ dataDir, say: () => {} })

  t.equal(await answer(second.url, 'select 1 as n'), 1)
  await second.stop()
  clearTimeout(written)
  writeFileSync(lock, '', { mode: 0o600 })
  utimesSync(lock, new Date(), new Date(Date.now() - 60_000))

  const { url } = await opened(t, dataDir)

  t.equal(await answer(url, 'select 1 as n'), 1)
})

t.test('a folder of another major version is left alone, with the command to run', async t => {
  const dataDir = folder(t)
  mkdirSync(join(dataDir, 'postgres'))
  writeFileSync(join(dataDir, 'postgres/PG_VERSION'), '16\n')

  await t.rejects(openCluster({ dataDir, say: () => {} }), { name: 'StartError', message: /PostgreSQL 16[^]*pg_upgrade[^]*-d .*postgres-16/ })

  t.notOk(existsSync(join(dataDir, 'database-password')), 'nothing was written')
})

t.test('a folder that cannot be written is named', async t => {
  const dataDir = folder(t, 'file/data')
  writeFileSync(dirname(dataDir), 'no folder')

  await t.rejects(openCluster({ dataDir, say: () => {} }), { name: 'StartError', message: /Cannot write .*file\/data: a part of the path is not a folder/ })
})

t.test('a path that is too long for a socket gets a port of this machine, which stays', async t => {
  const dataDir = folder(t, 'x'.repeat(100))
  const first = await openCluster({ dataDir, say: () => {} })
  t.match(first.url, /@127\.0\.0\.1:\d+\/karta$/)
  await first.stop()

  const { url } = await opened(t, dataDir)

  t.equal(url, first.url)
  t.equal(await answer(url, 'show listen_addresses'), '127.0.0.1')
})

t.test('below a home that only root may enter, the files go where the account can reach them', { skip: !AS_ROOT && 'needs root' }, async t => {
  const dataDir = folder(t, 'home/data')
  mkdirSync(dirname(dataDir), { mode: 0o700 })
  const said: string[] = []

  const { url } = await opened(t, dataDir, said)

  t.equal(await answer(url, 'select 1 as n'), 1)
  const place = readlinkSync(join(dataDir, 'postgres'))
  t.not(statSync(place).uid, 0)
  t.ok(said.includes(`The database's files are in ${place}`), 'it says where')
})
