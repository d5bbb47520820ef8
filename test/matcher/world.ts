// A city whose values are awkward: accents and escapes, numbers of different precision, dates of all of them, open Periods, units, references in every form.
import { random, type Random } from '../noninterference/random.js'
import type { Resource } from './definitions.js'

const LOINC = 'http://loinc.org'
const UCUM = 'http://unitsofmeasure.org'
const BASE = 'http://karta.test/fhir'

const maybe = (r: Random, member: object): object => r.onceIn(2) ? member : {}
const date = (r: Random): string => r.of(['2026', '2026-01', '2026-02', '2026-01-02', '2026-01-31', '2026-02-01', '2026-01-02T10:00:00Z', '2026-01-02T10:00:30Z', '2026-01-02T23:30:00-05:00', '2026-01-02T10:00:00.500Z', '2025-12-31T23:59:59.999Z', '2024-02-29'])
const moment = (r: Random): string => r.of(['2026-01-02T10:00:00Z', '2026-01-03T00:30:00+02:00', '2026-02-01T00:00:00.001Z', '2026-01-31T23:59:59Z'])
// A Period whose end is not before its start.
const period = (r: Random): object => r.of([{ start: '2026-01-01' }, { end: '2026-02' }, { start: '2026-01-01', end: '2026-01-31' }, { start: '2025', end: '2026-01-02T10:00:00Z' }, { start: '2026-01-02T10:00:00Z', end: '2026-01-02T10:00:00Z' }])
const code = (r: Random): object => r.of([
  { coding: [{ system: LOINC, code: '29463-7', display: 'Body weight' }] }, { coding: [{ system: LOINC, code: '8302-2', display: 'Body Höhe' }, { system: 'urn:own', code: 'w' }] }, { coding: [{ code: '29463-7' }] }, { text: 'body as words' },
  { coding: [{ system: 'urn:own', code: 'a,b', display: 'comma' }], text: 'Body again' }
])
const quantity = (r: Random): object => r.of([
  { value: 5.4, unit: 'kg', system: UCUM, code: 'kg' }, { value: 5, unit: 'kg', system: UCUM, code: 'kg' }, { value: 5400, unit: 'g', system: UCUM, code: 'g' }, { value: 11, unit: 'lb', system: UCUM, code: '[lb_av]' }, { value: -2, unit: 'kg', system: UCUM, code: 'kg' },
  { value: 5.449, unit: 'kilograms' }, { value: 100, unit: 'beats', system: 'urn:units', code: 'beats' }, { value: 0, unit: 'kg', system: UCUM, code: 'kg' }
])
const identifier = (r: Random): object => r.of([{ system: 'urn:a', value: '1' }, { system: 'urn:a', value: '2', type: { coding: [{ system: 'urn:type', code: 'MR' }] } }, { value: '1' }, { system: 'urn:b', value: '1', type: { coding: [{ system: 'urn:type', code: 'MR' }], text: 'Card' } }, { system: 'urn:b', value: 'a|b' }])
const text = (r: Random): string => r.of(['Müller', 'muller', 'Mu', 'Éva Anna', 'eva', 'Smith, John', 'back\\slash', 'dollar$bar|', 'Šimon', '100%', 'under_score', 'Анна'])
const to = (r: Random, type: string, count: number): object => ({ reference: `${r.of(['', `${BASE}/`])}${type}/${type.toLowerCase()}-${r.below(count)}` })

const meta = (r: Random): object => ({
  versionId: '1', ...maybe(r, { tag: [r.of([{ system: 'urn:tag', code: 'x' }, { code: 'x' }, { system: 'urn:tag', code: 'y' }])] }), ...maybe(r, { profile: [r.of(['http://a.test/p', 'http://a.test/p/q', 'http://a.test/pq'])] }),
  ...maybe(r, { source: r.of(['urn:s:1', 'http://a.test/s#1']) }), ...(r.onceIn(4) && { security: [{ system: 'urn:sec', code: 'R' }] })
})

const KINDS: Readonly<Record<string, readonly [count: number, content: (r: Random) => object]>> = {
  Organization: [3, r => ({ name: text(r), ...maybe(r, { partOf: to(r, 'Organization', 3) }), ...maybe(r, { alias: [text(r)] }), ...maybe(r, { active: r.onceIn(2) }) })],
  Location: [4, r => ({ name: text(r), ...maybe(r, { position: { latitude: 55 + r.below(3) / 10, longitude: 37 + r.below(3) / 10 } }), ...maybe(r, { address: { city: text(r), postalCode: '101000' } }) })],
  Patient: [4, r => ({
    ...maybe(r, { name: [{ family: text(r), given: [text(r), text(r)], ...maybe(r, { text: text(r) }) }] }), ...maybe(r, { gender: r.of(['male', 'female']) }), ...maybe(r, { birthDate: r.of(['1980', '1980-05', '1980-05-03', '1979-12-31']) }),
    ...maybe(r, { identifier: [identifier(r), identifier(r)] }), ...maybe(r, { active: r.onceIn(2) }), ...maybe(r, { managingOrganization: to(r, 'Organization', 3) }), ...maybe(r, { link: [{ type: 'seealso', other: to(r, 'Patient', 4) }] }),
    ...r.of([{}, { deceasedBoolean: r.onceIn(2) }, { deceasedDateTime: date(r) }]), ...maybe(r, { address: [{ line: [text(r)], city: text(r), country: 'RU' }] })
  })],
  Encounter: [5, r => ({ status: r.of(['finished', 'planned']), class: r.of([{ system: 'urn:class', code: 'AMB' }, { code: 'IMP' }]), subject: to(r, 'Patient', 4), ...maybe(r, { period: period(r) }), ...maybe(r, { location: [{ location: to(r, 'Location', 4) }] }), ...maybe(r, { serviceProvider: to(r, 'Organization', 3) }), ...maybe(r, { length: { value: r.below(3), unit: 'h', system: UCUM, code: 'h' } }) })],
  Observation: [24, r => ({
    status: r.of(['final', 'amended']), code: code(r), subject: { ...to(r, 'Patient', 4), ...(r.onceIn(4) && { identifier: identifier(r) }) }, ...maybe(r, { identifier: [identifier(r)] }),
    ...r.of([{ valueQuantity: quantity(r) }, { valueQuantity: quantity(r) }, { valueString: text(r) }, { valueCodeableConcept: code(r) }, { valueDateTime: date(r) }, { valuePeriod: { start: '2026-01-01' } }, {}]),
    ...r.of([{ effectiveDateTime: date(r) }, { effectivePeriod: period(r) }, { effectiveInstant: moment(r) }, { effectiveTiming: { event: [moment(r), date(r)] } }, {}]),
    ...maybe(r, { encounter: to(r, 'Encounter', 5) }), ...maybe(r, { performer: [to(r, 'Patient', 4), to(r, 'Organization', 3)] }), ...maybe(r, { hasMember: [to(r, 'Observation', 24)] }), ...maybe(r, { category: [code(r), code(r)] }),
    ...(r.onceIn(3) && { component: [{ code: { coding: [{ system: LOINC, code: '8480-6' }] }, valueQuantity: quantity(r) }, { code: { coding: [{ system: LOINC, code: '8462-4' }] }, valueQuantity: quantity(r) }] })
  })],
  Condition: [6, r => ({ subject: to(r, 'Patient', 4), ...maybe(r, { code: code(r) }), ...r.of([{ onsetDateTime: date(r) }, { onsetPeriod: period(r) }, { onsetString: text(r) }, {}]), ...maybe(r, { encounter: to(r, 'Encounter', 5) }), ...maybe(r, { recordedDate: date(r) }) })],
  RiskAssessment: [8, r => ({ status: 'final', subject: to(r, 'Patient', 4), prediction: [...r.of([[{ probabilityDecimal: r.of([0.1, 0.15, 0.2, 0.25, 0.3, 1]) }], [{ probabilityDecimal: 0.2 }, { probabilityDecimal: 0.5 }], [{ outcome: { text: 'x' } }]])], ...maybe(r, { condition: to(r, 'Condition', 6) }) })],
  DocumentReference: [6, r => ({ status: 'current', subject: to(r, 'Patient', 4), content: [{ attachment: { title: 'x' } }], ...maybe(r, { description: text(r) }), ...maybe(r, { date: moment(r) }), ...maybe(r, { relatesTo: [{ code: 'replaces', target: to(r, 'DocumentReference', 6) }, { code: 'appends', target: to(r, 'DocumentReference', 6) }] }) })],
  Device: [4, r => ({ patient: to(r, 'Patient', 4), ...maybe(r, { url: r.of(['http://a.test/d', 'http://a.test/d/e', 'urn:d:1']) }), ...maybe(r, { manufacturer: text(r) }) })],
  DiagnosticReport: [5, r => ({ status: 'final', code: code(r), subject: to(r, 'Patient', 4), ...maybe(r, { result: [to(r, 'Observation', 24), to(r, 'Observation', 24)] }), ...maybe(r, { effectiveDateTime: date(r) }), ...maybe(r, { issued: moment(r) }) })]
}

const NO_IDENTIFIER: readonly string[] = ['Patient', 'Observation']

/** The resources of a city, in the order in which they are stored. */
export function awkward (seed: number): Resource[] {
  const r = random(seed)
  return Object.entries(KINDS).flatMap(([resourceType, [count, content]]) => Array.from({ length: count }, (_, place) => ({
    resourceType, id: `${resourceType.toLowerCase()}-${place}`, meta: meta(r), ...(!NO_IDENTIFIER.includes(resourceType) && r.onceIn(2) && { identifier: [identifier(r)] }), ...content(r)
  })))
}
