// What a caller may not see does not exist for him: same status, same bytes, same headers.
import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { server, type Resource, type TestServer } from '../server.js'

const observation = (id: string, subject: string, more: object = {}): Resource =>
  ({ resourceType: 'Observation', id, status: 'final', code: { text: id }, subject: { reference: `Patient/${subject}` }, ...more })

const SECRET = { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } }

async function city (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const city = await server(t)
  await city.put(
    { resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'berta' },
    observation('pulse', 'anna'), observation('mood', 'anna', SECRET), observation('fever', 'berta'),
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic' })
  return city
}

/** All that a client can tell two answers apart by; the names of what was asked are taken out. */
function shape (reply: LightMyRequestResponse, id: string): object {
  const { date, 'x-request-id': request, ...headers } = reply.headers
  // A Bundle has an id and a time of its own.
  const body = reply.body.replaceAll(id, '*').replace(/"(id|lastUpdated)":"[^"]*"/g, '')
  return { status: reply.statusCode, headers, body }
}

t.test('each caller sees what is his', async t => {
  const { ask, as } = await city(t)
  const callers = { anna: await as.self('anna'), doctor: await as.treating(['anna'], 'user/*.rs') }

  const statuses = async (headers: Record<string, string>): Promise<number[]> =>
    await Promise.all(['Patient/anna', 'Observation/pulse', 'Observation/mood', 'Patient/berta', 'Observation/fever', 'Organization/clinic']
      .map(async path => (await ask('GET', `/fhir/${path}`, undefined, headers)).statusCode))

  t.same(await statuses({}), [200, 200, 200, 200, 200, 200])
  t.same(await statuses(callers.anna), [200, 200, 200, 404, 404, 200])
  t.same(await statuses(callers.doctor), [200, 200, 404, 404, 404, 200])
})

t.test('hidden and absent are one answer, to every interaction', async t => {
  const { ask, as, put } = await city(t)
  const doctor = await as.treating(['anna'])
  await put(observation('relief', 'berta'))
  await ask('DELETE', '/fhir/Observation/relief')
  const body = (id: string): object => observation(id, 'anna')
  const parameters = { resourceType: 'Parameters', parameter: [] }

  const asked: [string, (id: string) => Promise<LightMyRequestResponse>][] = [
    ['read', id => ask('GET', `/fhir/Observation/${id}`, undefined, doctor)],
    ['head', id => ask('HEAD', `/fhir/Observation/${id}`, undefined, doctor)],
    ['conditional read', id => ask('GET', `/fhir/Observation/${id}`, undefined, { ...doctor, 'if-none-match': '*' })],
    ['summary', id => ask('GET', `/fhir/Observation/${id}?_summary=true`, undefined, doctor)],
    ['elements', id => ask('GET', `/fhir/Observation/${id}?_elements=status&_pretty=true`, undefined, doctor)],
    ['vread', id => ask('GET', `/fhir/Observation/${id}/_history/1`, undefined, doctor)],
    ['history', id => ask('GET', `/fhir/Observation/${id}/_history`, undefined, doctor)],
    ['update', id => ask('PUT', `/fhir/Observation/${id}`, body(id), doctor)],
    ['update of a version', id => ask('PUT', `/fhir/Observation/${id}`, body(id), { ...doctor, 'if-match': 'W/"1"' })],
    ['patch', id => ask('PATCH', `/fhir/Observation/${id}`, parameters, doctor)],
    ['delete', id => ask('DELETE', `/fhir/Observation/${id}`, undefined, doctor)],
    ['delete of a version', id => ask('DELETE', `/fhir/Observation/${id}`, undefined, { ...doctor, 'if-match': 'W/"1"' })],
    ['batch', id => ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: ['GET', 'DELETE'].map(method => ({ request: { method, url: `Observation/${id}` } })) }, doctor)],
    ['transaction', id => ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'GET', url: `Observation/${id}` } }] }, doctor)]
  ]

  for (const [what, send] of asked) {
    for (const id of ['fever', 'mood', 'relief']) {
      const absent = 'x'.repeat(id.length)
      t.same(shape(await send(id), id), shape(await send(absent), absent), `${what} ${id}`)
    }
  }
  t.equal((await ask('GET', '/fhir/Observation/fever')).statusCode, 200)
})

t.test('histories leave out what is hidden, and count without it', async t => {
  const { ask, as } = await city(t)

  const ids = async (path: string, headers: Record<string, string>): Promise<string[]> => {
    const { entry = [] } = (await ask('GET', path, undefined, headers)).json() as { entry?: { resource: { id: string } }[] }
    return entry.map(({ resource }) => resource.id).sort()
  }

  t.same(await ids('/fhir/Observation/_history', await as.treating(['anna'])), ['pulse'])
  t.same(await ids('/fhir/Observation/_history', await as.self('anna')), ['mood', 'pulse'])
  t.same(await ids('/fhir/_history', await as.treating(['anna'])), ['anna', 'clinic', 'pulse'])
  t.same(await ids('/fhir/_history', await as.treating([])), ['clinic'])
  t.same(await ids('/fhir/_history', {}), ['anna', 'berta', 'clinic', 'fever', 'mood', 'pulse'])
})

t.test('a scope is asked for before any data is', async t => {
  const { ask, as, server: store } = await city(t)
  const reader = await as('operator', 'system/Observation.r')
  const trips = store.readers.trips

  const replies = await Promise.all([
    ask('GET', '/fhir/Patient/anna', undefined, reader), ask('GET', '/fhir/Patient/nobody', undefined, reader),
    ask('GET', '/fhir/_history', undefined, reader), ask('GET', '/fhir/Observation/_history', undefined, reader),
    ask('PUT', '/fhir/Observation/pulse', observation('pulse', 'anna'), reader), ask('POST', '/fhir/Observation', {}, reader),
    ask('DELETE', '/fhir/Observation/pulse', undefined, reader), ask('PATCH', '/fhir/Observation/pulse', {}, reader)
  ])

  t.same(replies.map(({ statusCode }) => statusCode), Array(8).fill(403))
  t.match(replies[0]?.json(), { issue: [{ code: 'forbidden', diagnostics: /scope/ }] })
  t.equal(store.readers.trips, trips)
  t.equal((await ask('GET', '/fhir/Observation/pulse', undefined, reader)).statusCode, 200)
})

t.test('who is registered is not written by who treats him', async t => {
  const { ask, as } = await city(t)
  const doctor = await as.treating(['anna'])

  t.equal((await ask('POST', '/fhir/Patient', { resourceType: 'Patient' }, doctor)).statusCode, 403)
  t.equal((await ask('POST', '/fhir/Organization', { resourceType: 'Organization', name: 'x' }, doctor)).statusCode, 403)
  t.equal((await ask('POST', '/fhir/Observation', { ...observation('new', 'anna'), id: undefined }, doctor)).statusCode, 201)
  t.equal((await ask('POST', '/fhir/Observation', { ...observation('new', 'berta'), id: undefined }, doctor)).statusCode, 422)
})

t.test('what was refused is in the audit trail', async t => {
  const { ask, as, pool } = await city(t)
  await pool.query('delete from karta.audit')

  await ask('GET', '/fhir/Observation/fever', undefined, await as.treating(['anna']))
  await ask('DELETE', '/fhir/Observation/fever', undefined, await as('operator', 'system/*.r'))

  const { rows } = await pool.query('select caller, status, shown from karta.audit order by seq')
  t.same(rows, [{ caller: 3, status: 404, shown: null }, { caller: 1, status: 403, shown: null }])
})
