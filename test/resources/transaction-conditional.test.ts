// Entries and references that say what they mean by criteria. https://hl7.org/fhir/R4/http.html#trules docs/decisions/0019-conditional-bundles.md
import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { LightMyRequestResponse } from 'fastify'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.js'
import { server, type Resource, type TestServer } from '../server.js'

const SYSTEM = 'urn:oid:1.2.3'
const of = (value: string): string => `identifier=${SYSTEM}|${value}`
const person = (value: string, more: object = {}): object => ({ resourceType: 'Patient', identifier: [{ system: SYSTEM, value }], ...more })
const pulse = (subject: string, more: object = {}): object => ({ resourceType: 'Observation', status: 'final', code: { text: 'pulse' }, subject: { reference: subject }, ...more })

const request = (method: string, url: string, resource?: object, more: object = {}, fullUrl?: string): object =>
  ({ request: { method, url, ...more }, ...(resource !== undefined && { resource }), ...(fullUrl !== undefined && { fullUrl }) })
const make = (value: string, more: object = {}, fullUrl?: string): object => request('POST', 'Patient', person(value, more), { ifNoneExist: of(value) }, fullUrl)

type Ask = TestServer['ask']
const transaction = async (ask: Ask, entry: unknown[], headers = {}): Promise<LightMyRequestResponse> =>
  await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry }, headers)

interface Answered { readonly response: { readonly status: string, readonly location?: string, readonly outcome?: object }, readonly resource?: Record<string, unknown> & { readonly entry?: unknown[] } }
const entriesOf = (reply: LightMyRequestResponse): Answered[] => {
  if (reply.statusCode !== 200) throw new Error(reply.body)
  return reply.json().entry
}
const statusesOf = (reply: LightMyRequestResponse): string[] => entriesOf(reply).map(({ response }) => response.status.slice(0, 3))
const placesOf = (reply: LightMyRequestResponse): string[] => entriesOf(reply).map(({ response }) => response.location?.split('/_history')[0] ?? '')

async function people (t: Parameters<typeof server>[0], settings = {}) {
  const made = await server(t, settings)
  await made.put({ ...person('2'), id: 'two' } as Resource, { ...person('3'), id: 'three' } as Resource, { ...person('3'), id: 'three-again' } as Resource)
  const count = async (query = 'Patient?_summary=count'): Promise<number> => (await made.ask('GET', `/fhir/${query}`)).json().total
  return { ...made, count }
}

t.test('each kind of entry finds what it means, and what refers to it is written with what was found', async t => {
  const { ask, put } = await people(t)
  await put({ ...person('4'), id: 'four' } as Resource, { ...person('5'), id: 'five' } as Resource)
  const [found, made, updated, patched] = Array.from({ length: 4 }, () => `urn:uuid:${randomUUID()}`) as [string, string, string, string]
  const edit = { resourceType: 'Parameters', parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'add' }, { name: 'path', valueString: 'Patient' }, { name: 'name', valueString: 'active' }, { name: 'value', valueBoolean: true }] }] }

  const reply = await transaction(ask, [
    request('POST', 'Observation', pulse(found)), request('POST', 'Observation', pulse(made)), request('POST', 'Observation', pulse(updated)), request('POST', 'Observation', pulse(patched)),
    make('2', { gender: 'male' }, found), make('1', {}, made), request('PUT', `Patient?${of('4')}`, person('4', { gender: 'female' }), {}, updated),
    request('PATCH', `Patient?${of('5')}`, edit, {}, patched), request('DELETE', `Patient?${of('9')}`), request('PUT', `Patient?${of('6')}`, person('6'))
  ])

  t.same(statusesOf(reply), ['201', '201', '201', '201', '200', '201', '200', '200', '204', '201'])
  const places = placesOf(reply)
  t.match(places.slice(4), ['Patient/two', /^Patient\/[^/]+$/, 'Patient/four', 'Patient/five', '', /^Patient\/[^/]+$/])
  const subjects = await Promise.all(places.slice(0, 4).map(async place => (await ask('GET', `/fhir/${place}`)).json().subject.reference))
  t.same(subjects, places.slice(4, 8))
  t.equal((await ask('GET', '/fhir/Patient/two')).json().gender, undefined, 'what was found is left as it is')
  t.match([(await ask('GET', '/fhir/Patient/four')).json().gender, (await ask('GET', '/fhir/Patient/five')).json().active], ['female', true])
})

t.test('criteria are looked up before anything is written, and mean one resource', async t => {
  const { ask, count } = await people(t)
  const bad: [object[], number, RegExp][] = [
    [[make('3')], 412, /entry\[1\]: the criteria are not selective enough/],
    [[request('PUT', `Patient?${of('3')}`, person('3'))], 412, /more than one Patient/],
    [[request('DELETE', `Patient?${of('3')}`)], 412, /more than one Patient/],
    [[request('PATCH', `Patient?${of('3')}`, { resourceType: 'Parameters', parameter: [] })], 412, /more than one Patient/],
    [[request('PUT', `Patient?${of('2')}`, person('2', { id: 'other' }))], 400, /the criteria mean Patient\/two, but the resource's id is other/],
    [[request('PUT', `Patient?${of('8')}`, person('8'), { ifMatch: 'W/"1"' })], 412, /none has version 1/],
    [[request('PUT', `Patient?${of('2')}`, person('2'), { ifMatch: 'W/"1"' })], 412, /does not have version 1/],
    [[request('PUT', `Patient?${of('2')}`, person('2')), request('DELETE', 'Patient/two')], 400, /Patient\/two is that of entry \d too/],
    [[request('PUT', `Patient?${of('2')}`, person('2')), request('DELETE', `Patient?_id=two&${of('2')}`)], 400, /Patient\/two is that of entry \d too/],
    [[make('2'), request('DELETE', `Patient?${of('2')}`)], 400, /Patient\/two is that of entry \d too/],
    [[make('7'), request('PUT', `Patient?${of('7')}`, person('7'))], 400, /the criteria are those of entry 1 too/],
    [[make('7'), make('7', { gender: 'male' })], 400, /the criteria are those of entry 1 too/],
    [[make('7', {}, 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0'), request('POST', 'Observation', pulse('Patient/two'), { ifNoneExist: 'subject=urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' })], 400, /an entry of this Bundle/]
  ]

  for (const [entries, status, words] of bad) {
    const reply = await transaction(ask, [make('1'), ...entries])
    t.match([reply.statusCode, reply.json().issue[0].diagnostics], [status, words], JSON.stringify(entries))
  }
  t.equal(await count(), 3, 'nothing of any of them has happened')
})

t.test('entries that would make the same thing make it once', async t => {
  const { ask, count } = await people(t)
  const [a, b] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]

  const first = await transaction(ask, [make('1', {}, a), request('POST', 'Observation', pulse(a)), make('1', {}, b), request('POST', 'Observation', pulse(b))])
  const again = await transaction(ask, [make('1', {}, a), make('1', { gender: 'male' }, b)])

  t.same(statusesOf(first), ['201', '201', '200', '201'])
  const [one, , other, observation] = placesOf(first)
  t.equal(one, other)
  t.equal((await ask('GET', `/fhir/${observation}`)).json().subject.reference, one)
  t.same(statusesOf(again), ['200', '200'], 'what is there is meant by both, whatever they say')
  t.equal(await count(), 4)
})

t.test('searches see what the transaction has written, and are audited with it', async t => {
  const { ask, pool } = await people(t)
  const anna = `urn:uuid:${randomUUID()}`

  const reply = await transaction(ask, [
    request('GET', `Patient?${of('1')}`), request('GET', 'Patient/two/Observation?code:text=pulse'), request('POST', `Patient/_search?${of('2')}`), request('GET', 'Patient?_summary=count'), request('GET', '?_type=Patient,Observation&_summary=count'),
    request('GET', 'Patient/two'), make('1', {}, anna), request('POST', 'Observation', pulse('Patient/two')), request('PUT', `Patient?${of('2')}`, person('2', { active: true }))
  ])

  const [made, inCompartment, posted, counted, system, two] = entriesOf(reply).map(({ resource }) => resource)
  t.match([made?.entry?.length, inCompartment?.entry?.length, posted?.entry, counted?.total, system?.total], [1, 1, [{ resource: { id: 'two', active: true } }], 4, 5])
  t.match(two, { id: 'two', active: true })
  const { rows } = await pool.query<{ shown: number }>('select cardinality(shown) as shown from karta.audit where interaction = 7 order by 1')
  t.same(rows.map(({ shown }) => shown), [3, 4], 'what was written; what was found and read')
})

t.test('what criteria have deleted cannot be read', async t => {
  const { ask } = await people(t)

  const reply = await transaction(ask, [request('GET', 'Patient/two'), request('DELETE', `Patient?${of('2')}`)])

  t.match([reply.statusCode, reply.json().issue[0].diagnostics], [410, /^Bundle\.entry\[0\]/])
  t.equal((await ask('GET', '/fhir/Patient/two')).statusCode, 200)
})

t.test('a search that fails when it runs is told in its entry where something was written, and fails the whole where nothing was', async t => {
  const { ask, server: { searches } } = await people(t)
  t.capture(searches, 'query', (() => { throw Object.assign(new Error('slow'), { code: '57014' }) }) as typeof searches.query)

  const wrote = await transaction(ask, [request('POST', 'Patient', person('8')), request('GET', `Patient?${of('8')}`)])
  const read = await transaction(ask, [request('GET', `Patient?${of('8')}`)])

  t.same(statusesOf(wrote), ['201', '503'])
  t.match(entriesOf(wrote)[1]?.response.outcome, { resourceType: 'OperationOutcome', issue: [{ code: 'transient' }] })
  t.match([read.statusCode, read.json().issue[0].diagnostics], [503, /^Bundle\.entry\[0\]/])
})

t.test('a reference may be any search, of what is there and of what the transaction makes', async t => {
  const { ask, put } = await people(t)
  await put({ resourceType: 'Organization', id: 'clinic', name: 'Clinic' }, { resourceType: 'Practitioner', id: 'chekhov', name: [{ family: 'Chekhov' }] })
  const performer = (reference: string): object => request('POST', 'Observation', pulse('Patient/two', { performer: [{ reference }] }))
  const stored = async (reply: LightMyRequestResponse, index: number): Promise<string> => (await ask('GET', `/fhir/${placesOf(reply)[index]}`)).json().performer[0].reference

  const there = await transaction(ask, [performer('Practitioner?family=chekhov&gender:missing=true'), performer('Organization?name:exact=Clinic'), performer(`Patient?${of('2')}`)])
  const made = await transaction(ask, [
    performer('Practitioner?identifier=d|1'), performer('Organization?name=Ward'), request('POST', 'Practitioner', { resourceType: 'Practitioner', identifier: [{ system: 'd', value: '1' }] }),
    request('PUT', 'Organization?name=Ward', { resourceType: 'Organization', name: 'Ward' })
  ])

  t.same([await stored(there, 0), await stored(there, 1), await stored(there, 2)], ['Practitioner/chekhov', 'Organization/clinic', 'Patient/two'])
  t.same([await stored(made, 0), await stored(made, 1)], placesOf(made).slice(2), 'by what is an identifier, and by the criteria under which it is made')
})

t.test('a subject may be meant by a search, and what it is of is found by him', async t => {
  const { ask, count } = await people(t)

  await transaction(ask, [request('POST', 'Observation', pulse(`Patient?${of('2')}`)), request('POST', 'Observation', pulse(`Patient?${of('1')}`)), make('1')])

  t.equal(await count('Observation?subject=Patient/two&_summary=count'), 1)
  t.equal(await count(`Observation?subject.identifier=${SYSTEM}|1&_summary=count`), 1)
})

t.test('a reference that does not mean one resource fails the whole, and is named', async t => {
  const { ask, count } = await people(t)
  const bad: [string, object[], number, RegExp][] = [
    [`Patient?${of('9')}`, [], 412, /matches none/],
    [`Patient?${of('3')}`, [], 412, /matches several/],
    [`Patient?${of('2')}`, [request('POST', 'Patient', person('2'))], 412, /matches several/],
    [`Patient?${of('2')}`, [request('DELETE', 'Patient/two')], 412, /matches none/],
    [`Patient?${of('2')}`, [request('PUT', 'Patient/two', person('5', { id: 'two' }))], 412, /matches none/],
    ['Patient?shoe=1', [], 400, /no such search parameter/],
    ['Patient?_count=1', [], 400, /_count/],
    ['Patient?birthdate=soon', [], 400, /is no date/],
    ['Nonsense?name=x', [], 400, /it is no search/]
  ]

  for (const [reference, others, status, words] of bad) {
    const reply = await transaction(ask, [request('POST', 'Observation', pulse('Patient/two', { focus: [{ reference }] })), ...others])
    const { diagnostics } = reply.json().issue[0]
    t.match([reply.statusCode, diagnostics], [status, words], `${reference} ${diagnostics}`)
    t.ok(diagnostics.startsWith(`Bundle.entry[0]: the reference ${reference}: `), diagnostics)
  }
  t.equal(await count('Observation?_summary=count'), 0)
})

t.test('what is hidden is not there: neither found, nor counted, nor deleted', async t => {
  const { ask, as, put } = await server(t)
  const note = (id: string, patient: string, value: string): Resource => ({ ...pulse(`Patient/${patient}`, { identifier: [{ value }] }), id }) as unknown as Resource
  await put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'boris' }, note('hidden', 'boris', 'o'), note('shown', 'anna', 'p'), note('hidden-too', 'boris', 'p'))
  const doctor = await as.treating(['anna'])
  const mine = pulse('Patient/anna', { identifier: [{ value: 'o' }] })

  const hidden = await transaction(ask, [request('DELETE', 'Observation?identifier=o'), request('GET', 'Observation?identifier=o'), request('GET', 'Observation?identifier=p')], doctor)
  const referred = await transaction(ask, [request('POST', 'Observation', pulse('Patient/anna', { hasMember: [{ reference: 'Observation?identifier=o' }] }))], doctor)
  const absent = await transaction(ask, [request('POST', 'Observation', pulse('Patient/anna', { hasMember: [{ reference: 'Observation?identifier=q' }] }))], doctor)
  const one = await transaction(ask, [request('POST', 'Observation', pulse('Patient/anna', { hasMember: [{ reference: 'Observation?identifier=p' }] }))], doctor)
  const made = await transaction(ask, [request('POST', 'Observation', mine, { ifNoneExist: 'identifier=o' })], doctor)

  t.same(statusesOf(hidden), ['204', '200', '200'])
  t.match(entriesOf(hidden).map(({ resource }) => resource?.total), [undefined, 0, 1])
  t.equal(referred.statusCode, 412)
  t.same(referred.json().issue, JSON.parse(JSON.stringify(absent.json().issue).replaceAll('identifier=q', 'identifier=o')))
  t.same(statusesOf(one), ['201'], 'the one that he may see')
  t.same(statusesOf(made), ['201'])
  t.equal((await ask('GET', '/fhir/Observation/hidden')).statusCode, 200)
})

t.test('criteria need the scope of a search, in entries and references', async t => {
  const { ask, as } = await people(t)
  const narrow = await as('operator', 'system/Patient.cud system/Observation.cruds')

  for (const entry of [make('1'), request('DELETE', `Patient?${of('2')}`), request('POST', 'Observation', pulse(`Patient?${of('2')}`)), request('GET', 'Patient?name=x')]) {
    const reply = await transaction(ask, [entry], narrow)
    t.match([reply.statusCode, reply.json().issue[0].diagnostics], [403, /^Bundle\.entry\[0\]: .*(search|scope)/], reply.body)
  }
})

t.test('two hundred conditional creates are as many round trips as one', async t => {
  const { ask, count, server: store } = await people(t)
  const entries = Array.from({ length: 200 }, (_, place) => make(`many-${place}`))
  const trips = (): number => store.readers.trips + store.searches.trips + store.writer.trips

  const before = trips()
  const first = await transaction(ask, entries)
  const between = trips()
  const second = await transaction(ask, entries)

  t.same([new Set(statusesOf(first)), new Set(statusesOf(second))], [new Set(['201']), new Set(['200'])])
  t.ok(between - before <= 3 && trips() - between <= 3, 'one to look up, one to write; the locks are one more, and one to give them back')
  t.same(placesOf(first), placesOf(second))
  t.equal(await count(), 203)
})

t.test('thousands of references to what the same transaction makes are found at once', async t => {
  const { ask, count } = await people(t)
  const values = Array.from({ length: 1500 }, (_, place) => `own-${place}`)

  const reply = await transaction(ask, values.flatMap(value => [
    request('POST', 'Patient', person(value, { gender: 'male' })), request('POST', 'Observation', pulse(`Patient?gender=male&${of(value)}`))
  ]))

  t.same(new Set(statusesOf(reply)), new Set(['201']))
  t.equal(await count(`Observation?subject.identifier=${SYSTEM}|own-1499&_summary=count`), 1)
})

t.test('criteria of very many kinds are refused', async t => {
  const { ask } = await people(t)
  const types = RESOURCE_TYPES.filter(type => type !== 'Patient').slice(0, 101)

  const reply = await transaction(ask, types.map(type => request('DELETE', `${type}?_lastUpdated=lt2000`)))

  t.match([reply.statusCode, reply.json().issue[0]], [400, { code: 'too-costly', diagnostics: /at most 100 are looked up in one/ }])
})

t.test('transactions that race for the same criteria make one resource of each', async t => {
  const { ask, count } = await people(t)
  const values = Array.from({ length: 10 }, (_, place) => `race-${place}`)

  const replies = await Promise.all(Array.from({ length: 12 }, async (_, place) => await transaction(ask, (place % 2 === 0 ? values : [...values].reverse()).map(value => make(value)))))

  t.same(replies.map(({ statusCode }) => statusCode), Array(12).fill(200))
  t.equal(replies.flatMap(statusesOf).filter(status => status === '201').length, 10)
  t.equal(await count(), 13)
})

t.test('whoever asks for many criteria, and whoever asks for one of them, wait for each other', async t => {
  const { ask, count } = await people(t)
  const values = Array.from({ length: 300 }, (_, place) => `whole-${place}`)

  const [whole, ...others] = await Promise.all([
    transaction(ask, values.map(value => make(value))),
    ...values.slice(0, 20).map(async value => await ask('POST', '/fhir/Patient', person(value), { 'if-none-exist': of(value) })),
    ...values.slice(280).map(async value => await transaction(ask, [make(value)]))
  ])

  t.equal(whole?.statusCode, 200)
  t.ok(others.every(({ statusCode }) => statusCode === 200 || statusCode === 201))
  t.equal(await count(), 303)
})
