import fc from 'fast-check'
import t from 'tap'
import { isId, parseReference, referenceTo, typeNamed } from '../../src/fhir/reference.js'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.js'

const BASE = 'https://karta.example/fhir'
const LITERAL = { kind: 'literal', type: 'Patient', id: 'anna', version: undefined }

t.test('a reference is told apart by its form', async t => {
  const forms: Array<[string, object]> = [
    ['Patient/anna', LITERAL],
    ['Patient/anna/_history/7', { ...LITERAL, version: '7' }],
    [`${BASE}/Patient/anna`, LITERAL],
    [`${BASE}/Patient/anna/_history/7`, { ...LITERAL, version: '7' }],
    ['https://other.example/fhir/Patient/anna', { kind: 'elsewhere', url: 'https://other.example/fhir/Patient/anna', type: 'Patient', id: 'anna' }],
    ['https://other.example/Patient/anna/_history/2', { kind: 'elsewhere', type: 'Patient', id: 'anna' }],
    ['https://other.example/about', { kind: 'elsewhere', url: 'https://other.example/about', type: undefined, id: undefined }],
    [`${BASE}2/Patient/anna`, { kind: 'elsewhere', type: 'Patient' }],
    ['urn:uuid:ef58ea08-d883-3957-8300-150554edc8fb', { kind: 'urn', urn: 'urn:uuid:ef58ea08-d883-3957-8300-150554edc8fb' }],
    ['urn:oid:1.2.3', { kind: 'urn', urn: 'urn:oid:1.2.3' }],
    ['#referral', { kind: 'contained', id: 'referral' }],
    ['#', { kind: 'contained', id: '' }],
    ['Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|0', { kind: 'conditional', type: 'Practitioner', query: 'identifier=http://hl7.org/fhir/sid/us-npi|0' }],
    ['http://hl7.org/fhir/ValueSet/languages|4.0.1', { kind: 'canonical', url: 'http://hl7.org/fhir/ValueSet/languages', version: '4.0.1' }]
  ]

  for (const [text, expected] of forms) t.match(parseReference(text, BASE), expected, text)
})

t.test('what is no reference is unknown, and never a literal', async t => {
  const texts = ['', 'anna', 'Patient', 'Patient/', '/anna', 'Nobody/anna', 'Patient/an na', 'Patient/anna/', 'Patient/anna/_history',
    'Patient/anna/_history/', 'Patient/anna/name', 'Patient/anna#1', 'Patient?', 'Nobody?a=b', 'Parameters/x', `${BASE}/`, `${BASE}/metadata`,
    'Patient/' + 'a'.repeat(65), 'Patient/анна']

  for (const text of texts) t.equal(parseReference(text, BASE).kind, 'unknown', text)
})

t.test('the type is named by every form that has one', async t => {
  t.equal(typeNamed('Patient/anna'), 'Patient')
  t.equal(typeNamed('Patient?identifier=x|1'), 'Patient')
  t.equal(typeNamed('https://other.example/fhir/Group/ward'), 'Group')
  t.equal(typeNamed('urn:uuid:1'), undefined)
  t.equal(typeNamed('#p'), undefined)
  t.equal(typeNamed('http://hl7.org/fhir/ValueSet/languages|4.0.1'), undefined)
})

const type = fc.constantFrom(...RESOURCE_TYPES)
const id = fc.stringMatching(/^[A-Za-z0-9.-]{1,64}$/)

t.test('what is written is read back: relative, versioned, and under our own URL', async () => {
  fc.assert(fc.property(type, id, fc.option(id), fc.boolean(), (type, id, version, own) => {
    const text = `${own ? `${BASE}/` : ''}${referenceTo(type, id)}${version === null ? '' : `/_history/${version}`}`
    const target = parseReference(text, BASE)
    return target.kind === 'literal' && target.type === type && target.id === id && target.version === (version ?? undefined)
  }))
})

t.test('any text is read without an error, and a literal only has ids', async () => {
  const piece = fc.constantFrom('Patient', '/', '?', '#', 'urn:uuid:', BASE, '_history', '|', '://', 'a', ' ', '%20', 'я')
  const text = fc.oneof(fc.string(), fc.array(piece, { maxLength: 8 }).map(pieces => pieces.join('')))
  fc.assert(fc.property(text, text => {
    const target = parseReference(text, BASE)
    return target.kind !== 'literal' || (isId(target.id) && (target.version === undefined || isId(target.version)))
  }))
})
