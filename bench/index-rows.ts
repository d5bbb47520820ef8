// What the index rows of a Synthea resource cost: microseconds, and how many rows of each kind.
// Run: npx tsx bench/index-rows.ts
import type { JsonObject } from '../src/fhir/json.js'
import { type IndexRows, indexRows } from '../src/store/index-rows.js'
import { shortKey } from '../src/store/index/rows.js'
import { synthea } from './synthea.js'

interface Item { readonly type: string, readonly resource: JsonObject }

/** The resources of all bundles as they are stored: references between entries name types and ids. */
async function resources (): Promise<Item[]> {
  return (await synthea()).flatMap(({ entries, compact }) => {
    const names = new Map(entries.map(({ fullUrl, type, resource }) => [fullUrl, `${type}/${String(resource['id'])}`]))
    const bundle = JSON.parse(compact.replace(/"(urn:uuid:[^"]+)"/g, (_, url: string) => JSON.stringify(names.get(url) ?? url))) as { entry: Array<{ resource: JsonObject }> }
    return bundle.entry.map(({ resource }) => ({ type: String(resource['resourceType']), resource }))
  })
}

const stored = new Set<number>()
const known = { has: (high: number, low: number): boolean => stored.has(shortKey(high, low)) }
const rowsOf = ({ type, resource }: Item): IndexRows => indexRows(type, 'x', resource, { zone: 'Europe/Moscow', known })

const items = await resources()
const sums = new Map<string, number[]>()
let terms = 0
let units = 0
for (const item of items) {
  const rows = rowsOf(item)
  terms += new Set(rows.terms.map(({ token }) => shortKey(...token))).size
  units += new Set(rows.quantityKeys.map(({ key }) => shortKey(...key))).size
  for (const { token } of rows.terms) stored.add(shortKey(...token))
  for (const { key } of rows.quantityKeys) stored.add(shortKey(...key))
  const counts = [1, rows.tokens.length / 2, rows.quantities.length, rows.strings.length, rows.dates.length, rows.codes.length]
  for (const name of [item.type, 'all']) sums.set(name, (sums.get(name) ?? counts.map(() => 0)).map((sum, at) => sum + (counts[at] ?? 0)))
}
console.log('type: count, then tokens, quantities, strings, dates, further codes a resource')
for (const [type, [count = 1, ...rest]] of [...sums].sort((a, b) => (b[1][0] ?? 0) - (a[1][0] ?? 0))) {
  console.log(`${type}: ${count}, ${rest.map(sum => (sum / count).toFixed(2)).join(', ')}`)
}
console.log(`${terms} terms, ${units} quantity keys`)

function microseconds (of: readonly Item[]): number {
  // Processor time: other work on the machine does not count.
  const start = process.cpuUsage()
  for (const item of of) rowsOf(item)
  return process.cpuUsage(start).user / of.length
}

const observations = items.filter(({ type }) => type === 'Observation')
for (const [name, of] of [['an Observation', observations], ['a resource', items]] as const) {
  const runs = Array.from({ length: 7 }, () => microseconds(of)).sort((a, b) => a - b)
  console.log(`${(runs[0] ?? 0).toFixed(1)} to ${(runs[6] ?? 0).toFixed(1)} us ${name}, median ${(runs[3] ?? 0).toFixed(1)}`)
}
