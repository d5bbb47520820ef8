// https://hl7.org/fhir/R4/http.html#update https://hl7.org/fhir/R4/http.html#concurrency
import t from 'tap'
import { server } from '../server.js'

const ANNA = { resourceType: 'Patient', id: 'anna', active: true }

t.test('an update makes a new version, and the first one under an id says that it made the resource', async t => {
  const { ask } = await server(t)

  const made = await ask('PUT', '/fhir/Patient/anna', ANNA)
  const changed = await ask('PUT', '/fhir/Patient/anna', { ...ANNA, active: false })

  t.equal(made.statusCode, 201)
  t.match(made.headers.location, /^http:\/\/karta\.test\/fhir\/Patient\/anna\/_history\/\d+$/)
  t.equal(changed.statusCode, 200)
  t.equal(changed.headers.location, undefined)
  t.match(changed.headers['content-location'], /\/Patient\/anna\/_history\/\d+$/)
  t.not(changed.headers.etag, made.headers.etag)
  t.ok(Date.parse(changed.json().meta.lastUpdated) >= Date.parse(made.json().meta.lastUpdated))
})

t.test('the same body again is the same version', async t => {
  const { ask } = await server(t)
  const made = await ask('PUT', '/fhir/Patient/anna', ANNA)

  const again = await ask('PUT', '/fhir/Patient/anna', '{ "active": true,\n "resourceType": "Patient", "id": "anna" }')

  t.equal(again.statusCode, 200)
  t.equal(again.headers.etag, made.headers.etag)
})

t.test('an update is for the version that If-Match names, or is not done', async t => {
  const { ask } = await server(t)
  const { headers: { etag: first } } = await ask('PUT', '/fhir/Patient/anna', ANNA)
  const { headers: { etag: second } } = await ask('PUT', '/fhir/Patient/anna', { ...ANNA, active: false }, { 'if-match': String(first) })

  const stale = await ask('PUT', '/fhir/Patient/anna', { ...ANNA, gender: 'female' }, { 'if-match': String(first) })
  const right = await ask('PUT', '/fhir/Patient/anna', { ...ANNA, gender: 'female' }, { 'if-match': String(second) })

  t.equal(stale.statusCode, 412)
  t.equal(right.statusCode, 200)
})

t.test('of writes that race for one version, one wins', async t => {
  const { ask } = await server(t)
  const { headers: { etag } } = await ask('PUT', '/fhir/Patient/anna', ANNA)

  const replies = await Promise.all(['male', 'female', 'other', 'unknown'].map(gender => ask('PUT', '/fhir/Patient/anna', { ...ANNA, gender }, { 'if-match': String(etag) })))

  t.same(replies.map(({ statusCode }) => statusCode).sort(), [200, 412, 412, 412])
})

t.test('an If-Match that names no single version is refused', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  for (const ifMatch of ['7', 'W/7', 'W/"1", W/"2"', '*', 'W/""']) {
    const reply = await ask('PUT', '/fhir/Patient/anna', ANNA, { 'if-match': ifMatch })
    t.equal(reply.statusCode, 400, ifMatch)
    t.match(reply.json(), { issue: [{ diagnostics: /If-Match must name one version/ }] })
  }
})

t.test('conditions that R4 does not give to a write are refused, not passed over', async t => {
  const { ask } = await server(t)

  for (const headers of [{ 'if-none-match': '*' }, { 'if-unmodified-since': 'Sun, 22 Nov 2026 10:00:00 GMT' }]) {
    const reply = await ask('PUT', '/fhir/Patient/anna', ANNA, headers)
    t.equal(reply.statusCode, 400)
    t.match(reply.json(), { issue: [{ code: 'not-supported' }] })
  }
})

t.test('the id of the body is that of the URL', async t => {
  const { ask } = await server(t)

  const bad = await Promise.all([
    ask('PUT', '/fhir/Patient/anna', { resourceType: 'Patient', active: true }),
    ask('PUT', '/fhir/Patient/anna', { ...ANNA, id: 'berta' }),
    ask('PUT', '/fhir/Patient/an~na', { ...ANNA, id: 'an~na' }),
    ask('PUT', `/fhir/Patient/${'a'.repeat(65)}`, { ...ANNA, id: 'a'.repeat(65) })
  ])

  for (const reply of bad) {
    t.equal(reply.statusCode, 400)
    t.match(reply.json(), { issue: [{ expression: ['Patient.id'] }] })
  }
})

t.test('a deleted resource comes back by an update', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  await ask('DELETE', '/fhir/Patient/anna')

  const reply = await ask('PUT', '/fhir/Patient/anna', ANNA)

  t.equal(reply.statusCode, 201)
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('only the operator chooses ids', async t => {
  const { ask, put, as } = await server(t)
  await put(ANNA)
  const doctor = await as.treating(['anna'])

  const reply = await ask('PUT', '/fhir/Observation/pulse', { resourceType: 'Observation', id: 'pulse', status: 'final', code: { text: 'pulse' }, subject: { reference: 'Patient/anna' } }, doctor)

  t.equal(reply.statusCode, 404)
  t.equal(reply.json().issue[0].diagnostics, 'Observation/pulse is not known')
})

t.test('what the server makes itself, the audit trail, nobody writes', async t => {
  const { ask } = await server(t)
  await ask('GET', '/fhir/Patient/absent')
  const event = (await ask('GET', '/fhir/AuditEvent/audit-1-1')).body
  t.match(JSON.parse(event), { resourceType: 'AuditEvent', id: 'audit-1-1' })
  const entry = (method: string): object => ({ request: { method, url: 'AuditEvent/audit-1-1' }, ...(method === 'PUT' && { resource: JSON.parse(event) }) })

  const replies = [
    await ask('PUT', '/fhir/AuditEvent/audit-1-1', event),
    await ask('PATCH', '/fhir/AuditEvent/audit-1-1', { resourceType: 'Parameters', parameter: [] }),
    await ask('DELETE', '/fhir/AuditEvent/audit-1-1'),
    await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [entry('PUT')] }),
    await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [entry('DELETE')] })
  ]

  for (const reply of replies) {
    t.equal(reply.statusCode, 403, reply.body)
    t.match(reply.json().issue[0].diagnostics, /made by the server/)
  }
  t.equal((await ask('GET', '/fhir/AuditEvent/audit-1-1')).body, event)
})
