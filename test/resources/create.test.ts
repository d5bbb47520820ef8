// https://hl7.org/fhir/R4/http.html#create
import t from 'tap'
import { server } from '../server.js'

const PATIENT = { resourceType: 'Patient', active: true }

t.test('a create answers 201 with where the version is', async t => {
  const { ask } = await server(t)

  const reply = await ask('POST', '/fhir/Patient', PATIENT)

  const { id, meta, ...rest } = reply.json()
  t.equal(reply.statusCode, 201)
  t.same(rest, PATIENT)
  t.equal(reply.headers.location, `http://karta.test/fhir/Patient/${id}/_history/${meta.versionId}`)
  t.equal(reply.headers.etag, `W/"${meta.versionId}"`)
  t.ok(reply.headers['last-modified'])
  t.equal((await ask('GET', `/fhir/Patient/${id}`)).statusCode, 200)
})

t.test('a create takes no id from its author', async t => {
  const { ask } = await server(t)

  const reply = await ask('POST', '/fhir/Patient', { ...PATIENT, id: 'mine' })

  t.equal(reply.statusCode, 201)
  t.not(reply.json().id, 'mine')
  t.equal((await ask('GET', '/fhir/Patient/mine')).statusCode, 404)
})

t.test('a create is answered in the form that its author prefers', async t => {
  const { ask } = await server(t)

  const minimal = await ask('POST', '/fhir/Patient', PATIENT, { prefer: 'return=minimal' })
  const outcome = await ask('POST', '/fhir/Patient', PATIENT, { prefer: 'return=OperationOutcome' })
  const whole = await ask('POST', '/fhir/Patient', PATIENT, { prefer: 'respond-async; return="representation"' })

  t.equal(minimal.statusCode, 201)
  t.equal(minimal.body, '')
  t.ok(minimal.headers.location)
  t.match(outcome.json(), { resourceType: 'OperationOutcome', issue: [{ severity: 'information', code: 'informational', diagnostics: /was created: version \d+$/ }] })
  t.match(whole.json(), PATIENT)
})

t.test('a resource of another type, or of none, is refused by name', async t => {
  const { ask } = await server(t)

  const other = await ask('POST', '/fhir/Patient', { resourceType: 'Observation', status: 'final' })
  const none = await ask('POST', '/fhir/Patient', { active: true })

  t.equal(other.statusCode, 400)
  t.match(other.json(), { issue: [{ diagnostics: /Observation.*Patient/ }] })
  t.equal(none.statusCode, 400)
  t.match(none.json(), { issue: [{ diagnostics: /resourceType/ }] })
})

t.test('what a resource may not be is told with its place', async t => {
  const { ask } = await server(t)

  const reply = await ask('POST', '/fhir/Patient', { resourceType: 'Patient', gender: 'x', colour: 'red' })

  const { issue } = reply.json() as { issue: { expression: string[] }[] }
  t.equal(reply.statusCode, 422)
  t.ok(issue.some(({ expression }) => expression[0] === 'Patient.gender'), JSON.stringify(issue))
})
