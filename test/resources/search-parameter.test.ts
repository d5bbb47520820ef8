// https://hl7.org/fhir/R4/searchparameter.html docs/decisions/0022-custom-search-parameters.md
import type { LightMyRequestResponse } from 'fastify'
import t, { type Test } from 'tap'
import { server, type TestServer } from '../server.js'

interface Defined { readonly resourceType: 'SearchParameter', readonly id: string, readonly [member: string]: unknown }

const defined = (id: string, more: Readonly<Record<string, unknown>>): Defined => ({
  resourceType: 'SearchParameter', id, url: `http://x/${id}`, name: id, status: 'active', description: id, code: id, ...more
})
const extension = (url: string, more: object): object => ({ url: `http://x/${url}`, ...more })
const patient = (id: string, more: object = {}): { resourceType: string, id: string } => ({ resourceType: 'Patient', id, ...more })

const PET = defined('pet', { base: ['Patient'], type: 'token', expression: "Patient.extension.where(url = 'http://x/pet').value as Coding" })
const hasPet = (id: string, code: string): { resourceType: string, id: string } => patient(id, { extension: [extension('pet', { valueCoding: { system: 'http://x/pets', code, display: `a ${code}` } })] })

const idsOf = (reply: LightMyRequestResponse): string[] => ((reply.json() as { entry?: ReadonlyArray<{ resource: { id: string } }> }).entry ?? []).map(({ resource }) => resource.id).sort()

/** Asks until a new parameter answers; until then every answer must say that it does not yet. */
async function whenReady (t: Test, ask: TestServer['ask'], path: string): Promise<LightMyRequestResponse> {
  for (let left = 1000; left > 0; left--) {
    const reply = await ask('GET', path)
    if (reply.statusCode === 200) return reply
    t.equal(reply.statusCode, 409)
    t.match(reply.json().issue[0], { code: 'incomplete', diagnostics: /SearchParameter\/.* is new, and indexing what is stored (has not begun yet|is at \d+ %)/ })
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error(`${path} does not answer`)
}

async function until (condition: () => Promise<boolean>): Promise<void> {
  for (let left = 1000; !await condition(); left--) {
    if (left === 0) throw new Error('it did not come to that')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

t.test('a SearchParameter is searched by once all that was stored is indexed, and what is written later is found too', async t => {
  const { ask, put } = await server(t)
  await put(hasPet('anna', 'cat'), hasPet('boris', 'dog'), patient('carla'))
  t.equal((await ask('GET', '/fhir/Patient?pet=cat')).statusCode, 400, 'nobody knows it')

  await put(PET)

  t.same(idsOf(await whenReady(t, ask, '/fhir/Patient?pet=cat')), ['anna'])
  await put(hasPet('dora', 'cat'), patient('anna'))
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet=cat')), ['dora'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet=http://x/pets|dog')), ['boris'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet:not=cat')), ['anna', 'boris', 'carla'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet:text=a d')), ['boris'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet:missing=true')), ['anna', 'carla'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet=http://x/pets|')), ['boris', 'dora'])
})

t.test('every type of parameter, sorted, chained, included and asked for by others', async t => {
  const { ask, put } = await server(t)
  await put(
    defined('nickname', { base: ['Patient'], type: 'string', expression: "Patient.name.where(use = 'nickname').given" }),
    defined('born-at', { base: ['Patient'], type: 'date', expression: "Patient.birthDate.extension('http://x/time').value as dateTime" }),
    defined('siblings', { base: ['Patient'], type: 'number', expression: "Patient.extension('http://x/siblings').value as integer" }),
    defined('height', { base: ['Patient'], type: 'quantity', expression: "Patient.extension('http://x/height').value as Quantity" }),
    defined('homepage', { base: ['Patient'], type: 'uri', expression: "Patient.extension('http://x/homepage').value as url" }),
    defined('pager', { base: ['Patient'], type: 'token', expression: "Patient.telecom.where(system = 'pager')" }),
    defined('works-for', { base: ['Patient'], type: 'reference', target: ['Organization'], expression: "Patient.extension('http://x/works-for').value as Reference" }),
    defined('contact-use', { base: ['Patient'], type: 'composite', expression: 'Patient.name', component: [
      { definition: 'http://hl7.org/fhir/SearchParameter/individual-gender', expression: 'use' },
      { definition: 'http://hl7.org/fhir/SearchParameter/individual-family', expression: 'given' }
    ] }),
    { resourceType: 'Organization', id: 'mill', name: 'The Mill' },
    patient('anna', {
      name: [{ use: 'nickname', given: ['Änni'] }, { use: 'official', given: ['Anna'] }],
      birthDate: '1990-05-01',
      _birthDate: { extension: [extension('time', { valueDateTime: '1990-05-01T10:00:00Z' })] },
      telecom: [{ system: 'pager', value: '+49 123' }],
      extension: [
        extension('siblings', { valueInteger: 3 }), extension('height', { valueQuantity: { value: 1.7, unit: 'm', system: 'http://unitsofmeasure.org', code: 'm' } }),
        extension('homepage', { valueUrl: 'http://anna.example/home' }), extension('works-for', { valueReference: { reference: 'Organization/mill' } })
      ]
    }),
    patient('boris', { name: [{ use: 'nickname', given: ['Borja'] }], extension: [extension('siblings', { valueInteger: 1 })] }),
    patient('carla')
  )
  for (const code of ['nickname', 'born-at', 'siblings', 'height', 'homepage', 'pager', 'works-for', 'contact-use']) await whenReady(t, ask, `/fhir/Patient?${code}:missing=false`)

  for (const [query, ...expected] of [
    ['nickname=anni', 'anna'], ['nickname:exact=Borja', 'boris'], ['nickname:contains=rj', 'boris'], ['nickname=anna'],
    ['born-at=lt1990-05-01T11:00:00Z', 'anna'], ['born-at=gt1990-05-01T11:00:00Z'],
    ['siblings=gt2', 'anna'], ['siblings=1', 'boris'], ['siblings:missing=true', 'carla'],
    ['height=170|http://unitsofmeasure.org|cm', 'anna'], ['height=1.7||m', 'anna'],
    ['homepage=http://anna.example/home', 'anna'], ['homepage:below=http://anna.example', 'anna'],
    ['pager=%2B49123', 'anna'], ['pager=49124'],
    ['works-for=Organization/mill', 'anna'], ['works-for=mill', 'anna'], ['works-for:Organization=mill', 'anna'], ['works-for.name=the', 'anna'], ['works-for:Organization.name=x'],
    ['contact-use=nickname$anni', 'anna'], ['contact-use=official$anni'], ['contact-use=official$anna', 'anna'],
    ['siblings=gt0&nickname=b', 'boris']
  ] as const) {
    const reply = await ask('GET', `/fhir/Patient?${query}`)
    t.equal(reply.statusCode, 200, query)
    t.same(idsOf(reply), expected, query)
  }
  const ordered = async (query: string): Promise<unknown> => ((await ask('GET', `/fhir/Patient?${query}`)).json() as { entry: ReadonlyArray<{ resource: { id: string } }> }).entry.map(({ resource }) => resource.id)
  t.same(await ordered('_sort=-siblings,_id'), ['anna', 'boris', 'carla'])
  t.same(await ordered('_sort=nickname&nickname:missing=false'), ['anna', 'boris'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?_id=anna&_include=Patient:works-for')), ['anna', 'mill'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?_id=anna&_include=Patient:*')), ['anna', 'mill'])
  t.same(idsOf(await ask('GET', '/fhir/Organization?_revinclude=Patient:works-for')), ['anna', 'mill'])
  t.same(idsOf(await ask('GET', '/fhir/Organization?_has:Patient:works-for:siblings=3')), ['mill'])
  const statement = (await ask('GET', '/fhir/metadata')).json() as { rest: ReadonlyArray<{ resource: ReadonlyArray<{ type: string, searchParam: readonly object[], searchInclude?: readonly string[], searchRevInclude?: readonly string[] }> }> }
  const of = (type: string) => statement.rest[0]?.resource.find(resource => resource.type === type)
  t.ok(of('Patient')?.searchParam.some(each => 'name' in each && each.name === 'nickname'))
  t.ok(of('Patient')?.searchInclude?.includes('Patient:works-for'))
  t.ok(of('Organization')?.searchRevInclude?.includes('Patient:works-for'))
})

t.test('what a SearchParameter allows is kept to', async t => {
  const { ask, put } = await server(t)
  await put(
    defined('siblings', { base: ['Patient'], type: 'number', expression: "Patient.extension('http://x/siblings').value as integer", comparator: ['gt'], modifier: ['missing'], multipleOr: false, multipleAnd: false }),
    defined('works-for', { base: ['Patient'], type: 'reference', target: ['Organization'], expression: "Patient.extension('http://x/works-for').value as Reference", chain: ['name'], modifier: ['missing'] })
  )
  await whenReady(t, ask, '/fhir/Patient?siblings=1')
  await whenReady(t, ask, '/fhir/Patient?works-for=x')

  for (const [query, message] of [
    ['siblings=lt1', /prefixes gt only/], ['siblings=1,2', /one value/], ['siblings=1&siblings=2', /asked once/],
    ['works-for:Organization=x', /modifiers :missing only/], ['works-for.type=x', /followed by name only/]
  ] as const) {
    const reply = await ask('GET', `/fhir/Patient?${query}`)
    t.equal(reply.statusCode, 400, query)
    t.match(reply.json().issue[0].diagnostics, message, query)
  }
  for (const query of ['siblings=gt1', 'siblings=1', 'siblings:missing=true', 'works-for.name=x']) t.equal((await ask('GET', `/fhir/Patient?${query}`)).statusCode, 200, query)
})

t.test('what cannot be searched by is refused when it is written, and names the element', async t => {
  const { ask, put } = await server(t)
  await put(PET)
  const pet = (more: Readonly<Record<string, unknown>>): Defined => defined('x', { base: ['Patient'], type: 'token', expression: 'Patient.name.use', ...more })
  for (const [resource, element, message] of [
    [pet({ code: 'name' }), 'code', /R4.*not replaced/], [pet({ code: '_id' }), 'code', /cannot stand in a search/], [pet({ code: 'a.b' }), 'code', /cannot stand/],
    [pet({ code: 'pet' }), 'code', /SearchParameter\/pet has this code/],
    [pet({ expression: undefined }), 'expression', /needs an expression/], [pet({ expression: undefined, xpath: 'f:Patient', xpathUsage: 'normal' }), 'expression', /xpath is not evaluated/],
    [pet({ xpathUsage: 'phonetic' }), 'xpathUsage', /phonetic/], [pet({ type: 'special' }), 'type', /special/],
    [pet({ expression: 'Patient.nmae' }), 'expression', /nmae/], [pet({ expression: 'Patient.(' }), 'expression', /no FHIRPath/], [pet({ expression: 'name.use' }), 'expression', /begins with no resource type/],
    [pet({ expression: 'Person.name.use' }), 'expression', /Person, which is not in base/], [pet({ base: ['Patient', 'Person'] }), 'expression', /says nothing of Person/],
    [pet({ type: 'quantity' }), 'expression', /gives code, of which one of type quantity takes none/], [pet({ expression: 'Patient.repeat(name).use' }), 'expression', /repeat\(\)/],
    [pet({ expression: 'Patient.contained' }), 'expression', /not known/],
    [pet({ type: 'reference', expression: 'Patient.link.other' }), 'target', /target/],
    [pet({ type: 'composite', component: [{ definition: 'http://x/none', expression: 'x' }] }), 'component', /no parameter of R4/],
    [pet({ type: 'composite', component: [{ definition: 'http://hl7.org/fhir/SearchParameter/individual-family', expression: 'family' }] }), 'component', /not supported together/]
  ] as const) {
    const reply = await ask('PUT', '/fhir/SearchParameter/x', resource)
    t.equal(reply.statusCode, 422, element)
    t.match(reply.json().issue[0], { expression: [`SearchParameter.${element}`], diagnostics: message })
  }
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'POST', url: 'SearchParameter' }, resource: { ...pet({ code: 'pet' }), id: undefined } }] }
  t.equal((await ask('POST', '/fhir', bundle)).statusCode, 422)
  t.equal((await ask('PUT', '/fhir/SearchParameter/x', pet({ status: 'draft', code: 'name', expression: undefined }))).statusCode, 201, 'a draft says what it likes')
  t.equal((await ask('GET', '/fhir/Patient?x=official')).statusCode, 400, 'and is not searched by')
  const family = { ...defined('y', { base: ['Patient'], type: 'string', expression: 'Patient.name' }), code: 'name' }
  t.equal((await ask('PUT', '/fhir/SearchParameter/y', family)).statusCode, 201, 'what a profile repeats of R4 is what R4 has')
})

t.test('only the operator defines what is searched by', async t => {
  const { ask, put, as } = await server(t)
  await put(patient('anna'))

  t.equal((await ask('PUT', '/fhir/SearchParameter/pet', PET, await as.treating(['anna'], 'user/*.cruds'))).statusCode, 403)
  t.equal((await ask('PUT', '/fhir/SearchParameter/pet', PET, await as.self('anna', 'patient/*.cruds'))).statusCode, 403)
  t.equal((await ask('PUT', '/fhir/SearchParameter/pet', PET, await as('operator', 'system/Patient.cruds'))).statusCode, 403)
})

t.test('a process that has not heard of a parameter writes its rows all the same, and answers by it', async t => {
  const { ask, put, beside } = await server(t)
  await put(hasPet('anna', 'cat'))
  const other = await beside()
  // It does not look by itself.
  const refresh = other.server.registry.refresh.bind(other.server.registry)
  let looks = 0
  other.server.registry.refresh = async () => {
    looks++
    return await refresh()
  }

  await put(PET)
  await whenReady(t, ask, '/fhir/Patient?pet=cat')
  const before = looks
  const [created, bundled] = await Promise.all([
    other.ask('PUT', '/fhir/Patient/boris', hasPet('boris', 'cat')),
    other.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: ['carla', 'dora'].map(id => ({ request: { method: 'PUT', url: `Patient/${id}` }, resource: hasPet(id, 'cat') })) })
  ])

  t.equal(created.statusCode, 201)
  t.equal(bundled.statusCode, 200)
  t.ok(looks > before, 'its write was refused, and it has looked')
  for (const each of [ask, other.ask]) t.same(idsOf(await each('GET', '/fhir/Patient?pet=cat')), ['anna', 'boris', 'carla', 'dora'])
})

t.test('a write that began before, and ends after, has its rows', async t => {
  const { ask, put, pool, server: { registry } } = await server(t)
  await put(patient('anna'))
  const client = await pool.connect()
  t.teardown(() => client.release())
  // As a write does: it has a number, has looked at the registry, and takes its time.
  await client.query('begin')
  await client.query('select pg_current_xact_id()')
  const { rows: [{ rid, owner }] } = await client.query("select rid, owner from karta.version where id = 'anna'")
  await client.query('update karta.version set body = \'},"extension":[{"url":"http://x/pet","valueCoding":{"code":"cat"}}]}\' where rid = $1 and owner = $2', [rid, owner])

  await put(PET)
  await until(async () => (await registry.progress())[0]?.total === undefined)
  await new Promise(resolve => setTimeout(resolve, 300))
  t.match(await registry.progress(), [{ state: 'pending', done: 0 }], 'it waits')
  t.equal((await ask('GET', '/fhir/Patient?pet=cat')).statusCode, 409)
  await client.query('commit')

  t.same(idsOf(await whenReady(t, ask, '/fhir/Patient?pet=cat')), ['anna'])
})

t.test('another process goes on where one has stopped', async t => {
  const { app, put, pool, beside } = await server(t)
  await put(...Array.from({ length: 450 }, (_, place) => hasPet(`p${place}`, place % 2 === 0 ? 'cat' : 'dog')))
  const first = await beside()
  const second = await beside()
  // Who holds the lock does the work; the others look on.
  const { rows: [{ held }] } = await pool.query("select count(*)::int as held from pg_locks where locktype = 'advisory' and objid = 5527010")
  t.equal(held, 0, 'nothing to do, nothing held')
  await pool.query('create function karta.slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.002); return new; end $$')
  await pool.query('create trigger slow before update on karta.current_patient for each row execute function karta.slow()')

  await first.ask('PUT', '/fhir/SearchParameter/pet', PET)
  await until(async () => Number((await pool.query('select done from karta.search_parameter')).rows[0]?.done) >= 200)
  await first.close()
  await app.close()
  const { rows: [{ done }] } = await pool.query('select done from karta.search_parameter')

  t.ok(Number(done) >= 200, `${done} of 450`)
  t.equal(idsOf(await whenReady(t, second.ask, '/fhir/Patient?pet=cat&_count=1000')).length, 225)
})

t.test('a changed expression answers as before until it is indexed, and one that ended answers nothing', async t => {
  const { ask, put, pool } = await server(t)
  await put(...Array.from({ length: 50 }, (_, place) => patient(`p${place}`, { name: [{ family: 'Cat', given: ['Dog'] }] })))
  const named = (expression: string, status = 'active'): Defined => defined('called', { base: ['Patient'], type: 'string', expression, status })
  await put(named('Patient.name.family'))
  await whenReady(t, ask, '/fhir/Patient?called=cat')

  await put(named('Patient.name.given'))
  const answers: string[] = []
  await until(async () => {
    const [old, fresh] = [idsOf(await ask('GET', '/fhir/Patient?called=cat&_count=100')).length, idsOf(await ask('GET', '/fhir/Patient?called=dog&_count=100')).length]
    answers.push(`${old} ${fresh}`)
    return fresh > 0
  })
  t.same([...new Set(answers)].filter(each => !['50 0', '0 50', '50 50'].includes(each)), [], 'all of the old or all of the new')
  t.same(idsOf(await ask('GET', '/fhir/Patient?called=cat')), [])
  await put(named('Patient.name.given', 'retired'))
  t.equal((await ask('GET', '/fhir/Patient?called=dog')).statusCode, 400)

  // Nothing is left of it.
  await until(async () => (await pool.query('select from karta.search_parameter')).rowCount === 0)
  const { rows: [{ words }] } = await pool.query("select count(*)::int as words from karta.string_value where value in ('cat', 'dog') group by rid limit 1")
  t.equal(words, 2, 'the parameters of R4 have theirs')
  const tokens = async (): Promise<unknown> => (await pool.query('select array_length(tokens, 1) as count from karta.current_patient')).rows[0]
  const before = await tokens()
  await put(named('Patient.name.given'))
  await whenReady(t, ask, '/fhir/Patient?called=dog')
  t.equal((await ask('DELETE', '/fhir/SearchParameter/called')).statusCode, 204)
  await until(async () => (await pool.query('select from karta.search_parameter')).rowCount === 0)
  t.same(await tokens(), before)
})

t.test('an expression that fails on a resource loses neither the resource nor its other rows', async t => {
  const { ask, put, server: { registry } } = await server(t)
  await put(patient('anna', { name: [{ given: ['A', 'B'] }], gender: 'female' }))

  await put(defined('given-a', { base: ['Patient'], type: 'token', expression: "Patient.where(name.given.startsWith('A')).gender" }))
  await whenReady(t, ask, '/fhir/Patient?given-a=female')
  await put(patient('boris', { name: [{ given: ['B', 'C'] }], gender: 'male' }), patient('carla', { name: [{ given: ['Anna'] }], gender: 'female' }))

  t.same(idsOf(await ask('GET', '/fhir/Patient?given-a=female')), ['carla'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?gender=male,female')), ['anna', 'boris', 'carla'])
  t.same(idsOf(await ask('GET', '/fhir/Patient?given-a:missing=true')), ['anna', 'boris'])
  t.equal(registry.current.all.length, 1)
})

t.test('who may not see a resource does not find it by a parameter that was defined here', async t => {
  const { ask, put, as } = await server(t)
  await put(PET, hasPet('anna', 'cat'), hasPet('boris', 'cat'))
  await whenReady(t, ask, '/fhir/Patient?pet=cat')

  const reply = await ask('GET', '/fhir/Patient?pet=cat&_total=accurate', undefined, await as.treating(['anna']))

  t.match(reply.json(), { total: 1 })
  t.same(idsOf(reply), ['anna'])
})

interface Part { readonly name: string, readonly valueCode?: string, readonly valueDecimal?: number }

t.test('$reindex tells how far each parameter is, and makes the rows of one again', async t => {
  const { ask, put, as, pool } = await server(t)
  const told = (reply: LightMyRequestResponse): unknown => (reply.json() as { parameter?: ReadonlyArray<{ part: readonly Part[] }> }).parameter?.map(({ part }) =>
    Object.fromEntries(part.flatMap(({ name, valueCode, valueDecimal }) => ['code', 'state', 'total', 'done', 'failures'].includes(name) ? [[name, valueCode ?? valueDecimal]] : []))) ?? []
  await put(hasPet('anna', 'cat'), patient('boris', { name: [{ given: ['A', 'B'] }] }))
  t.same(told(await ask('GET', '/fhir/$reindex')), [])
  await put(PET, defined('given-a', { base: ['Patient'], type: 'token', expression: "Patient.where(name.given.startsWith('A')).gender" }))
  await whenReady(t, ask, '/fhir/Patient?pet=cat')
  await whenReady(t, ask, '/fhir/Patient?given-a=x')

  t.same(told(await ask('GET', '/fhir/$reindex')), [{ code: 'pet', state: 'ready', total: 2, done: 2, failures: 0 }, { code: 'given-a', state: 'ready', total: 2, done: 2, failures: 1 }])
  t.same(told(await ask('GET', '/fhir/SearchParameter/pet/$reindex')), [{ code: 'pet', state: 'ready', total: 2, done: 2, failures: 0 }])

  // A row that was lost.
  await pool.query("update karta.current_patient set tokens = '{}'")
  const again = await ask('POST', '/fhir/SearchParameter/pet/$reindex')
  t.equal(again.statusCode, 202)
  t.match(told(again), [{ code: 'pet', state: 'ready' }, { code: 'pet' }])
  await until(async () => JSON.stringify(told(await ask('GET', '/fhir/SearchParameter/pet/$reindex'))) === JSON.stringify([{ code: 'pet', state: 'ready', total: 2, done: 2, failures: 0 }]))
  t.same(idsOf(await ask('GET', '/fhir/Patient?pet=cat')), ['anna'])

  await put(defined('draft', { status: 'draft', base: ['Patient'], type: 'token', expression: 'Patient.gender' }))
  for (const [method, path, status, body, headers] of [
    ['GET', '/fhir/SearchParameter/none/$reindex', 404], ['GET', '/fhir/SearchParameter/draft/$reindex', 422], ['GET', '/fhir/Patient/anna/$reindex', 404],
    ['POST', '/fhir/$reindex', 405], ['POST', '/fhir/SearchParameter/pet/$reindex', 400, { resourceType: 'Parameters', parameter: [{ name: 'x', valueString: 'y' }] }],
    ['GET', '/fhir/$reindex?x=y', 400], ['GET', '/fhir/$reindex', 403, undefined, await as.treating(['anna'], 'user/*.cruds')],
    ['GET', '/fhir/SearchParameter/pet/$reindex', 403, undefined, await as.self('anna', 'patient/*.cruds')], ['POST', '/fhir/SearchParameter/pet/$reindex', 403, undefined, await as('operator', 'system/*.rs')]
  ] as const) t.equal((await ask(method, path, body, headers)).statusCode, status, `${method} ${path}`)
})

t.test('a parameter of all resources, by type and over several types', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna', { language: 'de' }), { resourceType: 'Organization', id: 'mill', name: 'Mill', language: 'de' }, { resourceType: 'Organization', id: 'shop', name: 'Shop', language: 'ru' })

  await put(defined('lang', { base: ['DomainResource'], type: 'token', expression: 'DomainResource.language' }))

  t.same(idsOf(await whenReady(t, ask, '/fhir/Organization?lang=de')), ['mill'])
  t.same(idsOf(await ask('GET', '/fhir?_type=Patient,Organization&lang=de')), ['anna', 'mill'])
  t.same(idsOf(await ask('GET', `/fhir/Organization?_filter=${encodeURIComponent('lang eq ru')}`)), ['shop'])
  t.equal((await ask('GET', '/fhir/Binary?lang=de')).statusCode, 400, 'a Binary is none')
})

t.test('a parameter that is asked in a condition of a write, in a batch and in a transaction', async t => {
  const { ask, put } = await server(t)
  await put(PET)
  await whenReady(t, ask, '/fhir/Patient?pet=cat')

  const entry = { request: { method: 'POST', url: 'Patient', ifNoneExist: 'pet=http://x/pets|cat' }, resource: { ...hasPet('', 'cat'), id: undefined } }
  const twice = await Promise.all([0, 1].map(async () => await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: [entry] })))
  t.same(twice.map(({ statusCode }) => statusCode), [200, 200])
  t.equal((await ask('GET', '/fhir/Patient?pet=cat&_summary=count')).json().total, 1)
  t.equal((await ask('DELETE', '/fhir/Patient?pet=cat')).statusCode, 204)
  const batch = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient?pet=cat' } }] })
  t.match(batch.json().entry[0], { resource: { total: 0 } })

  // It and what it is asked of, at once.
  const both = { resourceType: 'Bundle', type: 'transaction', entry: [
    { request: { method: 'PUT', url: 'SearchParameter/food' }, resource: defined('food', { base: ['Patient'], type: 'string', expression: "Patient.extension('http://x/food').value as string" }) },
    { request: { method: 'PUT', url: 'Patient/dora' }, resource: patient('dora', { extension: [extension('food', { valueString: 'soup' })] }) }
  ] }
  t.equal((await ask('POST', '/fhir', both)).statusCode, 200)
  t.same(idsOf(await whenReady(t, ask, '/fhir/Patient?food=soup')), ['dora'])
})
