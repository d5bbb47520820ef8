// https://hl7.org/fhir/R4/http.html#brules
import t from 'tap'
import { server, type TestServer } from '../server.js'

interface Answered { response: { status: string, location?: string, etag?: string, lastModified?: string, outcome?: { issue: { diagnostics: string }[] } }, resource?: { id: string, resourceType: string, type?: string }, fullUrl?: string }

const request = (method: string, url: string, more: object = {}, resource?: object): object => ({ request: { method, url, ...more }, ...(resource !== undefined && { resource }) })

async function batch (ask: TestServer['ask'], entry: unknown[], headers = {}): Promise<Answered[]> {
  const reply = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry }, headers)
  if (reply.statusCode !== 200) throw new Error(reply.body)
  return reply.json().entry
}

const statuses = (entries: Answered[]): string[] => entries.map(({ response }) => response.status)

t.test('each entry of a batch is answered in its place', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna', active: true }, { resourceType: 'Patient', id: 'old' })

  const entries = await batch(ask, [
    request('GET', 'Patient/anna'),
    request('POST', 'Patient', {}, { resourceType: 'Patient', gender: 'female' }),
    request('PUT', 'Patient/berta', {}, { resourceType: 'Patient', id: 'berta' }),
    request('DELETE', 'Patient/old'),
    request('GET', 'Patient/nobody'),
    request('GET', 'Patient/berta'),
    request('GET', '/Patient/anna/_history?_count=1'),
    request('GET', 'http://karta.test/fhir/Patient/anna'),
    request('HEAD', 'Patient/anna'),
    request('GET', 'metadata')
  ])

  t.same(statuses(entries), ['200 OK', '201 Created', '201 Created', '204 No Content', '404 Not Found', '200 OK', '200 OK', '200 OK', '200 OK', '200 OK'])
  t.match(entries[0], { fullUrl: 'http://karta.test/fhir/Patient/anna', resource: { id: 'anna' }, response: { etag: /^W\/"\d+"$/, lastModified: /Z$/ } })
  t.match(entries[1]?.response.location, /^Patient\/[^/]+\/_history\/\d+$/)
  t.equal(entries[1]?.resource, undefined)
  t.match(entries[4]?.response.outcome, { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'Patient/nobody is not known' }] })
  t.match(entries[6]?.resource, { resourceType: 'Bundle', type: 'history' })
  t.equal(entries[8]?.resource, undefined)
  t.equal(entries[9]?.resource?.resourceType, 'CapabilityStatement')
})

t.test('what one entry comes to changes nothing for another', async t => {
  const { ask } = await server(t)

  const entries = await batch(ask, [
    request('POST', 'Patient', {}, { resourceType: 'Patient', gender: 'x' }),
    request('POST', 'Patient', {}, { resourceType: 'Patient' }),
    request('POST', 'Patient', {}, { resourceType: 'Observation' }),
    request('PUT', 'Patient/anna', {}, { resourceType: 'Patient', id: 'berta' }),
    'nothing',
    { resource: { resourceType: 'Patient' } },
    request('POST', 'Patient'),
    request('TRACE', 'Patient/x'),
    request('GET', 'Foo/1'),
    request('POST', 'Patient/1', {}, { resourceType: 'Patient' }),
    request('GET', 'Patient?nmae=x'),
    request('PUT', 'Patient?shoe=x', {}, { resourceType: 'Patient' }),
    request('POST', 'Patient', { ifNoneExist: 'shoe=x' }, { resourceType: 'Patient' }),
    request('GET', 'http://elsewhere.test/Patient/1'),
    request('GET', 'Patient/1', {}, { resourceType: 'Patient' }),
    request('GET', 'Patient/$match')
  ])

  t.same(statuses(entries).map(status => status.slice(0, 3)), ['422', '201', '400', '400', '400', '400', '400', '400', '404', '405', '400', '400', '400', '400', '400', '404'])
  for (const { response } of entries) if (response.status !== '201 Created') t.ok(response.outcome?.issue[0]?.diagnostics, JSON.stringify(response))
})

t.test('conditions of an entry are those of its request', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })
  const etag = String((await ask('GET', '/fhir/Patient/anna')).headers.etag)

  const entries = await batch(ask, [
    request('GET', 'Patient/anna', { ifNoneMatch: etag }),
    request('GET', 'Patient/anna', { ifModifiedSince: '2100-01-01T00:00:00Z' }),
    request('GET', 'Patient/anna', { ifModifiedSince: '2000-01-01T00:00:00Z' }),
    request('GET', 'Patient/anna', { ifModifiedSince: 'x' }),
    request('PUT', 'Patient/anna', { ifMatch: 'W/"1"' }, { resourceType: 'Patient', id: 'anna', active: true }),
    request('PUT', 'Patient/anna', { ifMatch: 'x' }, { resourceType: 'Patient', id: 'anna', active: true })
  ])

  t.same(statuses(entries).map(status => status.slice(0, 3)), ['304', '304', '200', '400', '412', '400'])
})

t.test('the writes of a batch come back in the form that is preferred', async t => {
  const { ask } = await server(t)
  const one = [request('POST', 'Patient', {}, { resourceType: 'Patient', active: true })]

  const [whole] = await batch(ask, one, { prefer: 'return=representation' })
  const [outcome] = await batch(ask, one, { prefer: 'return=OperationOutcome' })

  t.match(whole?.resource, { resourceType: 'Patient', active: true })
  t.match(outcome?.response.outcome, { resourceType: 'OperationOutcome' })
  t.equal(outcome?.resource, undefined)
})

t.test('the reads of a batch are one round trip and one record', async t => {
  const { server: store, ask, put, pool } = await server(t)
  await put(...['anna', 'berta', 'carla'].map(id => ({ resourceType: 'Patient', id })))
  await pool.query('delete from karta.audit')
  const trips = store.readers.trips

  await batch(ask, ['anna', 'berta', 'carla', 'nobody'].map(id => request('GET', `Patient/${id}`)))

  t.equal(store.readers.trips - trips, 1)
  const { rows } = await pool.query('select cardinality(shown) as shown, cardinality(owners) as owners from karta.audit')
  t.same(rows, [{ shown: 3, owners: 3 }])
})

t.test('each entry needs the scope of its interaction', async t => {
  const { ask, put, as } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })
  const reader = await as('operator', 'system/Patient.r')

  const entries = await batch(ask, [request('GET', 'Patient/anna'), request('DELETE', 'Patient/anna'), request('GET', 'Observation/x')], reader)

  t.same(statuses(entries), ['200 OK', '403 Forbidden', '403 Forbidden'])
})

t.test('a Bundle that is no batch is refused', async t => {
  const { ask } = await server(t)

  const bodies = [{ resourceType: 'Patient' }, { resourceType: 'Bundle' }, { resourceType: 'Bundle', type: 'collection' }, { resourceType: 'Bundle', type: 'batch', entry: {} }, []]

  for (const body of bodies) t.equal((await ask('POST', '/fhir', body)).statusCode, 400, JSON.stringify(body))
  t.equal((await ask('POST', '/fhir/', { resourceType: 'Bundle', type: 'batch' })).statusCode, 200)
  t.equal((await ask('POST', '/fhir?_summary=true', { resourceType: 'Bundle', type: 'batch' })).statusCode, 400)
})

t.test('a Bundle has no more entries than the limit', async t => {
  const { ask } = await server(t, { bundleLimit: 3 })
  const entry = Array(4).fill(request('GET', 'Patient/x'))

  const reply = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry })

  t.equal(reply.statusCode, 413)
  t.match(reply.json(), { issue: [{ code: 'too-long', diagnostics: /4 entries: at most 3/ }] })
})

t.test('a search in a batch answers with its Bundle', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna', gender: 'female' })

  const [found, none] = await batch(ask, [request('GET', 'Patient?gender=female'), request('GET', 'Patient?gender=male')])

  t.match(found, { response: { status: '200 OK' }, resource: { resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ resource: { id: 'anna' } }] } })
  t.match(none, { resource: { total: 0 } })
})
