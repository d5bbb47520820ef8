// Searches of several types: of the whole system and of all types of a compartment. https://hl7.org/fhir/R4/search.html#all
import t from 'tap'
import { found, walked } from '../found.js'
import { server, type Resource, type TestServer } from '../server.js'

type Member = Readonly<Record<string, unknown>>
const TAGS = 'http://karta.test/tags'
const tagged = (code: string, more: Member = {}): Member => ({ meta: { tag: [{ system: TAGS, code }], ...more } })
const subject = (id: string): Member => ({ subject: { reference: `Patient/${id}` } })
const observation = (id: string, patient: string, more: Member = {}): Resource => ({ resourceType: 'Observation', id, status: 'final', code: { text: 'Pulse' }, ...subject(patient), ...more })
const condition = (id: string, patient: string, more: Member = {}): Resource => ({ resourceType: 'Condition', id, code: { text: 'Cough' }, ...subject(patient), ...more })
const goal = (id: string, patient: string, more: Member = {}): Resource => ({ resourceType: 'Goal', id, lifecycleStatus: 'active', description: { text: 'Walk' }, ...subject(patient), ...more })

const WARD: readonly Resource[] = [
  { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
  { resourceType: 'Practitioner', id: 'doc', active: true, ...tagged('red') },
  { resourceType: 'Patient', id: 'anna', managingOrganization: { reference: 'Organization/clinic' }, ...tagged('red') },
  { resourceType: 'Patient', id: 'boris' },
  { resourceType: 'Encounter', id: 'visit', status: 'finished', class: { code: 'AMB' }, ...subject('anna'), participant: [{ individual: { reference: 'Practitioner/doc' } }], period: { start: '2026-01-01', end: '2026-01-02' } },
  observation('pulse', 'anna', { effectiveDateTime: '2026-01-02', encounter: { reference: 'Encounter/visit' }, ...tagged('red') }),
  observation('theirs', 'boris', { effectiveDateTime: '2026-02-01', performer: [{ reference: 'Patient/anna' }] }),
  condition('cough', 'anna', { onsetDateTime: '2025-12-30', encounter: { reference: 'Encounter/visit' }, asserter: { reference: 'Practitioner/doc' } }),
  goal('walk', 'anna', { startDate: '2026-01-05', ...tagged('blue') }),
  { resourceType: 'RelatedPerson', id: 'mother', patient: { reference: 'Patient/anna' } },
  { resourceType: 'Device', id: 'pump', patient: { reference: 'Patient/anna' } },
  { resourceType: 'ImagingStudy', id: 'scan', status: 'available', ...subject('anna'), encounter: { reference: 'Encounter/visit' }, started: '2026-01-02' },
  { resourceType: 'Communication', id: 'letter', status: 'completed', ...subject('boris'), sender: { reference: 'Device/pump' } }
]

async function ward (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const made = await server(t)
  await made.put(...WARD)
  return made
}

const names = (text: string): string[] => text.split(' ').filter(name => name !== '').sort()

t.test('several types are searched by what they have in common', async t => {
  const made = await ward(t)
  const cases: ReadonlyArray<readonly [query: string, matches: string]> = [
    ['?_type=Patient,Observation', 'Patient/anna Patient/boris Observation/pulse Observation/theirs'], ['?_type=Patient&_type=Goal', 'Patient/anna Patient/boris Goal/walk'], ['?_type=Goal', 'Goal/walk'],
    ['?_tag=red', 'Practitioner/doc Patient/anna Observation/pulse'], [`?_tag=${TAGS}|blue`, 'Goal/walk'], ['?_tag=none', ''], ['?_tag=red&_type=Patient,Goal', 'Patient/anna'], ['?_tag=red,blue&_type=Goal,RelatedPerson,Device', 'Goal/walk'],
    ['?_tag:not=red&_type=Patient,Practitioner,Goal', 'Patient/boris Goal/walk'], ['?_id=anna,walk,pump', 'Patient/anna Goal/walk Device/pump'], ['?_id=anna&_type=Goal,Patient', 'Patient/anna'], ['?_lastUpdated=lt2020', ''],
    ['?_tag:missing=true&_type=Patient,Goal,Device', 'Patient/boris Device/pump'], ['?_id=nobody', ''],
    ['?_type=Observation,Condition,Goal&subject=Patient/anna', 'Observation/pulse Condition/cough Goal/walk'], ['?_type=Observation,Condition,ImagingStudy&patient=anna', 'Observation/pulse Condition/cough ImagingStudy/scan'],
    ['?_type=Observation,Condition,ImagingStudy&encounter=Encounter/visit', 'Observation/pulse Condition/cough ImagingStudy/scan'], ['?_type=Observation,ImagingStudy&encounter=visit&_tag=red', 'Observation/pulse'],
    ['?_type=Observation,Encounter&date=2026-01-02', 'Observation/pulse'], ['?_type=Observation,Encounter&date=ge2026-01-02', 'Observation/pulse Observation/theirs'], ['?_type=Observation,Condition&code:text=cough', 'Condition/cough'],
    ['?_type=Observation,Condition&subject:Patient.organization=clinic', 'Observation/pulse Condition/cough'], ['?_type=Observation,Goal,Condition&patient.organization.name=clinic', 'Observation/pulse Condition/cough Goal/walk'],
    ['Patient/anna/*', 'Observation/pulse Observation/theirs Encounter/visit Condition/cough Goal/walk RelatedPerson/mother ImagingStudy/scan'], ['Patient/anna/*?_type=Goal,Condition', 'Goal/walk Condition/cough'],
    ['Patient/anna/*?_tag=red', 'Observation/pulse'], ['Patient/nobody/*', ''], ['Patient/boris/*', 'Observation/theirs Communication/letter'],
    ['Encounter/visit/*', 'Encounter/visit Observation/pulse Condition/cough'], ['Practitioner/doc/*', 'Practitioner/doc Encounter/visit Condition/cough'], ['RelatedPerson/mother/*', 'RelatedPerson/mother'], ['Device/pump/*', 'Communication/letter']
  ]
  for (const [query, matches] of cases) {
    const answer = await found(made, `/fhir${query.startsWith('?') ? '' : '/'}${query}`)
    t.same(answer.matches.sort(), names(matches), `${query} ${answer.told}`)
    t.equal(answer.total, answer.matches.length, `${query}: one page proves the total`)
  }
  t.match((await found(made, '/fhir/Patient/anna/*?_type=Observation,Condition&date=2026')), { status: 400, told: /date: not all types/ })
  t.ok((await found(made, '/fhir?_count=100')).matches.length >= WARD.length, 'all there is')
})

t.test('what not all types have is refused, and a lenient client is told', async t => {
  const made = await ward(t)
  const cases: ReadonlyArray<readonly [query: string, told: RegExp]> = [
    ['?code=x', /code: not all types .*_lastUpdated.*_tag/], ['?_type=Observation,Patient&subject=Patient/anna', /subject: not all types/], ['?_type=Shoe', /"Shoe" is not a resource type/], ['?_type=', /_type/],
    ['?_sort=date', /_sort=date/], ['?_type=Observation,Patient&_sort=family', /_sort=family/], ['?_tag=red&_text=x', /no index of words/], ['?_tag=red&_contained=true', /_contained=true is asked of one type/], ['?_include=*', /references of these types: at most 50/], ['?_count=x', /_count/], ['Patient/anna/*?_type=Organization', /belongs to no Patient/],
    ['Observation?_type=Patient', /_type is asked where/], ['?_cursor=x', /page link/]
  ]
  for (const [query, told] of cases) {
    const answer = await found(made, `/fhir${query.startsWith('?') ? '' : '/'}${query}`)
    t.equal(answer.status, 400, query)
    t.match(answer.told, told, query)
  }

  const { matches, entries, links } = await found(made, '/fhir?_type=Goal,Patient&gender=male&_id=walk', { prefer: 'handling=lenient' })

  t.same(matches, ['Goal/walk'])
  t.equal(links['self'], 'http://karta.test/fhir?_type=Goal%2CPatient&_id=walk')
  t.match(entries.at(-1), { search: { mode: 'outcome' }, resource: { issue: [{ diagnostics: /^gender .*passed over/ }] } })
})

t.test('the newest come first, or in any order that all types have, and pages join to the whole', async t => {
  const made = await ward(t)
  const newest = WARD.map(({ resourceType, id }) => `${resourceType}/${id}`).reverse()

  t.same((await found(made, '/fhir?_id=' + WARD.map(({ id }) => id).join())).matches, newest)
  t.same((await found(made, '/fhir?_type=Observation,Encounter,Organization&_sort=_lastUpdated')).matches, ['Organization/clinic', 'Encounter/visit', 'Observation/pulse', 'Observation/theirs'])
  t.same((await found(made, '/fhir?_type=Observation,Encounter&_sort=-date')).matches, ['Observation/theirs', 'Observation/pulse', 'Encounter/visit'])
  t.same((await found(made, '/fhir?_type=Observation,Encounter,Goal&_sort=-_id')).matches, ['Goal/walk', 'Encounter/visit', 'Observation/theirs', 'Observation/pulse'])
  for (const query of ['?', '?_tag=red', '?_tag:not=red', '?_id=anna,walk,pump,scan', '?_type=Observation,Encounter&_sort=date', '?_sort=-_id', '?_sort=_lastUpdated', '?_type=Observation,Condition,Goal,ImagingStudy&patient=anna', '/Patient/anna/*?', '/Patient/anna/*?_sort=-_id', '/Practitioner/doc/*?']) {
    const whole = await found(made, `/fhir${query}&_count=100`)
    t.ok(whole.matches.length > 1, query)
    t.same(await walked(made, `/fhir${query}&_count=2`, {}, ({ matches }) => t.ok(matches.length > 0 && matches.length <= 2)), whole.matches, query)
  }
})

t.test('a date that is the main one of some types only sorts all of them', async t => {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' })
  await made.put({ resourceType: 'DiagnosticReport', id: 'early', status: 'final', code: { text: 'x' }, issued: '2026-01-01T00:00:00Z', ...subject('anna') }, { resourceType: 'DiagnosticReport', id: 'late', status: 'final', code: { text: 'x' }, issued: '2026-01-03T00:00:00Z', ...subject('anna') },
    { resourceType: 'DiagnosticReport', id: 'never', status: 'final', code: { text: 'x' }, ...subject('anna') }, { resourceType: 'Contract', id: 'deal', issued: '2026-01-02T00:00:00Z', subject: [{ reference: 'Patient/anna' }] }, { resourceType: 'Contract', id: 'none', subject: [{ reference: 'Patient/anna' }] })

  t.same((await found(made, '/fhir?_type=DiagnosticReport,Contract&_sort=issued')).matches, ['DiagnosticReport/early', 'Contract/deal', 'DiagnosticReport/late', 'DiagnosticReport/never', 'Contract/none'])
  t.same(await walked(made, '/fhir?_type=DiagnosticReport,Contract&_sort=-issued&_count=1'), ['DiagnosticReport/late', 'Contract/deal', 'DiagnosticReport/early', 'Contract/none', 'DiagnosticReport/never'])
})

t.test('a page link is good for its search and its caller only', async t => {
  const made = await ward(t)
  const { links: { next = '' } } = await found(made, '/fhir?_type=Patient,Observation&_count=1')
  const cursor = new URL(next).searchParams.get('_cursor') ?? ''

  t.equal((await found(made, next)).status, 200)
  t.equal((await found(made, `/fhir?_type=Patient,Goal&_cursor=${cursor}`)).status, 400)
  t.equal((await found(made, `/fhir?_cursor=${cursor}`)).status, 400)
  t.equal((await found(made, next, await made.as.self('anna'))).status, 400)
})

t.test('totals, forms, includes, a POST and the entry of a batch', async t => {
  const made = await ward(t)
  const total = async (query: string): Promise<number | undefined> => (await found(made, `/fhir${query}`)).total

  t.equal(await total('?_count=2'), undefined)
  t.equal(await total('?_count=2&_total=accurate'), WARD.length)
  t.equal(await total('?_count=2&_total=estimate'), WARD.length)
  t.equal(await total('?_summary=count'), WARD.length)
  t.equal(await total('?_type=Patient,Goal&_count=0'), 3)
  t.equal(await total('?_type=Observation,Condition&subject=Patient/anna&_count=1'), 2, 'a search that is bound to one patient is counted')
  t.equal(await total('/Patient/boris/*?_count=1'), 2)
  t.equal(await total('?_type=Patient,Goal&_total=none'), undefined)
  const [entry] = (await found(made, '/fhir?_id=anna&_elements=active')).entries
  t.match(entry, { fullUrl: 'http://karta.test/fhir/Patient/anna', resource: { meta: { tag: [{ code: 'red' }, { code: 'SUBSETTED' }] } } })
  t.same((await found(made, '/fhir?_id=pulse,visit&_include=Observation:subject&_include=Encounter:participant&_revinclude=Condition:encounter')).included, ['Condition/cough', 'Patient/anna', 'Practitioner/doc'])

  const posted = (await made.ask('POST', '/fhir/_search', '_type=Patient,Goal&_tag=blue', { 'content-type': 'application/x-www-form-urlencoded' })).json()
  t.same(posted.entry.map(({ resource }: { resource: Resource }) => resource.id), ['walk'])
  t.equal(posted.link[0].url, 'http://karta.test/fhir?_type=Patient%2CGoal&_tag=blue')
  t.equal((await made.ask('POST', '/fhir/Patient/anna/*/_search', '_type=Goal', { 'content-type': 'application/x-www-form-urlencoded' })).json().total, 1)
  const batch = (await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: ['?_type=Goal,Device', 'Patient/anna/*?_type=Goal', '?shoe=1'].map(url => ({ request: { method: 'GET', url } })) })).json()
  t.match(batch.entry, [{ response: { status: '200 OK' }, resource: { total: 2 } }, { response: { status: '200 OK' }, resource: { total: 1 } }, { response: { status: '400 Bad Request' } }])
  t.match((await made.pool.query('select interaction, type from karta.audit order by seq desc limit 1')).rows, [{ interaction: 6, type: 0 }])
})

t.test('types that the scopes leave out are as if there were none, unless they are named', async t => {
  const made = await ward(t)
  const narrow = await made.as('operator', 'system/Observation.rs system/Goal.s system/Patient.r')

  t.same((await found(made, '/fhir?', narrow)).matches, ['Goal/walk', 'Observation/theirs', 'Observation/pulse'])
  t.same((await found(made, '/fhir/Patient/anna/*?', narrow)).matches, ['Goal/walk', 'Observation/theirs', 'Observation/pulse'])
  t.equal((await found(made, '/fhir?_tag=red&_summary=count', narrow)).total, 1)
  t.match(await found(made, '/fhir?_type=Goal,Patient', narrow), { status: 403, told: /Patient/ })
  t.match(await found(made, '/fhir/Patient/anna/*?_type=Condition', narrow), { status: 403, told: /Condition/ })
  t.equal((await found(made, '/fhir?', await made.as('operator', 'system/*.cru'))).status, 403)
})
