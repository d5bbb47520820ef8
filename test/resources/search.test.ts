// https://hl7.org/fhir/R4/search.html
import t from 'tap'
import { server, type Resource, type TestServer } from '../server.js'

type Member = Readonly<Record<string, unknown>>
interface Entry { readonly fullUrl: string, readonly resource: Resource & { readonly issue?: readonly Member[] }, readonly search: { readonly mode: string } }
interface Found { readonly status: number, readonly ids: string[], readonly included: string[], readonly total: number | undefined, readonly entries: readonly Entry[], readonly links: Readonly<Record<string, string>>, readonly told: string }

/** Searches, and tells what came: ids of the matches in their order. */
async function found ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}): Promise<Found> {
  const reply = await ask('GET', path.replace(/^http:..karta.test/, ''), undefined, headers)
  const bundle = reply.json()
  const entries: readonly Entry[] = bundle.entry ?? []
  const of = (mode: string): string[] => entries.filter(({ search }) => search?.mode === mode).map(({ resource }) => mode === 'match' ? resource.id : `${resource.resourceType}/${resource.id}`)
  return {
    status: reply.statusCode,
    ids: of('match'),
    included: of('include').sort(),
    total: bundle.total,
    entries,
    links: Object.fromEntries((bundle.link ?? []).map(({ relation, url }: { relation: string, url: string }) => [relation, url])),
    told: bundle.issue?.[0]?.diagnostics ?? ''
  }
}

const LOINC = 'http://loinc.org'
const concept = (code: string, display: string): Member => ({ coding: [{ system: LOINC, code, display }] })
const observation = (id: string, patient: string, more: Member): Resource =>
  ({ resourceType: 'Observation', id, status: 'final', subject: { reference: `Patient/${patient}` }, code: concept('29463-7', 'Body weight'), ...more })
const kilograms = (value: number): Member => ({ valueQuantity: { value, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' } })

const PEOPLE: readonly Resource[] = [
  { resourceType: 'Organization', id: 'clinic', name: 'Clinic of the East', active: true },
  { resourceType: 'Organization', id: 'branch', name: 'Branch', partOf: { reference: 'Organization/clinic' } },
  { resourceType: 'Patient', id: 'anna', name: [{ family: 'Müller', given: ['Anna', 'Éva'] }], gender: 'female', birthDate: '1980-05-03', active: true, identifier: [{ system: 'urn:oid:1.2', value: 'A-1', type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] } }], managingOrganization: { reference: 'Organization/branch' } },
  { resourceType: 'Patient', id: 'boris', name: [{ family: 'Мулин, ст.', given: ['Борис'] }], gender: 'male', birthDate: '1980', telecom: [{ system: 'phone', value: '+7 (495) 123-45-67' }] },
  { resourceType: 'Patient', id: 'carl', name: [{ text: 'Carl von Mullen' }], gender: 'male' }
]
const MEASURED: readonly Resource[] = [
  observation('light', 'anna', { ...kilograms(5.4), effectiveDateTime: '2026-01-10T10:00:00Z' }),
  observation('heavy', 'anna', { ...kilograms(100), effectiveDateTime: '2026-02', encounter: { reference: 'Encounter/visit' } }),
  observation('pounds', 'boris', { valueQuantity: { value: 220.462, unit: 'lb', system: 'http://unitsofmeasure.org', code: '[lb_av]' }, effectivePeriod: { start: '2026-01-01', end: '2026-03-01' } }),
  observation('pressure', 'boris', { code: concept('85354-9', 'Blood pressure panel'), component: [{ code: concept('8480-6', 'Systolic'), valueQuantity: { value: 120, system: 'http://unitsofmeasure.org', code: 'mm[Hg]' } }] }),
  observation('words', 'carl', { code: { text: 'How are you' }, valueString: 'Rather well', status: 'amended' })
]

async function clinic (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const made = await server(t)
  await made.put(...PEOPLE)
  await made.put({ resourceType: 'Encounter', id: 'visit', status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/anna' } }, ...MEASURED)
  return made
}

t.test('each kind of parameter with its modifiers and prefixes finds what the page says', async t => {
  const made = await clinic(t)
  const cases: ReadonlyArray<readonly [query: string, ids: string]> = [
    // string: begins with, without case and accents; parts of a name; escapes
    ['Patient?name=mul', 'anna'], ['Patient?family=MÜL', 'anna'], ['Patient?name=eva', 'anna'], ['Patient?given=Борис', 'boris'], ['Patient?name=mull', 'anna'],
    ['Patient?name=carl', 'carl'], ['Patient?name:contains=mull', 'anna carl'], ['Patient?family:exact=Müller', 'anna'], ['Patient?family:exact=müller', ''],
    ['Patient?family=мулин\\, ст', 'boris'], ['Patient?name=anna,carl', 'anna carl'], ['Patient?name=anna&name=eva', 'anna'], ['Patient?name=anna&name=boris', ''], ['Patient?name=%25', ''],
    // token
    ['Patient?gender=male', 'boris carl'], ['Patient?gender=http://hl7.org/fhir/administrative-gender|male', 'boris carl'], ['Patient?gender=http://other|male', ''],
    ['Patient?gender:not=male', 'anna'], ['Patient?gender:not=male,female', ''], ['Patient?active=true', 'anna'], ['Patient?active:missing=true', 'boris carl'], ['Patient?active:missing=false', 'anna'],
    ['Patient?identifier=A-1', 'anna'], ['Patient?identifier=urn:oid:1.2|A-1', 'anna'], ['Patient?identifier=urn:oid:1.2|', 'anna'], ['Patient?identifier=|A-1', ''],
    ['Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|A-1', 'anna'], ['Patient?phone=+74951234567', 'boris'], ['Patient?telecom=%2B7 495 123 45 67', 'boris'], ['Patient?phone=4951234567', ''],
    ['Observation?code=29463-7', 'light heavy pounds'], ['Observation?code=http://loinc.org|85354-9', 'pressure'], ['Observation?code=http://loinc.org|', 'light heavy pounds pressure'],
    ['Observation?code:text=body', 'light heavy pounds'], ['Observation?code:text=how', 'words'], ['Observation?combo-code=8480-6', 'pressure'], ['Observation?code:not=29463-7', 'pressure words'],
    ['Observation?status=amended', 'words'],
    // date: the page's words
    ['Observation?date=2026-01-10', 'light'], ['Observation?date=2026-01', 'light'], ['Observation?date=2026', 'light heavy pounds'], ['Observation?date=2026-02', 'heavy'], ['Observation?date=2026-02-10', ''],
    ['Observation?date=ne2026-01', 'heavy pounds'], ['Observation?date=gt2026-01-31', 'heavy pounds'], ['Observation?date=ge2026-02', 'heavy pounds'], ['Observation?date=lt2026-01-05', 'pounds'],
    ['Observation?date=le2026-01-10', 'light pounds'], ['Observation?date=sa2026-01', 'heavy'], ['Observation?date=eb2026-02', 'light'], ['Observation?date=ge2026-01-09&date=le2026-01-11', 'light pounds'],
    ['Observation?date:missing=true', 'pressure words'], ['Patient?birthdate=1980', 'anna boris'], ['Patient?birthdate=1980-05', 'anna'], ['Patient?birthdate:missing=true', 'carl'], ['Patient?birthdate=ap1980', 'anna boris'],
    // quantity: pounds find kilograms, and the precision counts
    ['Observation?value-quantity=5.4|http://unitsofmeasure.org|kg', 'light'], ['Observation?value-quantity=5.40|http://unitsofmeasure.org|kg', 'light'], ['Observation?value-quantity=5.3|http://unitsofmeasure.org|kg', ''],
    ['Observation?value-quantity=5400|http://unitsofmeasure.org|g', 'light'], ['Observation?value-quantity=100|http://unitsofmeasure.org|kg', 'heavy pounds'], ['Observation?value-quantity=220|http://unitsofmeasure.org|[lb_av]', 'heavy pounds'],
    ['Observation?value-quantity=5.4', 'light'], ['Observation?value-quantity=100||kg', 'heavy'], ['Observation?value-quantity=gt5.4||kg', 'heavy'], ['Observation?value-quantity=ge5.4||kg', 'light heavy'],
    ['Observation?value-quantity=lt100|http://unitsofmeasure.org|kg', 'light pounds'], ['Observation?value-quantity=ap95||kg', 'heavy'], ['Observation?value-quantity=100|http://unitsofmeasure.org|m', ''],
    ['Observation?value-quantity=1e245', ''], ['Observation?value-quantity=lt1e245', 'light heavy pounds'],
    ['Observation?value-quantity:missing=true', 'pressure words'],
    // composite
    ['Observation?code-value-quantity=29463-7$100|http://unitsofmeasure.org|kg', 'heavy pounds'], ['Observation?code-value-quantity=http://loinc.org|29463-7$gt5.4||kg', 'heavy'],
    ['Observation?component-code-value-quantity=8480-6$120', 'pressure'], ['Observation?combo-code-value-quantity=8480-6$gt100', 'pressure'], ['Observation?code-value-string=x$rather', ''],
    // reference
    ['Observation?subject=Patient/anna', 'light heavy'], ['Observation?subject=anna', 'light heavy'], ['Observation?patient=anna', 'light heavy'], ['Observation?subject:Patient=anna', 'light heavy'],
    ['Observation?subject=http://karta.test/fhir/Patient/anna', 'light heavy'], ['Observation?subject=Patient/anna,Patient/carl', 'light heavy words'], ['Observation?subject=Patient/nobody', ''], ['Observation?subject=Group/anna', ''],
    ['Observation?encounter=Encounter/visit', 'heavy'], ['Observation?encounter:missing=true', 'light pounds pressure words'], ['Patient?organization=branch', 'anna'], ['Organization?partof=Organization/clinic', 'branch'],
    // of all types
    ['Patient?_id=anna,carl,nobody', 'anna carl'], ['Observation?_id=anna', ''], ['Patient?_lastUpdated=gt2020', 'anna boris carl'], ['Patient?_lastUpdated=lt2020', ''],
    // chains and _has, of any depth and mixed
    ['Observation?subject:Patient.name=anna', 'heavy light'], ['Observation?subject.name=anna', 'heavy light'], ['Observation?patient.gender=male', 'pounds pressure words'], ['Observation?subject.name=nobody', ''],
    ['Observation?subject:Patient.gender:not=male', 'heavy light'], ['Observation?subject:Patient.organization.name=branch', 'heavy light'], ['Observation?subject:Patient.organization.partof.name=clinic', 'heavy light'],
    ['Observation?encounter.class=AMB', 'heavy'], ['Observation?encounter:Encounter.subject:Patient.name=anna', 'heavy'], ['Patient?organization.partof=Organization/clinic', 'anna'], ['Observation?subject:Patient.birthdate=1980-05-03&date=2026-02', 'heavy'],
    ['Patient?_has:Observation:subject:code=29463-7', 'anna boris'], ['Patient?_has:Observation:patient:code=85354-9', 'boris'], ['Patient?_has:Observation:patient:value-quantity=gt50||kg', 'anna'], ['Patient?_has:Observation:patient:code=none', ''],
    ['Encounter?_has:Observation:encounter:status=final', 'visit'], ['Encounter?_has:Observation:encounter:status=amended', ''], ['Organization?_has:Patient:organization:gender=female', 'branch'],
    ['Organization?_has:Organization:partof:name=branch', 'clinic'], ['Organization?_has:Patient:organization:_has:Observation:patient:date=2026-02', 'branch'], ['Organization?_has:Organization:partof:_has:Patient:organization:name=anna', 'clinic'],
    ['Observation?subject:Patient._has:Encounter:patient:class=AMB', 'heavy light'], ['Patient?_has:Observation:subject:encounter.class=AMB', 'anna'], ['Patient?_has:Observation:subject:code=29463-7&gender=male', 'boris'],
    // compartments
    ['Patient/anna/Observation?', 'heavy light'], ['Patient/anna/Observation?date=2026-02', 'heavy'], ['Patient/anna/Encounter?', 'visit'], ['Patient/anna/Patient?', ''], ['Patient/nobody/Observation?', ''], ['Encounter/visit/Observation?', 'heavy'],
    ['Encounter/visit/Encounter?', 'visit'], ['Patient/anna/Encounter?_has:Observation:encounter:code=29463-7', 'visit'],
    // a chain that names no type follows those that lead on
    ['Provenance?target.subject:Patient.name=anna', ''], ['List?item.subject:Patient.name=anna', ''],
    // together
    ['Observation?code=http://loinc.org|29463-7&value-quantity=gt5||kg,220.462||[lb_av]&subject=Patient/anna,Patient/boris', 'light heavy pounds'], ['Observation?code=85354-9&value-quantity=gt5||kg', ''],
    ['Observation?date=ge2026-01-05&date=lt2026-01-20', 'light pounds'], ['Observation?date=ge2026-01-05&date=lt2026-01-20&code=29463-7', 'light pounds'], ['Observation?date=gt2026-01-31,2026-01-10', 'light heavy pounds'],
    ['Observation?subject=Patient/anna&code=29463-7&date=ge2026-02', 'heavy'], ['Observation?code=29463-7&value-quantity=gt50||kg&status=final', 'heavy']
  ]
  for (const [query, ids] of cases) {
    const { ids: matches, total, told } = await found(made, `/fhir/${query}`)
    t.same(matches.sort(), ids.split(' ').filter(id => id !== '').sort(), `${query} ${told}`)
    t.equal(total, matches.length, `${query}: one page proves the total`)
  }
})

t.test('what cannot be asked is refused with the parameter and what is allowed', async t => {
  const made = await clinic(t)
  const cases: ReadonlyArray<readonly [query: string, told: RegExp]> = [
    ['Patient?nmae=anna', /nmae: Patient has no such search parameter.*birthdate/], ['Patient?name:exakt=x', /:exakt.*:missing :exact :contains/], ['Patient?gender:contains=x', /:contains.*:not/],
    ['Patient?birthdate=yesterday', /birthdate=yesterday is no date/], ['Patient?birthdate=gt', /no date/], ['Observation?value-quantity=heavy', /no number/], ['Observation?value-quantity=1|kg', /number\|system\|code/],
    ['Observation?value-quantity=1|http://unitsofmeasure.org|stone', /no unit of UCUM/], ['Observation?code-value-quantity=1', /code\$value-quantity/], ['Patient?name=', /no value/], ['Patient?name=a,,b', /between two commas/],
    ['Observation?subject=a b', /is no reference/], ['Observation?subject:Practitioner=x', /:Practitioner/], ['Patient?active:missing=maybe', /true or false/], ['Patient?_count=-1', /_count/], ['Patient?_count=many', /_count/],
    ['Patient?_total=exact', /_total must be/], ['Patient?_sort=shoe', /_sort=shoe/], ['Patient?_include=Patient', /Type:parameter/], ['Patient?_include=Patient:name', /no reference parameter/], ['Patient?_include:often=Patient:organization', /:iterate/],
    ['Observation?subject:Practitioner.name=x', /leads to .*not to Practitioner/], ['Observation?status.name=x', /is no reference/], ['Observation?subject.shoe=x', /subject.shoe.*has no such search parameter/], ['Patient?_has:Shoe:patient:code=x', /Shoe is not a resource type/],
    ['Patient?_has:Observation:code:code=x', /is no reference to Patient/], ['Patient?_has:Observation:patient=x', /_has takes a type/], ['Patient?_has:Observation:patient:shoe=x', /has no such search parameter/], ['Observation?subject:Patient.birthdate=x', /no date/],
    ['Observation?subject.birthdate=x', /no date/], ['Patient?name=%00', /U\+0000/], ['Observation?value-quantity=1e308|http://unitsofmeasure.org|kg', /between 1e-100 and 1e100/], ['Observation?value-quantity=1e-320|http://unitsofmeasure.org|kg', /between 1e-100/],
    ['ActivityDefinition?depends-on.depends-on.depends-on.depends-on.depends-on.name=x', /at most 4/], ['ActivityDefinition?depends-on.depends-on.depends-on.depends-on.nonexistent=x', /nonexistent/],
    ['Patient/anna/Organization', /belongs to no Patient/], ['Patient?_cursor=x', /page link/], ['Patient?gender=a|b|c', /more than one/], ['Patient?_elements=id&_summary=true', /not asked together/], ['Location?near=x', /latitude\|longitude/]
  ]
  for (const [query, told] of cases) {
    const answer = await found(made, `/fhir/${query}`)
    t.equal(answer.status, 400, query)
    t.match(answer.told, told, query)
  }
})

t.test('a lenient client is told what was passed over, in the Bundle and its self link', async t => {
  const made = await clinic(t)

  const { ids, entries, links } = await found(made, '/fhir/Patient?gender=male&nmae=anna&shoe:exact=1', { prefer: 'handling=lenient' })

  t.same(ids.sort(), ['boris', 'carl'])
  t.equal(links['self'], 'http://karta.test/fhir/Patient?gender=male')
  const outcome = entries.at(-1)
  t.match(outcome, { search: { mode: 'outcome' }, resource: { resourceType: 'OperationOutcome' } })
  t.match(outcome?.resource.issue?.map(issue => issue['diagnostics']), [/^nmae .*passed over/, /^shoe:exact .*passed over/])
})

t.test('a bad value is refused to a lenient client too, at the end of a chain that not all types have', async t => {
  const made = await clinic(t)

  t.match(await found(made, '/fhir/Observation?subject.birthdate=x', { prefer: 'handling=lenient' }), { status: 400, told: /no date/ })
  t.equal((await found(made, '/fhir/Observation?subject.shoe=x', { prefer: 'handling=lenient' })).status, 200)
})

t.test('a search can be posted, in the body, the URL or both', async t => {
  const { ask } = await clinic(t)
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  const body = (await ask('POST', '/fhir/Observation/_search', 'subject=Patient%2Fanna&date=ge2026-02', form)).json()
  const both = (await ask('POST', '/fhir/Observation/_search?subject=Patient/anna', 'code=29463-7', form)).json()
  const repeated = (await ask('POST', '/fhir/Observation/_search?date=ge2026-01-09', 'date=le2026-01-11', form)).json()

  t.same(body.entry.map(({ resource }: Entry) => resource.id), ['heavy'])
  t.equal(both.total, 2)
  t.equal(repeated.total, 2)
  t.equal(both.link[0].url, 'http://karta.test/fhir/Observation?subject=Patient%2Fanna&code=29463-7')
  t.equal((await ask('POST', '/fhir/Observation/_search', '{}')).statusCode, 415)
  t.equal((await ask('GET', '/fhir/Observation/_search')).statusCode, 405)
})

t.test('totals, counts and forms', async t => {
  const made = await clinic(t)
  const page = await found(made, '/fhir/Observation?_count=2')
  t.equal(page.total, undefined, 'a page that is not all proves nothing')
  t.equal((await found(made, '/fhir/Observation?_count=2&_total=accurate')).total, 5)
  t.equal((await found(made, '/fhir/Observation?_count=2&_total=estimate')).total, 5)
  t.equal((await found(made, '/fhir/Observation?_total=none')).total, undefined)
  t.equal((await found(made, '/fhir/Observation?subject=Patient/anna&_count=1')).total, 2, 'a search that is bound to one patient is counted')
  for (const query of ['_count=0', '_summary=count']) {
    const { total, entries } = await found(made, `/fhir/Observation?code=29463-7&${query}`)
    t.same({ total, entries: entries.length }, { total: 3, entries: 0 }, query)
  }
  const [entry] = (await found(made, '/fhir/Patient?_id=anna&_elements=gender')).entries
  t.match(entry, { fullUrl: 'http://karta.test/fhir/Patient/anna', resource: { gender: 'female', meta: { tag: [{ code: 'SUBSETTED' }] } } })
  t.notOk(entry !== undefined && 'birthDate' in entry.resource)
})

t.test('many values are one question, and too many are refused', async t => {
  const made = await clinic(t)
  const many = (count: number, text: string): string => Array.from({ length: count }, (_, place) => `${text}${place}`).join(',')
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const total = async (body: string): Promise<number> => (await made.ask('POST', '/fhir/Observation/_search', body, form)).json().total

  t.equal(await total(`code=${many(500, 'x')},29463-7`), 3)
  t.equal(await total(`subject=${many(500, 'Patient/x')},Patient/anna`), 2)
  t.equal(await total(`_id=${many(500, 'x')},heavy`), 1)
  t.equal(await total(`value-quantity=${many(300, '20')},5.4`), 1)
  t.equal((await made.ask('POST', '/fhir/Observation/_search', `code=${many(1001, 'x')}`, form)).statusCode, 400)
  t.equal((await made.ask('POST', '/fhir/Observation/_search', Array(51).fill('code=x').join('&'), form)).statusCode, 400)
  t.equal((await found(made, '/fhir/Observation?_count=5000')).links['self'], 'http://karta.test/fhir/Observation?_count=1000', 'the self link tells what was used')
})

t.test('includes bring what is referred to and what refers, each once', async t => {
  const made = await clinic(t)
  const included = async (query: string): Promise<string[]> => (await found(made, `/fhir/${query}`)).included

  t.same(await included('Observation?_include=Observation:subject'), ['Patient/anna', 'Patient/boris', 'Patient/carl'])
  t.same(await included('Observation?_id=heavy&_include=Observation:*'), ['Encounter/visit', 'Patient/anna'])
  t.same(await included('Observation?_id=heavy&_include=*'), ['Encounter/visit', 'Patient/anna'])
  t.same(await included('Observation?_id=heavy&_include=Observation:subject:Group'), [])
  t.same(await included('Patient?_id=anna&_revinclude=Observation:subject&_revinclude=Encounter:patient'), ['Encounter/visit', 'Observation/heavy', 'Observation/light'])
  t.same(await included('Observation?_id=heavy&_include=Observation:subject&_include:iterate=Patient:organization&_include:iterate=Organization:partof'), ['Organization/branch', 'Organization/clinic', 'Patient/anna'])
  t.same(await included('Observation?_id=heavy&_include=Observation:subject&_include=Patient:organization'), ['Patient/anna'], 'without iterate only what was found is looked at')
  t.same(await included('Organization?_include=Organization:partof'), [], 'what was found is not included again')
  t.equal((await found(made, '/fhir/Observation?_id=heavy&_include=Observation:subject')).total, 1, 'what is included does not count')
})

t.test('what is deleted or no longer so is not found', async t => {
  const made = await clinic(t)
  await made.put({ ...MEASURED[0], ...kilograms(7), id: 'light', resourceType: 'Observation' })
  await made.ask('DELETE', '/fhir/Observation/heavy')

  t.same((await found(made, '/fhir/Observation?value-quantity=5.4||kg')).ids, [])
  t.same((await found(made, '/fhir/Observation?value-quantity=7||kg')).ids, ['light'])
  t.same((await found(made, '/fhir/Observation?subject=Patient/anna')).ids, ['light'])
  t.same((await found(made, '/fhir/Observation?_id=heavy')).ids, [])
})

t.test('pages are stable, in both directions and orders, and bound to their search and caller', async t => {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' })
  const days = ['2026-01-03', '2026-01-01', undefined, '2026-01-02', '2026-01-01', '2026-01-05', undefined]
  await made.put(...days.map((day, place) => observation(`o${place}`, 'anna', day === undefined ? {} : { effectiveDateTime: day })))
  const walk = async (query: string): Promise<string[]> => {
    const ids: string[] = []
    for (let url: string | undefined = `/fhir/Observation?${query}&_count=2`; url !== undefined;) {
      const page = await found(made, url)
      t.ok(page.ids.length > 0 && page.ids.length <= 2)
      ids.push(...page.ids)
      url = page.links['next']
    }
    return ids
  }

  for (const sort of ['', '&_sort=_lastUpdated', '&_sort=-_lastUpdated', '&_sort=date', '&_sort=-date']) {
    for (const query of ['subject=Patient/anna', 'code=29463-7', 'status=final', 'date:missing=false']) {
      const whole = await found(made, `/fhir/Observation?${query}${sort}`)
      t.same(await walk(query + sort), whole.ids, query + sort)
    }
  }
  t.same(await walk('subject=Patient/anna&_sort=-date'), ['o5', 'o0', 'o3', 'o4', 'o1', 'o6', 'o2'])
  t.same(await walk('code=29463-7&_sort=_lastUpdated'), ['o0', 'o1', 'o2', 'o3', 'o4', 'o5', 'o6'])

  const { links: { next = '' } } = await found(made, '/fhir/Observation?status=final&_count=2')
  const cursor = new URL(next).searchParams.get('_cursor') ?? ''
  t.equal((await found(made, `/fhir/Observation?status=amended&_cursor=${cursor}`)).status, 400, 'another search')
  t.equal((await found(made, next, await made.as.self('anna'))).status, 400, 'another caller')
  t.equal((await found(made, `${next}&_count=5`.replace('_count=2&', ''))).ids.length, 5, 'the number may change on the way')
  await made.put(observation('new', 'anna', {}))
  t.same((await found(made, next)).ids, ['o4', 'o3'], 'what is new does not move the pages')
})

t.test('any parameter with an order sorts, several keys, each in its direction, with what has no value last', async t => {
  const made = await clinic(t)
  const cases: ReadonlyArray<readonly [query: string, ids: string]> = [
    ['Patient?_sort=family', 'anna boris carl'], ['Patient?_sort=-family', 'boris anna carl'], ['Patient?_sort=name', 'anna carl boris'], ['Patient?_sort=_id', 'anna boris carl'], ['Patient?_sort=-_id', 'carl boris anna'],
    ['Patient?_sort=birthdate', 'boris anna carl'], ['Patient?_sort=-birthdate', 'anna boris carl'], ['Patient?_sort=gender,-_id', 'anna carl boris'], ['Patient?_sort=-gender,_id', 'boris carl anna'], ['Patient?_sort=gender,_lastUpdated', 'anna boris carl'], ['Patient?_sort=active,-_id', 'anna carl boris'], ['Patient?_sort=-deceased,_id', 'anna boris carl'], ['Organization?_sort=active,_id', 'clinic branch'],
    ['Observation?code=http://loinc.org|29463-7&_sort=value-quantity', 'light pounds heavy'], ['Observation?code=29463-7,85354-9&_sort=-value-quantity', 'heavy pounds light pressure'],
    ['Observation?_sort=value-quantity,_id', 'light pounds heavy pressure words'], ['Observation?_sort=-value-quantity,_id', 'heavy pounds light pressure words'], ['Observation?_sort=status,-date', 'words heavy light pounds pressure'],
    ['Observation?_sort=code,-_id', 'pounds light heavy pressure words'], ['Observation?_sort=date', 'pressure words pounds light heavy'], ['Observation?_sort=-date,_id', 'heavy light pounds pressure words']
  ]
  for (const [query, ids] of cases) {
    const whole = await found(made, `/fhir/${query}`)
    t.same(whole.ids, ids.split(' '), `${query} ${whole.told}`)
    const walked: string[] = []
    for (let url: string | undefined = `/fhir/${query}&_count=1`; url !== undefined;) {
      const page = await found(made, url)
      walked.push(...page.ids)
      url = page.links['next']
    }
    t.same(walked, whole.ids, `${query}: page by page`)
  }
  for (const query of ['Patient?_sort=', 'Patient?_sort=family,', 'Patient?_sort=identifier', 'Patient?_sort=phone', 'ValueSet?_sort=version', 'Observation?_sort=subject', 'Patient?_sort=family,given,gender,_id,birthdate,name']) {
    t.match(await found(made, `/fhir/${query}`), { status: 400, told: /_sort/ }, query)
  }
})

t.test('what the server records itself is not searched yet, and the answer says so', async t => {
  const made = await clinic(t)

  const { total, entries } = await found(made, '/fhir/AuditEvent?')

  t.equal(total, 0)
  t.match(entries, [{ search: { mode: 'outcome' }, resource: { issue: [{ code: 'incomplete', diagnostics: /server makes itself/ }] } }])
})

t.test('the system of a code element counts in a composite, too', async t => {
  const made = await clinic(t)
  await made.put({ resourceType: 'DocumentReference', id: 'old', status: 'superseded', content: [{ attachment: { title: 'old' } }], subject: { reference: 'Patient/anna' } },
    { resourceType: 'DocumentReference', id: 'new', status: 'current', content: [{ attachment: { title: 'new' } }], subject: { reference: 'Patient/anna' }, relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/old' } }] })

  for (const code of ['replaces', 'http://hl7.org/fhir/document-relationship-type|replaces']) {
    t.same((await found(made, `/fhir/DocumentReference?relationship=DocumentReference/old$${code}`)).ids, ['new'], code)
  }
  t.same((await found(made, '/fhir/DocumentReference?relationship=DocumentReference/old$http://elsewhere|replaces')).ids, [])
})

t.test('scopes narrow what is included, and a search needs its own', async t => {
  const made = await clinic(t)

  const narrow = await found(made, '/fhir/Observation?_id=heavy&_include=Observation:subject&_include=Observation:encounter', await made.as('operator', 'system/Observation.rs system/Encounter.r'))
  const none = await found(made, '/fhir/Patient?_id=anna', await made.as('operator', 'system/Patient.r'))

  t.same(narrow.included, ['Encounter/visit'])
  t.equal(none.status, 403)
})

// https://hl7.org/fhir/R4/search.html#versions
t.test('a reference to a version is found by the resource and by that version, not by another', async t => {
  const made = await clinic(t)
  await made.put(observation('versioned', 'carl', { performer: [{ reference: 'Patient/anna/_history/1' }], derivedFrom: [{ reference: 'Observation/light' }] }))

  for (const [query, ids] of [['performer=Patient/anna', ['versioned']], ['performer=Patient/anna/_history/1', ['versioned']], ['performer=Patient/anna/_history/2', []], ['derived-from=Observation/light/_history/1', []]] as const) {
    t.same((await found(made, `/fhir/Observation?${query}`)).ids, ids, query)
  }
})
