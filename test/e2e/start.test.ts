import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { alive, postmasterOf } from '../../src/embedded/postmaster.js'
import { testDatabase } from '../database.js'
import { ask, dataFolder, environment, karta, refused, ROOT, start, stopped, tokenFor } from './process.js'

const ANNA = { resourceType: 'Patient', name: [{ family: 'Sokolova', given: ['Anna'] }] }

async function eventually (holds: () => Promise<boolean>): Promise<void> {
  const until = Date.now() + 30_000
  while (!await holds()) {
    if (Date.now() > until) throw new Error('it does not become so')
    await pause(50)
  }
}

async function takenPort (): Promise<{ port: number, free: () => Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, free: async () => { await once(server.close(), 'close') } }
}

t.test('a first start answers with a database and secrets of its own', async t => {
  const DATA_DIR = dataFolder(t)

  const { url, output } = await start(t, { DATA_DIR })

  t.equal((await ask(`${url}/fhir/metadata`)).status, 200)
  t.equal((await ask(`${url}/livez`)).status, 200)
  t.equal((await ask(`${url}/readyz`)).status, 200)
  t.equal((await ask(`${url}/fhir/Patient/anna`)).status, 401)
  t.match(output(), /npx karta token --client/)
  for (const name of ['database-password', 'token-key']) t.equal(statSync(join(DATA_DIR, name)).mode & 0o777, 0o600, name)
})

t.test('what is written is read back, after a stop and a start too, and after kill -9', async t => {
  const DATA_DIR = dataFolder(t)
  const first = await start(t, { DATA_DIR })
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const { status, json: { id } } = await ask(`${first.url}/fhir/Patient`, headers, 'POST', ANNA)
  t.equal(status, 201)

  t.equal(await stopped(first), 0)
  t.equal(postmasterOf(join(DATA_DIR, 'postgres')), undefined, 'PostgreSQL is stopped last')
  const second = await start(t, { DATA_DIR })
  t.match(await ask(`${second.url}/fhir/Patient/${id}`, headers), { status: 200, json: ANNA })

  await stopped(second, 'SIGKILL')
  const third = await start(t, { DATA_DIR })
  t.match(await ask(`${third.url}/fhir/Patient/${id}`, headers), { status: 200, json: ANNA })
})

t.test('the second `npm start` reaches its first right read in a second', async t => {
  const DATA_DIR = dataFolder(t)
  const { port, free } = await takenPort()
  await free()
  const PORT = String(port)
  const first = await start(t, { DATA_DIR, PORT })
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test', '--minutes', '600')
  const { json: { id } } = await ask(`${first.url}/fhir/Patient`, headers, 'POST', ANNA)
  await stopped(first)
  const took: number[] = []

  for (let turn = 0; turn < 3; turn++) {
    const since = performance.now()
    const npm = spawn('npm', ['start'], { cwd: ROOT, env: environment({ DATA_DIR, PORT }), stdio: 'ignore', detached: true })
    t.teardown(() => { if (npm.exitCode === null && npm.signalCode === null) process.kill(-(npm.pid ?? 0), 'SIGKILL') })
    await eventually(async () => (await ask(`http://127.0.0.1:${port}/fhir/Patient/${id}`, headers).catch(() => undefined))?.json?.name?.[0]?.family === 'Sokolova')
    took.push(performance.now() - since)
    const ended = once(npm, 'exit')
    npm.kill('SIGTERM')
    await ended
    await eventually(async () => postmasterOf(join(DATA_DIR, 'postgres')) === undefined)
  }

  // Where others work at the same time, everything takes longer; how much longer, an empty Node tells.
  const since = performance.now()
  spawnSync(process.execPath, ['-e', '0'])
  const bare = performance.now() - since
  t.comment(`first right read after ${took.map(Math.round).join(', ')} ms, looked for every 50 ms; node -e 0 takes ${Math.round(bare)} ms`)
  t.ok(Math.min(...took) < Math.max(1000, 12 * bare))
})

t.test('a port that is taken is named, before anything is made', async t => {
  const DATA_DIR = dataFolder(t)
  const { port, free } = await takenPort()
  t.teardown(free)

  const { code, output } = await refused(t, { DATA_DIR, PORT: String(port) })

  t.equal(code, 1)
  t.match(output, new RegExp(`^karta: Port ${port} of 127.0.0.1 is taken[^\\n]*PORT=0`))
  t.notOk(existsSync(DATA_DIR))
})

t.test('a setting that does not exist, and one with a bad value, stop the start by name', async t => {
  const DATA_DIR = dataFolder(t)

  const unknown = await refused(t, { DATA_DIR, KARTA_DEOM: 'off' })
  const bad = await refused(t, { DATA_DIR, KARTA_ZONE: 'Moscow' })

  t.match(unknown, { code: 1, output: /^karta: KARTA_DEOM: there is no such setting/ })
  t.match(bad, { code: 1, output: /^karta: KARTA_ZONE is "Moscow"\. Allowed: / })
})

t.test('a folder of another PostgreSQL stops the start with the command to run', async t => {
  const DATA_DIR = dataFolder(t)
  mkdirSync(join(DATA_DIR, 'postgres'), { recursive: true })
  writeFileSync(join(DATA_DIR, 'postgres/PG_VERSION'), '15\n')

  const { code, output } = await refused(t, { DATA_DIR })

  t.equal(code, 1)
  t.match(output, /^karta: .*was written by PostgreSQL 15[^]*Nothing was changed[^]*\/usr\/lib\/postgresql\/18\/bin\/pg_upgrade/)
})

t.test('two servers that start at once on one folder share its database, and each may leave first', async t => {
  const DATA_DIR = dataFolder(t)

  const [one, two] = await Promise.all([start(t, { DATA_DIR }), start(t, { DATA_DIR })])

  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const { json: { id } } = await ask(`${one.url}/fhir/Patient`, headers, 'POST', ANNA)
  t.match(await ask(`${two.url}/fhir/Patient/${id}`, headers), { status: 200, json: ANNA })
  t.equal(await stopped(one), 0)
  t.match(await ask(`${two.url}/fhir/Patient/${id}`, headers), { status: 200, json: ANNA })
})

t.test('SIGTERM lets a request that runs end, and accepts no other', async t => {
  const DATA_DIR = dataFolder(t)
  const server = await start(t, { DATA_DIR })
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const text = JSON.stringify(ANNA)
  const running = request(`${server.url}/fhir/Patient`, { method: 'POST', headers: { ...headers, 'content-type': 'application/fhir+json', 'content-length': text.length } })
  running.write(text.slice(0, 10))
  await eventually(async () => running.socket?.bytesWritten !== undefined && running.socket.bytesWritten > text.length)
  await pause(100)
  const answered = once(running, 'response')
  const ended = once(server.child, 'exit')

  server.child.kill('SIGTERM')
  await eventually(async () => await ask(`${server.url}/livez`).then(() => false, () => true))
  running.end(text.slice(10))

  const [reply] = await answered
  t.equal(reply.statusCode, 201)
  reply.resume()
  const [code] = await ended
  t.equal(code, 0)
})

t.test('a PostgreSQL that dies under the server comes back by itself, and so do the answers', async t => {
  const DATA_DIR = dataFolder(t)
  const { url, child } = await start(t, { DATA_DIR })
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const { json: { id } } = await ask(`${url}/fhir/Patient`, headers, 'POST', ANNA)
  const statuses = new Set<number>()

  process.kill(postmasterOf(join(DATA_DIR, 'postgres'))?.pid ?? 0, 'SIGKILL')

  await eventually(async () => {
    const { status } = await ask(`${url}/fhir/Patient/${id}`, headers)
    statuses.add(status)
    return status === 200 && statuses.size > 1
  })
  t.same([...statuses].sort(), [200, 503])
  t.equal(child.exitCode, null)
})

t.test('DATABASE_URL is used, and nothing is started beside it', async t => {
  const DATA_DIR = dataFolder(t)
  const DATABASE_URL = await testDatabase(t)

  const { url } = await start(t, { DATA_DIR, DATABASE_URL })

  const headers = await tokenFor({ DATA_DIR, DATABASE_URL }, '--client', 'test')
  t.equal((await ask(`${url}/fhir/Patient`, headers, 'POST', ANNA)).status, 201)
  t.notOk(existsSync(join(DATA_DIR, 'postgres')))
})

t.test('a DATABASE_URL that does not let us in is named without its password', async t => {
  const DATABASE_URL = (await testDatabase(t)).replace(/\/[^/]*$/, '/nowhere')

  const { code, output } = await refused(t, { DATA_DIR: dataFolder(t), DATABASE_URL })

  t.equal(code, 1)
  t.match(output, /^karta: The database of DATABASE_URL \(.*\/nowhere\) does not answer: /)
  t.notMatch(output, new URL(DATABASE_URL).password || 'no password')
})

t.test('several workers answer on one port; one that dies is replaced; all end together', async t => {
  const DATA_DIR = dataFolder(t)
  const server = await start(t, { DATA_DIR, WORKERS: '2' })
  const headers = await tokenFor({ DATA_DIR }, '--client', 'test')
  const { json: { id } } = await ask(`${server.url}/fhir/Patient`, headers, 'POST', ANNA)
  const workers = readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8').trim().split(' ').map(Number)
    .filter(pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('cli.js'))
  t.equal(workers.length, 2)

  process.kill(workers[0] ?? 0, 'SIGKILL')

  await eventually(async () => /starting another/.test(server.output()))
  for (let turn = 0; turn < 6; turn++) t.equal((await ask(`${server.url}/fhir/Patient/${id}`, { ...headers, connection: 'close' })).status, 200)
  t.equal(await stopped(server), 0)
  t.notOk(workers.some(alive))
  t.equal(postmasterOf(join(DATA_DIR, 'postgres')), undefined)
})

t.test('several workers are started by `npm start` too', async t => {
  const DATA_DIR = dataFolder(t)

  const server = await start(t, { DATA_DIR, WORKERS: '2' }, { file: process.execPath, args: ['scripts/start.js'] })

  t.equal((await ask(`${server.url}/fhir/metadata`)).status, 200)
  t.equal(await stopped(server), 0)
})

t.test('karta config prints what holds, without a password', async t => {
  const text = await karta({ DATABASE_URL: 'postgres://karta:geheim@db.example.org/karta', KARTA_ZONE: 'Europe/Moscow' }, 'config')

  t.match(JSON.parse(text), { zone: 'Europe/Moscow', databaseUrl: 'postgres://karta:***@db.example.org/karta' })
})
