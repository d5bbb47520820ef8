// https://hl7.org/fhir/R4/search.html#sort
//
// More resources than a walk along values looks at, many of them with the same value, with one value twice, or with values in several units: every page, and
// all of them together, are what sorting everything yields.
import fc from 'fast-check'
import t from 'tap'
import { unitOf } from '../../src/fhir/unit.js'
import { walked } from '../found.js'
import { server, type Resource, type TestServer } from '../server.js'

const seed = Number(process.env['SEED'] ?? 20_261_126)
const UCUM = 'http://unitsofmeasure.org'

async function store (made: TestServer, resources: readonly Resource[]): Promise<void> {
  for (let from = 0; from < resources.length; from += 1000) {
    const entry = resources.slice(from, from + 1000).map(resource => ({ resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } }))
    const { statusCode, body } = await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry })
    if (statusCode !== 200) throw new Error(body)
  }
}

/** What sorts a resource: its values by each key, of which the first one counts. */
type Values = (resource: Resource) => ReadonlyArray<ReadonlyArray<string | number>>

const compare = (a: string | number, b: string | number): number =>
  typeof a === 'string' && typeof b === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b)) : a < b ? -1 : a > b ? 1 : 0

function sorted (resources: readonly Resource[], values: Values, ways: readonly number[]): string[] {
  const first = (all: ReadonlyArray<string | number>, way: number): string | number | undefined => [...all].sort((a, b) => way * compare(a, b))[0]
  const rows = resources.map((resource, place) => ({ name: `${resource.resourceType}/${resource.id}`, place, keys: values(resource).map((all, key) => first(all, ways[key] ?? 1)) }))
  return rows.sort((a, b) => {
    for (const [key, way] of ways.entries()) {
      const [left, right] = [a.keys[key], b.keys[key]]
      if (left === undefined || right === undefined) {
        if (left !== right) return left === undefined ? 1 : -1
      } else if (compare(left, right) !== 0) return way * compare(left, right)
    }
    return (ways.at(-1) ?? 1) * (a.place - b.place)
  }).map(({ name }) => name)
}

const same = (told: readonly string[], expected: readonly string[]): string | undefined => {
  const place = expected.findIndex((name, at) => told[at] !== name)
  return place < 0 && told.length === expected.length ? undefined : `at ${place} of ${expected.length} (${told.length} told) ${told[place] ?? 'nothing'}, expected ${expected[place] ?? 'nothing'}; ${new Set(told).size} different ones`
}

const quantity = ([value, code, comparator]: readonly [number, string, string?]): object => ({ value, system: UCUM, code, ...comparator !== undefined && { comparator } })
type Measured = readonly [number, string, string?]
const measured: fc.Arbitrary<Measured> = fc.oneof(
  { weight: 9, arbitrary: fc.constant<Measured>([5, 'kg']) },
  { weight: 5, arbitrary: fc.constantFrom<Measured[]>([6, 'kg'], [5000, 'g'], [6000, 'g'], [6_000_000, 'mg']) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(0.1, 0.2, 0.3, 4.9, 5.1, 7, 1000, 4.999_999_999_9), fc.constantFrom('kg', 'g', '[lb_av]', 'Cel', '[degF]'), fc.constantFrom(undefined, undefined, undefined, '<', '>')).map(([value, unit, comparator]): Measured => comparator === undefined ? [value, unit] : [value, unit, comparator]) },
  { weight: 1, arbitrary: fc.constantFrom<Measured[]>([0.000_001, 'Cel'], [0.000_002, 'Cel'], [273.150_001, 'K']) })
const converted = ([value, code, comparator]: Measured): number => {
  const { factor, offset } = unitOf(UCUM, code, '')
  return Math.min(Math.max(comparator === '<' ? -Infinity : value, -1e200), 1e200) * factor + offset
}

t.test('quantities in several units, most of them equal, come page by page as they come sorted', { timeout: 120_000 }, async t => {
  const made = await server(t)
  const values = new Map<string, readonly Measured[]>()
  const resources = fc.sample(fc.tuple(fc.array(measured, { maxLength: 2 }), fc.constantFrom('final', 'final', 'amended')), { seed, numRuns: 2600 }).map(([all, status], place): Resource => {
    values.set(`o${place}`, all)
    return { resourceType: 'Observation', id: `o${place}`, status, code: { text: 'weight' }, component: all.map(each => ({ code: { text: 'part' }, valueQuantity: quantity(each) })) }
  }).map(({ component, ...rest }) => Array.isArray(component) && component.length > 0 ? { ...rest, component } : rest) as Resource[]
  await store(made, resources)

  const cases = [['component-value-quantity', [1]], ['-component-value-quantity', [-1]], ['component-value-quantity,-status', [1, -1]]] as const
  for (const [sort, ways] of cases) {
    for (const [status, count] of [[undefined, 300], ['final', 170]] as const) {
      const told = await walked(made, `/fhir/Observation?_sort=${sort}&_count=${count}${status === undefined ? '' : `&status=${status}`}`)

      const expected = sorted(resources.filter(each => status === undefined || each['status'] === status), ({ id, status }) =>
        [(values.get(id) ?? []).map(converted), [String(status)]], ways)
      t.equal(same(told, expected), undefined, `${sort} ${status ?? ''} by ${count} (seed ${seed})`)
    }
  }
})

t.test('names that come several times, most of them equal, come page by page as they come sorted', { timeout: 120_000 }, async t => {
  const made = await server(t)
  const name = fc.record({ family: fc.constantFrom('anna', 'bert', 'Bert', 'carl'), given: fc.array(fc.constantFrom('anna', 'anna', 'anna', 'bert', 'zoe'), { minLength: 1, maxLength: 4 }) })
  const resources = fc.sample(fc.tuple(fc.array(name, { maxLength: 2 }), fc.constantFrom('1980-01-01', '1981-01-01', '1980-02-02', '1990-09-09')), { seed, numRuns: 2600 })
    .map(([names, birthDate], place): Resource => ({ resourceType: 'Patient', id: `p${place}`, birthDate, ...names.length > 0 && { name: names } }))
  await store(made, resources)

  type Name = { readonly family: string, readonly given: readonly string[] }
  const namesOf = (resource: Resource): readonly Name[] => resource['name'] as readonly Name[] | undefined ?? []
  const givens: Values = resource => [namesOf(resource).flatMap(({ given }) => given), [String(resource['birthDate'])]]
  const whole: Values = resource => [namesOf(resource).flatMap(({ family, given }) => [family.toLowerCase(), ...given]), [String(resource['birthDate'])]]
  const cases = [['-name', [-1], whole], ['given,-birthdate', [1, -1], givens], ['-name,birthdate', [-1, 1], whole]] as const
  for (const [sort, ways, of] of cases) {
    for (const [born, count] of [['', 300], ['&birthdate=ge1980-02', 170]] as const) {
      const told = await walked(made, `/fhir/Patient?_sort=${sort}&_count=${count}${born}`)

      const expected = sorted(resources.filter(each => born !== '&birthdate=ge1980-02' || String(each['birthDate']) >= '1980-02'), of, ways)
      t.equal(same(told, expected), undefined, `${sort} ${born} by ${count} (seed ${seed})`)
    }
  }
})
