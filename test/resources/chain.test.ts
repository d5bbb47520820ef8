// Chains and _has over many resources, which are followed row by row. https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has
import t from 'tap'
import type { Server } from '../../src/resources/server.js'
import { server, type Resource, type TestServer } from '../server.js'

const reference = (to: string): { readonly reference: string } => ({ reference: to })

const TIMES = 24
const numbers = Array.from({ length: TIMES }, (_, number) => number)

// Three patients, six doctors, two wards; every third visit is an emergency, every fourth observation is high, every fifth has no visit.
const CITY: readonly Resource[] = [
  ...['clinic', 'hospital'].map((id): Resource => ({ resourceType: 'Organization', id, name: id })),
  ...['ada', 'ben', 'cyd', 'dov', 'eva', 'fay'].map((id, place): Resource => ({ resourceType: 'Practitioner', id, name: [{ family: id }], gender: place % 2 === 0 ? 'female' : 'male' })),
  ...['anna', 'boris', 'clara'].map((id, place): Resource => ({
    resourceType: 'Patient', id, gender: place === 1 ? 'male' : 'female', identifier: [{ system: 'urn:id', value: id }], generalPractitioner: [reference(`Practitioner/${place === 0 ? 'ada' : 'ben'}`)], managingOrganization: reference('Organization/clinic')
  })),
  ...numbers.map((number): Resource => ({
    resourceType: 'Encounter', id: `visit-${number}`, status: 'finished', class: { code: number % 3 === 0 ? 'EMER' : 'AMB' }, subject: reference(`Patient/${['anna', 'boris', 'clara'][number % 3] ?? ''}`), period: { start: `2026-01-${10 + number % 7}` },
    participant: [{ individual: reference(`Practitioner/${['ada', 'ben', 'cyd', 'dov', 'eva', 'fay'][number % 6] ?? ''}`) }], serviceProvider: reference(`Organization/${number % 4 === 0 ? 'hospital' : 'clinic'}`),
    ...(number % 8 === 5 && { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } })
  })),
  ...numbers.map((number): Resource => ({
    resourceType: 'Observation', id: `pulse-${number}`, status: number % 4 === 0 ? 'amended' : 'final', code: { coding: [{ system: 'urn:codes', code: number % 2 === 0 ? 'pulse' : 'weight' }] }, valueQuantity: { value: number % 6 },
    // One names its patient by an identifier only.
    subject: number === 7 ? { identifier: { system: 'urn:id', value: 'boris' } } : reference(`Patient/${['anna', 'boris', 'clara'][number % 3] ?? ''}`), effectiveDateTime: `2026-02-${10 + number % 9}`,
    ...(number % 5 !== 4 && { encounter: reference(`Encounter/visit-${number}`) }), ...(number > 3 && { hasMember: [reference(`Observation/pulse-${number - 3}`)] })
  })),
  ...numbers.filter(number => number % 2 === 0).map((number): Resource => ({ resourceType: 'Condition', id: `ill-${number}`, subject: reference(`Patient/${['anna', 'boris', 'clara'][number % 3] ?? ''}`), encounter: reference(`Encounter/visit-${number}`), code: { coding: [{ system: 'urn:codes', code: 'flu' }] } }))
]

const QUERIES = [
  'Observation?encounter.class=AMB', 'Observation?encounter.class=EMER&code=pulse', 'Observation?encounter.class=AMB&encounter.date=2026-01-12', 'Observation?encounter.class:not=AMB', 'Observation?encounter.participant.gender=male', 'Observation?encounter:Encounter.service-provider.name=hosp',
  'Encounter?participant.name=a', 'Encounter?participant:Practitioner.gender=male&class=AMB', 'Encounter?service-provider.name=clinic', 'Observation?has-member.status=amended', 'Observation?has-member.has-member.code=pulse', 'Observation?has-member.encounter.class=EMER',
  'Observation?subject:Patient.general-practitioner.name=b', 'Observation?patient.general-practitioner:Practitioner.gender=female', 'Observation?subject.general-practitioner.gender=male', 'Patient?general-practitioner.name=ben', 'Condition?encounter.participant.name=e',
  'Encounter?_has:Observation:encounter:code=pulse', 'Encounter?_has:Observation:encounter:status=amended&class=AMB', 'Encounter?_has:Observation:encounter:has-member.code=pulse', 'Encounter?_has:Observation:encounter:value-quantity=gt3', 'Observation?_has:Observation:has-member:status=final',
  'Practitioner?_has:Encounter:participant:class=EMER', 'Practitioner?_has:Encounter:participant:_has:Observation:encounter:code=weight', 'Patient?_has:Observation:patient:encounter.class=EMER', 'Patient?_has:Observation:subject:encounter.participant.name=b', 'Patient?_has:Encounter:patient:_has:Condition:encounter:code=flu',
  'Organization?_has:Encounter:service-provider:class=AMB', 'Observation?_filter=not (encounter.class eq AMB)', 'Observation?_filter=encounter.class eq AMB or status eq amended', 'Observation?_filter=encounter[class eq AMB].participant.gender eq male', 'Observation?encounter.class=AMB&_has:Observation:has-member:encounter.class=AMB',
  'Encounter/visit-3/Observation?encounter.class=EMER', 'Patient/anna/Observation?encounter.class=EMER', '?_type=Observation,Condition&encounter.class=AMB', '?_type=Observation,Condition,Encounter&subject:Patient.general-practitioner.name=b', 'Observation?encounter.class=none', 'Observation?encounter.class=AMB&status=none'
]

type Bounds = Partial<Pick<Server, 'named' | 'followed'>>

const NAMED: Bounds = { named: 200 }
const FOLLOWED: Bounds = { named: 0, followed: { first: 2, most: 20_000 } }

async function city (t: Parameters<typeof server>[0], bounds: Bounds): Promise<TestServer> {
  const made = await server(t, {}, bounds)
  await made.put(...CITY)
  return made
}

interface Told { readonly status: number, readonly pages: ReadonlyArray<readonly string[]>, readonly totals: ReadonlyArray<number | undefined>, readonly issue: string }

/** All pages of a search. */
async function told ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string>): Promise<Told> {
  const pages: string[][] = []
  const totals: Array<number | undefined> = []
  for (let next: string | undefined = `/fhir/${path}`; next !== undefined;) {
    const reply = await ask('GET', next.replace('http://karta.test', ''), undefined, headers)
    const bundle: { readonly total?: number, readonly entry?: ReadonlyArray<{ readonly resource: Resource }>, readonly link?: ReadonlyArray<{ readonly relation: string, readonly url: string }>, readonly issue?: ReadonlyArray<{ readonly code: string, readonly diagnostics: string }> } = reply.json()
    if (reply.statusCode !== 200) return { status: reply.statusCode, pages, totals, issue: `${bundle.issue?.[0]?.code ?? ''}: ${bundle.issue?.[0]?.diagnostics ?? ''}` }
    pages.push((bundle.entry ?? []).map(({ resource }) => `${resource.resourceType}/${resource.id}`))
    totals.push(bundle.total)
    next = bundle.link?.find(({ relation }) => relation === 'next')?.url
  }
  return { status: 200, pages, totals, issue: '' }
}

const sortsOf = (query: string): readonly string[] => query.startsWith('?') ? [''] : ['', '&_sort=_id', ...query.startsWith('Observation') ? ['&_sort=date', '&_sort=-value-quantity', '&_sort=code,-date'] : []]

t.test('what is followed row by row is what is named, in all orders, page by page, for whoever asks', async t => {
  const [named, followed] = [await city(t, NAMED), await city(t, FOLLOWED)]
  const callersOf = async ({ as }: TestServer): Promise<ReadonlyArray<Record<string, string>>> => [{}, await as.treating(['anna', 'boris']), await as.self('clara')]
  const [before, after] = [await callersOf(named), await callersOf(followed)]
  let matches = 0

  for (const query of QUERIES) {
    for (const [place, headers] of before.entries()) {
      for (const sort of place === 0 ? sortsOf(query) : ['']) {
        const path = `${query}${sort}&_count=${place === 0 ? 4 : 3}`
        const expected = await told(named, path, headers)
        const found = await told(followed, path, after[place] ?? {})

        t.same([found.status, found.pages], [expected.status, expected.pages], `${path} of caller ${place}`)
        matches += expected.pages.flat().length
      }
    }
  }
  t.ok(matches > 1000, `${matches} matches`)
})

t.test('totals are exact where they are asked for', async t => {
  const [named, followed] = [await city(t, NAMED), await city(t, { ...FOLLOWED, followed: { first: 2, most: 200 } })]

  for (const query of QUERIES) {
    for (const form of ['_total=accurate&_count=2', '_total=estimate&_count=2', '_summary=count']) {
      const [expected, found] = [await told(named, `${query}&${form}`, {}), await told(followed, `${query}&${form}`, {})]

      t.same(found.totals, expected.totals, `${query}&${form}`)
    }
  }
})

t.test('a search that leads over too many is refused, and never answered in part', async t => {
  // Eight visits are emergencies; observations are looked at two by two, then four by four.
  const made = await city(t, { named: 2, followed: { first: 2, most: 20 } })

  const full = await made.ask('GET', '/fhir/Observation?encounter.class=AMB&_count=5')
  const few = await told(made, 'Observation?encounter.class=EMER&value-quantity=3&_count=5', {})
  const named = await told(made, 'Observation?encounter.class=EMER&_sort=_id&_count=20', {})
  const tight = await city(t, { named: 2, followed: { first: 2, most: 5 } })
  const refused = await told(tight, 'Observation?encounter.service-provider.name=hospital&encounter.class=AMB&_count=7', {})
  const counted = await told(tight, 'Observation?encounter.class=AMB&_summary=count', {})
  const accurate = await told(tight, 'Observation?encounter.class=AMB&_total=accurate&_count=1', {})
  const estimate = await tight.ask('GET', '/fhir/Observation?encounter.class=AMB&_total=estimate&_count=1')
  const written = await tight.ask('PUT', '/fhir/Observation?encounter.class=AMB', { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: reference('Patient/anna') })

  t.match([full.statusCode, full.json().entry.length], [200, 5])
  t.match([few.status, few.pages.flat().length], [200, numbers.filter(number => number % 3 === 0 && number % 5 !== 4 && number % 6 === 3).length])
  t.match([named.status, named.pages.flat().length], [200, numbers.filter(number => number % 3 === 0 && number % 5 !== 4).length])
  for (const each of [refused, counted, accurate]) t.match([each.status, each.issue], [400, /^too-costly: encounter.* leads over more than 5 resources of type Encounter/])
  t.match([estimate.statusCode, estimate.json().entry.length, estimate.json().total], [200, 1, undefined])
  t.match([written.statusCode, written.json().issue[0].code], [400, 'too-costly'])
})

t.test('what comes along, and how it is run, is told as of any search', async t => {
  const made = await city(t, FOLLOWED)

  const along = await made.ask('GET', '/fhir/Observation?encounter.class=EMER&status=amended&_include=Observation:encounter&_revinclude=Observation:has-member')
  const explained = await made.ask('GET', '/fhir/Observation?encounter.class=EMER&_explain=true&_count=1')

  const modes: Array<{ readonly mode: string }> = along.json().entry.map(({ search }: { readonly search: { readonly mode: string } }) => search)
  t.ok(modes.some(({ mode }) => mode === 'include'))
  t.match(explained.json().parameter.map(({ part }: { readonly part: ReadonlyArray<{ readonly valueString?: string }> }) => part[0]?.valueString).slice(-2), ['a page of Observation', 'which Encounter there are'])
})

t.test('a chain over many that the first rows fill takes three statements, however many there are', async t => {
  const made = await city(t, { named: 0, followed: { first: 100, most: 20_000 } })
  const trips = async (path: string): Promise<unknown> => {
    made.lines.length = 0
    await made.ask('GET', `/fhir/${path}`)
    return made.lines.map(line => (JSON.parse(line) as { readonly trips?: number }).trips).find(each => each !== undefined)
  }

  t.equal(await trips('Observation?encounter.class=AMB&_count=3'), 3)
  t.equal(await trips('Encounter?_has:Observation:encounter:code=pulse&_count=3'), 3)
})
