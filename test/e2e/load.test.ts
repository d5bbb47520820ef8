// The 123 Synthea patients, loaded by the command as an operator runs it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import pg from 'pg'
import t from 'tap'
import { isObject, parseJson, resourceText, type JsonObject } from '../../src/fhir/json.js'
import { typeOf } from '../../src/fhir/resource-types.js'
import { partsOf } from '../../src/load/parts.js'
import { sourcesOf } from '../../src/load/sources.js'
import { unitsOf } from '../../src/load/units.js'
import { referencesOf } from '../../src/store/links.js'
import { testDatabase } from '../database.js'
import { dataFolder, environment, karta, ROOT } from './process.js'

const ARCHIVE = join(ROOT, '../shared/data/synthea/synthea-r4-patients.tar.xz')
// Each bundle has its own copy of these, with counters of its own: the last one read stays.
const COPIED = ['Organization', 'Practitioner']

/** The distinct resources of the archive as they should be stored, by `Type/id`. */
async function expected (): Promise<Map<string, JsonObject>> {
  const resources = new Map<string, JsonObject>()
  for (const source of sourcesOf([ARCHIVE])) {
    for await (const part of partsOf(source, { onBytes: () => {}, leavesOut: () => false })) {
      for await (const { texts } of unitsOf(part)) {
        for (const [name, resource] of resourcesOf(String(texts[0]))) resources.set(name, resource)
      }
    }
  }
  return resources
}

function resourcesOf (text: string): Array<[name: string, resource: JsonObject]> {
  const names = new Map([...text.matchAll(/"fullUrl": *"(urn:uuid:[^"]+)",\s*"resource": *\{\s*"resourceType": *"(\w+)",\s*"id": *"([^"]+)"/g)]
    .map(([, url = '', type, id]) => [url, `${type}/${id}`]))
  const bundle = parseJson(text.replace(/"urn:uuid:[^"]+"/g, url => JSON.stringify(names.get(url.slice(1, -1)) ?? url)))
  const entries = isObject(bundle) && Array.isArray(bundle['entry']) ? bundle['entry'] : []
  return entries.flatMap(entry => {
    const resource = isObject(entry) && isObject(entry['resource']) ? entry['resource'] : {}
    return [[`${String(resource['resourceType'])}/${String(resource['id'])}`, resource]]
  })
}

const byType = (names: Iterable<string>): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const name of [...names].sort()) counts[name.slice(0, name.indexOf('/'))] = (counts[name.slice(0, name.indexOf('/'))] ?? 0) + 1
  return counts
}

/** What the database holds now. */
async function stored (url: string): Promise<Map<string, JsonObject>> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ type: number, id: string, body: string }>(
    'select v.type, v.id, v.body from karta.current c join karta.version v on v.owner = c.owner and v.rid = c.rid')
  await client.end()
  return new Map(rows.map(({ type, id, body }) => {
    const value = parseJson(resourceText(typeOf(type), id, '1', '2000-01-01T00:00:00Z', body))
    return [`${typeOf(type)}/${id}`, isObject(value) ? value : {}]
  }))
}

function withoutHead ({ meta, ...rest }: JsonObject): JsonObject {
  const { versionId, lastUpdated, ...left } = isObject(meta) ? meta : {}
  return { ...rest, meta: left }
}

/** Starts a load and kills it as soon as so many Bundles are remembered as loaded. */
async function killedAfter (units: number, settings: { DATABASE_URL: string, DATA_DIR: string }): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'dist/cli.js'), 'load', ARCHIVE], { env: environment(settings), stdio: 'ignore' })
  const ended = once(child, 'exit')
  const client = new pg.Client({ connectionString: settings.DATABASE_URL })
  await client.connect()
  for (let done = 0; done < units && child.exitCode === null;) {
    done = Number((await client.query<{ count: string }>('select count(*) from karta.loaded')).rows[0]?.count)
    await setImmediate()
  }
  child.kill('SIGKILL')
  await ended
  await client.end()
}

t.test('the Synthea patients are loaded as they are, all of them and after a kill too, and every reference resolves', {
  skip: existsSync(ARCHIVE) ? false : 'the folder ../shared/data is not here'
}, async t => {
  const DATABASE_URL = await testDatabase(t)
  const settings = { DATABASE_URL, DATA_DIR: dataFolder(t) }

  await killedAfter(20, settings)
  const summary = await karta(settings, 'load', ARCHIVE)
  t.comment(summary)

  const [wanted, found] = [await expected(), await stored(DATABASE_URL)]
  const [, read = '', failed] = /^all +(\S+) .* (\d+)$/m.exec(summary) ?? []
  const [, before = ''] = /; (\S+) were loaded before$/m.exec(summary) ?? []
  t.equal(Number(read.replace(',', '')) + Number(before.replace(',', '')), 36_308)
  t.ok(Number(before.replace(',', '')) > 0)
  t.equal(failed, '0')
  t.notMatch(summary, /nobody/)
  t.same(byType(found.keys()), byType(wanted.keys()))
  const unresolved: string[] = []
  const changed: string[] = []
  for (const [name, resource] of found) {
    const type = name.slice(0, name.indexOf('/'))
    for (const { path, reference = '#' } of referencesOf(type, resource)) {
      if (!reference.startsWith('#') && !found.has(reference)) unresolved.push(`${name} ${path} ${reference}`)
    }
    if (!COPIED.includes(type) && !isDeepStrictEqual(withoutHead(resource), withoutHead(wanted.get(name) ?? {}))) changed.push(name)
  }
  t.same(unresolved, [])
  t.same(changed, [])

  t.match(await karta(settings, 'load', ARCHIVE), /^0 resources in .*; 36,308 were loaded before$/m)
})
