import fc from 'fast-check'
import t, { type Test } from 'tap'
import { parseJson, type JsonObject } from '../../src/fhir/json.js'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.js'
import { validate, validateEnvelope } from '../../src/fhir/validate.js'

type Members = Record<string, unknown>

/** The errors of a resource, as `expression: diagnostics`. */
function errors (resource: Members): string[] {
  const parsed = parseJson(JSON.stringify(resource)) as JsonObject
  return validate(String(parsed['resourceType']), parsed).map(({ expression, diagnostics }) => `${expression ?? ''}: ${diagnostics}`)
}

const patient = (members: Members): Members => ({ resourceType: 'Patient', ...members })
const observation = (members: Members): Members => ({ resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, ...members })

/** One error, at this place, whose text says this. */
function refused (t: Test, resource: Members, expression: string, says: RegExp): void {
  const told = errors(resource)
  t.equal(told.length, 1, `${JSON.stringify(resource)} has one error: ${told.join('; ')}`)
  t.match(told[0], new RegExp(`^${expression.replace(/[.[\]()]/g, '\\$&')}: `), expression)
  t.match(told[0], says)
}

t.test('every type can be validated, and asks for what it needs', async t => {
  for (const type of [...RESOURCE_TYPES, 'Parameters']) {
    for (const told of errors({ resourceType: type })) t.match(told, new RegExp(`^${type}: .*(is required|SHALL|must|only|[a-z]+-[0-9]+:)`, 'i'))
  }
  t.same(errors(patient({})), [])
  t.same(validate('Patient', { resourceType: 'Person' }).map(({ code }) => code), ['structure'])
})

t.test('an element that the type does not have is named, with those it has', async t => {
  refused(t, patient({ nme: [{}] }), 'Patient', /no element 'nme'; it has .*name/)
  refused(t, patient({ contact: [{ name: { text: 'A' }, phone: 1 }] }), 'Patient.contact[0]', /no element 'phone'/)
  refused(t, patient({ fhir_comments: ['x'] }), 'Patient', /fhir_comments/)
  refused(t, patient({ _contact: [{ id: 'a' }] }), 'Patient', /_contact/)
})

t.test('cardinality: what is missing, what is one, what is many', async t => {
  refused(t, { resourceType: 'Observation', code: { text: 'x' } }, 'Observation', /Observation.status is required/)
  refused(t, patient({ name: { family: 'A' } }), 'Patient.name', /an array must/)
  refused(t, patient({ gender: ['male'] }), 'Patient.gender', /is not in the required value set/)
  refused(t, patient({ maritalStatus: [{ text: 'x' }] }), 'Patient.maritalStatus', /an object must/)
  refused(t, { resourceType: 'Linkage', item: [{ type: 'source', resource: { reference: 'Patient/a' } }] }, 'Linkage', /lnk-1/)
  t.same(errors({ resourceType: 'Observation', _status: { extension: [{ url: 'http://a', valueCode: 'unknown' }] }, code: { text: 'x' } }), [], 'an extension stands for a required primitive')
})

t.test('of a choice there is one, and one where it is required', async t => {
  refused(t, observation({ valueString: 'a', valueInteger: 1 }), 'Observation', /only one of value\[x\]/)
  refused(t, observation({ valueString: 'a', _valueInteger: { extension: [{ url: 'http://a', valueCode: 'b' }] } }), 'Observation', /only one of value\[x\]/)
  t.same(errors(observation({ valueString: 'a', _valueString: { id: 'b' } })), [])
  refused(t, { resourceType: 'MedicationRequest', status: 'active', intent: 'order', subject: { reference: 'Patient/a' } }, 'MedicationRequest', /medication\[x\] is required/)
  refused(t, observation({ valueQuantity: { value: 'x' } }), 'Observation.value.ofType(Quantity).value', /is no decimal/)
  refused(t, observation({ valueAddress: {} }), 'Observation', /no element 'valueAddress'/)
})

t.test('nothing is empty or null', async t => {
  refused(t, patient({ name: [] }), 'Patient.name', /never empty/)
  refused(t, patient({ name: [{}] }), 'Patient.name[0]', /ele-1/)
  refused(t, patient({ name: [{ id: 'a' }] }), 'Patient.name[0]', /ele-1/)
  refused(t, patient({ name: [null] }), 'Patient.name[0]', /an object must/)
  refused(t, patient({ name: [{ family: '' }] }), 'Patient.name[0].family', /is no string/)
  refused(t, patient({ birthDate: null }), 'Patient.birthDate', /null is no date/)
  refused(t, patient({ active: {} }), 'Patient.active', /is no boolean/)
})

t.test('a primitive\'s id and extensions stand beside it', async t => {
  const extension = [{ url: 'http://a', valueString: 'b' }]
  const given = (members: Members): Members => patient({ name: [members] })

  t.same(errors(patient({ _birthDate: { extension } })), [])
  t.same(errors(given({ given: ['A', null], _given: [null, { extension }] })), [])
  t.same(errors(given({ given: ['A', 'B'], _given: [{ id: 'x' }] })), [])
  refused(t, patient({ _birthDate: { id: 'a' } }), 'Patient.birthDate', /ele-1/)
  refused(t, patient({ _birthDate: [{ extension }] }), 'Patient.birthDate', /an object must/)
  refused(t, given({ _given: { extension } }), 'Patient.name[0].given', /an array must/)
  refused(t, given({ given: ['A', null], _given: [null, null] }), 'Patient.name[0].given[1]', /ele-1/)
  refused(t, given({ given: ['A', null], _given: [null, { id: 'x' }] }), 'Patient.name[0].given[1]', /ele-1/)
  refused(t, given({ given: ['A', null] }), 'Patient.name[0].given', /a null/)
  refused(t, patient({ _birthDate: {}, birthDate: '2020' }), 'Patient.birthDate', /ele-1/)
  refused(t, patient({ _birthDate: { extension: [{ url: 'http://a', valueDate: '2020-13' }] } }), 'Patient.birthDate.extension[0].value.ofType(date)', /is no date/)
  refused(t, patient({ extension: [{ valueString: 'b' }] }), 'Patient.extension[0]', /Extension.url is required/)
  refused(t, patient({ extension: [{ url: 'http://a' }] }), 'Patient.extension[0]', /ext-1/)
})

t.test('required codes', async t => {
  refused(t, patient({ gender: 'männlich' }), 'Patient.gender', /administrative-gender; allowed: male, female, other, unknown/)
  refused(t, patient({ language: 'de_DE' }), 'Patient.language', /BCP 47/)
  refused(t, observation({ valueQuantity: { value: 1, comparator: '=' } }), 'Observation.value.ofType(Quantity).comparator', /allowed: <, <=, >=, >/)
  refused(t, { resourceType: 'Condition', subject: { reference: 'Patient/a' }, clinicalStatus: { coding: [{ system: 'http://a', code: 'active' }] } },
    'Condition.clinicalStatus', /not in the required value set.*condition-clinical\|active/)
  refused(t, { resourceType: 'Binary', contentType: 'pdf' }, 'Binary.contentType', /MIME/)
  t.same(errors({ resourceType: 'Binary', contentType: 'text/plain; charset=utf-8' }), [])
})

t.test('references: their form, what they may point to, what is contained', async t => {
  const about = (reference: Members, more: Members = {}): Members => observation({ subject: reference, ...more })
  const contained = (id: string, resourceType = 'Patient'): Members => ({ contained: [{ resourceType, id }] })

  for (const reference of ['Patient/a', 'Patient/a/_history/2', 'http://x.example/fhir/Patient/a', 'http://x.example/whoever', 'urn:uuid:0b8f1d2c-6f0c-4a8e-9f0b-7a3f5b1c2d3e', 'Patient?identifier=a']) {
    t.same(errors(about({ reference })), [], reference)
  }
  t.same(errors(about({ identifier: { value: '1' } })), [])
  t.same(errors(about({ reference: '#a' }, contained('a'))), [])
  refused(t, about({ reference: 'Patient' }), 'Observation.subject', /allowed are Type\/id/)
  refused(t, about({ reference: 'Person/a/b' }), 'Observation.subject', /allowed are Type\/id/)
  refused(t, about({ reference: 'Medication/a' }), 'Observation.subject', /Medication is not allowed here: allowed are Device, Group, Location, Patient/)
  refused(t, about({ reference: 'http://x.example/fhir/Medication/a' }), 'Observation.subject', /Medication is not allowed/)
  refused(t, about({ type: 'Medication', display: 'x' }), 'Observation.subject', /Medication is not allowed/)
  refused(t, about({ type: 'Group', reference: 'Patient/a' }), 'Observation.subject', /the type is Group/)
  refused(t, about({ reference: '#b' }), 'Observation.subject', /ref-1/)
  refused(t, about({ reference: '#a' }, { contained: [{ resourceType: 'Organization', id: 'a', name: 'x' }] }), 'Observation.subject', /Organization is not allowed/)
})

t.test('contained resources', async t => {
  const subject = { reference: '#a' }
  const holding = (...contained: Members[]): Members => observation({ subject, contained })
  const a = { resourceType: 'Patient', id: 'a' }

  refused(t, holding(a, { resourceType: 'Patient', id: 'b' }), 'Observation', /dom-3.*'b'/)
  t.match(errors(holding({ ...a, contained: [{ resourceType: 'Patient', id: 'b' }] })).join(), /Observation: dom-2/)
  refused(t, holding({ ...a, meta: { versionId: '1' } }), 'Observation', /dom-4/)
  refused(t, holding({ ...a, meta: { security: [{ code: 'R' }] } }), 'Observation', /dom-5/)
  refused(t, holding(a, a), 'Observation', /two contained resources have the id 'a'/)
  refused(t, holding({ ...a, gender: 'x' }), 'Observation.contained[0].ofType(Patient).gender', /administrative-gender/)
  refused(t, holding({ resourceType: 'Nobody', id: 'a' }), 'Observation.contained[0]', /"Nobody" is no resource type/)
  t.same(errors(observation({ contained: [{ resourceType: 'Provenance', id: 'p', target: [{ reference: '#' }], recorded: '2020-01-01T00:00:00Z', agent: [{ who: { display: 'x' } }] }] })), [])
})

t.test('a Bundle is validated with its entries, or without', async t => {
  const bundle = (...entry: Members[]): Members => ({ resourceType: 'Bundle', type: 'collection', entry })
  const wrong = bundle({ resource: patient({ gender: 'x' }) })

  refused(t, wrong, 'Bundle.entry[0].resource.ofType(Patient).gender', /allowed: male/)
  t.same(validateEnvelope(parseJson(JSON.stringify(wrong)) as JsonObject), [])
  refused(t, bundle({ fullUrl: 'Patient/a', resource: patient({}) }), 'Bundle.entry[0]', /not an absolute URL/)
  refused(t, bundle({ resource: patient({}), request: { method: 'GET', url: 'Patient' } }), 'Bundle', /bdl-3/)
  refused(t, bundle({ fullUrl: 'urn:uuid:0b8f1d2c-6f0c-4a8e-9f0b-7a3f5b1c2d3e' }), 'Bundle.entry[0]', /bdl-5/)
  refused(t, bundle({ resource: observation({ contained: [] }) }), 'Bundle.entry[0].resource.ofType(Observation).contained', /never empty/)
})

t.test('invariants hold where they are stated', async t => {
  refused(t, patient({ contact: [{ gender: 'male' }] }), 'Patient.contact[0]', /pat-1/)
  refused(t, observation({ valueString: 'x', dataAbsentReason: { text: 'y' } }), 'Observation', /obs-6/)
  refused(t, patient({ name: [{ text: 'x', period: { start: '2020-02', end: '2020-01' } }] }), 'Patient.name[0].period', /per-1/)
  refused(t, observation({ referenceRange: [{ low: { value: 1, comparator: '<' } }] }), 'Observation.referenceRange[0].low', /sqty-1/)
  refused(t, { resourceType: 'Organization', name: 'x', telecom: [{ system: 'phone', value: '1', use: 'home' }] }, 'Organization.telecom[0]', /org-3/)
  refused(t, observation({ valueRange: { low: { value: 57 }, high: { value: 18 } } }), 'Observation.value.ofType(Range)', /rng-2/)
  t.same(errors(observation({ valueRange: { low: { value: 57, unit: 'cm' }, high: { value: 18, unit: 'm' } } })), [], 'other units are not compared')
  t.same(errors({ resourceType: 'Task', status: 'draft', intent: 'order', executionPeriod: { start: '2020', end: '2021-01' } }), [])
})

t.test('every error is told, up to a hundred', async t => {
  const told = errors(patient({ gender: 'x', active: 'yes', birthDate: '2020-02-30', foo: 1, contact: [{ gender: 'male' }] }))

  t.same(told.map(one => one.slice(0, one.indexOf(':'))).sort(), ['Patient', 'Patient.active', 'Patient.birthDate', 'Patient.contact[0]', 'Patient.gender'])
  t.equal(errors(patient({ name: Array.from({ length: 50_000 }, () => ({ use: 'x' })) })).length, 100)
})

t.test('the time grows with the resource, not with its square', async t => {
  const many = <T>(make: (index: number) => T): T[] => Array.from({ length: 20_000 }, (_, index) => make(index))
  const large: Members[] = [
    observation({ valueInteger: 1, code: { coding: many(index => ({ code: `a${index}` })) }, component: many(index => ({ code: { coding: [{ code: `b${index}` }] }, valueInteger: 1 })) }),
    observation({ contained: many(index => ({ resourceType: 'Patient', id: `p${index}` })), performer: many(index => ({ reference: `#p${index}` })) }),
    observation({ contained: many(index => ({ resourceType: 'Patient', id: `p${index}` })) }),
    { resourceType: 'CareTeam', contained: many(index => ({ resourceType: 'Practitioner', id: `p${index}` })), participant: many(index => ({ member: { reference: `#p${index}` }, onBehalfOf: { reference: 'Organization/a' } })) },
    { resourceType: 'Questionnaire', status: 'draft', item: many(index => ({ linkId: `${index}`, type: 'string' })) },
    { resourceType: 'CodeSystem', status: 'draft', content: 'complete', concept: many(index => ({ code: `${index}`, concept: [{ code: `x${index}` }] })) },
    { resourceType: 'Bundle', type: 'collection', entry: many(index => ({ fullUrl: `urn:oid:1.${index}`, resource: patient({ gender: 'x' }) })) },
    { resourceType: 'StructureDefinition', url: 'http://a', name: 'A', status: 'draft', kind: 'logical', abstract: false, type: 'http://a', baseDefinition: 'http://b', derivation: 'specialization',
      differential: { element: many(index => ({ id: `A.b${index}`, path: `A.b${index}`, definition: 'x', min: 0, max: '1' })) } },
    patient({ ['x'.repeat(1_000_000)]: 1, name: many(() => ({ use: 'y'.repeat(100) })) })
  ]

  for (const resource of large) {
    const start = performance.now()
    const told = errors(resource)
    t.ok(performance.now() - start < 3000, `${String(resource['resourceType'])} ${Math.round(performance.now() - start)} ms, ${told.length} errors`)
    t.ok(told.join('').length < 200_000, 'what is told stays short')
  }
})

t.test('whatever is put in the place of a value, there is an answer', async t => {
  const resource = observation({
    subject: { reference: 'Patient/a' }, effectivePeriod: { start: '2020', end: '2021' }, valueQuantity: { value: 1.5, unit: 'x' }, component: [{ code: { text: 'x' }, valueInteger: 1 }],
    contained: [{ resourceType: 'Patient', id: 'p' }], text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">x</div>' }, performer: [{ reference: '#p' }]
  })

  const pathsIn = (node: unknown): string[][] => typeof node !== 'object' || node === null
    ? []
    : Object.entries(node).flatMap(([member, value]) => [[member], ...pathsIn(value).map(path => [member, ...path])])
  const paths = pathsIn(resource)

  // A member named __proto__ is refused before validation: test/fhir/json.test.ts.
  const values = fc.jsonValue({ maxDepth: 2 }).filter(value => !JSON.stringify(value).includes('"__proto__":'))

  const result = fc.check(fc.property(fc.constantFrom(...paths), values, (path, value) => {
    const copy = structuredClone(resource)
    const parent = path.slice(0, -1).reduce<Members>((at, member) => at[member] as Members, copy)
    parent[path.at(-1) ?? ''] = value
    errors(copy)
  }), { numRuns: 2000 })

  t.notOk(result.failed, `seed ${result.seed}: ${String(result.errorInstance)} ${JSON.stringify(result.counterexample)}`)
})
