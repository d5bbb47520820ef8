// Whatever is sent, the answer is an answer: never an internal error, never a dead process.
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { server } from '../server.js'

const RESOURCES = [
  { resourceType: 'Patient', id: 'anna', active: true, name: [{ family: 'Berg', given: ['Anna'] }], birthDate: '1990-05-01', extension: [{ url: 'http://x.test/a', valueDecimal: 1.5 }] },
  { resourceType: 'Observation', id: 'anna', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] }, subject: { reference: 'Patient/anna' }, valueQuantity: { value: 72, unit: '/min' }, component: [{ code: { text: 'x' } }] },
  { resourceType: 'Bundle', type: 'transaction', entry: [{ fullUrl: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0', request: { method: 'POST', url: 'Patient' }, resource: { resourceType: 'Patient', link: [{ other: { reference: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' }, type: 'seealso' }] } }, { request: { method: 'GET', url: 'Patient/anna', ifNoneMatch: 'W/"1"' } }] },
  { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'PUT', url: 'Patient/anna', ifMatch: 'W/"1"' }, resource: { resourceType: 'Patient', id: 'anna' } }, { request: { method: 'PATCH', url: 'Patient/anna' }, resource: { resourceType: 'Parameters', parameter: [] } }] },
  { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'add' }, { name: 'path', valueString: 'Patient' }, { name: 'name', valueString: 'birthDate' }, { name: 'value', valueDate: '1990-01-01' }] }] },
  [{ op: 'add', path: '/name/0/given/-', value: 'x' }, { op: 'move', from: '/name/0', path: '/name/1' }, { op: 'test', path: '/active', value: true }]
]

const anyValue = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(null, '', [], {}, [null], [[]], '\ud800', '\u0000', 'Patient/anna', '#x', -0, '9999999999999999999999', 'Patient?identifier=x|y', '__proto__', 'urn:uuid:x'))

/** The resource with the value at a random place replaced, or a member added there. */
const mutated = fc.tuple(fc.constantFrom(...RESOURCES), fc.array(fc.nat(30), { minLength: 1, maxLength: 5 }), anyValue, fc.option(fc.string({ maxLength: 8 }))).map(([resource, path, value, added]) => {
  const root: unknown = structuredClone(resource)
  let at = root as Record<string, unknown>
  path.forEach((step, depth) => {
    const names = Object.keys(at)
    const name = names[step % Math.max(1, names.length)] ?? 'x'
    const next = at[name]
    // An array's length is no member of it, and takes no other value.
    if (depth === path.length - 1 || typeof next !== 'object' || next === null) at[added === null || added === 'length' ? name : added] = structuredClone(value)
    else at = next as Record<string, unknown>
  })
  return JSON.stringify(root)
})

const cutOrTorn = fc.tuple(fc.constantFrom(...RESOURCES.map(resource => JSON.stringify(resource))), fc.nat(), fc.uint8Array({ maxLength: 4 })).map(([text, place, bytes]) => {
  const at = place % text.length
  return Buffer.concat([Buffer.from(text.slice(0, at)), bytes, Buffer.from(text.slice(at + (place % 3)))])
})

const segment = fc.oneof(fc.constantFrom('Patient', 'Observation', 'Binary', 'anna', '_history', 'metadata', '$x', '1', '%', '%00', '..', ''), fc.webSegment())
const path = fc.tuple(fc.array(segment, { maxLength: 5 }), fc.option(fc.webQueryParameters())).map(([segments, query]) => `/fhir/${segments.join('/')}${query === null ? '' : `?${query}`}`)
const aimed = fc.constantFrom('/fhir', '/fhir/Patient', '/fhir/Patient/anna', '/fhir/Observation', '/fhir/Observation/anna', '/fhir/Binary')
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS')
const writing = fc.constantFrom('POST', 'PUT', 'PATCH')
const header = fc.oneof(fc.constantFrom('W/"1"', '*', 'return=minimal', 'application/json', 'gzip'), fc.string({ maxLength: 20 }).filter(text => /^[\x20-\x7e]*$/.test(text)))
const headers = fc.dictionary(fc.constantFrom('if-match', 'if-none-match', 'if-modified-since', 'prefer', 'accept', 'accept-encoding', 'x-request-id', 'if-none-exist', 'content-encoding'), header, { maxKeys: 2 })

async function never500 (t: Test, what: fc.Arbitrary<string | Buffer>, where: fc.Arbitrary<readonly [method: string, url: string]>, runs: number): Promise<void> {
  const world = await server(t)
  await world.put({ resourceType: 'Patient', id: 'anna', active: true, name: [{ family: 'Berg', given: ['Anna'] }] })
  const operator = await world.as('operator')
  const contentType = fc.constantFrom('application/fhir+json', 'application/fhir+json', 'application/json-patch+json')
  await fc.assert(fc.asyncProperty(where, headers, contentType, what, async ([method, url], headers, contentType, payload) => {
    const reply = await world.app.inject({ method: method as 'GET', url, headers: { ...operator, 'content-type': contentType, ...headers }, payload })
    if (reply.statusCode >= 500) throw new Error(`${reply.statusCode} ${world.lines.findLast(line => line.includes('request failed')) ?? ''}`)
    if (reply.statusCode >= 400 && method !== 'HEAD' && reply.json().resourceType !== 'OperationOutcome') throw new Error(reply.body)
  }), { numRuns: runs })
  t.equal((await world.ask('GET', '/fhir/metadata')).statusCode, 200)
}

t.test('a resource with anything anywhere is stored or refused', async t => { await never500(t, mutated, fc.tuple(writing, aimed), 600) })

t.test('torn bytes are refused', async t => { await never500(t, cutOrTorn, fc.tuple(writing, aimed), 200) })

t.test('any path with any query is answered', async t => { await never500(t, fc.constant('{"resourceType":"Patient"}'), fc.tuple(method, path), 200) })
