// What is written while a search parameter comes, changes and goes is found by it afterwards, whichever process wrote it: random writes by two processes
// on one database, and fhirpath.js, which says what the search must find. docs/decisions/0022-custom-search-parameters.md
import fc from 'fast-check'
import fhirpath, { type Model } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import t from 'tap'
import { hashText } from '../../src/store/binary.js'
import { server, type TestServer } from '../server.js'

const RUNS = Number(process.env['RACES'] ?? 2)

interface Asked { readonly code: string, readonly type: string, readonly expression: string, readonly more?: object, readonly values: readonly string[], readonly finds: (value: unknown, asked: string) => boolean }

const extra = (name: string): string => `Observation.extension.where(url = 'http://x/${name}').value`
const PARAMETERS: readonly Asked[] = [
  { code: 'extra-code', type: 'token', expression: `${extra('code')} as Coding`, values: ['red', 'green', 'blue'], finds: (value, asked) => (value as { code: string }).code === asked },
  { code: 'extra-text', type: 'string', expression: `${extra('text')} as string`, values: ['one', 'two', 'three'], finds: (value, asked) => String(value).startsWith(asked) },
  { code: 'extra-weight', type: 'quantity', expression: `${extra('weight')} as Quantity`, values: ['1', '2', '3'], finds: (value, asked) => (value as { value: number }).value === Number(asked) },
  { code: 'extra-day', type: 'date', expression: `${extra('day')} as date`, values: ['2026-01-01', '2026-01-02'], finds: (value, asked) => value === asked },
  { code: 'extra-who', type: 'reference', expression: `${extra('who')} as Reference`, more: { target: ['Practitioner'] }, values: ['Practitioner/a', 'Practitioner/b'], finds: (value, asked) => (value as { reference: string }).reference === asked }
]
const OTHER = "Observation.extension.where(url = 'http://x/other').value as Coding"

const extensions = fc.record({
  code: fc.constantFrom('red', 'green', 'blue'), other: fc.constantFrom('red', 'green', 'blue'), text: fc.constantFrom('one', 'two', 'three'), weight: fc.constantFrom(1, 2, 3),
  day: fc.constantFrom('2026-01-01', '2026-01-02'), who: fc.constantFrom('a', 'b')
}, { requiredKeys: [] }).map(({ code, other, text, weight, day, who }) => [
  ...(code === undefined ? [] : [{ url: 'http://x/code', valueCoding: { system: 'http://x', code } }]),
  ...(other === undefined ? [] : [{ url: 'http://x/other', valueCoding: { system: 'http://x', code: other } }]),
  ...(text === undefined ? [] : [{ url: 'http://x/text', valueString: text }]),
  ...(weight === undefined ? [] : [{ url: 'http://x/weight', valueQuantity: { value: weight, unit: 'kg' } }]),
  ...(day === undefined ? [] : [{ url: 'http://x/day', valueDate: day }]),
  ...(who === undefined ? [] : [{ url: 'http://x/who', valueReference: { reference: `Practitioner/${who}` } }])
])
const act = fc.record({
  way: fc.constantFrom<'put' | 'put' | 'delete' | 'bundle'>('put', 'put', 'delete', 'bundle'), process: fc.nat(1), id: fc.nat(59), extension: extensions
})
type Act = typeof act extends fc.Arbitrary<infer Value> ? Value : never

const observation = (id: number, extension: readonly object[]): { resourceType: string, id: string } => ({
  resourceType: 'Observation', id: `o${id}`, ...{ status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/anna' }, ...(extension.length > 0 && { extension }) }
})

const searchParameter = ({ code, type, expression, more }: Asked, status = 'active'): object => ({
  resourceType: 'SearchParameter', id: code, url: `http://x/${code}`, name: code, status, description: code, base: ['Observation'], code, type, expression, ...more
})

async function done ({ ask, way, id, extension }: Omit<Act, 'process'> & { ask: TestServer['ask'] }): Promise<void> {
  const resource = observation(id, extension)
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [{ request: { method: 'PUT', url: `Observation/o${id}` }, resource }, { request: { method: 'POST', url: 'Observation' }, resource: { ...resource, id: undefined } }] }
  const reply = way === 'delete' ? await ask('DELETE', `/fhir/Observation/o${id}`) : way === 'put' ? await ask('PUT', `/fhir/Observation/o${id}`, resource) : await ask('POST', '/fhir', bundle)
  // A resource that several write at once may be refused; nothing else may go wrong.
  if (reply.statusCode >= 300 && reply.statusCode !== 409) throw new Error(`${way} ${reply.statusCode}: ${reply.body}`)
}

async function walk (ask: TestServer['ask'], first: string): Promise<Array<{ id: string }>> {
  const found: Array<{ id: string }> = []
  for (let url: string | undefined = first; url !== undefined;) {
    const { statusCode, body } = await ask('GET', url)
    if (statusCode !== 200) throw new Error(`${url}: ${statusCode} ${body}`)
    const bundle = JSON.parse(body) as { entry?: ReadonlyArray<{ resource: { id: string } }>, link: ReadonlyArray<{ relation: string, url: string }> }
    found.push(...(bundle.entry ?? []).map(({ resource }) => resource))
    url = bundle.link.find(({ relation }) => relation === 'next')?.url.replace(/^http:..karta.test/, '')
  }
  return found
}

async function until (condition: () => Promise<boolean>): Promise<void> {
  for (let left = 2000; !await condition(); left--) {
    if (left === 0) throw new Error('it did not come to that')
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

t.test('writes by two processes while parameters come, change and go leave out no row', { timeout: 600_000 }, async t => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  t.comment(`seed ${seed}, ${RUNS} runs: SEED=... RACES=... repeats them`)
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 250, maxLength: 400 }), fc.array(extensions, { minLength: 60, maxLength: 60 }), async (acts, before) => {
    const { ask, beside, put, pool } = await server(t, { writers: 4 })
    const other = await beside()
    const processes = [ask, other.ask] as const
    await put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Practitioner', id: 'a' }, { resourceType: 'Practitioner', id: 'b' }, ...before.map((extension, id) => observation(id, extension)))
    const define = async (place: number, asked: Asked, status?: string): Promise<void> => {
      const { statusCode, body } = await (processes[place % 2] ?? ask)('PUT', `/fhir/SearchParameter/${asked.code}`, searchParameter(asked, status))
      if (statusCode >= 300) throw new Error(`${asked.code} ${statusCode} ${body}`)
    }
    const [first, ...others] = PARAMETERS
    if (first === undefined) throw new Error('no parameters')

    const waiting = [...acts]
    const lane = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await done({ ...next, ask: processes[next.process] ?? ask })
    }
    const lifeCycle = async (): Promise<void> => {
      await define(0, { ...first, expression: OTHER })
      for (const [place, asked] of others.entries()) await define(place, asked)
      await until(async () => (await ask('GET', '/fhir/Observation?extra-code=red')).statusCode === 200)
      await define(1, first)
      const [text] = others
      if (text !== undefined) {
        await define(0, text, 'retired')
        await define(1, text)
      }
    }
    await Promise.all([lifeCycle(), ...Array.from({ length: 6 }, lane)])
    await until(async () => (await pool.query("select from karta.search_parameter where state <> 'ready'")).rowCount === 0)

    const all = await walk(ask, '/fhir/Observation?_count=200')
    for (const { code, expression, values, finds } of PARAMETERS) {
      for (const [place, value] of [...values.entries()]) {
        const expected = all.filter(resource => (fhirpath.evaluate(resource, expression, {}, r4 as Model) as unknown[]).some(each => finds(each, value))).map(({ id }) => id).sort()
        const found = (await walk(processes[place % 2] ?? ask, `/fhir/Observation?_count=50&${code}=${value}`)).map(({ id }) => id).sort()
        t.same(found, expected, `${code}=${value}`)
      }
      const missing = all.filter(resource => (fhirpath.evaluate(resource, expression, {}, r4 as Model) as unknown[]).length === 0).map(({ id }) => id).sort()
      t.same((await walk(ask, `/fhir/Observation?${code}:missing=true`)).map(({ id }) => id).sort(), missing, `${code}:missing`)
    }
    await t.resolves(wholeRows(pool, other.server.registry), 'every row is there once, and none of what was')
  }), { numRuns: RUNS, seed, endOnFailure: true })
})

/** Throws unless every Observation carries one mark of every parameter, and no value stands twice or belongs to what is gone. */
async function wholeRows (pool: TestServer['pool'], registry: TestServer['server']['registry']): Promise<void> {
  await registry.refresh()
  for (const parameter of registry.current.all) {
    const { present, missing, failed } = parameter.markersOf('Observation')
    const { rows: [row] } = await pool.query(`
      select count(*)::int as "all", coalesce(sum((select count(*) from unnest(tokens) t where t = any($1))), 0)::int as marks, count(*) filter (where tokens && $1)::int as marked
      from karta.current_observation`, [[present, missing, failed].map(key => hashText(...key))])
    if (row.all !== row.marks || row.all !== row.marked) throw new Error(`${parameter.definition.code}: ${JSON.stringify(row)}`)
  }
  for (const table of ['string_value', 'quantity_value', 'date_value']) {
    const { rows } = await pool.query(`select v.key, v.rid, count(*)::int from karta.${table} v group by v.key, v.rid, ${table === 'date_value' ? 'lo' : 'value'} having count(*) > 1 or not exists (select from karta.current c where c.rid = v.rid)`)
    if (rows.length > 0) throw new Error(`${table}: ${JSON.stringify(rows.slice(0, 3))}`)
  }
}
