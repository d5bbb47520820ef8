// What finds a resource that stands by itself finds the same resource where another contains it, and nothing else: every search parameter, over examples of the specification.
// https://hl7.org/fhir/R4/search.html#contained
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { isId } from '../../src/fhir/reference.js'
import { SEARCH_PARAMETERS } from '../../src/generated/search-parameters.js'
import { valuesOf } from '../asked.js'
import { server, type Resource } from '../server.js'

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
// Every so many-th example; CONTAINED_EXAMPLES=1 is all of them.
const EVERY = Number(process.env['CONTAINED_EXAMPLES'] ?? 40)

// Without what a contained resource may not have.
const examples = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'package.json').sort().filter((_, place) => place % EVERY === 3 % EVERY)
  .map(file => readFileSync(join(folder, file), 'utf8')).filter(text => text.length < 50_000 && !text.includes('"#')).map(text => JSON.parse(text) as Resource)
  .filter(({ resourceType, id }) => !['Parameters', 'Bundle', 'Binary'].includes(resourceType) && isId(id))
  .map(({ meta: _, contained: __, ...example }) => example as unknown as Resource)

const inside = (example: Resource): Resource => ({
  resourceType: 'Library', id: `${example.resourceType}-${example.id}`.slice(0, 64), status: 'draft', type: { text: 'x' },
  contained: [{ ...example, id: 'inner' }], extension: [{ url: 'http://karta.test/holds', valueReference: { reference: '#inner' } }]
})

t.test(`what finds every ${EVERY}th example finds it where it is contained`, { timeout: 1_800_000 }, async t => {
  const { ask } = await server(t)
  const stored: Resource[] = []
  for (const example of examples) {
    const alone = await ask('PUT', `/fhir/${example.resourceType}/${example.id}`, example)
    if (alone.statusCode >= 300) continue
    const { id, ...container } = inside(example)
    const contained = await ask('PUT', `/fhir/Library/${id}`, { ...container, id })
    if (contained.statusCode >= 300) await ask('DELETE', `/fhir/${example.resourceType}/${example.id}`)
    else stored.push(example)
  }
  const known = new Set(stored.map(({ resourceType, id }) => `${resourceType}-${id}`.slice(0, 64)))
  const found = async (type: string, query: readonly (readonly [string, string])[]): Promise<string[]> => {
    const { statusCode, body } = await ask('GET', `/fhir/${type}?${new URLSearchParams([...query.map(([name, value]): [string, string] => [name, value]), ['_count', '1000'], ['_elements', 'id']]).toString()}`)
    if (statusCode !== 200) return [`${statusCode} ${body.slice(0, 300)}`]
    const { entry = [] } = JSON.parse(body) as { entry?: readonly { resource: Resource }[] }
    const contained = query.some(([name]) => name === '_contained')
    return entry.map(({ resource: { id, resourceType } }) => contained ? id : `${resourceType}-${id}`.slice(0, 64)).filter(id => known.has(id)).sort()
  }

  const differ: string[] = []
  let searches = 0
  const asked = new Set<string>()
  for (const resource of stored) {
    const type = resource.resourceType
    for (const row of Object.values(SEARCH_PARAMETERS[type] ?? {})) {
      if (row.expression === '') continue
      // A few of each, and with what some of the others have or have not.
      for (const value of [...valuesOf(row, resource)].slice(0, 3)) {
        if (asked.has(`${type} ${row.code} ${value}`)) continue
        asked.add(`${type} ${row.code} ${value}`)
        const other = Object.keys(SEARCH_PARAMETERS[type] ?? {})[searches % Object.keys(SEARCH_PARAMETERS[type] ?? {}).length] ?? row.code
        for (const query of [[[row.code, value]], [[row.code, value], [`${other}:missing`, searches % 2 === 0 ? 'true' : 'false']]] as const) {
          searches++
          const [alone, contained] = [await found(type, query), await found(type, [...query, ['_contained', 'true']])]
          if (alone.join() !== contained.join()) differ.push(`${type}?${JSON.stringify(query)}: ${alone.join()} but ${contained.join()}`)
        }
      }
    }
  }

  t.comment(`${stored.length} of ${examples.length} examples, ${searches} searches`)
  t.same(differ.slice(0, 50), [])
  t.ok(searches > 500)
})
