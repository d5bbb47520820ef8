// https://hl7.org/fhir/R4/search.html#token https://hl7.org/fhir/R4/search.html#modifiers
//
// Codes that hold a bar themselves, that are given several times, or that are not given at all: what has not a code, and what has it with a quantity.
import t from 'tap'
import { found, walked } from '../found.js'
import { server, type Resource } from '../server.js'

const five = { value: 5, system: 'http://unitsofmeasure.org', code: 'kg' }
const unknown = { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }] }
const observation = (id: string, ...coding: ReadonlyArray<Readonly<Record<string, string>>>): Resource =>
  ({ resourceType: 'Observation', id, status: 'final', code: { coding }, category: [{ coding }], valueQuantity: five })
const active = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] }

t.test('what has not a code, and what has it with a quantity, is found whatever the code looks like', async t => {
  const made = await server(t)
  await made.put(
    { resourceType: 'Patient', id: 'p' },
    observation('plain', { system: 'urn:x', code: 'a' }),
    observation('bar', { system: 'urn:x', code: 'b|a' }),
    observation('several', { system: 'urn:x', code: 'a' }, { system: 'urn:y', code: 'a' }, { code: 'c' }),
    observation('words', { system: 'urn:x', display: 'a' }),
    { resourceType: 'Observation', id: 'without', _status: unknown, code: { text: 'a' } },
    { resourceType: 'AllergyIntolerance', id: 'gap', clinicalStatus: active, patient: { reference: 'Patient/p' }, category: [null], _category: [unknown] },
    { resourceType: 'AllergyIntolerance', id: 'food', clinicalStatus: active, patient: { reference: 'Patient/p' }, category: ['food'] }
  )

  const cases: ReadonlyArray<readonly [query: string, ids: string]> = [
    ['Observation?code:not=a', 'bar without words'], ['Observation?category:not=a', 'bar without words'], ['Observation?code:not=urn:x|a', 'bar without words'], ['Observation?code:not=c', 'bar plain without words'],
    ['Observation?code:not=|c', 'bar plain without words'], ['Observation?code:not=b\\|a', 'plain several without words'], ['Observation?code:not=a,b\\|a', 'without words'], ['Observation?code:not=urn:x|', 'without words'],
    ['Observation?status:not=final', 'without'], ['Observation?status:missing=true', 'without'], ['Observation?status:missing=false', 'bar plain several words'],
    ['AllergyIntolerance?category:not=food', 'gap'], ['AllergyIntolerance?category:missing=true', 'gap'],
    ['Observation?code=a&value-quantity=5', 'plain several'], ['Observation?code=b\\|a&value-quantity=5', 'bar'], ['Observation?code=urn:x|b\\|a&value-quantity=gt4', 'bar'], ['Observation?code=|c&value-quantity=5', 'several'],
    ['Observation?code-value-quantity=a$5', 'plain several'], ['Observation?code-value-quantity=b\\|a$5', 'bar']
  ]
  for (const [query, ids] of cases) {
    const told = await found(made, `/fhir/${encodeURI(query)}`)
    t.equal(told.matches.map(name => name.split('/')[1]).sort().join(' '), ids, query)
  }
})

t.test('it is found all the same where a parameter has more other codes than are asked for by name', async t => {
  const made = await server(t)
  const many = Array.from({ length: 1100 }, (_, number) => observation(`o${number}`, { system: 'urn:x', code: `${number}` }, ...number % 10 === 0 ? [{ system: 'urn:x', code: 'every|a' }] : []))
  const entry = many.map(resource => ({ resource, request: { method: 'PUT', url: `Observation/${resource.id}` } }))
  t.equal((await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry })).statusCode, 200)

  t.equal(new Set(await walked(made, '/fhir/Observation?code:not=a&_count=500')).size, 1100)
  t.equal(new Set(await walked(made, `/fhir/Observation?code:not=${encodeURIComponent('every\\|a')},7&_sort=status&_count=500`)).size, 989)
})
