// An oracle that nobody here wrote: fhirpath.js evaluates each search parameter of an example of the specification, and a search for what it
// yields finds the example. https://hl7.org/fhir/R4/search.html
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { isId } from '../../src/fhir/reference.js'
import { SEARCH_PARAMETERS } from '../../src/generated/search-parameters.js'
import { valuesOf } from '../asked.js'
import { server } from '../server.js'

interface Resource { readonly resourceType: string, readonly id: string }

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
// Every so many-th example; SEARCH_EXAMPLES=1 is all of them, in four minutes.
const EVERY = Number(process.env['SEARCH_EXAMPLES'] ?? 12)
const MOST_BYTES = 200_000

const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'package.json').sort().filter((_, place) => place % EVERY === 0)
const examples = files.map(file => readFileSync(join(folder, file), 'utf8')).filter(text => text.length < MOST_BYTES).map(text => JSON.parse(text) as Resource)
  .filter(({ resourceType, id }) => resourceType !== 'Parameters' && isId(id))

// A text that looks like a date, in scheduledString: no date to a search by date.
const TEXTS: readonly string[] = ['CarePlan activity-date']

t.test(`every search parameter finds every ${EVERY}th example by what fhirpath.js yields`, { timeout: 1_800_000 }, async t => {
  const { ask } = await server(t)
  const stored: Resource[] = []
  for (const example of examples) {
    const { statusCode } = await ask('PUT', `/fhir/${example.resourceType}/${example.id}`, example)
    if (statusCode < 300) stored.push(example)
  }
  const found = new Map<string, Promise<ReadonlySet<string>>>()
  const search = async (type: string, code: string, value: string): Promise<ReadonlySet<string>> => {
    const url = `/fhir/${type}?${new URLSearchParams({ [code]: value, _count: '1000', _elements: 'id' }).toString()}`
    let ids = found.get(url)
    if (ids === undefined) {
      found.set(url, ids = walk(url))
    }
    return await ids
  }
  const walk = async (first: string): Promise<ReadonlySet<string>> => {
    const ids = new Set<string>()
    for (let url: string | undefined = first; url !== undefined;) {
      const reply = await ask('GET', url)
      const bundle = reply.json()
      if (reply.statusCode !== 200) throw new Error(`${url}: ${JSON.stringify(bundle)}`)
      for (const entry of bundle.entry ?? []) ids.add((entry as { resource: Resource }).resource.id)
      const next = (bundle.link as ReadonlyArray<{ relation: string, url: string }>).find(({ relation }) => relation === 'next')
      url = next?.url.replace(/^http:..karta.test/, '')
    }
    return ids
  }

  const missed: string[] = []
  let searches = 0
  const kinds = new Map<string, number>()
  for (const resource of stored) {
    for (const [home, rows] of [['Resource', SEARCH_PARAMETERS['Resource'] ?? {}], [resource.resourceType, SEARCH_PARAMETERS[resource.resourceType] ?? {}]] as const) {
      for (const row of Object.values(rows)) {
        if (TEXTS.includes(`${resource.resourceType} ${row.code}`) && JSON.stringify(resource).includes('"scheduledString"')) continue
        if (row.expression === '' || (home === 'Resource' && row.code === '_lastUpdated')) continue
        for (const value of valuesOf(row, resource)) {
          searches++
          kinds.set(row.type, (kinds.get(row.type) ?? 0) + 1)
          const ids = await search(resource.resourceType, row.code, value).catch((error: Error) => error)
          if (ids instanceof Error) missed.push(`${resource.resourceType}/${resource.id} ${error(ids)}`)
          else if (!ids.has(resource.id)) missed.push(`${resource.resourceType}/${resource.id} ${row.type} ${row.code}=${value}`)
        }
      }
    }
  }
  t.comment(`${stored.length} examples, ${searches} searches: ${[...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')}`)
  t.same(missed.slice(0, 100), [])
  t.equal(missed.length, 0)
  for (const kind of ['token', 'string', 'uri', 'reference', 'date', 'quantity']) t.ok((kinds.get(kind) ?? 0) > 0, kind)
})

const error = ({ message }: Error): string => message.slice(0, 300)
