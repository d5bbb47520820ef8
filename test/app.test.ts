import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { server, type Resource } from './server.js'

const patient = (id: string, more: object = {}): Resource => ({ resourceType: 'Patient', id, ...more })
const LONG = { ...patient('anna'), text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${'Anna '.repeat(500)}</div>` } }

t.test('each request is one line that says what was done and never to whom or with what', async t => {
  const { ask, put, lines, as } = await server(t)
  await put(patient('secret-anna', { name: [{ family: 'Bergmann' }] }))
  const doctor = await as.treating(['secret-anna'])
  lines.length = 0

  await ask('GET', '/fhir/Patient/secret-anna?_pretty=true', undefined, doctor)
  await ask('GET', '/fhir/Patient/secret-anna/_history?_since=2020-01-01T00:00:00Z')
  await ask('GET', '/fhir/Nonsense/secret-anna')
  await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction' })

  const logged = lines.map(line => JSON.parse(line))
  t.match(logged, [
    { interaction: 'read', type: 'Patient', status: 200, trips: 1, caller: 'treating', client: 'test', msg: 'request' },
    { interaction: 'history-instance', type: 'Patient', status: 200, caller: 'operator' },
    { status: 404 },
    { interaction: 'transaction', status: 200 }
  ])
  for (const { ms, request: id, actor } of logged) t.match({ ms, id, actor }, { ms: Number, id: String, actor: String })
  t.notMatch(lines.join(''), /secret-anna|Bergmann|2020-01-01|_pretty|Bearer|eyJ|Nonsense/)
})

t.test('a request keeps the name that its client gave it, if it is fit for a log', async t => {
  const { ask, lines } = await server(t)

  const kept = await ask('GET', '/fhir/metadata', undefined, { 'x-request-id': 'visit-7.a' })
  const made = await ask('GET', '/fhir/metadata', undefined, { 'x-request-id': 'a b\tc' })

  t.equal(kept.headers['x-request-id'], 'visit-7.a')
  t.match(lines[0], /"request":"visit-7\.a"/)
  t.not(made.headers['x-request-id'], 'a b\tc')
})

t.test('long answers are sent in fewer bytes to who asks for it', async t => {
  const { ask, put } = await server(t)
  await put(LONG, patient('berta'))
  const plain = await ask('GET', '/fhir/Patient/anna')
  const encoded = async (accept: string, id = 'anna'): Promise<[unknown, Buffer]> => {
    const reply = await ask('GET', `/fhir/Patient/${id}`, undefined, { 'accept-encoding': accept })
    return [reply.headers['content-encoding'], reply.rawPayload]
  }

  const [br, brotli] = await encoded('gzip, deflate, br')
  const [gzip, zip] = await encoded('gzip;q=1.0, br;q=0.5')

  t.equal(plain.headers['content-encoding'], undefined)
  t.equal(br, 'br')
  t.equal(brotliDecompressSync(brotli).toString(), plain.body)
  t.equal(gzip, 'gzip')
  t.equal(gunzipSync(zip).toString(), plain.body)
  for (const accept of ['identity', 'deflate', 'gzip;q=0', 'br;q=0, gzip;q=0']) t.equal((await encoded(accept))[0], undefined, accept)
  t.equal((await encoded('gzip', 'berta'))[0], undefined, 'a short one is not worth it')
})

t.test('browsers may ask from the origins that are named, and read the headers that FHIR needs', async t => {
  const { ask, app } = await server(t, { corsOrigins: ['https://app.example.org'] })

  const preflight = await app.inject({ method: 'OPTIONS', url: '/fhir/Patient/x', headers: { origin: 'https://app.example.org', 'access-control-request-method': 'PUT', 'access-control-request-headers': 'authorization, if-match' } })
  const mine = await ask('GET', '/fhir/metadata', undefined, { origin: 'https://app.example.org' })
  const other = await ask('GET', '/fhir/metadata', undefined, { origin: 'https://evil.example.org' })

  t.equal(preflight.statusCode, 204)
  t.match(preflight.headers, { 'access-control-allow-origin': 'https://app.example.org', 'access-control-allow-methods': /PATCH/, 'access-control-allow-headers': /if-match/ })
  t.match(mine.headers, { 'access-control-allow-origin': 'https://app.example.org', 'access-control-expose-headers': /ETag.*Location/ })
  t.equal(other.headers['access-control-allow-origin'], undefined)
})

t.test('without origins there is no word of CORS', async t => {
  const { ask } = await server(t)

  const { headers } = await ask('GET', '/fhir/metadata', undefined, { origin: 'https://app.example.org' })

  t.equal(headers['access-control-allow-origin'], undefined)
})

t.test('the process says that it lives, and whether it can serve', async t => {
  const { app, pool } = await server(t)

  t.equal((await app.inject('/livez')).statusCode, 200)
  t.equal((await app.inject('/readyz')).statusCode, 200)
  await pool.query('delete from karta.migration where name = (select max(name) from karta.migration)')
  const behind = await app.inject('/readyz')
  t.equal(behind.statusCode, 503)
  t.match(behind.json(), { issue: [{ diagnostics: /migrated/ }] })
  t.ok(behind.headers['retry-after'])
})

t.test('the metrics count what was done, for the operator or on this machine', async t => {
  const { ask, app, put, as } = await server(t)
  await put(patient('anna'))
  await ask('GET', '/fhir/Patient/anna')

  const local = await app.inject('/metrics')
  const proxied = await app.inject({ url: '/metrics', headers: { 'x-forwarded-for': '10.0.0.1' } })
  const remote = await app.inject({ url: '/metrics', remoteAddress: '10.0.0.1' })
  const operator = await app.inject({ url: '/metrics', remoteAddress: '10.0.0.1', headers: await as('operator') })
  const patientSelf = await app.inject({ url: '/metrics', remoteAddress: '10.0.0.1', headers: await as.self('anna') })

  t.same([local, proxied, remote, operator, patientSelf].map(({ statusCode }) => statusCode), [200, 401, 401, 200, 403])
  for (const name of ['karta_request_seconds_count{interaction="read",status="2xx"} 1', 'karta_audit_flushes_total', 'karta_write_queue', 'karta_requests_in_flight', 'nodejs_eventloop_lag_seconds']) {
    t.ok(local.body.includes(name), name)
  }
  for (const pool of ['read', 'write', 'audit']) t.match(local.body, new RegExp(`^karta_pool\\{pool="${pool}",state="idle"\\} [1-9]`, 'm'))
  t.notMatch(local.body, /anna/)
})

t.test('beyond what is worked on and what may wait, requests are turned away before anything is done', async t => {
  const { app, ask, pool, server: store, put, as } = await server(t, { inFlight: 2, queue: 3 })
  await put(patient('anna'))
  const operator = await as('operator')
  const blocker = await pool.connect()
  await blocker.query('begin; lock table karta.version in access exclusive mode')
  const asked = Array.from({ length: 8 }, () => app.inject({ url: '/fhir/Patient/anna', headers: operator }))

  // Who is turned away hears of it at once, while the others wait.
  const first = await Promise.race(asked)
  const alive = await app.inject('/livez')
  // The others are sent at the end of the turn in which they came.
  while (store.readers.shared.figures.busy === 0) await new Promise(resolve => setTimeout(resolve, 5))
  const figures = await app.inject('/metrics')
  await blocker.query('rollback')
  blocker.release()
  const replies = await Promise.all(asked)

  t.equal(first.statusCode, 429)
  t.equal(first.headers['retry-after'], '2')
  t.match(first.json(), { resourceType: 'OperationOutcome', issue: [{ code: 'throttled' }] })
  t.equal(alive.statusCode, 200)
  t.match(figures.body, /^karta_pool\{pool="read",state="busy"\} [1-9]/m)
  t.match(figures.body, /^karta_pool\{pool="read",state="waiting"\} [1-9]/m)
  t.same(replies.map(({ statusCode }) => statusCode).sort(), [200, 200, 200, 200, 200, 429, 429, 429])
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('who hangs up leaves his slot, and his place in the queue', async t => {
  const { app, ask, pool, put, as } = await server(t, { inFlight: 1, queue: 1 })
  await put(patient('anna'))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const headers = await as('operator')
  const blocker = await pool.connect()
  await blocker.query('begin; lock table karta.version in access exclusive mode')
  const waiting = [0, 1].map(() => request({ port, path: '/fhir/Patient/anna', headers }).on('error', () => {}))
  const metric = async (name: string): Promise<number> => Number(new RegExp(`^${name} (\\d+)`, 'm').exec((await app.inject('/metrics')).body)?.[1])
  const until = async (name: string, value: number): Promise<void> => { while (await metric(name) !== value) await new Promise(resolve => setImmediate(resolve)) }
  for (const one of waiting) one.end()
  await until('karta_requests_waiting', 1)

  const closed = waiting.map(one => new Promise(resolve => { one.once('close', resolve) }))
  for (const one of waiting) one.destroy()
  await Promise.all(closed)

  await until('karta_requests_waiting', 0)
  await until('karta_requests_in_flight', 0)
  await blocker.query('rollback')
  blocker.release()
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('a database that cannot be reached is 503, and back when it is back', async t => {
  const { ask, put, pool } = await server(t)
  await put(patient('anna'))

  await pool.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()')
  const replies = await Promise.all([ask('GET', '/fhir/Patient/anna'), ask('GET', '/fhir/Patient/anna')])
  const again = await ask('GET', '/fhir/Patient/anna')

  for (const reply of replies) t.ok(reply.statusCode === 503 || reply.statusCode === 200, String(reply.statusCode))
  for (const reply of replies.filter(({ statusCode }) => statusCode === 503)) {
    t.ok(reply.headers['retry-after'])
    t.match(reply.json(), { issue: [{ code: 'transient' }] })
  }
  t.ok([200, 503].includes(again.statusCode))
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('what goes wrong inside is told to the log, not to the client', async t => {
  const { ask, pool, lines, put } = await server(t)
  await put(patient('anna'))
  await pool.query('alter table karta.version rename column body to corpse')

  const reply = await ask('GET', '/fhir/Patient/anna')

  t.equal(reply.statusCode, 500)
  t.same(reply.json().issue, [{ severity: 'error', code: 'exception', diagnostics: 'Internal error' }])
  t.ok(lines.some(line => line.includes('request failed')))
})
