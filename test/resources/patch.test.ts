// https://hl7.org/fhir/R4/http.html#patch
import t from 'tap'
import { server } from '../server.js'

const ANNA = { resourceType: 'Patient', id: 'anna', active: true, name: [{ family: 'Berg' }] }
const JSON_PATCH = { 'content-type': 'application/json-patch+json' }

const parameters = (type: string, path: string, value: object = {}): object => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...Object.entries(value).map(([name, value]) => ({ name: 'value', [name]: value }))] }]
})

t.test('a JSON Patch makes a new version', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const before = await ask('GET', '/fhir/Patient/anna')

  const reply = await ask('PATCH', '/fhir/Patient/anna', [{ op: 'replace', path: '/active', value: false }, { op: 'add', path: '/name/0/given', value: ['Anna'] }], JSON_PATCH)

  t.equal(reply.statusCode, 200, reply.body)
  t.match(reply.json(), { active: false, name: [{ family: 'Berg', given: ['Anna'] }] })
  t.not(reply.headers.etag, before.headers.etag)
  t.equal((await ask('GET', '/fhir/Patient/anna')).body, reply.body)
})

t.test('a FHIRPath Patch does too', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  const reply = await ask('PATCH', '/fhir/Patient/anna', parameters('replace', 'Patient.active', { valueBoolean: false }))

  t.equal(reply.statusCode, 200, reply.body)
  t.equal(reply.json().active, false)
})

t.test('the content type tells which of the two a body is', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  t.equal((await ask('PATCH', '/fhir/Patient/anna', [{ op: 'test', path: '/active', value: true }])).statusCode, 400)
  t.equal((await ask('PATCH', '/fhir/Patient/anna', parameters('delete', 'Patient.name'), JSON_PATCH)).statusCode, 400)
  t.equal((await ask('PATCH', '/fhir/Patient/anna', { ...ANNA, active: false })).statusCode, 400)
  t.equal((await ask('PATCH', '/fhir/Patient/anna', '<x/>', { 'content-type': 'application/xml-patch+xml' })).statusCode, 415)
})

t.test('a patch is for the version that If-Match names', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const { headers: { etag } } = await ask('GET', '/fhir/Patient/anna')
  const off = [{ op: 'replace', path: '/active', value: false }]

  const right = await ask('PATCH', '/fhir/Patient/anna', off, { ...JSON_PATCH, 'if-match': String(etag) })
  const stale = await ask('PATCH', '/fhir/Patient/anna', [{ op: 'remove', path: '/name' }], { ...JSON_PATCH, 'if-match': String(etag) })

  t.equal(right.statusCode, 200)
  t.equal(stale.statusCode, 412)
})

t.test('a patch that changes nothing makes no version', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const { headers: { etag } } = await ask('GET', '/fhir/Patient/anna')

  const reply = await ask('PATCH', '/fhir/Patient/anna', [{ op: 'test', path: '/active', value: true }], JSON_PATCH)

  t.equal(reply.statusCode, 200)
  t.equal(reply.headers.etag, etag)
})

t.test('a patch that fails, or leaves what is no resource, changes nothing', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const { body } = await ask('GET', '/fhir/Patient/anna')
  const bad: [object[], number[]][] = [
    [[{ op: 'test', path: '/active', value: false }], [400, 422]],
    [[{ op: 'remove', path: '/gender' }], [400, 422]],
    [[{ op: 'add', path: '/colour', value: 'red' }], [422]],
    [[{ op: 'replace', path: '/id', value: 'berta' }], [400, 422]],
    [[{ op: 'replace', path: '/resourceType', value: 'Group' }], [400, 422]],
    [[{ op: 'explode', path: '/active' }], [400, 422]]
  ]

  for (const [patch, statuses] of bad) {
    const reply = await ask('PATCH', '/fhir/Patient/anna', patch, JSON_PATCH)
    t.ok(statuses.includes(reply.statusCode), `${JSON.stringify(patch)} ${reply.statusCode} ${reply.body}`)
  }
  t.equal((await ask('GET', '/fhir/Patient/anna')).body, body)
})

t.test('what is not there, or gone, cannot be patched', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  await ask('DELETE', '/fhir/Patient/anna')

  t.equal((await ask('PATCH', '/fhir/Patient/anna', [], JSON_PATCH)).statusCode, 410)
  t.equal((await ask('PATCH', '/fhir/Patient/berta', [], JSON_PATCH)).statusCode, 404)
})

t.test('both kinds stand in a Bundle', async t => {
  const { ask, put } = await server(t)
  await put(ANNA, { ...ANNA, id: 'berta' }, { ...ANNA, id: 'carla' })
  const binary = { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from('[{"op":"remove","path":"/name"}]').toString('base64') }
  const entry = (id: string, resource: object): object => ({ request: { method: 'PATCH', url: `Patient/${id}` }, resource })

  const batch = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [entry('anna', binary)] })
  const transaction = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [entry('berta', parameters('delete', 'Patient.name')), entry('carla', binary)] })

  t.match(batch.json().entry, [{ response: { status: '200 OK' } }], batch.body)
  t.match(transaction.json().entry, [{ response: { status: '200 OK' } }, { response: { status: '200 OK' } }], transaction.body)
  for (const id of ['anna', 'berta', 'carla']) t.equal((await ask('GET', `/fhir/Patient/${id}`)).json().name, undefined, id)
})
