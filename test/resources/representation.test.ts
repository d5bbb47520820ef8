// https://hl7.org/fhir/R4/http.html#parameters https://hl7.org/fhir/R4/search.html#summary
import t from 'tap'
import { server } from '../server.js'

const ANNA = {
  resourceType: 'Patient',
  id: 'anna',
  text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">Anna</div>' },
  active: true,
  name: [{ family: 'Berg' }],
  photo: [{ title: 'face' }]
}

t.test('a resource comes whole, or in the part that is asked for', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const members = async (query: string): Promise<string[]> => Object.keys((await ask('GET', `/fhir/Patient/anna?${query}`)).json()).filter(name => !['resourceType', 'id', 'meta'].includes(name)).sort()

  t.same(await members('_summary=false'), ['active', 'name', 'photo', 'text'])
  t.same(await members('_summary=true'), ['active', 'name'])
  t.same(await members('_summary=data'), ['active', 'name', 'photo'])
  t.same(await members('_summary=text'), ['text'])
  // What modifies the rest stays with it: an inactive Patient must not look like another.
  t.same(await members('_elements=name'), ['active', 'name'])
  t.same(await members('_elements=name,%20photo'), ['active', 'name', 'photo'])
})

t.test('a part says that it is one', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  for (const query of ['_summary=true', '_summary=data', '_elements=name']) {
    const { meta } = (await ask('GET', `/fhir/Patient/anna?${query}`)).json()
    t.match(meta.tag, [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }], query)
  }
  t.equal((await ask('GET', '/fhir/Patient/anna')).json().meta.tag, undefined)
})

t.test('a history and a vread come in parts as well', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const { headers: { etag } } = await ask('GET', '/fhir/Patient/anna')

  const history = (await ask('GET', '/fhir/Patient/anna/_history?_elements=active')).json()
  const version = (await ask('GET', `/fhir/Patient/anna/_history/${/"(.*)"/.exec(String(etag))?.[1]}?_summary=true`)).json()

  t.equal(history.entry[0].resource.active, true)
  t.equal(history.entry[0].resource.name, undefined)
  t.equal(version.photo, undefined)
})

t.test('_pretty is for eyes, and changes no value', async t => {
  const { ask } = await server(t)
  await ask('PUT', '/fhir/Patient/anna', '{"resourceType":"Patient","id":"anna","extension":[{"url":"http://x.test/d","valueDecimal":1.10}]}')

  const reply = await ask('GET', '/fhir/Patient/anna?_pretty=true')

  t.match(reply.body, /\n/)
  t.match(reply.body, /"valueDecimal": 1\.10\b/)
  t.same(reply.json(), (await ask('GET', '/fhir/Patient/anna?_pretty=false')).json())
})

t.test('JSON is given under the name that it is asked by, and nothing else is', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)
  const typed = async (headers: Record<string, string>, query = ''): Promise<string | number> => {
    const reply = await ask('GET', `/fhir/Patient/anna${query}`, undefined, headers)
    return reply.statusCode === 200 ? String(reply.headers['content-type']).replace('; charset=utf-8', '') : reply.statusCode
  }

  const fhir = 'application/fhir+json'
  t.equal(await typed({}), fhir)
  t.equal(await typed({ accept: '*/*' }), fhir)
  t.equal(await typed({ accept: 'text/html,application/xml;q=0.9,*/*;q=0.8' }), fhir)
  t.equal(await typed({ accept: 'application/json' }), 'application/json')
  t.equal(await typed({ accept: 'application/json;q=0.5, application/fhir+json' }), fhir)
  t.equal(await typed({ accept: 'application/fhir+json; fhirVersion=4.0' }), fhir)
  t.equal(await typed({ accept: 'application/fhir+json; fhirVersion=5.0' }), 406)
  t.equal(await typed({ accept: 'application/fhir+xml' }), 406)
  t.equal(await typed({ accept: 'application/fhir+json;q=0' }), 406)
  for (const format of ['json', 'application/fhir+json', 'application/fhir%2Bjson']) t.equal(await typed({ accept: 'application/fhir+xml' }, `?_format=${format}`), fhir, format)
  for (const format of ['xml', 'ttl', 'html', 'text/turtle', 'application/fhir%2Bxml']) t.equal(await typed({}, `?_format=${format}`), 406, format)
  for (const format of ['nonsense', '', '*/*']) t.equal(await typed({}, `?_format=${format}`), 400, format)
})

t.test('a parameter that is not known is refused, unless leniency is asked for', async t => {
  const { ask, put } = await server(t)
  await put(ANNA)

  const strict = await ask('GET', '/fhir/Patient/anna?name=x')
  const lenient = await ask('GET', '/fhir/Patient/anna?name=x', undefined, { prefer: 'handling=lenient' })

  t.equal(strict.statusCode, 400)
  t.match(strict.json(), { issue: [{ code: 'not-supported', diagnostics: /"name"/ }] })
  t.equal(lenient.statusCode, 200)
  for (const query of ['_summary=all', '_summary=count', '_pretty=yes', '_elements=', '_elements=colour', '_summary=true&_elements=name', '_pretty=true&_pretty=true']) {
    t.equal((await ask('GET', `/fhir/Patient/anna?${query}`)).statusCode, 400, query)
  }
})

t.test('the form of a write\'s answer is settled before anything is written', async t => {
  const { ask, pool } = await server(t)

  const bad = await Promise.all(['_pretty=maybe', '_summary=count', 'x=y', '_format=xml'].map(query => ask('POST', `/fhir/Patient?${query}`, { resourceType: 'Patient' })))
  const good = await ask('POST', '/fhir/Patient?_elements=active', { ...ANNA, id: undefined })

  t.same(bad.map(({ statusCode }) => statusCode), [400, 400, 400, 406])
  t.equal(good.statusCode, 201)
  t.equal(good.json().active, true)
  t.equal(good.json().name, undefined)
  t.equal((await pool.query('select from karta.version')).rowCount, 1)
})
