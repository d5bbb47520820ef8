import t from 'tap'
import { has, keyOf, rowsOf, tokensOf } from './ask.js'

const LOINC = 'http://loinc.org'

t.test('a coding is found by its code, with its system and by its text', async t => {
  const rows = rowsOf({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: LOINC, code: '8480-6', display: 'Systolic  blood Pressure' }, { code: 'sys' }], text: 'Верхнее давление' }
  })

  t.ok(has(rows, 'Observation.code', 'c', '8480-6'))
  t.ok(has(rows, 'Observation.code', 's', `${LOINC}|8480-6`))
  t.notOk(has(rows, 'Observation.code', 's', '|8480-6'), 'it has a system')
  t.ok(has(rows, 'Observation.code', 's', '|sys'), 'this has none')
  t.ok(has(rows, 'Observation.code', 't', 'systolic blood pressure'))
  t.ok(has(rows, 'Observation.code', 't', 'верхнее давление'))
  t.notOk(has(rows, 'Observation.code', 'c', '8480-6'.toUpperCase() + 'x'))
})

t.test('the first coding of the main code is a column, the others are rows', async t => {
  const rows = rowsOf({ resourceType: 'Observation', code: { coding: [{ code: 'a' }, { code: 'b' }, { code: 'a' }] } })

  t.equal(rows.c1?.join(), keyOf('Observation.code', 'c', 'a'))
  t.same(rows.codes.map(key => key.join()), [keyOf('Observation.code', 'c', 'b')])
})

t.test('an identifier is found by value, system, both, and type', async t => {
  const rows = rowsOf({
    resourceType: 'Patient',
    identifier: [{ system: 'urn:policy', value: '77', type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }], text: 'Medical record' } }, { value: '88' }]
  })

  t.ok(has(rows, 'Patient.identifier', 'c', '77'))
  t.ok(has(rows, 'Patient.identifier', 's', 'urn:policy|77'))
  t.ok(has(rows, 'Patient.identifier', 'y', 'urn:policy'))
  t.ok(has(rows, 'Patient.identifier', 's', '|88'))
  t.ok(has(rows, 'Patient.identifier', 'o', 'http://terminology.hl7.org/CodeSystem/v2-0203|MR|77'))
  t.ok(has(rows, 'Patient.identifier', 't', 'medical record'))
})

t.test('codes, booleans and contacts are tokens too', async t => {
  const rows = rowsOf({
    resourceType: 'Patient',
    active: true,
    gender: 'female',
    deceasedDateTime: '2020-01-01',
    telecom: [{ system: 'phone', value: '+7 (495) 123' }, { system: 'email', value: 'A@b.org' }, { system: 'url', value: 'https://x.org/a-b' }]
  })

  t.ok(has(rows, 'Patient.active', 'c', 'true'))
  t.ok(has(rows, 'Patient.gender', 'c', 'female'))
  t.ok(has(rows, 'Patient.deceased', 'c', 'true'), 'who has died on a day has died')
  t.ok(has(rows, 'Patient.phone', 'c', '+7495123'))
  t.ok(has(rows, 'Patient.email', 'c', 'a@b.org'))
  t.notOk(has(rows, 'Patient.telecom', 'c', '+7495123'), 'telecom asks phone and email for theirs')
  t.ok(has(rows, 'Patient.telecom', 'c', 'https://x.org/a-b'))
})

t.test('the parameters of all resources hash alike for all types', async t => {
  const meta = { tag: [{ system: 'urn:t', code: 'x' }], security: [{ code: 'R' }], profile: ['http://p|1.0'], source: 'urn:s' }

  for (const resourceType of ['Patient', 'Basic']) {
    const rows = rowsOf({ resourceType, meta })
    t.ok(has(rows, 'Resource._tag', 's', 'urn:t|x'))
    t.ok(has(rows, 'Resource._security', 'c', 'R'))
    t.ok(has(rows, 'Resource._profile', 'u', 'http://p'))
    t.ok(has(rows, 'Resource._profile', 'v', 'http://p|1.0'))
    t.ok(has(rows, 'Resource._source', 'u', 'urn:s'))
  }
})

t.test('what is usual costs a token only where it is missing, what is not where it is there', async t => {
  const full = rowsOf({ resourceType: 'Observation', category: [{ text: 'x' }], valueString: 'y' })
  const bare = rowsOf({ resourceType: 'Observation' })

  t.notOk(has(full, 'Observation.category', 'm'))
  t.ok(has(bare, 'Observation.category', 'm'))
  t.ok(has(full, 'Observation.value-string', 'p'))
  t.notOk(has(bare, 'Observation.value-string', 'p'))
  t.ok(has(bare, 'Observation.status', 'm'), 'what is mandatory may be an extension only')
  t.notOk(has(rowsOf({ resourceType: 'Observation', status: 'final' }), 'Observation.status', 'm'))
})

t.test('the dictionary is told what it does not know', async t => {
  const resource = { resourceType: 'Observation', status: 'final', code: { coding: [{ system: LOINC, code: 'x', display: 'Pulse' }], text: 'Pulse' } }

  const rows = rowsOf(resource)

  t.same(rows.terms.map(term => term.text).sort(), ['cfinal', `s${LOINC}|x`, 'tpulse'])
  t.ok(rows.terms.every(term => tokensOf(rows).includes(term.token.join())))
  t.same(rowsOf(resource, { known: { has: () => true } }).terms, [])
})

t.test('no token comes twice, in small resources and large', async t => {
  const many = Array.from({ length: 300 }, (_, index) => ({ reference: `Patient/${index % 200}` }))

  for (const entry of [many.slice(0, 3), many]) {
    const tokens = tokensOf(rowsOf({ resourceType: 'List', status: 'current', mode: 'working', entry: [...entry, ...entry].map(item => ({ item })) }))
    t.equal(new Set(tokens).size, tokens.length)
    t.ok(tokens.length >= Math.min(entry.length, 200))
  }
})
