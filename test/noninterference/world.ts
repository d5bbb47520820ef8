// A small city at random: what is stored in it, step by step, so that a part of it can be stored elsewhere in the same order.
import type { Resource } from '../server.js'
import { random, type Random } from './random.js'

/** One step: a version of a resource (the first is number 0), or its end. */
export type Step = { readonly put: Resource, readonly number: number } | { readonly end: string }

export const PATIENTS: readonly string[] = ['p0', 'p1', 'p2', 'p3', 'p4']

const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const day = (r: Random): string => `2026-01-0${r.below(6) + 1}`
const moment = (r: Random): string => r.of([day(r), `${day(r)}T1${r.below(3)}:00:00Z`, '2026-01', '2026'])
const patient = (r: Random): { reference: string } => ({ reference: `Patient/${r.of(PATIENTS)}` })
const to = (type: string, r: Random, count: number): { reference: string } => ({ reference: `${type}/${letterOf(type)}${r.below(count)}` })
const coded = (code: string, display: string): object => ({ coding: [{ system: LOINC, code, display }], text: display })
const CODES = [coded('29463-7', 'Body weight'), coded('8302-2', 'Body height'), { text: 'Mood today' }]
const quantity = (r: Random): object => r.of([
  { value: r.below(6), unit: 'kg', system: UCUM, code: 'kg' }, { value: 1000 * r.below(6), unit: 'g', system: UCUM, code: 'g' }, { value: r.below(6) + 0.5, unit: 'spoons' }
])

// Ids begin with a letter of their type, so that a query can name some at random.
const LETTERS: Readonly<Record<string, string>> = {
  Organization: 'g', Practitioner: 'd', Location: 'l', Medication: 'm', Encounter: 'e', Observation: 'o', Condition: 'c', DiagnosticReport: 'r', RiskAssessment: 'k', Appointment: 'a',
  DocumentReference: 't', Device: 'v', Provenance: 'n', RelatedPerson: 'f', MedicationRequest: 'q', List: 's', QuestionnaireResponse: 'w', Group: 'u'
}
const letterOf = (type: string): string => LETTERS[type] ?? 'x'

const NARRATIVES = ['Body weight and mood', 'Heights were measured', 'Хорошее настроение', 'The story of a body']
const narrative = (r: Random): object => ({ text: { status: 'generated', div: `<div xmlns="http://www.w3.org/1999/xhtml">${r.of(NARRATIVES)}</div>` } })

const security = (...codes: readonly string[]): object => codes.map(code => ({ system: ACT, code }))

function meta (r: Random): object {
  return {
    versionId: '1',
    ...(r.onceIn(4) ? { security: security('PSY') } : r.onceIn(6) && { security: security('HIV') }),
    ...(r.onceIn(3) && { tag: [{ system: 'urn:tag', code: r.of(['new', 'old']) }] }),
    ...(r.onceIn(3) && { profile: [`http://karta.test/profile/${r.of(['a', 'b/c'])}`] }),
    ...(r.onceIn(3) && { source: `urn:source:${r.below(2)}` })
  }
}

const identified = (r: Random): object => ({ identifier: [{ system: 'urn:id', value: String(r.below(8)), type: { coding: [{ system: 'urn:type', code: r.of(['MR', 'SS']) }] } }] })

// What patients and their data refer to and everybody sees.
const directory = (r: Random): Resource[] => [
  { resourceType: 'Organization', id: 'g0', name: 'Clinic', identifier: [{ system: 'urn:id', value: '0' }] },
  { resourceType: 'Organization', id: 'g1', name: 'Branch', partOf: { reference: 'Organization/g0' } },
  ...[0, 1].map(place => ({ resourceType: 'Practitioner', id: `d${place}`, name: [{ family: r.of(['Orlova', 'Petrova']) }] })),
  ...[0, 1].map(place => ({ resourceType: 'Location', id: `l${place}`, name: `Place ${place}`, position: { latitude: 55 + place, longitude: 37 } })),
  { resourceType: 'Medication', id: 'm0', code: { text: 'Salt' } }
]

const people = (r: Random): Resource[] => PATIENTS.map((id, place) => ({
  resourceType: 'Patient',
  id,
  gender: r.of(['male', 'female']),
  name: [{ family: `Family${r.below(2)}`, given: [r.of(['Anna', 'Éva'])] }],
  ...(r.onceIn(2) && narrative(r)),
  birthDate: `19${50 + 10 * place}-01-01`,
  identifier: [{ system: 'urn:id', value: String(place) }, { system: 'urn:shared', value: String(place % 2) }],
  managingOrganization: to('Organization', r, 2),
  generalPractitioner: [to('Practitioner', r, 2)],
  ...(r.onceIn(2) && { link: [{ type: 'seealso', other: patient(r) }] })
}))

const mixture = (id: string, r: Random): object => ({ resourceType: 'Medication', id, status: r.of(['active', 'inactive']), code: r.of(CODES) })
const prescribed = (r: Random): object => r.onceIn(3)
  ? { medicationReference: to('Medication', r, 1) }
  : { contained: [mixture('one', r), mixture('two', r)], medicationReference: { reference: '#one' }, supportingInformation: [{ reference: '#two' }] }

// Each type of patient data: how many, and what is in one.
const DATA: Readonly<Record<string, readonly [count: number, content: (r: Random) => object]>> = {
  Encounter: [8, r => ({
    status: r.of(['finished', 'planned']), class: { system: ACT, code: r.of(['AMB', 'IMP']) }, subject: patient(r), period: { start: moment(r) }, location: [{ location: to('Location', r, 2) }], serviceProvider: to('Organization', r, 2)
  })],
  Observation: [40, r => ({
    status: r.of(['final', 'amended']), code: r.of(CODES), subject: { ...patient(r), ...(r.onceIn(4) && { identifier: { system: 'urn:id', value: String(r.below(4)) } }) },
    ...r.of([{ valueQuantity: quantity(r) }, { valueString: r.of(['Rather well', 'So so']) }, { valueCodeableConcept: r.of(CODES) }]),
    ...r.of([{ effectiveDateTime: moment(r) }, { effectivePeriod: { start: day(r), ...(r.onceIn(2) && { end: '2026-01-09' }) } }, {}]),
    ...(r.onceIn(2) && { performer: [r.of([patient(r), to('Practitioner', r, 2), to('Organization', r, 2)])] }),
    ...(r.onceIn(2) && { encounter: to('Encounter', r, 8) }), ...(r.onceIn(4) && { hasMember: [to('Observation', r, 40)] }), ...(r.onceIn(4) && { derivedFrom: [to('Observation', r, 40)] }),
    ...(r.onceIn(4) && { component: [{ code: coded('8480-6', 'Systolic'), valueQuantity: quantity(r) }] }),
    ...(r.onceIn(2) && narrative(r))
  })],
  Condition: [8, r => ({ subject: patient(r), code: r.of(CODES), encounter: to('Encounter', r, 8), ...r.of([{ onsetDateTime: moment(r) }, { onsetString: 'long ago' }, { onsetAge: { value: r.below(6) + 1, unit: 'years', system: UCUM, code: 'a' } }]) })],
  DiagnosticReport: [8, r => ({ status: 'final', code: r.of(CODES), subject: patient(r), result: [to('Observation', r, 40), to('Observation', r, 40)], encounter: to('Encounter', r, 8) })],
  RiskAssessment: [12, r => ({ status: 'final', subject: patient(r), prediction: [{ probabilityDecimal: r.below(6) / 10 }], condition: to('Condition', r, 8) })],
  Appointment: [8, r => ({ status: 'booked', start: `${day(r)}T10:00:00Z`, end: '2026-01-09T10:30:00Z', participant: [patient(r), patient(r), to('Practitioner', r, 2)].map(actor => ({ actor, status: 'accepted' })) })],
  DocumentReference: [8, r => ({ status: 'current', subject: patient(r), description: r.of(['Letter', 'Lettre']), content: [{ attachment: { title: 'x' } }], relatesTo: [{ code: r.of(['replaces', 'appends']), target: to('DocumentReference', r, 8) }] })],
  Device: [6, r => ({ patient: patient(r), url: `http://device.test/${r.of(['a', 'a/b'])}`, manufacturer: r.of(['Acme', 'Zenith']) })],
  RelatedPerson: [6, r => ({ patient: patient(r), name: [{ family: r.of(['Sidorova', 'Šimon']) }], telecom: [{ system: 'phone', value: `+7495${r.below(2)}` }], address: [{ city: r.of(['Tver', 'Tula']) }] })],
  MedicationRequest: [6, r => ({ status: 'active', intent: 'order', ...prescribed(r), subject: patient(r), requester: to('Practitioner', r, 2), encounter: to('Encounter', r, 8) })],
  QuestionnaireResponse: [6, r => ({ status: 'completed', subject: patient(r), encounter: to('Encounter', r, 8), authored: `${day(r)}T08:00:00Z` })],
  List: [6, r => ({ status: 'current', mode: 'working', subject: patient(r), title: r.of(['Mine', 'Theirs']), entry: [to('Observation', r, 40), to('Condition', r, 8)].map(item => ({ item })) })],
  Group: [4, r => ({ type: 'person', actual: true, member: [patient(r), patient(r)].map(entity => ({ entity })) })],
  Provenance: [6, r => ({ target: [patient(r)], recorded: `${day(r)}T12:00:00Z`, agent: [{ who: to('Practitioner', r, 2) }] })]
}

const UNIDENTIFIED: readonly string[] = ['Provenance', 'QuestionnaireResponse']

function make (type: string, id: string, r: Random): Resource {
  const content = DATA[type]?.[1](r)
  return { resourceType: type, id, meta: meta(r), ...(!UNIDENTIFIED.includes(type) && identified(r)), ...content }
}

// The next version of something: of the same patients, since with the owner the history would change hands.
const changed = (before: Resource, r: Random): Resource => {
  const kept = Object.entries(before).filter(([name]) => ['subject', 'patient', 'participant', 'member', 'target'].includes(name))
  return { ...make(before.resourceType, before.id, r), ...Object.fromEntries(kept) }
}

/** A city of a seed. */
export function city (seed: number): readonly Step[] {
  const r = random(seed)
  const made = Object.entries(DATA).flatMap(([type, [count]]) => Array.from({ length: count }, (_, place) => make(type, `${letterOf(type)}${place}`, r)))
  const again = Array.from({ length: 12 }, () => r.of(made)).filter((each, place, all) => all.indexOf(each) === place)
  const ended = Array.from({ length: 6 }, () => r.of(made)).filter((each, place, all) => all.indexOf(each) === place)
  return [
    ...[...directory(r), ...people(r), ...made].map(put => ({ put, number: 0 })),
    ...again.map(each => ({ put: changed(each, r), number: 1 })),
    ...ended.map(({ resourceType, id }) => ({ end: `${resourceType}/${id}` }))
  ]
}
