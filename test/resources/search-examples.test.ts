// An oracle that nobody here wrote: fhirpath.js evaluates each search parameter of an example of the specification, and a search for what it
// yields finds the example. https://hl7.org/fhir/R4/search.html
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { isId, parseReference } from '../../src/fhir/reference.js'
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../src/generated/search-parameters.js'
import { oracleComponents, oracleItems } from '../generated/oracle.js'
import { server } from '../server.js'

interface Resource { readonly resourceType: string, readonly id: string }
type Member = Readonly<Record<string, unknown>>

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
// Every so many-th example; SEARCH_EXAMPLES=1 is all of them, in four minutes.
const EVERY = Number(process.env['SEARCH_EXAMPLES'] ?? 12)
const MOST_BYTES = 200_000

const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'package.json').sort().filter((_, place) => place % EVERY === 0)
const examples = files.map(file => readFileSync(join(folder, file), 'utf8')).filter(text => text.length < MOST_BYTES).map(text => JSON.parse(text) as Resource)
  .filter(({ resourceType, id }) => resourceType !== 'Parameters' && isId(id))

// A text that looks like a date, in scheduledString: no date to a search by date.
const TEXTS: readonly string[] = ['CarePlan activity-date']

const isObject = (value: unknown): value is Member => typeof value === 'object' && value !== null
const escaped = (text: string): string => text.replace(/[\\,$|]/g, '\\$&')
const texts = (value: unknown): string[] => typeof value === 'string' && value.trim() !== '' ? [value] : []
const list = (value: unknown): unknown[] => value === undefined ? [] : [value].flat()

/** The values that a search for what was found must find it by. */
function asked (row: SearchParameterRow, value: unknown): string[] {
  switch (row.type) {
    case 'token': return tokens(row, value)
    case 'string': return strings(value)
    case 'uri': return texts(value).map(escaped)
    case 'reference': return references(row, value)
    case 'date': return dates(value)
    case 'number': return typeof value === 'number' ? [String(value)] : isObject(value) ? ranges(value, '') : []
    case 'quantity': return quantities(value)
    default: return []
  }
}

function tokens (row: SearchParameterRow, value: unknown): string[] {
  if (!isObject(value)) return [escaped(String(value))]
  if (Array.isArray(value['coding'])) return value['coding'].flatMap(coding => tokens(row, coding))
  const symbol = value['code'] ?? value['value']
  if (typeof symbol !== 'string') return []
  // A ContactPoint has a system, too, but it is no uri.
  if (typeof value['system'] !== 'string' || !/[:/]/.test(value['system'])) return [escaped(symbol)]
  return [escaped(symbol), `${escaped(value['system'])}|${escaped(symbol)}`, `${escaped(value['system'])}|`]
}

const PARTS = ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country']
const strings = (value: unknown): string[] => isObject(value)
  ? PARTS.flatMap(part => list(value[part]).flatMap(texts)).map(escaped)
  : texts(value).map(escaped)

function references (row: SearchParameterRow, value: unknown): string[] {
  // The first resource of a Bundle is no reference to one.
  if (isObject(value) && value['resourceType'] !== undefined) return []
  const text = isObject(value) ? value['reference'] ?? value['url'] : value
  if (typeof text !== 'string') return []
  const target = parseReference(text, 'http://karta.test/fhir')
  if (target.kind === 'contained' || target.kind === 'conditional' || target.kind === 'unknown') return []
  const byId = target.kind === 'literal' && target.version === undefined && row.target?.includes(target.type) === true ? [target.id] : []
  return [escaped(text), ...byId]
}

function dates (value: unknown): string[] {
  if (typeof value === 'string') return /^\d{4}/.test(value) ? [value, `ge${value}`, `le${value}`] : []
  if (!isObject(value)) return []
  const [start, end] = [texts(value['start'])[0], texts(value['end'])[0]]
  return [...(start === undefined ? [] : [`ge${start}`]), ...(end === undefined ? [] : [`le${end}`])]
}

function quantities (value: unknown): string[] {
  if (!isObject(value)) return []
  if (typeof value['currency'] === 'string' && typeof value['value'] === 'number') return [`${value['value']}|urn:iso:std:iso:4217|${value['currency']}`]
  if (value['low'] !== undefined || value['high'] !== undefined) return ranges(value, '')
  if (typeof value['value'] !== 'number' || value['comparator'] !== undefined) return []
  const number = String(value['value'])
  const unit = value['code'] ?? value['unit']
  return [number, `ge${number}`, ...(typeof unit === 'string' ? [`${number}||${escaped(unit)}`] : []),
    ...(typeof value['system'] === 'string' && typeof value['code'] === 'string' ? [`${number}|${escaped(value['system'])}|${escaped(value['code'])}`] : [])]
}

function ranges (value: Member, unit: string): string[] {
  const [low, high] = [value['low'], value['high']].map(end => isObject(end) && typeof end['value'] === 'number' ? end['value'] : undefined)
  return [...(low === undefined ? [] : [`ge${low}${unit}`]), ...(high === undefined ? [] : [`le${high}${unit}`])]
}

function composites (type: string, row: SearchParameterRow, resource: Resource): string[] {
  return oracleComponents(type, row, resource).flatMap(parts => {
    const each = parts.map((values, place) => {
      const component = row.components?.[place]
      return component === undefined ? [] : values.flatMap(value => asked({ ...row, type: component.type as SearchParameterRow['type'] }, value)).filter(text => !text.endsWith('|'))
    })
    return each.some(values => values.length === 0) ? [] : [each.map(values => values[0]).join('$'), each.map(values => values.at(-1)).join('$')]
  })
}

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
        const values = row.type === 'composite' ? composites(resource.resourceType, row, resource) : oracleItems(row, resource).flatMap(value => asked(row, value))
        for (const value of new Set(values)) {
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
