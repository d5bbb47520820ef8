// https://hl7.org/fhir/R4/http.html#read
import t from 'tap'
import { readCurrent } from '../../src/consent/visible.js'
import { server } from '../server.js'

const ANNA = { resourceType: 'Patient', id: 'anna', active: true }

t.test('a read shows the current version with its validators', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  const reply = await ask('GET', '/fhir/Patient/anna')

  const { meta, ...rest } = reply.json()
  t.equal(reply.statusCode, 200)
  t.same(rest, ANNA)
  t.match(reply.headers, {
    'content-type': 'application/fhir+json; charset=utf-8',
    etag: `W/"${meta.versionId}"`,
    'last-modified': new Date(Math.floor(Date.parse(meta.lastUpdated) / 1000) * 1000).toUTCString(),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': /^[\w.-]+$/
  })
})

t.test('an uncut read sends the stored text, neither parsed nor scanned, in one round trip and the shared flush', async t => {
  const { server: store, ask, put, as } = await server(t)
  await put(ANNA)
  await as('operator')
  const parse = t.capture(JSON, 'parse')
  const stringify = t.capture(JSON, 'stringify')
  const [trips, flushes] = [store.readers.trips, store.audit.flushes]

  const reply = await ask('GET', '/fhir/Patient/anna')

  t.same(parse().map(({ args }) => args), [])
  t.same(stringify().map(({ args }) => args), [])
  t.equal(store.readers.trips - trips, 1)
  t.equal(store.audit.flushes - flushes, 1)
  t.match(reply.body, /^\{"resourceType":"Patient","id":"anna","meta":\{"versionId":"\d+","lastUpdated":"[^"]+"\},"active":true\}$/)
})

t.test('a client that has the version is told so', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const { etag = '', 'last-modified': modified = '' } = (await ask('GET', '/fhir/Patient/anna')).headers as Record<string, string>
  const later = new Date(Date.parse(modified) + 5000).toUTCString()
  const earlier = new Date(Date.parse(modified) - 5000).toUTCString()

  const with304 = [
    { 'if-none-match': etag }, { 'if-none-match': etag.slice(2) }, { 'if-none-match': `"7", ${etag}` }, { 'if-none-match': '*' },
    { 'if-modified-since': modified }, { 'if-modified-since': later }
  ]
  const with200 = [
    { 'if-none-match': 'W/"7"' }, { 'if-modified-since': earlier }, { 'if-modified-since': 'yesterday' },
    { 'if-none-match': 'W/"7"', 'if-modified-since': later }
  ]

  for (const headers of with304) {
    const reply = await ask('GET', '/fhir/Patient/anna', undefined, headers)
    t.equal(reply.statusCode, 304, JSON.stringify(headers))
    t.equal(reply.headers.etag, etag)
    t.equal(reply.body, '')
  }
  for (const headers of with200) t.equal((await ask('GET', '/fhir/Patient/anna', undefined, headers)).statusCode, 200, JSON.stringify(headers))
  t.equal((await ask('GET', '/fhir/Patient/anna', undefined, { 'if-none-match': 'seven' })).statusCode, 400)
})

t.test('what was deleted is gone, what never was is not found, and both say so', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  await ask('DELETE', '/fhir/Patient/anna')

  const gone = await ask('GET', '/fhir/Patient/anna')
  const absent = await ask('GET', '/fhir/Patient/berta')
  const impossible = await ask('GET', '/fhir/Patient/no~id')

  t.equal(gone.statusCode, 410)
  t.match(gone.json(), { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code: 'deleted', diagnostics: 'Patient/anna was deleted' }] })
  t.equal(absent.statusCode, 404)
  t.match(absent.json(), { issue: [{ code: 'not-found', diagnostics: 'Patient/berta is not known' }] })
  t.equal(impossible.statusCode, 404)
})

t.test('HEAD says what GET says, without saying it', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  const get = await ask('GET', '/fhir/Patient/anna')
  const head = await ask('HEAD', '/fhir/Patient/anna')

  t.equal(head.statusCode, 200)
  t.equal(head.body, '')
  for (const name of ['etag', 'last-modified', 'content-type', 'content-length']) t.equal(head.headers[name], get.headers[name], name)
  t.equal((await ask('HEAD', '/fhir/Patient/berta')).statusCode, 404)
})

t.test('every read is in the audit trail before it is answered, and so is every read refused', async t => {
  const { ask, put, pool } = await server(t)
  await put(ANNA)
  await pool.query('delete from karta.audit')

  await ask('GET', '/fhir/Patient/anna')
  await ask('GET', '/fhir/Patient/anna', undefined, { 'if-none-match': '*' })
  await ask('GET', '/fhir/Patient/berta')

  const { rows } = await pool.query('select status, cardinality(shown) as shown, owner <> 0 as owned, client from karta.audit order by seq')
  t.same(rows, [
    { status: 200, shown: 1, owned: true, client: 'test' },
    { status: 304, shown: 1, owned: true, client: 'test' },
    { status: 404, shown: null, owned: false, client: 'test' }
  ])
})

t.test('the text of the stored version is what readCurrent gives', async t => {
  const { server: store, ask } = await server(t)
  const body = '{"resourceType":"Patient","id":"anna","extension":[{"url":"http://x.test/dose","valueDecimal":1.10}],"active":true}'
  await ask('PUT', '/fhir/Patient/anna', body)

  const row = await readCurrent(store.readers, { kind: 'operator', actor: '1', client: 'test', scopes: [], jti: '', expires: 0 }, 'Patient', 'anna')

  t.equal(row?.tail, '},"extension":[{"url":"http://x.test/dose","valueDecimal":1.10}],"active":true}')
})

t.test('the text of a version that the client has stays in the database; of any other it is shown whole', async t => {
  const { server: store, ask, put } = await server(t)
  await put(ANNA)
  const rid = String((await ask('GET', '/fhir/Patient/anna')).json().meta.versionId)
  const operator = { kind: 'operator', actor: '1', client: 'test', scopes: [], jti: '', expires: 0 } as const
  const tail = async (known?: string): Promise<string | undefined> => (await readCurrent(store.readers, operator, 'Patient', 'anna', known))?.tail

  t.equal(await tail(rid), '')
  t.equal(await tail('1'), await tail())
  // Whatever names no version of ours, or more than one, leaves the whole resource to be shown.
  for (const header of ['W/"1"', '""', 'W/"99999999999999999999"', `W/"0${rid}"`, `"x", "${rid}1"`]) {
    const reply = await ask('GET', '/fhir/Patient/anna', undefined, { 'if-none-match': header })
    t.equal(reply.statusCode, 200, header)
    t.match(reply.json(), ANNA, header)
  }
  t.equal((await ask('GET', '/fhir/Patient/anna', undefined, { 'if-none-match': `  "${rid}" ` })).statusCode, 304)
})
