import t from 'tap'
import type { JsonObject } from '../../../src/fhir/json.js'
import { has, rowsOf } from './ask.js'

const observation = (subject: JsonObject, more: JsonObject = {}): JsonObject => ({ resourceType: 'Observation', subject, ...more })

t.test('a reference is found by type and id, with or without a version', async t => {
  const rows = rowsOf(observation({ reference: 'Patient/p' }, { encounter: { reference: 'Encounter/e/_history/3' } }))

  t.ok(has(rows, 'Observation.encounter', 'r', 'Encounter/e'))
  t.ok(has(rows, 'Observation.encounter', 'v', 'Encounter/e/_history/3'))
})

t.test('the owner column answers for the patient: there is no token', async t => {
  const rows = rowsOf(observation({ reference: 'Patient/p' }))

  t.notOk(has(rows, 'Observation.subject', 'r', 'Patient/p'))
  t.notOk(has(rows, 'Observation.patient', 'r', 'Patient/p'))
  t.notOk(has(rows, 'Observation.subject', 'i'))
})

t.test('where the owner column says something else, tokens answer', async t => {
  const group = rowsOf(observation({ reference: 'Group/g' }))
  const ownerless = rowsOf(observation({ reference: 'Patient/p' }), { ownerless: true })
  const container = rowsOf(observation({ reference: 'Patient/p' }, { contained: [{ resourceType: 'Coverage', id: 'c', beneficiary: { reference: 'Patient/q' } }] }))

  t.ok(has(group, 'Observation.subject', 'r', 'Group/g'))
  for (const rows of [group, ownerless, container]) t.ok(has(rows, 'Observation.subject', 'i'))
  for (const rows of [ownerless, container]) t.ok(has(rows, 'Observation.subject', 'r', 'Patient/p'))
})

t.test('a clinician or place beside the patient does not make the owner column wrong', async t => {
  const appointment = (actors: string[]): JsonObject => ({ resourceType: 'Appointment', status: 'booked', participant: actors.map(reference => ({ actor: { reference } })) })

  const visit = rowsOf(appointment(['Patient/p', 'Practitioner/d', 'Location/l']))
  const withMother = rowsOf(appointment(['Patient/p', 'RelatedPerson/m']))

  t.notOk(has(visit, 'Appointment.actor', 'i'))
  t.notOk(has(visit, 'Appointment.actor', 'r', 'Patient/p'))
  t.ok(has(visit, 'Appointment.actor', 'r', 'Practitioner/d'))
  t.ok(has(withMother, 'Appointment.actor', 'i'), 'whose mother she is owns it too')
  t.ok(has(withMother, 'Appointment.actor', 'r', 'Patient/p'))
})

t.test('a version of the patient is found as such', async t => {
  const rows = rowsOf(observation({ reference: 'Patient/p/_history/4' }))

  t.ok(has(rows, 'Observation.subject', 'v', 'Patient/p/_history/4'))
  t.notOk(has(rows, 'Observation.subject', 'i'))
})

t.test('a contained resource of the same owner changes nothing, and is found by its own values', async t => {
  const contained = [{ resourceType: 'Coverage', id: 'c', status: 'active', beneficiary: { reference: 'Patient/p' } }]

  const rows = rowsOf(observation({ reference: 'Patient/p' }, { contained }))

  t.notOk(has(rows, 'Observation.subject', 'i'))
  t.ok(has(rows, '#Coverage.status', 'c', 'active'))
  t.ok(has(rows, '#Coverage.beneficiary', 'r', 'Patient/p'))
  t.notOk(has(rows, 'Coverage.status', 'c', 'active'))
})

t.test('our own url is a relative reference, another\'s is a url', async t => {
  const base = 'https://karta.example/fhir'

  const own = rowsOf(observation({ reference: 'Patient/p' }, { performer: [{ reference: `${base}/Practitioner/d` }] }), { base })
  const other = rowsOf(observation({ reference: 'Patient/p' }, { performer: [{ reference: 'https://other.example/Practitioner/d/_history/1' }] }), { base })

  t.ok(has(own, 'Observation.performer', 'r', 'Practitioner/d'))
  t.ok(has(other, 'Observation.performer', 'u', 'https://other.example/Practitioner/d'))
  t.ok(has(other, 'Observation.performer', 'v', 'https://other.example/Practitioner/d/_history/1'))
})

t.test('an identifier in a reference is found by :identifier', async t => {
  const rows = rowsOf(observation({ identifier: { system: 'urn:policy', value: '77' } }))

  t.ok(has(rows, 'Observation.subject', 's', 'urn:policy|77'))
})

t.test('canonicals are found without their version and with it', async t => {
  const rows = rowsOf({ resourceType: 'CarePlan', status: 'active', intent: 'plan', subject: { reference: 'Patient/p' }, instantiatesCanonical: ['http://x.org/PlanDefinition/y|2.0'] })

  t.ok(has(rows, 'CarePlan.instantiates-canonical', 'u', 'http://x.org/PlanDefinition/y'))
  t.ok(has(rows, 'CarePlan.instantiates-canonical', 'v', 'http://x.org/PlanDefinition/y|2.0'))
})
