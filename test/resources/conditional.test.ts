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

t.test('where the configuration allows it, a delete ends all that meet its criteria, or none', async t => {
  const made = await server(t, { conditionalDeletes: 3 })
  const { ask, put, pool } = made
  const note = (id: string, value: string): Resource => ({ resourceType: 'Basic', id, code: { text: 'x' }, identifier: [{ system: SYSTEM, value }] })
  await put(note('a', '1'), note('b', '1'), note('c', '1'), note('d', '2'), note('e', '2'), note('f', '2'), note('g', '2'), note('h', '3'), note('i', '3'))
  const remove = async (query: string, headers = {}) => await ask('DELETE', `/fhir/Basic?${query}`, undefined, headers)
  const left = async (): Promise<string[]> => (await ask('GET', '/fhir/Basic?_sort=_id')).json().entry.map(({ resource }: { resource: Resource }) => resource.id)
  const bundle = async (...urls: string[]) => await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry: urls.map(url => ({ request: { method: 'DELETE', url } })) })

  const three = await remove(`identifier=${SYSTEM}|1`, { prefer: 'return=OperationOutcome' })
  const four = await remove(`identifier=${SYSTEM}|2`)
  const version = await remove(`identifier=${SYSTEM}|3`, { 'if-match': 'W/"1"' })
  const tooMany = await bundle(`Basic?identifier=${SYSTEM}|3`, `Basic?identifier=${SYSTEM}|2`)
  const between = await left()
  const together = await bundle(`Basic?identifier=${SYSTEM}|3`, 'Basic/d')

  t.match([three.statusCode, three.json().issue[0].diagnostics], [200, 'what met the criteria is not there any more'])
  t.match([four.statusCode, four.json().issue[0]], [412, { code: 'multiple-matches', diagnostics: /^more than 3 resources of type Basic meet the criteria, and nothing was deleted: narrow/ }])
  t.equal(version.statusCode, 412)
  t.match([tooMany.statusCode, tooMany.json().issue[0].diagnostics], [412, /^Bundle\.entry\[1\]: more than 3/])
  t.same(between, ['d', 'e', 'f', 'g', 'h', 'i'])
  t.match(together.json().entry, [{ response: { status: '204 No Content', etag: undefined } }, { response: { status: '204 No Content' } }])
  t.same(await left(), ['e', 'f', 'g'])
  const { rows } = await pool.query<{ shown: number }>('select cardinality(shown) as shown from karta.audit where interaction = 11 and status = 204')
  t.same(rows, [{ shown: 3 }], 'one record of all three')
  t.match((await ask('GET', '/fhir/metadata')).json().rest[0].resource[0], { conditionalDelete: 'multiple' })
})

t.test('a delete of several that may not all go ends none, and what others hide is not counted', async t => {
  const { ask, as, put } = await server(t, { conditionalDeletes: 10 })
  const note = (id: string, patient: string): Resource => ({ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, identifier: [{ value: 'o' }], subject: { reference: `Patient/${patient}` } })
  await put({ ...person('1'), id: 'anna' }, { ...person('1'), id: 'boris' }, { ...person('1'), id: 'carla' }, note('a', 'anna'), note('b', 'anna'), note('c', 'boris'))
  const doctor = await as.treating(['anna'])

  const patients = await ask('DELETE', `/fhir/Patient?identifier=${SYSTEM}|1`)
  const own = await ask('DELETE', '/fhir/Observation?identifier=o', undefined, doctor)

  t.match([patients.statusCode, patients.json().issue[0].diagnostics], [409, /while it has data/])
  t.equal((await ask('GET', '/fhir/Patient/carla')).statusCode, 200)
  t.equal(own.statusCode, 204)
  t.same(await Promise.all(['a', 'b', 'c'].map(async id => (await ask('GET', `/fhir/Observation/${id}`)).statusCode)), [410, 410, 200])
})

t.test('deletes that race for the same criteria end each resource once', async t => {
  const { ask, put, pool } = await server(t, { conditionalDeletes: 50 })
  await put(...Array.from({ length: 20 }, (_, place) => ({ ...person('1'), id: `p-${place}` })))

  const replies = await Promise.all(Array.from({ length: 6 }, async () => await ask('DELETE', `/fhir/Patient?identifier=${SYSTEM}|1`)))

  t.same(replies.map(({ statusCode }) => statusCode), Array(6).fill(204))
  t.equal((await pool.query('select from karta.version where state = 9')).rowCount, 20)
})

t.test('entries of a batch can be conditional', async t => {
  const { ask, count } = await people(t)
  const entry = (method: string, url: string, resource?: object, more: object = {}) => ({ request: { method, url, ...more }, ...(resource !== undefined && { resource }) })

  const reply = await ask('POST', '/fhir', {
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      entry('POST', 'Patient', person('1'), { ifNoneExist: `identifier=${SYSTEM}|1` }), entry('POST', 'Patient', person('2'), { ifNoneExist: `identifier=${SYSTEM}|2` }),
      entry('PUT', `Patient?identifier=${SYSTEM}|2`, person('2', { active: true })), entry('DELETE', `Patient?identifier=${SYSTEM}|3`),
      entry('PATCH', `Patient?identifier=${SYSTEM}|2`, { resourceType: 'Binary', contentType: 'application/json-patch+json', data: Buffer.from('[{"op":"add","path":"/gender","value":"male"}]').toString('base64') }),
      entry('DELETE', `Patient?identifier=${SYSTEM}|9`), entry('PATCH', `Patient?identifier=${SYSTEM}|9`, { resourceType: 'Parameters', parameter: [] }),
      entry('PUT', 'Patient?shoe=1', person('2')), entry('GET', `Patient?identifier=${SYSTEM}|2`), entry('POST', `Patient/_search?identifier=${SYSTEM}|1`), entry('GET', 'Patient?shoe=1')
    ]
  })

  const { entry: entries } = reply.json() as { entry: { response: { status: string }, resource?: { entry: object[] } }[] }
  t.same(entries.map(({ response }) => response.status.slice(0, 3)), ['201', '200', '200', '412', '200', '204', '404', '400', '200', '200', '400'])
  t.match(entries[8]?.resource?.entry, [{ resource: { id: 'two', active: true, gender: 'male' } }])
  t.equal(entries[9]?.resource?.entry.length, 1, 'a search sees what other entries have made')
  t.equal(await count(), 4)
})

t.test('what the searches of one Bundle bring is bounded together', async t => {
  const { ask, put } = await server(t, { bodyLimit: 4000 })
  await put(...Array.from({ length: 10 }, (_, place) => ({ ...person('1'), id: `p-${place}` })))
  const entry = Array.from({ length: 40 }, () => ({ request: { method: 'GET', url: 'Patient' } }))

  for (const type of ['batch', 'transaction']) {
    const reply = await ask('POST', '/fhir', { resourceType: 'Bundle', type, entry })
    const refused = type === 'batch' ? reply.json().entry.at(-1).response.outcome : reply.json()
    t.match(refused.issue[0], { code: 'too-long', diagnostics: /the answers of this Bundle are longer than 4000 characters together/ })
  }
})
