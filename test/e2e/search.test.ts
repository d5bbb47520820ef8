// The 123 Synthea patients: what is counted in their files by code that knows nothing of this server is what its searches count, and a client
// that others wrote walks the pages. https://hl7.org/fhir/R4/search.html
import { existsSync, createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { Client } from 'fhir-kit-client'
import { createTarDecoder } from 'modern-tar'
import t from 'tap'
import xz from 'xz-decompress'
import { testDatabase } from '../database.js'
import { ask, dataFolder, karta, ROOT, start, tokenFor } from './process.js'

const ARCHIVE = join(ROOT, '../shared/data/synthea/synthea-r4-patients.tar.xz')

interface Coding { readonly system?: string, readonly code?: string, readonly display?: string }
interface Concept { readonly coding?: readonly Coding[], readonly text?: string }
interface Reference { readonly reference?: string }
interface Resource {
  readonly resourceType: string
  readonly id: string
  readonly gender?: string
  readonly birthDate?: string
  readonly name?: ReadonlyArray<{ readonly family?: string, readonly given?: readonly string[], readonly prefix?: readonly string[] }>
  readonly status?: string
  readonly code?: Concept
  readonly category?: readonly Concept[]
  readonly class?: Coding
  readonly clinicalStatus?: Concept
  readonly subject?: Reference
  readonly patient?: Reference
  readonly encounter?: Reference
  readonly effectiveDateTime?: string
  readonly onsetDateTime?: string
  readonly valueQuantity?: { readonly value?: number, readonly code?: string }
  readonly medicationCodeableConcept?: Concept
  readonly component?: ReadonlyArray<{ readonly code: Concept, readonly valueQuantity?: { readonly value?: number } }>
}

/** The resources of the archive, by type; what several Bundles bring is taken once. */
async function resources (): Promise<ReadonlyMap<string, readonly Resource[]>> {
  const byName = new Map<string, Resource>()
  const stream = new xz.XzReadableStream(Readable.toWeb(createReadStream(ARCHIVE)) as ReadableStream<Uint8Array>) as ReadableStream<Uint8Array>
  for await (const { header, body } of stream.pipeThrough(createTarDecoder()) as unknown as AsyncIterable<{ header: { name: string, type: string }, body: ReadableStream<Uint8Array> }>) {
    const text = await new Response(body).text()
    if (!header.name.endsWith('.json')) continue
    const { entry } = JSON.parse(text) as { entry: ReadonlyArray<{ fullUrl: string, resource: Resource }> }
    const names = new Map(entry.map(({ fullUrl, resource: { resourceType, id } }) => [fullUrl, `${resourceType}/${id}`]))
    for (const { resource } of JSON.parse(text.replace(/urn:uuid:[0-9a-f-]+/g, url => names.get(url) ?? url)).entry as ReadonlyArray<{ resource: Resource }>) byName.set(`${resource.resourceType}/${resource.id}`, resource)
  }
  const byType = new Map<string, Resource[]>()
  for (const resource of byName.values()) byType.set(resource.resourceType, [...byType.get(resource.resourceType) ?? [], resource])
  return byType
}

const codes = (concept: Concept | undefined): string[] => (concept?.coding ?? []).flatMap(({ code }) => code ?? [])
const is = (concept: Concept | undefined, code: string): boolean => codes(concept).includes(code)
const of = (patients: ReadonlySet<string>) => ({ subject, patient }: Resource): boolean => patients.has((subject ?? patient)?.reference ?? '')
// Case and accents do not count.
const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
const moment = (text: string | undefined): number => text === undefined ? NaN : Date.parse(text)

t.test('searches count what is in the files', { skip: existsSync(ARCHIVE) ? false : 'the folder ../shared/data is not here' }, async t => {
  const settings = { DATABASE_URL: await testDatabase(t), DATA_DIR: dataFolder(t) }
  await karta(settings, 'load', ARCHIVE)
  const all = await resources()
  const list = (type: string): readonly Resource[] => all.get(type) ?? []
  const observations = list('Observation')
  const { url } = await start(t, settings)
  const token = await tokenFor(settings, '--client', 'counts')
  const men = new Set(list('Patient').filter(({ gender }) => gender === 'male').map(({ id }) => `Patient/${id}`))
  const [first] = list('Patient').map(({ id }) => `Patient/${id}`).sort()
  const common = [...new Set(observations.flatMap(({ code }) => codes(code)))].sort()
  const weighing = new Set(observations.filter(each => is(each.code, '29463-7') && (each.valueQuantity?.value ?? 0) > 100).map(({ subject }) => subject?.reference ?? ''))
  const emergencies = new Set(list('Encounter').filter(each => each.class?.code === 'EMER').map(({ id }) => `Encounter/${id}`))
  const year = (from: string, to: string) => ({ effectiveDateTime }: Resource): boolean => moment(effectiveDateTime) >= Date.parse(from) && moment(effectiveDateTime) < Date.parse(to)

  const counts: ReadonlyArray<readonly [query: string, count: number]> = [
    ...[...all].map(([type, each]): [string, number] => [`${type}?`, each.length]),
    ['?', [...all.values()].flat().length], ['?_type=Observation,Condition', observations.length + list('Condition').length], [`?_type=Observation,Condition&subject=${first}`, [...observations, ...list('Condition')].filter(of(new Set([first ?? '']))).length],
    ...common.map((code): [string, number] => [`Observation?code=http://loinc.org|${code}`, observations.filter(each => is(each.code, code)).length]),
    ...['vital-signs', 'laboratory', 'survey', 'none'].map((code): [string, number] => [`Observation?category=${code}`, observations.filter(each => each.category?.some(one => is(one, code)) === true).length]),
    ['Patient?gender=male', men.size], ['Patient?gender:not=male', list('Patient').length - men.size], ['Patient?birthdate=lt1980', list('Patient').filter(({ birthDate = '' }) => birthDate < '1980').length],
    ['Patient?birthdate=ge1980-01-01&birthdate=le1999-12-31', list('Patient').filter(({ birthDate = '' }) => birthDate >= '1980-01-01' && birthDate <= '1999-12-31').length],
    ['Patient?family=b', list('Patient').filter(({ name = [] }) => name.some(({ family = '' }) => folded(family).startsWith('b'))).length],
    ['Patient?name:contains=an', list('Patient').filter(({ name = [] }) => name.some(({ family = '', given = [], prefix = [] }) => [family, ...given, ...prefix].some(part => folded(part).includes('an')))).length],
    ['Observation?date=2015', observations.filter(year('2015-01-01', '2016-01-01')).length], ['Observation?date=ge2018-06&date=lt2019', observations.filter(year('2018-06-01', '2019-01-01')).length],
    ['Observation?date=2015&category=laboratory', observations.filter(each => year('2015-01-01', '2016-01-01')(each) && each.category?.some(one => is(one, 'laboratory')) === true).length],
    ['Observation?value-quantity=gt100||kg', observations.filter(({ valueQuantity: { value = 0, code = '' } = {} }) => value > 100 && code === 'kg').length],
    ['Observation?value-quantity=gt100000|http://unitsofmeasure.org|g&code=29463-7', observations.filter(each => is(each.code, '29463-7') && (each.valueQuantity?.value ?? 0) > 100).length],
    ['Observation?code-value-quantity=29463-7$lt60', observations.filter(each => is(each.code, '29463-7') && (each.valueQuantity?.value ?? 1000) < 60).length],
    ['Observation?component-code-value-quantity=8480-6$ge140', observations.filter(({ component = [] }) => component.some(each => is(each.code, '8480-6') && (each.valueQuantity?.value ?? 0) >= 140)).length],
    ['Observation?value-quantity:missing=true', observations.filter(({ valueQuantity }) => valueQuantity === undefined).length],
    ['Observation?component-code:missing=false', observations.filter(({ component }) => component !== undefined).length],
    [`Observation?subject=${first}`, observations.filter(of(new Set([first ?? '']))).length], [`Condition?patient=${first}`, list('Condition').filter(of(new Set([first ?? '']))).length],
    ['Condition?clinical-status=active', list('Condition').filter(each => is(each.clinicalStatus, 'active')).length],
    ['Condition?clinical-status:not=active', list('Condition').filter(each => !is(each.clinicalStatus, 'active')).length],
    ['Condition?onset-date=lt2000', list('Condition').filter(({ onsetDateTime }) => moment(onsetDateTime) < Date.parse('2000-01-01')).length],
    ['Encounter?class=EMER', emergencies.size], ['MedicationRequest?status=stopped,completed', list('MedicationRequest').filter(({ status = '' }) => ['stopped', 'completed'].includes(status)).length],
    // chains and _has
    ['Observation?subject:Patient.gender=male&code=29463-7', observations.filter(each => of(men)(each) && is(each.code, '29463-7')).length],
    ['Observation?encounter.class=EMER', observations.filter(({ encounter }) => emergencies.has(encounter?.reference ?? '')).length],
    ['Patient?_has:Observation:patient:code-value-quantity=29463-7$gt100', weighing.size],
    ['Condition?subject:Patient._has:Observation:patient:code-value-quantity=29463-7$gt100', list('Condition').filter(of(weighing)).length]
  ]
  t.ok(counts.length > 100, `${counts.length} counts`)
  t.ok(counts.filter(([, count]) => count > 0).length > 100)
  for (const [query, count] of counts) {
    const { status, json } = await ask(`${url}/fhir/${query}&_total=accurate&_count=0`, token)
    t.same([status, json.total], [200, count], query)
  }

  const kit = new Client({ baseUrl: `${url}/fhir`, bearerToken: token.authorization.slice('Bearer '.length) })
  const seen: string[] = []
  for (let page = await kit.search({ resourceType: 'Observation', searchParams: { code: '29463-7', _sort: '-date', _count: 200 } }) as unknown as Page | undefined; page !== undefined; page = await kit.nextPage({ bundle: page as never }) as unknown as Page | undefined) {
    seen.push(...page.entry.map(({ resource }) => `${resource.effectiveDateTime ?? ''} ${resource.id}`))
  }
  t.equal(seen.length, observations.filter(each => is(each.code, '29463-7')).length)
  t.equal(new Set(seen).size, seen.length)
  const moments = seen.map(line => moment(line.split(' ')[0]))
  t.same(moments, [...moments].sort((a, b) => b - a), 'newest first, over all pages')
})

t.test('everything of each patient is what his files hold and what that refers to', { skip: existsSync(ARCHIVE) ? false : 'the folder ../shared/data is not here' }, async t => {
  const settings = { DATABASE_URL: await testDatabase(t), DATA_DIR: dataFolder(t) }
  await karta(settings, 'load', ARCHIVE)
  const all = [...(await resources()).values()].flat()
  const known = new Set(all.map(({ resourceType, id }) => `${resourceType}/${id}`))
  const referred = new Map(all.map(resource => [`${resource.resourceType}/${resource.id}`, [...JSON.stringify(resource).matchAll(/"reference":"([^"]+)"/g)].map(([, name = '']) => name).filter(name => known.has(name))]))
  const { url } = await start(t, settings)
  const token = await tokenFor(settings, '--client', 'counts')
  const patients = [...known].filter(name => name.startsWith('Patient/'))

  const told = new Set<number>()
  for (const patient of patients) {
    const own = new Set([patient, ...[...referred].flatMap(([name, names]) => names.includes(patient) ? [name] : [])])
    const along = new Set<string>()
    for (let due = [...own]; due.length > 0;) {
      due = [...new Set(due.flatMap(name => referred.get(name) ?? []))].filter(name => !own.has(name) && !along.has(name))
      for (const name of due) along.add(name)
    }
    const { status, json } = await ask(`${url}/fhir/${patient}/$everything`, token)
    const names = (mode: string): string[] => json.entry.flatMap((entry: { resource: Resource, search: { mode: string } }) => entry.search.mode === mode ? [`${entry.resource.resourceType}/${entry.resource.id}`] : []).sort()

    t.same({ status, total: json.total }, { status: 200, total: own.size }, patient)
    t.same(names('match'), [...own].sort())
    t.same(names('include'), [...along].sort())
    told.add(own.size)
  }
  t.equal(patients.length, 123)
  t.ok(Math.max(...told) > 500)
})

interface Page { readonly entry: ReadonlyArray<{ readonly resource: Resource }> }
