import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packTar } from 'modern-tar'
import t, { type Test } from 'tap'
import { load } from '../../src/load/load.js'
import type { Loaded } from '../../src/load/load.js'
import { lines } from '../../src/load/progress.js'
import { server, type TestServer } from '../server.js'

interface Record { readonly resourceType: string, readonly id?: string, readonly [member: string]: unknown }
interface World extends TestServer {
  readonly load: (...names: string[]) => Promise<Loaded>
  readonly write: (name: string, ...records: ReadonlyArray<Record | string>) => void
  readonly failures: () => unknown[]
  readonly read: (path: string) => Promise<Record>
  readonly folder: string
}

/** A server, a folder to load from, and what a load needs. */
async function world (t: Test): Promise<World> {
  const given = await server(t)
  const folder = t.testdir()
  const errorFile = join(folder, 'errors.ndjson.txt')
  return {
    ...given,
    folder,
    load: async (...names) => await load({ server: given.server, pool: given.pool, writers: 3, errorFile, progress: lines(() => {}) }, names.map(name => join(folder, name))),
    write: (name, ...records) => writeFileSync(join(folder, name), records.map(record => typeof record === 'string' ? record : JSON.stringify(record)).join('\n')),
    failures: () => existsSync(errorFile) ? readFileSync(errorFile, 'utf8').trim().split('\n').map(line => JSON.parse(line) as unknown) : [],
    read: async path => (await given.ask('GET', `/fhir/${path}`)).json()
  }
}

const anna = { resourceType: 'Patient', id: 'anna' }
const pulse = (id: string, more: object = {}): Record => ({
  resourceType: 'Observation', id, status: 'final', code: { text: 'pulse' }, subject: { reference: 'Patient/anna' }, ...more
})
const orlova = { resourceType: 'Practitioner', id: 'orlova', identifier: [{ system: 'https://example.org/doctors', value: '7' }] }
const BY_ORLOVA = { performer: [{ reference: 'Practitioner?identifier=https://example.org/doctors|7' }] }
const bundle = (type: string, ...records: readonly Record[]): Record => ({
  resourceType: 'Bundle', type, entry: records.map(resource => ({ resource, ...(type === 'transaction' && { request: { method: 'POST', url: resource.resourceType } }) }))
})
const counts = ({ tally: { total: { created, updated, unchanged, failed } } }: Loaded) => ({ created, updated, unchanged, failed })

t.test('files of every kind are loaded under the ids that they have', async t => {
  const { load, write, read } = await world(t)
  write('a.json', bundle('transaction', anna, pulse('one')))
  write('b.json', bundle('collection', pulse('two'), orlova))
  write('c.ndjson', pulse('three'), '', bundle('batch', pulse('four')), pulse('five'))
  write('d.json', { resourceType: 'Organization', id: 'clinic', name: 'Clinic' })

  const loaded = await load('a.json', 'b.json', 'c.ndjson', 'd.json')

  t.same(counts(loaded), { created: 8, updated: 0, unchanged: 0, failed: 0 })
  t.equal(loaded.ownerless, 0)
  t.match(await read('Observation/five'), pulse('five'))
  t.match(await read('Organization/clinic'), { name: 'Clinic' })
})

t.test('what fails is listed with its place and reason, and nothing else fails with it', async t => {
  const { load, write, read, failures, folder } = await world(t)
  write('Patient.ndjson', anna)
  write('x.ndjson', pulse('one'), '{"resourceType":"Observation"', pulse('two', { status: 'perhaps' }), { resourceType: 'Nothing', id: 'x' }, pulse('three'))
  write('y.json', bundle('collection', pulse('four'), pulse('five', { unknown: 1 }), { ...pulse('six') }))

  const loaded = await load('Patient.ndjson', 'x.ndjson', 'y.json')

  t.same(counts(loaded), { created: 5, updated: 0, unchanged: 0, failed: 4 })
  t.match(await read('Observation/three'), { resourceType: 'Observation' })
  t.match(await read('Observation/six'), { resourceType: 'Observation' })
  const found = failures() as Array<{ file: string, line?: number, entry?: number, resource?: string, reason: string }>
  t.same(found.map(({ file, line, entry, resource }) => [file.slice(folder.length + 1), line ?? entry, resource]).sort(), [
    ['x.ndjson', 2, undefined], ['x.ndjson', 3, 'Observation/two'], ['x.ndjson', 4, 'Nothing/x'], ['y.json', 1, 'Observation/five']
  ])
  const reasons = found.map(({ reason }) => reason).join('\n')
  t.match(reasons, /line 1, column/)
  t.match(reasons, /Observation\.status/)
  t.match(reasons, /unknown/)
  t.notMatch(reasons, /Bundle\.entry/)
})

t.test('a transaction is loaded wholly or not at all', async t => {
  const { load, write, ask, failures } = await world(t)
  write('a.json', bundle('transaction', anna, pulse('one'), pulse('two', { status: 'perhaps' })))

  const loaded = await load('a.json')

  t.same(counts(loaded), { created: 0, updated: 0, unchanged: 0, failed: 3 })
  t.equal((await ask('GET', '/fhir/Patient/anna')).statusCode, 404)
  t.match(failures(), [{ entry: 2, resource: 'Observation/two', alsoLost: 2 }])
})

t.test('loading the same again reads nothing, and another copy changes nothing', async t => {
  const { load, write, pool } = await world(t)
  write('a.json', bundle('transaction', anna, pulse('one')))
  write('b.ndjson', pulse('two'), { resourceType: 'Organization', name: 'without an id' })
  await load('a.json', 'b.ndjson')
  const versions = async () => (await pool.query('select from karta.version')).rowCount
  const before = await versions()

  const again = await load('a.json', 'b.ndjson')
  write('copy.json', bundle('transaction', anna, pulse('one')))
  const copy = await load('copy.json')

  t.equal(again.tally.total.read, 0)
  t.equal(again.tally.skipped, 4)
  t.same(counts(copy), { created: 0, updated: 0, unchanged: 2, failed: 0 })
  t.equal(await versions(), before)
})

t.test('a second load tries only what failed in the first', async t => {
  const { load, write, read, failures } = await world(t)
  write('a.ndjson', anna, pulse('one'), pulse('two', BY_ORLOVA), { resourceType: 'Organization', name: 'without an id' })
  const first = await load('a.ndjson')
  write('b.ndjson', orlova)

  const second = await load('b.ndjson', 'a.ndjson')

  t.same(counts(first), { created: 3, updated: 0, unchanged: 0, failed: 1 })
  t.same(counts(second), { created: 2, updated: 0, unchanged: 0, failed: 0 })
  t.equal(second.tally.skipped, 3)
  t.same(failures(), [])
  t.match(await read('Observation/two'), { performer: [{ reference: 'Practitioner/orlova' }] })
})

t.test('what refers by search to something later in an archive is loaded after it', async t => {
  const { load, write, read, folder } = await world(t)
  const files = [
    { name: 'Ann.json', body: bundle('transaction', anna, pulse('one', BY_ORLOVA)) },
    { name: 'Bob.json', body: bundle('transaction', { resourceType: 'Patient', id: 'bob' }) },
    { name: 'practitionerInformation1.json', body: bundle('collection', orlova) }
  ].map(({ name, body }) => ({ name, text: JSON.stringify(body) }))
  writeFileSync(join(folder, 'city.tar'), await packTar(files.map(({ name, text }) => ({ header: { name, size: text.length, type: 'file' as const }, body: text }))))
  write('nothing.json', anna)

  const loaded = await load('city.tar')

  t.same(counts(loaded), { created: 4, updated: 0, unchanged: 0, failed: 0 })
  t.equal(loaded.tally.skipped, 0)
  t.match(await read('Observation/one'), { performer: [{ reference: 'Practitioner/orlova' }] })
})

t.test('what comes before its patient finds him, and what has none is listed', async t => {
  const { load, write, pool, failures, ask, as } = await world(t)
  write('a.ndjson', { resourceType: 'Binary', id: 'letter-pdf', contentType: 'text/plain', data: 'YWJj', securityContext: { reference: 'DocumentReference/letter' } })
  write('b.ndjson', pulse('one'), pulse('lost', { subject: { reference: 'Patient/nobody' } }), { resourceType: 'DocumentReference', id: 'letter', status: 'current', subject: { reference: 'Patient/anna' }, content: [{ attachment: { url: 'Binary/letter-pdf' } }] })
  write('z.ndjson', anna)

  const loaded = await load('a.ndjson', 'b.ndjson', 'z.ndjson')

  t.equal(loaded.settled + 3, 6, 'pulse, letter and its Binary are settled')
  t.same([loaded.ownerless, loaded.examples], [1, ['Observation/lost']])
  t.match(failures(), [{ resource: 'Observation/lost', ownerless: true }])
  t.equal((await pool.query('select from karta.current where class = 0')).rowCount, 1)
  t.equal((await ask('GET', '/fhir/Observation/one', undefined, await as.self('anna'))).statusCode, 200)
})

t.test('what a file says of a resource twice is written twice, in its order', async t => {
  const { load, write, read, pool } = await world(t)
  write('a.ndjson', anna, pulse('one', { code: { text: 'first' } }), pulse('one', { code: { text: 'second' } }))

  const loaded = await load('a.ndjson')

  t.same(counts(loaded), { created: 2, updated: 1, unchanged: 0, failed: 0 })
  t.match(await read('Observation/one'), { code: { text: 'second' } })
  t.equal((await pool.query('select from karta.version')).rowCount, 3)
})

t.test('of a history only the newest version is loaded, and deletes are done', async t => {
  const { load, write, ask, read } = await world(t)
  write('a.ndjson', anna, pulse('gone'))
  await load('a.ndjson')
  write('b.json', {
    resourceType: 'Bundle',
    type: 'history',
    entry: [
      { request: { method: 'PUT', url: 'Observation/one' }, resource: pulse('one', { code: { text: 'new' } }) },
      { request: { method: 'PUT', url: 'Observation/one' }, resource: pulse('one', { code: { text: 'old' } }) },
      { request: { method: 'DELETE', url: 'Observation/gone' } }
    ]
  })

  const { tally } = await load('b.json')

  t.match(tally.total, { read: 2, created: 1, deleted: 1 })
  t.match(await read('Observation/one'), { code: { text: 'new' } })
  t.equal((await ask('GET', '/fhir/Observation/gone')).statusCode, 410)
})

t.test('the summary has a line for each type and one for all', async t => {
  const { load, write } = await world(t)
  write('a.ndjson', anna, pulse('one'), pulse('two', { status: 'perhaps' }))

  const { tally } = await load('a.ndjson')

  t.match(tally.table(2).split('\n'), [
    /^type +read +created +updated +unchanged +deleted +failed$/, /^Observation +2 +1 +0 +0 +0 +1$/, /^Patient +1 +1 /, /^all +3 +2 +0 +0 +0 +1$/, /^3 resources in 2\.0 s, 2 a second$/
  ])
})
