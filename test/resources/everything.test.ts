// https://hl7.org/fhir/R4/patient-operation-everything.html https://hl7.org/fhir/R4/encounter-operation-everything.html
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { pretty } from '../../src/fhir/text/pretty.js'
import { found, foundIn, walked } from '../found.js'
import { server, type Resource, type TestServer } from '../server.js'

type Member = Readonly<Record<string, unknown>>
const PSY = { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } }
const subject = (id: string): Member => ({ subject: { reference: `Patient/${id}` } })
const observation = (id: string, patient: string, more: Member = {}): Resource => ({ resourceType: 'Observation', id, status: 'final', code: { text: 'Pulse' }, ...subject(patient), ...more })

const DIRECTORY: readonly Resource[] = [
  { resourceType: 'Organization', id: 'city', name: 'City' },
  { resourceType: 'Organization', id: 'clinic', name: 'Clinic', partOf: { reference: 'Organization/city' } },
  { resourceType: 'Organization', id: 'stranger', name: 'Nobody refers to it' },
  { resourceType: 'Location', id: 'room', managingOrganization: { reference: 'Organization/clinic' } },
  { resourceType: 'Practitioner', id: 'doc' }, { resourceType: 'Practitioner', id: 'other' },
  { resourceType: 'Medication', id: 'salt', code: { text: 'Salt' } }
]
const CHART: readonly Resource[] = [
  { resourceType: 'Patient', id: 'anna', generalPractitioner: [{ reference: 'Practitioner/doc' }] },
  { resourceType: 'Patient', id: 'boris' },
  { resourceType: 'Encounter', id: 'visit', status: 'finished', class: { code: 'AMB' }, ...subject('anna'), location: [{ location: { reference: 'Location/room' } }], period: { start: '2026-01-01', end: '2026-01-02' } },
  observation('pulse', 'anna', { effectiveDateTime: '2026-01-02', encounter: { reference: 'http://karta.test/fhir/Encounter/visit' }, performer: [{ reference: 'Practitioner/doc' }] }),
  observation('mood', 'anna', { effectiveDateTime: '2026-03-01', ...PSY, performer: [{ reference: 'Practitioner/other' }] }),
  { resourceType: 'MedicationRequest', id: 'order', status: 'active', intent: 'order', ...subject('anna'), medicationReference: { reference: 'Medication/salt' }, authoredOn: '2025-12-01' },
  { resourceType: 'AllergyIntolerance', id: 'nuts', clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] }, patient: { reference: 'Patient/anna' } },
  { resourceType: 'Binary', id: 'scan', contentType: 'text/plain', data: 'c2Nhbg==', securityContext: { reference: 'Patient/anna' } },
  { resourceType: 'DocumentReference', id: 'letter', status: 'current', ...subject('anna'), content: [{ attachment: { contentType: 'text/plain', url: 'Binary/scan' } }] },
  { resourceType: 'Task', id: 'call', status: 'requested', intent: 'order', for: { reference: 'Patient/anna' } },
  { resourceType: 'Group', id: 'family', type: 'person', actual: true, member: [{ entity: { reference: 'Patient/boris' } }, { entity: { reference: 'Patient/anna' } }] },
  observation('theirs', 'boris', { performer: [{ reference: 'Patient/anna' }] }),
  observation('his', 'boris', {})
]
const HERS = ['Patient/anna', 'Encounter/visit', 'Observation/pulse', 'Observation/mood', 'MedicationRequest/order', 'AllergyIntolerance/nuts', 'Binary/scan', 'DocumentReference/letter', 'Task/call', 'Group/family', 'Observation/theirs']
const OUTSIDE = ['Location/room', 'Medication/salt', 'Organization/city', 'Organization/clinic', 'Patient/boris', 'Practitioner/doc', 'Practitioner/other']

async function ward (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const made = await server(t)
  await made.put(...DIRECTORY, ...CHART)
  return made
}

t.test('the whole chart and what it refers to, each once, whose it is first', async t => {
  const made = await ward(t)

  const { status, matches, included, total, links, entries } = await found(made, '/fhir/Patient/anna/$everything')

  t.equal(status, 200)
  t.equal(matches[0], 'Patient/anna')
  t.same([...matches].sort(), [...HERS].sort())
  t.same(included, OUTSIDE)
  t.equal(total, HERS.length)
  t.same(links, { self: 'http://karta.test/fhir/Patient/anna/$everything' })
  t.match(entries[0], { fullUrl: 'http://karta.test/fhir/Patient/anna', search: { mode: 'match' } })
  const read = await made.ask('GET', '/fhir/Observation/pulse')
  t.same(entries.find(({ resource }) => resource.id === 'pulse')?.resource, read.json(), 'as a read of it')
})

t.test('of an encounter: what refers to it, and what all that refers to', async t => {
  const made = await ward(t)

  const { matches, included, total } = await found(made, '/fhir/Encounter/visit/$everything')

  t.same(matches, ['Encounter/visit', 'Observation/pulse'])
  t.same(included, ['Location/room', 'Organization/city', 'Organization/clinic', 'Patient/anna', 'Practitioner/doc'])
  t.equal(total, 2)
})

t.test('filters: types, care dates, what was stored since', async t => {
  const made = await ward(t)
  const of = async (query: string): Promise<string[]> => (await found(made, `/fhir/Patient/anna/$everything?${query}`)).matches.sort()

  t.same(await of('_type=Observation'), ['Observation/mood', 'Observation/pulse', 'Observation/theirs'])
  t.same(await of('_type=Observation,Task&_type=Encounter'), ['Encounter/visit', 'Observation/mood', 'Observation/pulse', 'Observation/theirs', 'Task/call'])
  t.same((await found(made, '/fhir/Patient/anna/$everything?_type=Encounter,Organization,Location')).included, ['Location/room', 'Organization/city', 'Organization/clinic'])
  const undated = ['AllergyIntolerance/nuts', 'Binary/scan', 'DocumentReference/letter', 'Group/family', 'Observation/theirs', 'Patient/anna', 'Task/call']
  t.same(await of('start=2026-01-02&end=2026-02-28'), [...undated, 'Encounter/visit', 'Observation/pulse'].sort())
  t.same(await of('start=2026-03'), [...undated, 'Observation/mood'].sort())
  t.same(await of('end=2025'), [...undated, 'MedicationRequest/order'].sort())
  const { lastUpdated } = (await made.ask('GET', '/fhir/Observation/theirs')).json().meta
  t.same(await of(`_since=${lastUpdated}`), ['Observation/theirs', 'Patient/anna'])
})

t.test('parameters may be posted, and what is not known or no value is refused to lenient clients too', async t => {
  const made = await ward(t)
  const post = async (parameter: unknown, path = '/fhir/Patient/anna/$everything', headers: Record<string, string> = {}) => {
    const reply = await made.ask('POST', path, { resourceType: 'Parameters', parameter }, headers)
    return foundIn(reply.statusCode, reply.json())
  }

  const { matches, links } = await post([{ name: 'start', valueDate: '2026-03-01' }, { name: '_type', valueCode: 'Observation' }, { name: '_type', valueCode: 'Encounter' }])
  t.same(matches.sort(), ['Observation/mood', 'Observation/theirs'])
  t.equal(links['self'], 'http://karta.test/fhir/Patient/anna/$everything?start=2026-03-01&_type=Observation&_type=Encounter')
  t.equal((await post([{ name: '_count', valueInteger: 2 }])).matches.length, 2)
  t.equal((await made.ask('POST', '/fhir/Patient/anna/$everything')).statusCode, 200, 'without a body')
  t.match(await post([{ name: 'start', valuePeriod: {} }]), { status: 400, told: /primitive/ })
  t.match(await post([{ name: 'beginning', valueDate: '2026' }], undefined, { prefer: 'handling=lenient' }), { status: 400, told: /"beginning" is not known/ })
  t.match(await post([{ name: 'start', valueDate: '2026' }], '/fhir/Encounter/visit/$everything'), { status: 400, told: /"start" is not known/ })
  t.equal((await made.ask('POST', '/fhir/Patient/anna/$everything', { resourceType: 'Patient' })).statusCode, 400)
  for (const query of ['start=yesterday', 'end=2026-02-31', '_since=2026', '_type=Shoe', '_count=0', '_count=x', '_offset=1', '_summary=count', '_cursor=x', 'start=2026&start=2027']) {
    t.equal((await found(made, `/fhir/Patient/anna/$everything?${query}`)).status, 400, query)
  }
})

t.test('with _count, pages that join to the whole', async t => {
  const made = await ward(t)
  for (const count of [1, 2, 3, 11, 50]) {
    const included = new Set<string>()
    const matches = await walked(made, `/fhir/Patient/anna/$everything?_count=${count}`, {}, page => {
      t.ok(page.matches.length > 0 && page.matches.length <= count)
      for (const name of page.included) included.add(name)
    })
    t.same(matches, (await found(made, '/fhir/Patient/anna/$everything')).matches, `_count=${count}`)
    t.same([...included].sort(), OUTSIDE)
  }

  const { links: { next = '' }, matches } = await found(made, '/fhir/Patient/anna/$everything?_count=2')
  await made.put(observation('new', 'anna'), observation('pulse', 'anna', { status: 'amended' }))
  await made.ask('DELETE', '/fhir/Task/call')
  const later = await walked(made, next)
  t.same([...matches, ...later].sort(), HERS.filter(name => name !== 'Observation/pulse' && name !== 'Task/call').sort(), 'what does not change meanwhile is told once')
  t.equal((await found(made, next, await made.as.self('anna'))).status, 400, 'another caller')
  t.equal((await found(made, `${next}&_type=Task`)).status, 400, 'another chart')
})

t.test('a chart is that of one moment, and what is closed meanwhile is not told', async t => {
  const made = await server(t)
  const put = async (from: number, to: number, more: Member): Promise<void> => {
    const entry = Array.from({ length: to - from }, (_, place) => ({ resource: observation(`o${from + place}`, 'anna', { valueString: 'x'.repeat(20_000), ...more }), request: { method: 'PUT', url: `Observation/o${from + place}` } }))
    t.equal((await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry })).statusCode, 200)
  }
  await made.put({ resourceType: 'Patient', id: 'anna' })
  for (let part = 0; part < 10; part++) await put(part * 100, part * 100 + 100, {})
  const address = await made.app.listen({ port: 0, host: '127.0.0.1' })
  const headers = await made.as.treating(['anna'], 'user/*.rs')

  const reply = await new Promise<IncomingMessage>((resolve, reject) => { get(`${address}/fhir/Patient/anna/$everything`, { headers }, resolve).on('error', reject) })
  const [first] = await once(reply, 'data') as [Buffer]
  reply.pause()
  // The oldest come last.
  await put(0, 100, PSY)
  await put(100, 200, { status: 'amended' })
  await made.ask('DELETE', '/fhir/Observation/o200')
  const parts = [first]
  reply.on('data', part => { parts.push(part as Buffer) }).resume()
  await once(reply, 'end')

  const { total, entry } = JSON.parse(Buffer.concat(parts).toString())
  const told: ReadonlyMap<string, Resource> = new Map(entry.map(({ resource }: { resource: Resource }) => [resource.id, resource]))
  t.equal(total, entry.length)
  t.equal(total, told.size, 'each once')
  t.ok(Array.from({ length: 800 }, (_, place) => told.has(`o${place + 200}`)).every(Boolean), 'what was deleted meanwhile was there')
  t.ok(Array.from({ length: 100 }, (_, place) => told.get(`o${place + 100}`)?.['status'] === 'final').every(Boolean), 'as it was')
  t.notOk(Array.from({ length: 100 }, (_, place) => told.has(`o${place}`)).some(Boolean), 'what nobody may see any more is not told, not even as it was')
})

t.test('a chart of more than a chunk is whole, its bytes are those of a read, compressed or laid out', async t => {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' })
  const many = Array.from({ length: 700 }, (_, place) => ({ resource: observation(`o${place}`, 'anna', { valueString: `1.10 "quoted" ✓ ${'x'.repeat(place % 5 === 0 ? 3000 : 10)}` }), request: { method: 'PUT', url: `Observation/o${place}` } }))
  t.equal((await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: many })).statusCode, 200)

  const reply = await made.ask('GET', '/fhir/Patient/anna/$everything')
  const { total, entry } = reply.json()

  t.equal(total, 701)
  t.equal(new Set(entry.map(({ fullUrl }: { fullUrl: string }) => fullUrl)).size, 701)
  t.ok(reply.body.includes((await made.ask('GET', '/fhir/Observation/o5')).body))
  const same = (body: string): string => body.replace(/"id":\s?"[0-9a-f-]{36}"|"lastUpdated":\s?"[^"]*"/, '').replace(/"lastUpdated":\s?"[^"]*"/, '')
  const [laid, gzip, brotli] = await Promise.all([
    made.ask('GET', '/fhir/Patient/anna/$everything?_pretty=true'), made.ask('GET', '/fhir/Patient/anna/$everything', undefined, { 'accept-encoding': 'gzip' }), made.ask('GET', '/fhir/Patient/anna/$everything', undefined, { 'accept-encoding': 'br' })
  ])
  t.equal(same(laid.body), same(pretty(reply.body)).replace('$everything"', '$everything?_pretty=true"'))
  t.match([gzip.headers, brotli.headers], [{ 'content-encoding': 'gzip', vary: 'accept-encoding' }, { 'content-encoding': 'br' }])
  t.equal(same(gunzipSync(gzip.rawPayload).toString()), same(reply.body))
  t.equal(same(brotliDecompressSync(brotli.rawPayload).toString()), same(reply.body))
  const head = await made.ask('HEAD', '/fhir/Patient/anna/$everything')
  t.same([head.statusCode, head.body, head.headers['content-type'], head.headers['content-length']], [200, '', reply.headers['content-type'], undefined])
  const [first] = (await found(made, '/fhir/Patient/anna/$everything?_elements=status&_type=Observation')).entries
  t.match(first?.resource, { status: 'final', meta: { tag: [{ code: 'SUBSETTED' }] } })
})

t.test('all that is told is in the audit trail before it is', async t => {
  const made = await ward(t)
  await made.pool.query('delete from karta.audit')

  const { entries } = await found(made, '/fhir/Patient/anna/$everything?_type=Patient,Observation,Practitioner')

  const { rows } = await made.pool.query<{ interaction: number, query: string, shown: string[] }>('select interaction, query, shown from karta.audit order by seq')
  t.same(rows.map(({ interaction, query }) => `${interaction} ${query}`), Array(rows.length).fill('14 _type=Patient%2CObservation%2CPractitioner'))
  t.same(rows.flatMap(({ shown }) => shown).sort(), entries.map(({ resource }) => (resource['meta'] as { versionId: string }).versionId).sort())
})

t.test('each caller is told what he may read, and whom he may not see is as nobody', async t => {
  const made = await ward(t)
  const doctor = await made.as.treating(['anna'], 'user/*.rs')
  const [mine, theirs] = [await found(made, '/fhir/Patient/anna/$everything', await made.as.self('anna')), await found(made, '/fhir/Patient/anna/$everything', doctor)]

  t.same(mine.matches.sort(), HERS.filter(name => name !== 'Group/family' && name !== 'Observation/theirs').sort())
  t.same(theirs.matches.sort(), HERS.filter(name => name !== 'Group/family' && name !== 'Observation/theirs' && name !== 'Observation/mood').sort())
  t.same(theirs.included, ['Location/room', 'Medication/salt', 'Organization/city', 'Organization/clinic', 'Practitioner/doc'], 'not whom only what is hidden refers to')
  t.equal(theirs.total, theirs.matches.length)
  const [hidden, absent] = await Promise.all(['boris', 'nobod'].map(async id => await made.ask('GET', `/fhir/Patient/${id}/$everything`, undefined, doctor)))
  t.equal(hidden?.statusCode, 404)
  t.equal(hidden?.body.replaceAll('boris', 'nobod'), absent?.body)
  await made.put({ resourceType: 'Patient', id: 'gone' })
  await made.ask('DELETE', '/fhir/Patient/gone')
  t.equal((await found(made, '/fhir/Patient/gone/$everything')).status, 410)
})

t.test('without an id: all Patients whom the caller may see, where they are few', async t => {
  const made = await ward(t)

  t.same((await found(made, '/fhir/Patient/$everything?_type=Patient,Observation')).matches.sort(), ['Observation/his', 'Observation/mood', 'Observation/pulse', 'Observation/theirs', 'Patient/anna', 'Patient/boris'])
  t.same((await found(made, '/fhir/Patient/$everything?_type=Patient', await made.as.self('anna'))).matches, ['Patient/anna'])
  t.same((await found(made, '/fhir/Patient/$everything', await made.as.treating([], 'user/*.rs'))).matches, [])
  t.same(await walked(made, '/fhir/Patient/$everything?_type=Patient&_count=1'), ['Patient/anna', 'Patient/boris'])
  t.same((await walked(made, '/fhir/Patient/$everything?_type=Patient,Task&_count=1')).sort(), ['Patient/anna', 'Patient/boris', 'Task/call'])
  await made.put(...Array.from({ length: 99 }, (_, place) => ({ resourceType: 'Patient', id: `p${place}` })))
  t.match(await found(made, '/fhir/Patient/$everything'), { status: 400, told: /more than 100 Patients/ })
})

t.test('a stream that cannot go on ends without its end, and one that nobody reads any more is not made', async t => {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' })
  for (let part = 0; part < 10; part++) {
    const entry = Array.from({ length: 150 }, (_, place) => ({ resource: observation(`o${part}-${place}`, 'anna', { valueString: 'x'.repeat(20_000) }), request: { method: 'PUT', url: `Observation/o${part}-${place}` } }))
    t.equal((await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry })).statusCode, 200)
  }
  const address = await made.app.listen({ port: 0, host: '127.0.0.1' })
  const ask = async (): Promise<IncomingMessage> => {
    const headers = await made.as('operator')
    return await new Promise((resolve, reject) => { get(`${address}/fhir/Patient/anna/$everything`, { headers }, resolve).on('error', reject) })
  }

  const left = await ask()
  left.once('data', () => { left.destroy() })
  await once(left, 'close')
  while (!made.lines.some(line => JSON.parse(line).status === 499)) await setTimeout(10)
  await setTimeout(200)
  const trips = made.server.searches.trips
  await setTimeout(200)
  t.equal(made.server.searches.trips, trips, 'nothing is asked for who has hung up')
  const broken = await ask()
  const [first] = await once(broken, 'data') as [Buffer]
  broken.pause()
  await made.pool.query('alter table karta.version rename to version_gone')
  let text = String(first)
  broken.on('data', part => { text += String(part) }).resume()
  await new Promise(resolve => broken.once('error', resolve).once('end', resolve))
  await made.pool.query('alter table karta.version_gone rename to version')

  t.notOk(broken.complete, 'it did not end')
  t.throws(() => { JSON.parse(text) }, 'and is no JSON')
  t.ok(made.lines.some(line => JSON.parse(line).msg === 'a stream ended before its end'))
})

t.test('types that the scopes leave out are as if there were none, unless they are named', async t => {
  const made = await ward(t)
  const narrow = await made.as('operator', 'system/Patient.rs system/Observation.s system/Practitioner.r')

  const { matches, included } = await found(made, '/fhir/Patient/anna/$everything', narrow)

  t.same(matches.sort(), ['Observation/mood', 'Observation/pulse', 'Observation/theirs', 'Patient/anna'])
  t.same(included, ['Patient/boris', 'Practitioner/doc', 'Practitioner/other'])
  t.equal((await found(made, '/fhir/Patient/anna/$everything?_type=Task', narrow)).status, 403)
  t.equal((await found(made, '/fhir/Encounter/visit/$everything', narrow)).status, 403)
})

t.test('it may stand in a batch, not in a transaction, and of other types there is none', async t => {
  const made = await ward(t)
  const bundle = (type: string, entry: unknown[]): object => ({ resourceType: 'Bundle', type, entry })

  const reply = await made.ask('POST', '/fhir', bundle('batch', [
    { request: { method: 'GET', url: 'Patient/anna/$everything?_type=Task' } },
    { request: { method: 'POST', url: 'Patient/anna/$everything' }, resource: { resourceType: 'Parameters', parameter: [{ name: '_type', valueCode: 'Task' }] } }
  ]))
  t.match(reply.json().entry, Array(2).fill({ response: { status: '200 OK' }, resource: { resourceType: 'Bundle', total: 1 } }))
  t.equal((await made.ask('POST', '/fhir', bundle('transaction', [{ request: { method: 'GET', url: 'Patient/anna/$everything' } }]))).statusCode, 400)
  t.equal((await made.ask('GET', '/fhir/Observation/pulse/$everything')).statusCode, 404)
  t.equal((await made.ask('DELETE', '/fhir/Patient/anna/$everything')).headers.allow, 'GET, HEAD, POST')
  t.match((await made.ask('GET', '/fhir/metadata')).json().rest[0].resource.find(({ type }: { type: string }) => type === 'Encounter').operation, [{ name: 'everything', definition: 'http://hl7.org/fhir/OperationDefinition/Encounter-everything' }])
})
