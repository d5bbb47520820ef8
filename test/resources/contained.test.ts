// `_contained` and `_containedType`. https://hl7.org/fhir/R4/search.html#contained
import t from 'tap'
import { server, type TestServer } from '../server.js'

const coded = (code: string, display = code): object => ({ coding: [{ system: 'http://example.com/medications', code, display }] })
const salt = (id: string, more: object): object => ({ resourceType: 'Medication', id, ...more })
const weight = (id: string, value: string, unit: string, code = '29463-7'): string =>
  `{"resourceType":"Observation","id":"${id}","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"${code}"}]},"valueQuantity":{"value":${value},"unit":"${unit}","system":"http://unitsofmeasure.org","code":"${unit}"},"effectiveDateTime":"2026-03-01","subject":{"reference":"Patient/anna"}}`

const request = (id: string, patient: string, contained: readonly object[]): object => ({
  resourceType: 'MedicationRequest', id, status: 'active', intent: 'order', subject: { reference: `Patient/${patient}` }, contained,
  medicationReference: { reference: '#m1' }, supportingInformation: contained.map(each => ({ reference: `#${String((each as { id?: string }).id)}` }))
})

const RECORD = [
  { resourceType: 'Patient', id: 'anna' },
  { resourceType: 'Patient', id: 'boris' },
  { resourceType: 'Medication', id: 'free', status: 'active', code: coded('abc', 'Salt') },
  request('both', 'anna', [salt('m1', { status: 'active', code: coded('abc', 'Salt'), manufacturer: { reference: 'Organization/acme' } }), salt('m2', { status: 'inactive', code: coded('xyz', 'Sugar') })]),
  request('split', 'anna', [salt('m1', { status: 'inactive', code: coded('abc') }), salt('m2', { status: 'active', code: coded('xyz') })]),
  request('other', 'boris', [salt('m1', { status: 'active', code: coded('abc'), meta: { tag: [{ code: 'red' }] } })])
]

const REPORT = `{"resourceType":"DiagnosticReport","id":"report","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/anna"},"result":[{"reference":"#kilograms"},{"reference":"#height"}],"contained":[${weight('kilograms', '70.50', 'kg')},${weight('height', '1.80', 'm', '8302-2')}]}`

const made = async (t: Parameters<typeof server>[0]): Promise<TestServer> => {
  const city = await server(t)
  await city.put({ resourceType: 'Organization', id: 'acme', name: 'Acme' }, ...RECORD as never[])
  const { statusCode, body } = await city.ask('PUT', '/fhir/DiagnosticReport/report', REPORT)
  if (statusCode !== 201) throw new Error(body)
  return city
}

interface Answered { readonly total?: number, readonly entry?: readonly { fullUrl: string, resource: { resourceType: string, id: string }, search: { mode: string } }[], readonly link: readonly { relation: string, url: string }[] }

const found = async ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}): Promise<string[]> => {
  const reply = await ask('GET', `/fhir/${path}`, undefined, headers)
  if (reply.statusCode !== 200) return [`${reply.statusCode} ${reply.body}`]
  return (reply.json<Answered>().entry ?? []).map(({ fullUrl }) => fullUrl.replace('http://karta.test/fhir/', '')).sort()
}

const requests = (...ids: readonly string[]): string[] => ids.map(id => `MedicationRequest/${id}`).sort()

const TABLE: readonly (readonly [asked: string, urls: readonly string[]])[] = [
  ['Medication?code=abc', ['Medication/free']],
  ['Medication?code=abc&_contained=false', ['Medication/free']],
  ['Medication?code=abc&_contained=true', requests('both', 'split', 'other')],
  ['Medication?code=abc&_contained=both', ['Medication/free', ...requests('both', 'split', 'other')]],
  ['Medication?code=http://example.com/medications|abc&_contained=true&_containedType=container', requests('both', 'split', 'other')],
  ['Medication?code=abc&_contained=true&_containedType=contained', requests('both#m1', 'split#m1', 'other#m1')],
  ['Medication?code=abc&_contained=both&_containedType=contained', ['Medication/free', ...requests('both#m1', 'split#m1', 'other#m1')]],
  // One of them must be all of it.
  ['Medication?code=abc&status=active&_contained=true', requests('both', 'other')],
  ['Medication?code=xyz&status=active&_contained=true', requests('split')],
  ['Medication?code=abc,xyz&status=active&_contained=true&_containedType=contained', requests('both#m1', 'split#m2', 'other#m1')],
  ['Medication?code=abc&status:not=active&_contained=true', requests('split')],
  ['Medication?code=abc&code:not=xyz&_contained=true&_containedType=contained', requests('both#m1', 'split#m1', 'other#m1')],
  ['Medication?code=abc&manufacturer:missing=false&_contained=true', requests('both')],
  ['Medication?code=abc&manufacturer:missing=true&_contained=true', requests('other', 'split')],
  ['Medication?code=xyz&manufacturer:missing=false&_contained=true', []],
  ['Medication?manufacturer=Organization/acme&_contained=true&_containedType=contained', requests('both#m1')],
  ['Medication?code:text=sug&_contained=true', requests('both')],
  ['Medication?code:text=sug&status=active&_contained=true', []],
  ['Medication?code=abc&_id=m1&_contained=true&_containedType=contained', requests('both#m1', 'split#m1', 'other#m1')],
  ['Medication?code=abc&_id=m2&_contained=true', []],
  ['Medication?code=abc&_tag=red&_contained=true', requests('other')],
  ['Medication?code=abc&_tag:not=red&_contained=true', requests('both', 'split')],
  ['Observation?value-quantity=gt70&_contained=true&_containedType=contained', ['DiagnosticReport/report#kilograms']],
  ['Observation?value-quantity=155.4|http://unitsofmeasure.org|[lb_av]&_contained=true&_containedType=contained', ['DiagnosticReport/report#kilograms']],
  ['Observation?value-quantity=70500|http://unitsofmeasure.org|g&_contained=true', ['DiagnosticReport/report']],
  ['Observation?value-quantity=70500|http://unitsofmeasure.org|m&_contained=true', []],
  ['Observation?value-quantity=70.5||kg&code=8302-2&_contained=true', []],
  ['Observation?code-value-quantity=29463-7$gt70&_contained=true', ['DiagnosticReport/report']],
  ['Observation?code-value-quantity=8302-2$gt70&_contained=true', []],
  ['Observation?date=2026-03-01&code=8302-2&_contained=true&_containedType=contained', ['DiagnosticReport/report#height']],
  ['Observation?date=lt2026&_contained=true', []],
  ['Observation?subject=Patient/anna&_contained=true', ['DiagnosticReport/report']],
  ['Observation?patient=Patient/anna&code=8302-2&_contained=true', ['DiagnosticReport/report']],
  ['Observation?subject=Patient/boris&_contained=true', []],
  ['Medication?code=none&_contained=both', []]
]

t.test('contained resources are found by what one of them has', async t => {
  const city = await made(t)

  for (const [asked, urls] of TABLE) t.same(await found(city, asked.replaceAll('$', '%24')), [...urls].sort(), asked)
})

t.test('a contained resource comes as it is stored, under the url of its container', async t => {
  const { ask } = await made(t)

  const { body } = await ask('GET', '/fhir/Observation?code=29463-7&_contained=true&_containedType=contained')

  t.match(body, /"fullUrl":"http:\/\/karta.test\/fhir\/DiagnosticReport\/report#kilograms"/)
  t.match(body, /"value":70.50,/, 'decimals keep their digits')
  t.match(JSON.parse(body), { total: 1, entry: [{ resource: { resourceType: 'Observation', id: 'kilograms' }, search: { mode: 'match' } }] })
})

t.test('pages hold each match once, in both directions, also where a container ends in the middle of one', async t => {
  const city = await made(t)
  await city.put(...Array.from({ length: 7 }, (_, place) => request(`many${place}`, 'anna', Array.from({ length: 5 }, (_, inner) => salt(`m${inner + 1}`, { code: coded(inner === 2 ? 'rest' : 'many') })))) as never[])
  await city.put(...Array.from({ length: 4 }, (_, place) => salt(`loose${place}`, { code: coded('many') })) as never[])

  for (const [mode, count] of [['_contained=true', 7], ['_contained=both', 11], ['_contained=true&_containedType=contained', 28], ['_contained=both&_containedType=contained', 32]] as const) {
    for (const sort of ['_lastUpdated', '-_lastUpdated']) {
      for (const size of [1, 3, 1000]) {
        const seen: string[] = []
        for (let url: string | undefined = `/fhir/Medication?code=many&${mode}&_sort=${sort}&_count=${size}&_total=accurate`; url !== undefined;) {
          const bundle: Answered = (await city.ask('GET', url)).json<Answered>()
          t.equal(bundle.total, count)
          t.ok((bundle.entry ?? []).length <= size)
          seen.push(...(bundle.entry ?? []).map(({ fullUrl }) => fullUrl))
          url = bundle.link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '')
        }
        t.equal(new Set(seen).size, count, `${mode} ${sort} ${size}`)
        t.equal(seen.length, count)
        const order = (url: string): string => url.replace(/#.*/, '')
        const resources = seen.map(order).filter((url, place, all) => all[place - 1] !== url)
        t.equal(new Set(resources).size, resources.length, 'those of one container stand together')
      }
    }
  }
})

t.test('only as much is looked at for a page as is bounded, and the page leads on', async t => {
  const city = await made(t)
  const bundle = (from: number): object => ({
    resourceType: 'Bundle', type: 'transaction', entry: Array.from({ length: 450 }, (_, place) => ({
      resource: request(`decoy${from + place}`, 'anna', [salt('m1', { status: 'inactive', code: coded('deep') }), salt('m2', { status: 'active', code: coded('else') })]), request: { method: 'PUT', url: `MedicationRequest/decoy${from + place}` }
    }))
  })
  await city.put(request('deepest', 'anna', [salt('m1', { status: 'active', code: coded('deep') })]) as never)
  for (const from of [0, 450, 900, 1350, 1800]) t.equal((await city.ask('POST', '/fhir', bundle(from))).statusCode, 200)

  const pages: string[][] = []
  for (let url: string | undefined = '/fhir/Medication?code=deep&status=active&_contained=true'; url !== undefined;) {
    const { entry = [], link }: Answered = (await city.ask('GET', url)).json<Answered>()
    pages.push(entry.map(({ resource }) => resource.id))
    url = link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '')
  }

  t.same(pages, [[], ['deepest']])
  t.equal((await city.ask('GET', '/fhir/Medication?code=deep&status=active&_contained=true&_summary=count')).json<Answered>().total, 1)
  t.equal((await city.ask('GET', '/fhir/Medication?code=deep&_contained=true&_total=estimate&_count=1')).json<Answered>().total, 2251)
})

t.test('nobody finds what is contained in what is not for him', async t => {
  const city = await made(t)
  const nurse = await city.as.treating(['anna'])

  t.same(await found(city, 'Medication?code=abc&_contained=true', nurse), requests('both', 'split'))
  t.same(await found(city, 'Medication?code=abc&_contained=both&_containedType=contained', nurse), ['Medication/free', ...requests('both#m1', 'split#m1')])
  t.same(await found(city, 'Medication?code=abc&_contained=true', await city.as.self('boris')), requests('other'))
  t.same(await found(city, 'Medication?code=abc&_contained=true', await city.as('operator', 'system/Medication.rs')), [], 'a scope without the containers')
  t.match((await city.ask('GET', '/fhir/Medication?code=abc&_contained=true&_summary=count', undefined, nurse)).json(), { total: 2 })
})

t.test('what is not asked of contained resources is refused by name', async t => {
  const { ask } = await made(t)
  const REFUSED: readonly (readonly [asked: string, message: RegExp])[] = [
    ['Medication?code=abc&_contained=yes', /true, false, both/], ['Medication?code=abc&_contained=true&_containedType=all', /neither container nor contained/],
    ['Medication?_contained=true', /needs a parameter/], ['Medication?code:not=abc&_contained=true', /needs a parameter/], ['Medication?manufacturer:missing=true&_contained=true', /needs a parameter/],
    ['Medication?_id=m1&_contained=true', /needs a parameter/], ['Medication?code=abc&_sort=status&_contained=true', /sorted by _lastUpdated/], ['Medication?code=abc&_lastUpdated=gt2020&_contained=true', /no versions/],
    ['Medication?manufacturer.name=acme&_contained=true', /chains/], ['Medication?_has:MedicationRequest:medication:status=active&_contained=true', /chains/], ['Medication?_filter=code eq abc&_contained=true', /_filter/],
    ['Medication?code=abc&_contained=true&_containedType=contained&_include=Medication:manufacturer', /_include/], ['Medication?code=abc&_contained=true&_containedType=contained&_elements=code', /_elements/],
    ['Patient/anna/Observation?code=8302-2&_contained=true', /no compartment/], ['?_type=Medication&code=abc&_contained=true', /one type/], ['Medication?code=abc&_list=x&_contained=true', /_list/],
    ['Medication?nothing=abc&_contained=true', /no such search parameter/], ['Medication?code=abc&_contained:x=true', /_contained:x/]
  ]

  for (const [asked, message] of REFUSED) {
    const { statusCode, body } = await ask('GET', `/fhir/${asked.replaceAll(' ', '%20')}`)
    t.equal(statusCode, 400, asked)
    t.match(body, message, asked)
  }
})
