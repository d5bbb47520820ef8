// https://hl7.org/fhir/R4/http.html#ccreate https://hl7.org/fhir/R4/http.html#cond-update https://hl7.org/fhir/R4/http.html#cdelete
import t from 'tap'
import { server, type Resource } from '../server.js'

const SYSTEM = 'urn:oid:1.2.3'
const person = (value: string, more: object = {}): Resource => ({ resourceType: 'Patient', identifier: [{ system: SYSTEM, value }], ...more }) as unknown as Resource
const IF_NONE_EXIST = { 'if-none-exist': `identifier=${SYSTEM}|1` }

async function people (t: Parameters<typeof server>[0]) {
  const made = await server(t)
  await made.put({ ...person('2'), id: 'two' }, { ...person('3'), id: 'three' }, { ...person('3'), id: 'three-again' })
  const count = async (): Promise<number> => (await made.ask('GET', '/fhir/Patient?_summary=count')).json().total
  return { ...made, count }
}

t.test('a create is done unless there is one, and is refused where there are several', async t => {
  const { ask, count } = await people(t)

  const first = await ask('POST', '/fhir/Patient', person('1'), IF_NONE_EXIST)
  const second = await ask('POST', '/fhir/Patient', person('1', { gender: 'male' }), IF_NONE_EXIST)
  const several = await ask('POST', '/fhir/Patient', person('3'), { 'if-none-exist': `identifier=${SYSTEM}|3` })

  t.equal(first.statusCode, 201)
  t.equal(second.statusCode, 200)
  t.equal(second.json().id, first.json().id)
  t.notOk(second.json().gender, 'what was there is shown, and what was sent is not stored')
  t.equal(second.headers.etag, first.headers.etag)
  t.equal(several.statusCode, 412)
  t.match(several.json(), { issue: [{ code: 'multiple-matches' }] })
  t.equal(await count(), 4)
})

t.test('creates that race for the same criteria make one resource', async t => {
  const { ask, count } = await people(t)

  const replies = await Promise.all(Array.from({ length: 12 }, async () => await ask('POST', '/fhir/Patient', person('1'), IF_NONE_EXIST)))

  t.same(replies.map(({ statusCode }) => statusCode).sort(), [...Array(11).fill(200), 201])
  t.equal(new Set(replies.map(reply => reply.json().id)).size, 1)
  t.equal(await count(), 4)
})

t.test('a question mark in a value of If-None-Exist begins nothing', async t => {
  const { ask } = await people(t)
  const system = 'https://h.example/ids?type=mrn'

  const [first, second] = [await ask('POST', '/fhir/Patient', person('x'), { 'if-none-exist': `identifier=${system}|123` }), await ask('POST', '/fhir/Patient', { resourceType: 'Patient', identifier: [{ system, value: '124' }] }, { 'if-none-exist': `Patient?identifier=${system}|124` })]
  const again = await ask('POST', '/fhir/Patient', person('y'), { 'if-none-exist': `identifier=${system}|124` })

  t.match([first.statusCode, second.statusCode, again.statusCode], [201, 201, 200])
})

t.test('a lock whose connection is lost harms nobody but who holds it', async t => {
  const { ask, pool, count } = await people(t)
  const blocker = await pool.connect()
  await blocker.query('begin; lock table karta.current in access exclusive mode')
  const held = ask('POST', '/fhir/Patient', person('1'), IF_NONE_EXIST)
  for (;;) {
    const { rowCount } = await pool.query("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())")
    if (rowCount !== 0) break
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }
  await blocker.query('rollback')
  blocker.release()

  t.equal((await held).statusCode, 201)
  t.equal((await ask('POST', '/fhir/Patient', person('1'), IF_NONE_EXIST)).statusCode, 200)
  t.equal(await count(), 4)
})

t.test('an update finds what it means, or makes it', async t => {
  const { ask, count } = await people(t)
  const put = async (query: string, body: object, headers = {}) => await ask('PUT', `/fhir/Patient?${query}`, body, headers)

  const found = await put(`identifier=${SYSTEM}|2`, person('2', { gender: 'male' }))
  const same = await put(`identifier=${SYSTEM}|2`, person('2', { gender: 'male', id: 'two' }))
  const made = await put(`identifier=${SYSTEM}|4`, person('4'))
  const named = await put(`identifier=${SYSTEM}|5`, person('5', { id: 'five' }))
  const other = await put(`identifier=${SYSTEM}|2`, person('2', { id: 'elsewhere' }))
  const several = await put(`identifier=${SYSTEM}|3`, person('3'))
  const stale = await put(`identifier=${SYSTEM}|2`, person('2'), { 'if-match': 'W/"1"' })
  const absent = await put(`identifier=${SYSTEM}|6`, person('6'), { 'if-match': 'W/"1"' })

  t.match([found.statusCode, found.json().id, found.json().gender], [200, 'two', 'male'])
  t.match([same.statusCode, same.headers.etag], [200, found.headers.etag])
  t.match([made.statusCode, named.statusCode, named.json().id], [201, 201, 'five'])
  t.match([other.statusCode, several.statusCode, stale.statusCode, absent.statusCode], [400, 412, 412, 412])
  t.equal(await count(), 5)
})

t.test('a patch and a delete are of the one that is meant', async t => {
  const { ask, count } = await people(t)
  const json = { 'content-type': 'application/json-patch+json' }
  const edit = JSON.stringify([{ op: 'add', path: '/gender', value: 'female' }])

  t.match((await ask('PATCH', `/fhir/Patient?identifier=${SYSTEM}|2`, edit, json)).json(), { id: 'two', gender: 'female' })
  t.equal((await ask('PATCH', `/fhir/Patient?identifier=${SYSTEM}|9`, edit, json)).statusCode, 404)
  t.equal((await ask('PATCH', `/fhir/Patient?identifier=${SYSTEM}|3`, edit, json)).statusCode, 412)
  t.equal((await ask('DELETE', `/fhir/Patient?identifier=${SYSTEM}|3`)).statusCode, 412)
  t.equal((await ask('DELETE', `/fhir/Patient?identifier=${SYSTEM}|2`)).statusCode, 204)
  t.equal((await ask('DELETE', `/fhir/Patient?identifier=${SYSTEM}|2`)).statusCode, 204, 'again')
  t.equal((await ask('GET', '/fhir/Patient/two')).statusCode, 410)
  t.equal(await count(), 2)
})

t.test('criteria that could mean another resource are refused', async t => {
  const { ask, count } = await people(t)
  const lenient = { prefer: 'handling=lenient' }

  for (const query of ['', '?', '?shoe=1', `?identifier=${SYSTEM}|2&shoe=1`, '?_count=1', '?_sort=name&gender=male', '?identifier=', '?gender:often=x']) {
    for (const headers of [{}, lenient]) {
      t.equal((await ask('DELETE', `/fhir/Patient${query}`, undefined, headers)).statusCode, 400, `DELETE ${query}`)
      t.equal((await ask('PUT', `/fhir/Patient${query}`, person('2'), headers)).statusCode, 400, `PUT ${query}`)
      t.equal((await ask('POST', '/fhir/Patient', person('2'), { ...headers, 'if-none-exist': query })).statusCode, 400, `POST ${query}`)
    }
  }
  t.equal(await count(), 3)
})

t.test('only what the caller may see is found, and he needs the scope of a search', async t => {
  const { ask, as, put } = await server(t)
  const observation = (id: string, patient: string) => ({ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, identifier: [{ value: 'o' }], subject: { reference: `Patient/${patient}` } })
  await put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'boris' }, observation('hidden', 'boris'))
  const { id: _, ...mine } = observation('', 'anna')
  const doctor = await as.treating(['anna'])

  const made = await ask('POST', '/fhir/Observation', mine, { ...doctor, 'if-none-exist': 'identifier=o' })
  const again = await ask('POST', '/fhir/Observation', mine, { ...doctor, 'if-none-exist': 'identifier=o' })

  t.equal(made.statusCode, 201)
  t.equal(again.statusCode, 200)
  t.equal((await ask('DELETE', '/fhir/Observation?identifier=o', undefined, doctor)).statusCode, 204)
  t.equal((await ask('GET', '/fhir/Observation/hidden')).statusCode, 200)
  t.equal((await ask('DELETE', '/fhir/Observation?identifier=o', undefined, await as.treating(['anna'], 'user/*.cud'))).statusCode, 403)
})

t.test('entries of a batch can be conditional', async t => {
  const { ask, count } = await people(t)
  const entry = (method: string, url: string, resource?: object, more: object = {}) => ({ request: { method, url, ...more }, ...(resource !== undefined && { resource }) })

  const reply = await ask('POST', '/fhir', {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      entry('POST', 'Patient', person('1'), { ifNoneExist: `identifier=${SYSTEM}|1` }), entry('POST', 'Patient', person('2'), { ifNoneExist: `identifier=${SYSTEM}|2` }),
      entry('PUT', `Patient?identifier=${SYSTEM}|2`, person('2', { active: true })), entry('DELETE', `Patient?identifier=${SYSTEM}|3`)
    ]
  })

  t.same(reply.json().entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3)), ['201', '200', '200', '412'])
  t.equal(await count(), 4)
})
