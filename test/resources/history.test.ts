// https://hl7.org/fhir/R4/http.html#history
import t from 'tap'
import { server, type Resource, type TestServer } from '../server.js'

const patient = (id: string, more: object = {}): Resource => ({ resourceType: 'Patient', id, ...more })

interface Bundle { total?: number, link: { relation: string, url: string }[], entry?: { fullUrl: string, resource?: { id: string, active?: boolean, meta: object }, request: { method: string, url: string }, response: { status: string, etag: string, lastModified: string } }[] }

/** All pages, following the links as they are given. */
async function pages (ask: TestServer['ask'], path: string, headers = {}): Promise<Bundle[]> {
  const found: Bundle[] = []
  for (let next: string | undefined = path; next !== undefined;) {
    const reply = await ask('GET', next, undefined, headers)
    if (reply.statusCode !== 200) throw new Error(reply.body)
    const bundle: Bundle = reply.json()
    found.push(bundle)
    const url = bundle.link.find(({ relation }) => relation === 'next')?.url
    next = url?.replace('http://karta.test', '')
  }
  return found
}

t.test('the history of a resource tells what happened to it, newest first', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna', { active: true }), patient('anna', { active: false }))
  await ask('DELETE', '/fhir/Patient/anna')

  const reply = await ask('GET', '/fhir/Patient/anna/_history')

  const bundle: Bundle & { type: string } = reply.json()
  t.equal(reply.statusCode, 200)
  t.match(bundle, {
    resourceType: 'Bundle',
    type: 'history',
    total: 3,
    link: [{ relation: 'self', url: 'http://karta.test/fhir/Patient/anna/_history' }],
    entry: [
      { fullUrl: 'http://karta.test/fhir/Patient/anna', request: { method: 'DELETE', url: 'Patient/anna' }, response: { status: '204 No Content' } },
      { resource: { active: false }, request: { method: 'PUT', url: 'Patient/anna' }, response: { status: '200 OK' } },
      { resource: { active: true }, request: { method: 'PUT', url: 'Patient/anna' } }
    ]
  })
  t.equal(bundle.entry?.[0]?.resource, undefined)
  t.match(bundle.entry?.[2]?.response, { etag: /^W\/"\d+"$/, lastModified: /^\d{4}-.*Z$/ })
})

t.test('a resource that the server named was created by POST', async t => {
  const { ask } = await server(t)
  const { id } = (await ask('POST', '/fhir/Patient', { resourceType: 'Patient' })).json()

  const bundle: Bundle = (await ask('GET', `/fhir/Patient/${id}/_history`)).json()

  t.match(bundle.entry, [{ request: { method: 'POST', url: 'Patient' }, response: { status: '201 Created' } }])
})

t.test('a type and the whole system have histories of all that is in them', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna'), { resourceType: 'Organization', id: 'clinic', name: 'Clinic' }, patient('berta'))

  const type = await pages(ask, '/fhir/Patient/_history')
  const system = await pages(ask, '/fhir/_history')

  const ids = (bundles: Bundle[]): string[] => bundles.flatMap(({ entry = [] }) => entry.map(({ resource }) => resource?.id ?? ''))
  t.same(ids(type), ['berta', 'anna'])
  t.same(ids(system), ['berta', 'clinic', 'anna'])
  t.equal(type[0]?.total, undefined)
})

t.test('pages are full, follow each other, and stand still while versions come', async t => {
  const { ask, put } = await server(t)
  for (let n = 0; n < 7; n++) await put(patient('anna', { multipleBirthInteger: n }))
  const first: Bundle = (await ask('GET', '/fhir/Patient/anna/_history?_count=3')).json()
  await put(patient('anna', { multipleBirthInteger: 99 }))

  const next = first.link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '') ?? ''
  const rest = await pages(ask, next)

  const births = [first, ...rest].map(({ entry = [] }) => entry.map(({ resource }) => (resource as { multipleBirthInteger?: number }).multipleBirthInteger))
  t.same(births, [[6, 5, 4], [3, 2, 1], [0]])
  t.match(first.link[0]?.url, /_history\?_count=3$/)
})

t.test('a page link is sealed, and good for one caller and one query', async t => {
  const { ask, put, as } = await server(t)
  await put(patient('anna', { active: true }), patient('anna', { active: false }), patient('berta', { active: true }), patient('berta'))
  const first: Bundle = (await ask('GET', '/fhir/Patient/anna/_history?_count=1')).json()
  const next = first.link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '') ?? ''
  const cursor = new URL(next, 'http://x').searchParams.get('_cursor') ?? ''

  const refused = await Promise.all([
    ask('GET', next, undefined, await as.self('anna')),
    ask('GET', `/fhir/Patient/berta/_history?_cursor=${cursor}`),
    ask('GET', `${next}&_since=2020-01-01T00:00:00Z`),
    ask('GET', next.replace(/.$/, last => last === 'A' ? 'B' : 'A')),
    ask('GET', '/fhir/Patient/anna/_history?_cursor=x'),
    ask('GET', '/fhir/Patient/anna/_history?_cursor=')
  ])

  for (const reply of refused) {
    t.equal(reply.statusCode, 400)
    t.match(reply.json(), { issue: [{ diagnostics: /page link/ }] })
  }
  t.equal((await ask('GET', next.replace('_count=1', '_count=5'))).statusCode, 200)
})

t.test('_since leaves out what was stored before', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna', { active: true }))
  const { meta: { lastUpdated } } = (await ask('GET', '/fhir/Patient/anna')).json()
  await put(patient('anna', { active: false }))
  const { meta: { lastUpdated: second } } = (await ask('GET', '/fhir/Patient/anna')).json()

  const counted = async (query: string): Promise<number> => ((await ask('GET', `/fhir/Patient/anna/_history?${query}`)).json() as Bundle).entry?.length ?? 0

  t.equal(await counted(`_since=${lastUpdated}`), 2)
  t.equal(await counted(`_since=${second}`), second === lastUpdated ? 2 : 1)
  t.equal(await counted('_since=2100-01-01T00:00:00Z'), 0)
  t.equal(await counted('_since=2000-01-01T00:00:00%2B03:00'), 2)
})

t.test('_at shows what was current in a span of time', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna', { active: true }), patient('anna', { active: false }))
  const { meta: { lastUpdated } } = (await ask('GET', '/fhir/Patient/anna')).json()
  const year = lastUpdated.slice(0, 4)

  const actives = async (at: string): Promise<unknown[]> => ((await ask('GET', `/fhir/Patient/anna/_history?_at=${at}`)).json() as Bundle).entry?.map(({ resource }) => resource?.active) ?? []

  t.same(await actives(year), [false, true])
  t.same(await actives(new Date(Date.parse(lastUpdated) + 1).toISOString()), [false])
  t.same(await actives('2001-02'), [])
})

t.test('a count alone is told for one resource', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna', { active: true }), patient('anna'))

  for (const query of ['_count=0', '_summary=count']) {
    const bundle: Bundle = (await ask('GET', `/fhir/Patient/anna/_history?${query}`)).json()
    t.equal(bundle.total, 2)
    t.equal(bundle.entry, undefined)
    t.equal((await ask('GET', `/fhir/Patient/_history?${query}`)).statusCode, 400)
  }
})

t.test('a parameter that cannot be understood is refused by name', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna'))

  for (const query of ['_since=yesterday', '_since=2020-01-01', '_at=2020-02-31', '_at=now', '_count=-1', '_count=x', '_count=1&_count=2', '_list=7', 'name=x']) {
    const reply = await ask('GET', `/fhir/Patient/anna/_history?${query}`)
    t.equal(reply.statusCode, 400, query)
    t.match(reply.json(), { issue: [{ diagnostics: new RegExp(query.split('=')[0] ?? '') }] })
  }
})

t.test('there is no history of what there is not, and an empty one of what did not change', async t => {
  const { ask, put } = await server(t)
  await put(patient('anna'))

  t.equal((await ask('GET', '/fhir/Patient/berta/_history')).statusCode, 404)
  t.equal((await ask('GET', '/fhir/Patient/no~id/_history')).statusCode, 404)
  t.equal((await ask('GET', '/fhir/Patient/anna/_history?_since=2100-01-01T00:00:00Z')).statusCode, 200)
})
