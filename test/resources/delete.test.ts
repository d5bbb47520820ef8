// https://hl7.org/fhir/R4/http.html#delete
import t from 'tap'
import { server } from '../server.js'

t.test('a deletion may be asked again, and of what never was', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })

  const replies = [await ask('DELETE', '/fhir/Patient/anna'), await ask('DELETE', '/fhir/Patient/anna'), await ask('DELETE', '/fhir/Patient/berta'), await ask('DELETE', '/fhir/Patient/no~id')]

  t.same(replies.map(({ statusCode, body }) => ({ statusCode, body })), Array(4).fill({ statusCode: 204, body: '' }))
  t.match(replies[0]?.headers.etag, /^W\/"\d+"$/)
  t.equal(replies[1]?.headers.etag, replies[0]?.headers.etag)
  t.equal(replies[2]?.headers.etag, undefined)
})

t.test('a deletion says in words that it is done, if that is preferred', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })

  const reply = await ask('DELETE', '/fhir/Patient/anna', undefined, { prefer: 'return=OperationOutcome' })

  t.equal(reply.statusCode, 200)
  t.match(reply.json(), { resourceType: 'OperationOutcome', issue: [{ severity: 'information' }] })
})

t.test('a deletion of another version than the current is not done', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' })

  const stale = await ask('DELETE', '/fhir/Patient/anna', undefined, { 'if-match': 'W/"1"' })
  const bad = await ask('DELETE', '/fhir/Patient/anna', undefined, { 'if-match': '1' })

  t.equal(stale.statusCode, 412)
  t.equal(bad.statusCode, 400)
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 200)
})

t.test('a Patient who has data stays', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Observation', id: 'pulse', status: 'final', code: { text: 'pulse' }, subject: { reference: 'Patient/anna' } })

  const early = await ask('DELETE', '/fhir/Patient/anna')
  await ask('DELETE', '/fhir/Observation/pulse')
  const late = await ask('DELETE', '/fhir/Patient/anna')

  t.equal(early.statusCode, 409)
  t.equal(late.statusCode, 204)
})
