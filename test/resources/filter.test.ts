// https://hl7.org/fhir/R4/search_filter.html
import fc from 'fast-check'
import t from 'tap'
import { server, type Resource, type TestServer } from '../server.js'

const coding = (system: string, code: string): object => ({ coding: [{ system, code }] })
const LOINC = 'http://loinc.org'
const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical'
const weight = (id: string, patient: string, value: number, date: string, more: object = {}): Resource =>
  ({ resourceType: 'Observation', id, status: 'final', code: coding(LOINC, '29463-7'), subject: { reference: `Patient/${patient}` }, effectiveDateTime: date, valueQuantity: { value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' }, ...more })

const WORLD: readonly Resource[] = [
  { resourceType: 'Patient', id: 'anna', active: true, name: [{ family: 'Müller', given: ['Anna', 'Éva'] }], gender: 'female', birthDate: '1980-05-03', identifier: [{ system: 'urn:a', value: '1' }], maritalStatus: { coding: [{ system: 'urn:m', code: 'M' }, { system: 'urn:n', code: 'N' }] } },
  { resourceType: 'Patient', id: 'peter', active: false, name: [{ family: 'Petrov', given: ['Peter'] }], gender: 'male', birthDate: '2014-10-10', maritalStatus: coding('urn:m', 'M') },
  { resourceType: 'Patient', id: 'carl', name: [{ text: 'Carl, called "the Elder"\\' }] },
  weight('light', 'anna', 5, '2026-01-10'), weight('heavy', 'anna', 100, '2026-02', { status: 'amended' }), weight('long', 'peter', 50, '', { effectiveDateTime: undefined, effectivePeriod: { start: '2026-01-01', end: '2026-03-31' } }),
  { resourceType: 'Observation', id: 'words', status: 'final', code: { coding: [{ system: 'http://snomed.info/sct', code: '1' }, { system: LOINC, code: '2' }] }, subject: { reference: 'Patient/peter' }, valueString: 'Rather well' },
  { resourceType: 'Condition', id: 'flu', subject: { reference: 'Patient/anna' }, clinicalStatus: coding(CLINICAL, 'relapse') }, { resourceType: 'Condition', id: 'gone', subject: { reference: 'Patient/peter' }, clinicalStatus: coding(CLINICAL, 'resolved') },
  { resourceType: 'DocumentReference', id: 'old', status: 'superseded', content: [{ attachment: { url: 'http://x/1' } }], subject: { reference: 'Patient/anna' } },
  { resourceType: 'DocumentReference', id: 'new', status: 'current', content: [{ attachment: { url: 'http://x/2' } }], subject: { reference: 'Patient/anna' }, relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/old' } }, { code: 'signs', target: { reference: 'DocumentReference/other' } }] },
  { resourceType: 'Group', id: 'tall', type: 'person', actual: false, characteristic: [{ code: coding('urn:c', 'height'), valueCodeableConcept: coding('urn:v', 'tall'), exclude: false }, { code: coding('urn:c', 'weight'), valueCodeableConcept: coding('urn:v', 'light'), exclude: false }] },
  { resourceType: 'RiskAssessment', id: 'risk', status: 'final', subject: { reference: 'Patient/anna' }, prediction: [{ probabilityRange: { low: { value: 0.2 }, high: { value: 0.4 } } }] }
]

async function found ({ ask }: TestServer, path: string, headers: Record<string, string> = {}): Promise<string> {
  const reply = await ask('GET', `/fhir/${path}`, undefined, headers)
  const bundle = reply.json()
  return reply.statusCode === 200 ? (bundle.entry ?? []).map(({ resource }: { resource: Resource }) => resource.id).sort().join(' ') : `${reply.statusCode} ${bundle.issue[0].diagnostics}`
}
const filtered = async (made: TestServer, type: string, filter: string, headers?: Record<string, string>): Promise<string> => await found(made, `${type}?_filter=${encodeURIComponent(filter)}&_count=1000`, headers)

async function world (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const made = await server(t)
  await made.put(...WORLD.map(resource => JSON.parse(JSON.stringify(resource)) as Resource))
  return made
}

t.test('each operator finds what its definition says', async t => {
  const made = await world(t)
  const cases: ReadonlyArray<readonly [type: string, filter: string, ids: string]> = [
    // texts
    ['Patient', 'name co "pet"', 'peter'], ['Patient', 'given eq "peter" and birthdate ge 2014-10-10', 'peter'], ['Patient', 'given eq pete', ''], ['Patient', 'given sw pet', 'peter'], ['Patient', 'given ew TER', 'peter'], ['Patient', 'family ew ller', 'anna'], ['Patient', 'family eq MULLER', 'anna'],
    ['Patient', 'given ne anna', 'anna peter'], ['Patient', 'family gt n', 'peter'], ['Patient', 'family le muller', 'anna'], ['Patient', 'family lt muller', ''], ['Patient', 'family ge muller', 'anna peter'], ['Patient', 'name eq "Carl, called \\"the Elder\\"\\\\"', 'carl'], ['Patient', 'name ew "\\\\"', 'carl'], ['Patient', 'family pr true', 'anna peter'], ['Patient', 'family pr false', 'carl'],
    // codes, with the short names of systems
    ['Observation', 'code eq http://loinc.org|29463-7', 'heavy light long'], ['Observation', 'code eq loinc|29463-7', 'heavy light long'], ['Observation', 'code eq 29463-7', 'heavy light long'], ['Observation', 'code eq snomed|', 'words'], ['Observation', 'code ne loinc|29463-7', 'words'], ['Observation', 'code ne snomed|1', 'heavy light long words'], ['Observation', 'code ne 2', 'heavy light long words'],
    ['Patient', 'gender ne male', 'anna'], ['Patient', 'gender ne http://hl7.org/fhir/administrative-gender|male', 'anna'], ['Patient', 'gender ne http://other|male', 'anna peter'], ['Patient', 'active ne true', 'peter'], ['Patient', '_id ne anna', 'carl peter'], ['Patient', 'gender pr false', 'carl'], ['Patient', 'identifier eq urn:a|1', 'anna'],
    // hierarchies and value sets: the value subsumes what is there (ss), or is subsumed by it (sb)
    ['Condition', `clinical-status ss ${CLINICAL}|active`, 'flu'], ['Condition', 'clinical-status ss active', 'flu'], ['Condition', 'clinical-status sb relapse', 'flu'], ['Condition', 'clinical-status sb active', ''], ['Condition', 'clinical-status in http://hl7.org/fhir/ValueSet/condition-clinical', 'flu gone'],
    ['Condition', 'clinical-status ni http://hl7.org/fhir/ValueSet/administrative-gender', 'flu gone'],
    // dates
    ['Observation', 'date eq 2026-01-10', 'light'], ['Observation', 'date po 2026-02-03', 'heavy long'], ['Observation', 'date po 2025', ''], ['Observation', 'date co 2026-02-03', 'heavy long'], ['Observation', 'date co 2026-01-10', 'light long'], ['Observation', 'date co 2026', ''], ['Observation', 'date sa 2026-01-31', 'heavy'], ['Observation', 'date eb 2026-02', 'light'], ['Observation', 'date pr false', 'words'],
    ['Patient', 'birthdate po 1980', 'anna'], ['Patient', '_lastUpdated po 2020', ''], ['Patient', '_lastUpdated gt 2020-01-01', 'anna carl peter'], ['Patient', '_lastUpdated co 2026', ''],
    // numbers and quantities
    ['RiskAssessment', 'probability co 0.3', 'risk'], ['RiskAssessment', 'probability co 0.5', ''], ['RiskAssessment', 'probability gt 0.3', 'risk'], ['Observation', 'value-quantity gt 50', 'heavy'], ['Observation', 'value-quantity le 5000|ucum|g', 'light'], ['Observation', 'value-quantity ap 51||kg', 'long'],
    // references, uris, composites
    ['Observation', 'subject re Patient/anna', 'heavy light'], ['Observation', 'subject re http://karta.test/fhir/Patient/anna', 'heavy light'], ['Observation', 'subject pr false', ''], ['Observation', 'code-value-quantity eq 29463-7$gt60', 'heavy'],
    // chains, with a filter of what they lead to
    ['Observation', 'subject.name co "pet"', 'long words'], ['Observation', 'subject.name co "pet" and code eq 2', 'words'], ['Observation', 'subject[name sw anna].birthdate lt 2000', 'heavy light'], ['Observation', 'subject[name sw anna].birthdate gt 2000', ''], ['Observation', 'subject[gender eq male or gender eq female].active eq false', 'long words'],
    ['DocumentReference', 'relatesto.status eq superseded', 'new'],
    // names that are for filters only
    ['DocumentReference', 'relatesTo[code eq replaces].target re DocumentReference/old', 'new'], ['DocumentReference', 'relatesTo[code eq signs].target re DocumentReference/old', ''], ['DocumentReference', 'relatesTo[target re DocumentReference/other].code eq signs', 'new'], ['DocumentReference', 'relatesTo[code eq signs].target pr true', 'new'],
    ['Group', 'characteristic[code eq urn:c|height].value eq urn:v|tall', 'tall'], ['Group', 'characteristic[code eq urn:c|height].value eq urn:v|light', ''], ['Group', 'characteristic eq height', 'tall'],
    // from left to right, not, parentheses
    ['Patient', 'gender eq male or gender eq female and birthdate lt 2000', 'anna'], ['Patient', 'gender eq male or (gender eq female and birthdate lt 2000)', 'anna peter'], ['Patient', 'not (gender eq male)', 'anna carl'], ['Patient', 'not (gender eq male or gender pr false)', 'anna']
  ]
  for (const [type, filter, ids] of cases) t.equal(await filtered(made, type, filter), ids, `${type}: ${filter}`)
  t.equal(await found(made, 'Observation?_filter=status eq amended&subject:Patient.gender=female'), 'heavy', 'beside ordinary parameters')
  t.equal(await found(made, '?_type=Observation,Condition&_filter=subject.gender eq male and subject.active eq false'), 'gone long words', 'of several types')
  t.match(await found(made, '?_type=Observation,Condition&_filter=clinical-status pr true'), /clinical-status is no search parameter of Observation/)
  t.equal(await found(made, '?_type=Observation,Encounter,Condition&_security:not-in=http://hl7.org/fhir/ValueSet/security-labels&_filter=subject.name sw anna'), 'flu heavy light')
  t.equal(await found(made, 'Observation?_filter=status eq final&_filter=subject re Patient/anna'), 'light', 'two are both meant')
})

t.test('what cannot be asked is refused with its place and what is allowed', async t => {
  const made = await world(t)
  const cases: ReadonlyArray<readonly [type: string, filter: string, says: RegExp]> = [
    ['Patient', 'name is x', /^400 _filter, line 1, column 6: .* one of eq ne/], ['Patient', 'gender eq male and nmae eq x', /line 1, column 20: nmae is no search parameter of Patient. It has .*birthdate/], ['Patient', 'gender co ma', /line 1, column 1: co is not for gender, which is of type token: allowed are eq ne ss sb in ni pr/],
    ['Observation', 'subject eq Patient/anna', /eq is not for subject, which is of type reference: allowed are re pr/], ['Patient', 'birthdate ge tomorrow', /birthdate=getomorrow is no date/], ['Patient', 'family pr maybe', /family pr is true or false/], ['Patient', 'name.family eq x', /name of Patient is no reference/],
    ['Observation', 'subject.shoe eq x', /shoe is no search parameter of/], ['Observation', 'subject[shoe eq x].name eq y', /column 9: shoe is no search parameter/], ['Patient', 'identifier ne 1', /ne of identifier, which is of type Identifier, is not supported: ask not \(identifier eq/],
    ['Condition', 'clinical-status in urn:nowhere', /line 1, column 1: clinical-status=urn:nowhere: this server holds no such value set/], ['Condition', 'code ss snomed|1', /snomed.info\/sct/], ['DocumentReference', 'relatesTo[code eq a and code eq b].target re x', /takes one comparison/],
    ['DocumentReference', 'relatesTo[code eq a].shoe re x', /relatesTo has target and code, not shoe/], ['Patient', Array.from({ length: 51 }, () => 'gender eq male').join(' or '), /at most 50 comparisons/]
  ]
  for (const [type, filter, says] of cases) t.match(await filtered(made, type, filter), says, filter)
  const thirty = encodeURIComponent(Array.from({ length: 30 }, () => 'gender eq male').join(' or '))
  t.match(await found(made, `Patient?_filter=${thirty}&_filter=${thirty}`), /at most 50 parameters/)
  t.match(await filtered(made, 'Patient', 'nmae eq x', { prefer: 'handling=lenient' }), /^400/, 'a lenient client, too')
  t.match(await found(made, 'Observation?subject._filter=name eq x'), /_filter stands by itself/)
  t.match(await found(made, 'Observation?subject.name=x&_filter:not=name eq x'), /_filter stands by itself/)
})

t.test('a filter shows each caller just what he may read', async t => {
  const made = await world(t)

  t.equal(await filtered(made, 'Observation', 'not (status eq entered-in-error)', await made.as.self('anna')), 'heavy light')
  t.equal(await filtered(made, 'Observation', 'subject.gender eq male or status eq amended', await made.as.treating(['peter'])), 'long words')
  t.match(await filtered(made, 'Observation', 'subject.gender eq male', await made.as.self('anna', 'patient/Observation.rs')), /^$/)
})

t.test('a filter writes what its criteria mean', async t => {
  const made = await world(t)

  const reply = await made.ask('DELETE', `/fhir/Condition?_filter=${encodeURIComponent('clinical-status ss active')}`)

  t.equal(reply.statusCode, 204)
  t.equal(await found(made, 'Condition?'), 'gone')
})

t.test('a filter finds what the same ordinary parameters find', async t => {
  const made = await world(t)
  // An ordinary parameter, and the comparison that means the same.
  const PAIRS: ReadonlyArray<readonly [parameter: string, test: string]> = [
    ['status=final', 'status eq final'], ['status:not=final', 'not (status eq final)'], ['code=29463-7', 'code eq 29463-7'], ['code=http://loinc.org|', 'code eq loinc|'], ['date=ge2026-02', 'date ge 2026-02'], ['date=lt2026-02', 'date lt 2026-02'], ['date=ne2026-01-10', 'date ne 2026-01-10'], ['date=ap2026-02', 'date ap 2026-02'],
    ['date:missing=true', 'date pr false'], ['value-quantity=gt5', 'value-quantity gt 5'], ['value-quantity=le50||kg', 'value-quantity le 50||kg'], ['value-quantity=100|http://unitsofmeasure.org|kg', 'value-quantity eq 100|ucum|kg'], ['subject=Patient/anna', 'subject re Patient/anna'], ['subject=Patient/peter,Patient/nobody', '(subject re Patient/peter or subject re Patient/nobody)'],
    ['subject:Patient.gender=male', 'subject.gender eq male'], ['subject.name=anna', 'subject.name sw anna'], ['value-string=rather', 'value-string sw rather'], ['value-string:contains=well', 'value-string co well'], ['_id=light', '_id eq light'], ['_lastUpdated=gt2020', '_lastUpdated gt 2020'], ['status:in=http://hl7.org/fhir/ValueSet/observation-status', 'status in http://hl7.org/fhir/ValueSet/observation-status']
  ]
  const ids = async (parameter: string): Promise<Set<string>> => new Set((await found(made, `Observation?${parameter}&_count=1000`)).split(' ').filter(id => id !== ''))
  const all = await ids('_id:missing=false')
  const sets = new Map(await Promise.all(PAIRS.map(async ([parameter, test]) => [test, await ids(parameter)] as const)))
  type Tree = readonly [text: string, found: ReadonlySet<string>]
  const leaf = fc.constantFrom(...PAIRS.map(([, test]): Tree => [test, sets.get(test) ?? new Set()]))
  const { tree } = fc.letrec<{ tree: Tree }>(tie => ({
    tree: fc.oneof({ maxDepth: 4 }, leaf,
      tie('tree').map(([text, set]): Tree => [`not (${text})`, new Set([...all].filter(id => !set.has(id)))]),
      fc.tuple(tie('tree'), tie('tree')).map(([[left, l], [right, r]]): Tree => [`(${left} and ${right})`, new Set([...l].filter(id => r.has(id)))]),
      fc.tuple(tie('tree'), tie('tree')).map(([[left, l], [right, r]]): Tree => [`(${left} or ${right})`, new Set([...l, ...r])]))
  }))
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  t.comment(`seed ${seed}`)

  for (const [parameter, test] of PAIRS) t.equal(await filtered(made, 'Observation', test), [...sets.get(test) ?? []].sort().join(' '), parameter)
  await fc.assert(fc.asyncProperty(tree, async ([text, expected]) => {
    const answer = await filtered(made, 'Observation', text)
    if (answer !== [...expected].sort().join(' ')) throw new Error(`${text}: ${answer}, not ${[...expected].sort().join(' ')}`)
  }), { seed, numRuns: 80 })
})
