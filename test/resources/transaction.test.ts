// https://hl7.org/fhir/R4/http.html#trules
import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { server, type TestServer } from '../server.js'

const request = (method: string, url: string, resource?: object, more: object = {}, fullUrl?: string): object =>
  ({ request: { method, url, ...more }, ...(resource !== undefined && { resource }), ...(fullUrl !== undefined && { fullUrl }) })

const transaction = async (ask: TestServer['ask'], entry: unknown[], headers = {}): Promise<LightMyRequestResponse> =>
  await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry }, headers)

const pulse = (subject: string, more: object = {}): object => ({ resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, subject: { reference: subject }, ...more })

t.test('entries that refer to each other are stored together, with the ids they got', async t => {
  const { ask } = await server(t)
  const [anna, visit] = [`urn:uuid:${randomUUID()}`, 'urn:oid:1.2.3.4']

  const reply = await transaction(ask, [
    request('POST', 'Observation', pulse(anna, { encounter: { reference: visit } })),
    request('POST', 'Encounter', { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' }, subject: { reference: anna } }, {}, visit),
    request('POST', 'Patient', { resourceType: 'Patient', active: true }, {}, anna)
  ])

  t.equal(reply.statusCode, 200, reply.body)
  const places = (reply.json().entry as { response: { status: string, location: string } }[]).map(({ response }) => response.location.split('/_history')[0] ?? '')
  const observation = (await ask('GET', `/fhir/${places[0]}`)).json()
  t.equal(observation.subject.reference, places[2])
  t.equal(observation.encounter.reference, places[1])
})

t.test('a reference to an entry of a type that may not stand there is refused', async t => {
  const { ask } = await server(t)
  const visit = `urn:uuid:${randomUUID()}`

  const reply = await transaction(ask, [
    request('POST', 'Observation', pulse(visit)),
    request('POST', 'Encounter', { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } }, {}, visit)
  ])

  t.equal(reply.statusCode, 422, reply.body)
  t.match(reply.json().issue[0], { expression: [/^Bundle\.entry\[0\]\.resource.*subject/], diagnostics: /Encounter is not allowed here/ })
})

t.test('a search that hides behind an escape is no reference that is stored', async t => {
  const { app, as } = await server(t)
  const body = '{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"POST","url":"Basic"},"resource":{"resourceType":"Basic","code":{"text":"x"},"author":{"\\u0072eference":"Practitioner?identifier=x|1"}}}]}'

  const reply = await app.inject({ method: 'POST', url: '/fhir', headers: { ...await as('operator'), 'content-type': 'application/fhir+json' }, payload: body })

  t.equal(reply.statusCode, 400, reply.body)
  t.match(reply.json().issue[0].diagnostics, /^Bundle\.entry\[0\]: the reference Practitioner\?identifier=x\|1/)
})

t.test('what a transaction was made of is not kept while the database works on it', async t => {
  const { ask, pool, server: { writer } } = await server(t)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  let version: WeakRef<object> | undefined
  const commit = writer.commit.bind(writer)
  // Not t.capture, which keeps what it is called with.
  writer.commit = group => {
    version = new WeakRef(group.versions[0] ?? {})
    return commit(group)
  }
  const inTheWay = await pool.connect()
  await inTheWay.query('begin; lock table karta.change in exclusive mode')

  const answering = transaction(ask, [request('POST', 'Patient', { resourceType: 'Patient', active: true })])
  const waiting = async (): Promise<boolean> => (await pool.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rowCount === 1
  while (!await waiting()) await pause(5)
  collect()
  await pause(1)

  t.ok(version)
  t.equal(version?.deref(), undefined)
  await inTheWay.query('rollback')
  inTheWay.release()
  t.equal((await answering).statusCode, 200)
})

t.test('a transaction that fails names the entry, and nothing of it has happened', async t => {
  const { ask, pool } = await server(t)
  const good = request('PUT', 'Patient/anna', { resourceType: 'Patient', id: 'anna' })

  const bad: [object, number, RegExp][] = [
    [request('POST', 'Patient', { resourceType: 'Patient', gender: 'x' }), 422, /gender/],
    [request('POST', 'Patient', { resourceType: 'Observation' }), 400, /Observation/],
    [request('PUT', 'Patient/berta', { resourceType: 'Patient', id: 'carla' }), 400, /id/],
    [request('GET', 'Patient/nobody'), 404, /Patient\/nobody is not known/],
    [request('PUT', 'Patient/berta', { resourceType: 'Patient', id: 'berta' }, { ifMatch: 'W/"1"' }), 412, /version 1/],
    [request('PUT', 'Patient/berta', { resourceType: 'Patient', id: 'berta' }, { ifMatch: '1' }), 400, /If-Match/],
    [request('POST', 'Patient', { resourceType: 'Patient' }, { ifNoneExist: 'a=b' }), 400, /a: Patient has no such search parameter/],
    [request('PUT', 'Patient/berta', { resourceType: 'Patient', id: 'berta' }, { ifNoneExist: 'name=x' }), 400, /ifNoneExist is for POST/],
    [request('PUT', 'Patient/berta', { resourceType: 'Patient', id: 'berta' }, {}, 'http://karta.test/fhir/Patient/carla'), 400, /fullUrl/],
    [request('GET', 'Patient?shoe=x'), 400, /shoe/],
    [request('GET', 'Patient?birthdate=soon'), 400, /birthdate/],
    [request('POST', 'Patient/_search?name=x', { resourceType: 'Parameters' }), 400, /a search takes no resource/],
    [request('DELETE', 'Patient'), 400, /without criteria/],
    [request('PUT', 'Patient?_count=1', { resourceType: 'Patient' }), 400, /_count|criteria/],
    [request('PATCH', 'Patient?name=x', { resourceType: 'Parameters', parameter: [] }), 404, /no Patient meets the criteria/],
    [request('GET', '_history'), 400, /history-system/],
    [request('PATCH', 'Patient/nobody', { resourceType: 'Parameters', parameter: [] }), 404, /nobody/],
    [request('PATCH', 'Patient/nobody', { resourceType: 'Patient' }), 400, /patch/],
    [request('POST', 'Nonsense', { resourceType: 'Nonsense' }), 404, /Nonsense/]
  ]

  for (const [entry, status, words] of bad) {
    const reply = await transaction(ask, [good, entry])
    t.equal(reply.statusCode, status, `${JSON.stringify(entry)} ${reply.body}`)
    const [issue] = reply.json().issue
    t.match(issue.diagnostics, /^Bundle\.entry\[1\]: /)
    t.match(issue.diagnostics, words)
    t.match(issue.expression[0], /^Bundle\.entry\[1\]/)
  }
  t.equal((await pool.query('select from karta.version')).rowCount, 0)
})

t.test('two entries may not be about one resource, or have one name', async t => {
  const { ask } = await server(t)
  const put = request('PUT', 'Patient/anna', { resourceType: 'Patient', id: 'anna' })
  const named = request('POST', 'Patient', { resourceType: 'Patient' }, {}, 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0')

  for (const pair of [[put, put], [put, request('DELETE', 'Patient/anna')], [named, named]]) {
    const reply = await transaction(ask, pair)
    t.equal(reply.statusCode, 400, reply.body)
    t.match(reply.json().issue[0].diagnostics, /^Bundle\.entry\[[01]\]: .* entry [01] too$/)
  }
})

t.test('deletions come first and reads last, whatever their place', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna', active: true }, { resourceType: 'Patient', id: 'berta' })

  const reply = await transaction(ask, [
    request('GET', 'Patient/anna'),
    request('GET', 'metadata'),
    request('PUT', 'Patient/anna', { resourceType: 'Patient', id: 'anna', active: false }),
    request('DELETE', 'Patient/berta')
  ])

  const { entry } = reply.json()
  t.match(entry, [{ resource: { active: false }, response: { status: '200 OK' } }, { resource: { resourceType: 'CapabilityStatement' } }, { response: { status: '200 OK' } }, { response: { status: '204 No Content' } }])
  t.equal(entry[0].response.etag, entry[2].response.etag)
})

t.test('what a transaction deletes cannot be read in it', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })

  const reply = await transaction(ask, [request('GET', 'Patient/anna'), request('DELETE', 'Patient/anna')])

  t.equal(reply.statusCode, 410)
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('entries that refer to each other in a circle are stored', async t => {
  const { ask } = await server(t)
  const [a, b] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]

  const reply = await transaction(ask, [
    request('POST', 'Patient', { resourceType: 'Patient', link: [{ other: { reference: b }, type: 'seealso' }] }, {}, a),
    request('POST', 'Patient', { resourceType: 'Patient', link: [{ other: { reference: a }, type: 'seealso' }] }, {}, b)
  ])

  t.equal(reply.statusCode, 200, reply.body)
  const [first, second] = (reply.json().entry as { response: { location: string } }[]).map(({ response }) => response.location.split('/_history')[0])
  t.equal((await ask('GET', `/fhir/${first}`)).json().link[0].other.reference, second)
  t.equal((await ask('GET', `/fhir/${second}`)).json().link[0].other.reference, first)
})

t.test('entries that own each other in a circle, and nobody else, are refused to who treats patients', async t => {
  const { ask, put, as } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })
  const [a, b] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]
  const list = (item: string): object => ({ resourceType: 'Provenance', target: [{ reference: item }], recorded: '2026-11-22T10:00:00Z', agent: [{ who: { display: 'x' } }] })

  const reply = await transaction(ask, [request('POST', 'Provenance', list(b), {}, a), request('POST', 'Provenance', list(a), {}, b)], await as.treating(['anna']))

  t.ok(reply.statusCode === 422 || reply.statusCode === 403, reply.body)
})

t.test('a transaction is at most five round trips at any size, and one record', async t => {
  const { server: store, ask, pool } = await server(t)
  const anna = `urn:uuid:${randomUUID()}`
  const entries = [request('POST', 'Patient', { resourceType: 'Patient' }, {}, anna), ...Array.from({ length: 200 }, () => request('POST', 'Observation', pulse(anna)))]
  const [reads, writes, flushes] = [store.readers.trips, store.writer.trips, store.audit.flushes]

  const reply = await transaction(ask, entries)

  t.equal(reply.statusCode, 200, reply.body)
  t.ok(store.readers.trips - reads + store.writer.trips - writes + store.audit.flushes - flushes <= 5)
  const { rows } = await pool.query('select cardinality(shown) as shown, status from karta.audit')
  t.same(rows, [{ shown: 201, status: 200 }])
})

t.test('a transaction comes back in the form that is preferred', async t => {
  const { ask } = await server(t)
  const one = [request('POST', 'Patient', { resourceType: 'Patient', active: true })]

  const minimal = await transaction(ask, one)
  const whole = await transaction(ask, one, { prefer: 'return=representation' })

  t.equal(minimal.json().entry[0].resource, undefined)
  t.match(whole.json().entry[0].resource, { active: true })
})

t.test('each entry needs its scope, and a transaction without one is refused whole', async t => {
  const { ask, as } = await server(t)

  const reply = await transaction(ask, [request('POST', 'Patient', { resourceType: 'Patient' }), request('POST', 'Organization', { resourceType: 'Organization', name: 'x' })], await as('operator', 'system/Patient.c'))

  t.equal(reply.statusCode, 403)
  t.match(reply.json().issue[0].diagnostics, /^Bundle\.entry\[1\]/)
})

t.test('what is around the resources is validated too: nothing misspelt is passed over', async t => {
  const { ask } = await server(t)
  const entry = { resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient', ifmatch: 'W/"1"' } }

  const reply = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [entry] })

  t.equal(reply.statusCode, 422)
  t.match(reply.json().issue[0], { code: 'structure', expression: ['Bundle.entry[0].request'] })
})
