// Every example of the specification over HTTP: it comes back as it was sent, or is refused by a rule that the table names.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import t from 'tap'
import { Agent, request } from 'undici'
import { isObject, parseJson, type JsonObject } from '../../src/fhir/json.js'
import { isId } from '../../src/fhir/reference.js'
import { testDatabase } from '../database.js'
import { dataFolder, start, tokenFor } from './process.js'

interface Refused { readonly file: string, readonly expression: string, readonly rule: string }
interface Table extends Refused { readonly because: string }
interface Asked { readonly method: 'GET' | 'PUT' | 'POST', readonly path: string, readonly body?: Buffer }

const FHIR = 'application/fhir+json'
const AT_ONCE = 16
const MOST_REFUSED = 60
const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'package.json').sort()
const table = JSON.parse(readFileSync('conformance/examples-refused.json', 'utf8')) as Table[]

/** A resource without what the server owns. Numbers are compared by their text: a Decimal of 1.10 is none of 1.1. */
function content (text: string): JsonObject {
  const resource = parseJson(text)
  if (!isObject(resource)) throw new TypeError('this is no resource')
  const { meta, ...rest } = resource
  if (!isObject(meta)) return rest
  const { versionId, lastUpdated, ...kept } = meta
  return Object.keys(kept).length === 0 ? rest : { ...rest, meta: kept }
}

async function eachOf<Item> (items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (const item of left) await act(item) }))
}

t.test('the examples of the specification come back as they were sent, but for those in the table', async t => {
  const settings = { DATA_DIR: dataFolder(t), DATABASE_URL: await testDatabase(t) }
  const { url } = await start(t, settings)
  const headers = { ...await tokenFor(settings, '--client', 'examples'), accept: FHIR, 'content-type': FHIR, prefer: 'return=minimal' }
  const dispatcher = new Agent({ connections: AT_ONCE })
  t.teardown(async () => { await dispatcher.close() })

  const ask = async ({ method, path, body }: Asked) => {
    const reply = await request(`${url}/fhir/${path}`, { method, headers, dispatcher, ...(body !== undefined && { body }) })
    return { status: reply.statusCode, location: String(reply.headers['location'] ?? ''), text: await reply.body.text() }
  }
  const refused: Refused[] = []
  const different: string[] = []

  await eachOf(files, async file => {
    const body = readFileSync(join(folder, file))
    const sent = content(body.toString())
    const { resourceType: type, id } = sent
    const byId = isId(String(id))
    const written = await ask(byId ? { method: 'PUT', path: `${type}/${id}`, body } : { method: 'POST', path: String(type), body })
    if (written.status !== 200 && written.status !== 201) {
      const [{ expression: [expression = ''] = [], diagnostics = written.text }] = JSON.parse(written.text).issue
      refused.push({ file, expression, rule: diagnostics.slice(0, 140) })
      return
    }
    const path = byId ? `${type}/${id}` : written.location.replace(/^.*\/fhir\//, '')
    const read = await ask({ method: 'GET', path })
    if (read.status !== 200 || !isDeepStrictEqual(content(read.text), byId ? sent : { ...sent, id: path.split('/')[1] })) different.push(file)
  })

  t.equal(files.length, 5306)
  t.same(different, [])
  t.ok(refused.length <= MOST_REFUSED, `${refused.length} are refused`)
  t.same(refused.sort((a, b) => a.file < b.file ? -1 : 1), table.map(({ file, expression, rule }) => ({ file, expression, rule })))
})
