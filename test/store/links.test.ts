import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import fhirpath, { type Model } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import t from 'tap'
import type { JsonObject } from '../../src/fhir/json-value.js'
import { mandatoryOf, ownersOf, participantsOf, referencesOf, type Reference } from '../../src/store/links.js'

const said = (references: readonly Reference[]) => references.map(({ path, reference, identifier }) => [path, reference ?? identifier?.['value']])

t.test('the owner of an Observation is its subject', async t => {
  const pulse = { resourceType: 'Observation', subject: { reference: 'Patient/anna' }, performer: [{ reference: 'Patient/boris' }], focus: [{ reference: 'Patient/misha' }] }

  t.same(said(ownersOf('Observation', pulse)), [['Observation.subject', 'Patient/anna']])
  t.same(participantsOf('Observation', pulse), [])
  t.same(said(referencesOf('Observation', pulse)), [['Observation.subject', 'Patient/anna'], ['Observation.performer[0]', 'Patient/boris'], ['Observation.focus[0]', 'Patient/misha']])
})

t.test('an owner may be named by an identifier', async t => {
  const owner = { identifier: { system: 'urn:oid:1.2.643.2.40.5.100', value: '7700001234' }, type: 'Patient' }

  t.match(ownersOf('Condition', { subject: owner }), [{ path: 'Condition.subject', reference: undefined, type: 'Patient', identifier: owner.identifier }])
})

t.test('directory and foreign kinds of subjects name nobody, and the next element is asked', async t => {
  t.same(ownersOf('Observation', { subject: { reference: 'Location/ward' } }), [])
  t.same(ownersOf('Observation', { subject: { display: 'somebody' } }), [])
  t.same(said(ownersOf('List', { subject: { reference: 'Location/ward' }, entry: [{ item: { reference: 'Patient/anna' } }, { item: { reference: 'Patient/boris' } }] })),
    [['List.entry[0].item', 'Patient/anna'], ['List.entry[1].item', 'Patient/boris']])
  t.same(said(ownersOf('List', { subject: { reference: 'Patient/anna' }, entry: [{ item: { reference: 'Observation/pulse' } }] })), [['List.subject', 'Patient/anna']])
  t.same(said(ownersOf('Task', { focus: { reference: 'ServiceRequest/scan' } })), [['Task.focus', 'ServiceRequest/scan']])
  t.same(said(ownersOf('Task', { for: { reference: 'Patient?identifier=x|1' } })), [['Task.for', 'Patient?identifier=x|1']])
  t.same(said(ownersOf('Task', { for: { reference: 'https://other.example/fhir/Practitioner/1' } })), [])
})

t.test('every member of a Group and every actor of an Appointment who may be a patient is an owner', async t => {
  t.same(said(ownersOf('Group', { member: [{ entity: { reference: 'Patient/anna' } }, { entity: { reference: 'Practitioner/orlova' } }, { entity: { reference: 'Group/ward' } }] })),
    [['Group.member[0].entity', 'Patient/anna'], ['Group.member[2].entity', 'Group/ward']])
  t.same(said(ownersOf('Appointment', { participant: [{ actor: { reference: 'urn:uuid:1' } }, { actor: { reference: 'Practitioner/orlova' } }] })),
    [['Appointment.participant[0].actor', 'urn:uuid:1']])
})

t.test('participants are the parties of a policy, and mandatory is what it cannot be without', async t => {
  const policy = { beneficiary: { reference: 'Patient/misha' }, subscriber: { reference: 'Patient/anna' }, payor: [{ reference: 'Organization/fund' }] }

  t.same(said(participantsOf('Coverage', policy)), [['Coverage.subscriber', 'Patient/anna'], ['Coverage.payor[0]', 'Organization/fund']])
  t.same(said(mandatoryOf('Coverage', policy)), [['Coverage.payor[0]', 'Organization/fund']])
})

t.test('contained resources own with their container', async t => {
  const bill = {
    contained: [
      { resourceType: 'Coverage', id: 'policy', beneficiary: { reference: 'Patient/misha' } },
      { resourceType: 'ServiceRequest', id: 'referral', subject: { reference: 'Patient/anna' } }
    ],
    patient: { reference: 'Patient/anna' }
  }

  t.same(said(ownersOf('ExplanationOfBenefit', bill)), [['ExplanationOfBenefit.patient', 'Patient/anna'], ['ExplanationOfBenefit.contained[0].beneficiary', 'Patient/misha']])
})

t.test('a contained Patient is known by his identifier', async t => {
  const contained = [{ resourceType: 'Patient', id: 'p', identifier: [{ value: '7700001234' }] }, { resourceType: 'Patient', id: 'q' }]

  t.same(said(ownersOf('Observation', { contained, subject: { reference: '#p' } })), [['Observation.subject', '7700001234']])
  t.same(said(ownersOf('Observation', { contained, subject: { reference: '#q' } })), [['Observation.subject', '#q']])
})

t.test('a Bundle kept in one piece belongs to all whom its entries belong to', async t => {
  const document = {
    entry: [
      { fullUrl: 'urn:uuid:1', resource: { resourceType: 'Composition', subject: { reference: 'urn:uuid:2' } } },
      { fullUrl: 'urn:uuid:2', resource: { resourceType: 'Patient', id: 'anna', identifier: [{ value: '7700001234' }] } },
      { fullUrl: 'urn:uuid:3', resource: { resourceType: 'Condition', subject: { reference: 'Patient/boris' } } },
      { fullUrl: 'https://other.example/fhir/Condition/1', resource: { resourceType: 'Condition', subject: { reference: 'Patient/boris' } } }
    ]
  }

  t.same(said(ownersOf('Bundle', document)), [
    ['Bundle.entry[1].resource', '7700001234'],
    ['Bundle.entry[2].resource.subject', 'Patient/boris'],
    ['Bundle.entry[3].resource.subject', 'https://other.example/fhir/Patient/boris']
  ])
})

t.test('references are found in extensions, choices and contained resources, with FHIRPath locations', async t => {
  const order = {
    resourceType: 'MedicationRequest',
    extension: [{ url: 'http://karta.example/seen-by', valueReference: { reference: 'Practitioner/orlova' } }],
    contained: [{ resourceType: 'Claim', procedure: [{ procedureReference: { reference: 'Procedure/scan' } }], related: [{ reference: { value: '1' } }] }],
    medicationReference: { identifier: { value: 'J01CA04' }, display: 'Amoxicillin' },
    reasonReference: [{ reference: 'Condition/otitis' }]
  }

  t.same(said(referencesOf('MedicationRequest', order)), [
    ['MedicationRequest.extension[0].value', 'Practitioner/orlova'],
    ['MedicationRequest.contained[0].procedure[0].procedure', 'Procedure/scan'],
    ['MedicationRequest.medication', 'J01CA04'],
    ['MedicationRequest.reasonReference[0]', 'Condition/otitis']
  ])
})

t.test('an element named reference that is none is left out', async t => {
  t.same(referencesOf('DetectedIssue', { resourceType: 'DetectedIssue', reference: 'https://example.org/issue' }), [])
  t.same(referencesOf('Immunization', { education: [{ reference: 'https://example.org/leaflet' }] }), [])
})

t.test('over the published examples, references are those that fhirpath finds, at the same places', { timeout: 100_000 }, async t => {
  const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
  const files = readdirSync(folder).filter(name => name.endsWith('.json') && name !== 'package.json').filter((_, index) => index % 53 === 0)
  const wrong: string[] = []
  for (const file of files) {
    const value = JSON.parse(readFileSync(join(folder, file), 'utf8')) as JsonObject & { resourceType?: string }
    if (value.resourceType === undefined || value.resourceType === 'Bundle' || value.resourceType === 'Parameters') continue
    for (const { path, reference, identifier } of referencesOf(value.resourceType, value)) {
      const found = fhirpath.evaluate(value, path, undefined, r4 as Model, { async: false })[0] as JsonObject | undefined
      if ((found?.['reference'] ?? found?.['identifier']) === undefined) wrong.push(`${file} ${path} ${reference ?? JSON.stringify(identifier)}`)
    }
  }

  t.ok(files.length > 50)
  t.same(wrong, [])
})

const json = fc.letrec(tie => ({
  value: fc.oneof({ maxDepth: 4 }, fc.string(), fc.integer(), fc.constant(null), fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.constantFrom('subject', 'patient', 'reference', 'identifier', 'contained', 'entry', 'resource', 'resourceType', 'member', 'entity', 'type', 'fullUrl', 'valueReference'), tie('value'), { maxKeys: 5 })
})).object as fc.Arbitrary<JsonObject>

t.test('no shape of a resource makes it throw', async () => {
  const type = fc.constantFrom('Observation', 'Bundle', 'Group', 'Coverage', 'Claim', 'Nobody')
  fc.assert(fc.property(type, json, (type, value) => {
    for (const { path } of [...ownersOf(type, value), ...participantsOf(type, value), ...mandatoryOf(type, value), ...referencesOf(type, value)]) {
      if (!path.startsWith(type)) return false
    }
    return true
  }))
})
