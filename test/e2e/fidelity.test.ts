// A record keeps what it was sent, on the wire and through the real process: decimals, order, escapes and extensions that nobody knows, byte for byte.
import { equal, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { Agent, request } from 'undici'
import { testDatabase } from '../database.js'
import { dataFolder, start, tokenFor } from './process.js'

const seed = Number(process.env['SEED'] ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

const FHIR = 'application/fhir+json'
const settings = { DATA_DIR: dataFolder(t), DATABASE_URL: await testDatabase(t) }
const { url } = await start(t, settings)
const bearer = await tokenFor(settings, '--client', 'fidelity', '--minutes', '600')
const dispatcher = new Agent({ connections: 4 })
t.teardown(async () => { await dispatcher.close() })

/** Asks with this very text, and answers the bytes that came. */
async function ask (method: 'GET' | 'POST' | 'PUT' | 'PATCH', path: string, body?: string, headers: Record<string, string> = {}) {
  const reply = await request(`${url}/fhir${path}`, {
    method, dispatcher, headers: { ...bearer, accept: FHIR, 'content-type': FHIR, ...headers }, ...(body !== undefined && { body: Buffer.from(body) })
  })
  const bytes = Buffer.from(await reply.body.arrayBuffer())
  if (reply.statusCode >= 300) throw new Error(`${method} ${path} ${reply.statusCode}: ${bytes.toString()}\n${body ?? ''}`)
  return { bytes, headers: reply.headers, id: String(reply.headers['location'] ?? '').split('/').at(-3) ?? '' }
}

await ask('PUT', '/Patient/anna', '{"resourceType":"Patient","id":"anna"}')

// JSON texts, not values: what is generated is how a thing is written.
const digits = fc.stringMatching(/^[0-9]{1,20}$/)
const decimal = fc.oneof(
  fc.constantFrom('1.10', '72.0', '0', '0.0', '-0.00', '1e3', '1E-7', '1.0e+2', '0.1234567890123456789', '12345678901234567.125', '100'),
  fc.tuple(fc.constantFrom('', '-'), fc.stringMatching(/^(0|[1-9][0-9]{0,9})$/), digits).map(([sign, whole, fraction]) => `${sign}${whole}.${fraction}`))
const string = fc.array(fc.constantFrom('a', 'é', '\\u00e9', '\\u00E9', '/', '\\/', '\\"', '\\\\', '\\n', '\\t', ' ', '😀', '\\ud83d\\ude00', 'ж', '\\u0041', '<', '1.10', '{', ']', 'urn:uuid:'), { maxLength: 8 })
  .map(parts => `"x${parts.join('')}"`)
const value = fc.oneof(
  decimal.map(text => `"valueDecimal":${text}`), string.map(text => `"valueString":${text}`),
  decimal.map(text => `"valueQuantity":{"unit":"mg","value":${text}}`), fc.boolean().map(held => `"valueBoolean":${held}`))
const extension = fc.tuple(fc.constantFrom('dose', 'x-1', 'n\\u006ft'), value, fc.boolean())
  .map(([name, value, first]) => first ? `{"url":"http://unknown.test/${name}",${value}}` : `{${value},"url":"http://unknown.test/${name}"}`)
const nested = fc.array(extension, { minLength: 1, maxLength: 3 }).map(parts => `{"url":"http://unknown.test/nested","extension":[${parts.join(',')}]}`)
const extensions = fc.array(fc.oneof(extension, nested), { minLength: 1, maxLength: 4 }).map(parts => `"extension":[${parts.join(',')}]`)

/** The members of an Observation, as text. What a test changes is `status`; everything else must stay as it is. */
const members = fc.tuple(extensions, decimal, string, fc.boolean()).map(([extensions, value, text, first]) =>
  (status: string, subject = 'Patient/anna'): string => {
    const rest = `"code":{"text":${text}},"subject":{"reference":"${subject}"},"valueQuantity":{"value":${value},"unit":"/min"}`
    return first ? `${extensions},"status":"${status}",${rest}` : `"status":"${status}",${rest},${extensions}`
  })

const HEAD = /^\{"resourceType":"Observation","id":"[^"]+","meta":\{"versionId":"[0-9]+","lastUpdated":"[^"]+"\},/
const withoutHead = (bytes: Buffer): string => bytes.toString().replace(HEAD, '')

// Blanks only where they mean nothing: behind the commas that no string of these texts holds.
const spread = (text: string): string => text.replace(/,"(status|code|subject|valueQuantity)":/g, ' ,\r\n\t"$1" : ')

const REPLACE = '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.status"},{"name":"value","valueCode":"corrected"}]}]}'
const bundle = (type: string, ...entries: string[]): string => `{"resourceType":"Bundle","type":"${type}","entry":[${entries.join(',')}]}`

t.test('through create, update, both patches, a transaction, history and every encoding', async t => {
  await t.resolves(fc.assert(fc.asyncProperty(members, async body => {
    const made = await ask('POST', '/Observation', `{"resourceType":"Observation",${body('final')}}`)
    const path = `/Observation/${made.id}`
    equal(withoutHead(made.bytes), `${body('final')}}`)

    const updated = await ask('PUT', path, ` { "id" : "${made.id}",${spread(body('amended'))}, "resourceType":"Observation"}\n`)
    equal(withoutHead(updated.bytes), `${body('amended')}}`)

    const jsonPatched = await ask('PATCH', path, '[{"op":"replace","path":"/status","value":"preliminary"}]', { 'content-type': 'application/json-patch+json' })
    equal(withoutHead(jsonPatched.bytes), `${body('preliminary')}}`)

    const pathPatched = await ask('PATCH', path, REPLACE)
    equal(withoutHead(pathPatched.bytes), `${body('corrected')}}`)

    await ask('POST', '', bundle('transaction', `{"request":{"method":"PATCH","url":"Observation/${made.id}"},"resource":${REPLACE.replace('corrected', 'cancelled')}}`))
    equal(withoutHead((await ask('GET', path)).bytes), `${body('cancelled')}}`)
    equal(withoutHead(gunzipped(await ask('GET', path, undefined, { 'accept-encoding': 'gzip' }))), `${body('cancelled')}}`)
    equal(withoutHead(gunzipped(await ask('GET', path, undefined, { 'accept-encoding': 'br' }))), `${body('cancelled')}}`)

    const history = (await ask('GET', `${path}/_history`)).bytes.toString()
    const batch = (await ask('POST', '', bundle('batch', `{"request":{"method":"GET","url":"Observation/${made.id}"}}`))).bytes.toString()
    ok(['final', 'amended', 'preliminary', 'corrected', 'cancelled'].every(status => history.includes(`"},${body(status)}}`)))
    ok(batch.includes(`"},${body('cancelled')}}`))
    const version = JSON.parse(made.bytes.toString()).meta.versionId
    equal(withoutHead((await ask('GET', `${path}/_history/${version}`)).bytes), `${body('final')}}`)
  }), { numRuns: 30, seed }))
})

t.test('a transaction rewrites references and leaves all else', async t => {
  await t.resolves(fc.assert(fc.asyncProperty(members, fc.boolean(), async (body, linked) => {
    const anna = `urn:uuid:${randomUUID()}`
    // A narrative that holds a link is written anew, as one string; without, it stays as it is, escapes and all.
    const xhtml = (link: string): string => linked ? `<a href=\\"${link}\\">Anna</a>` : 'A\\u006ena 1.10'
    const div = (link: string): string => `"text":{"div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\">${xhtml(link)}</div>","status":"generated"},`
    const { bytes } = await ask('POST', '', bundle('transaction',
      `{"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation",${div(anna)}${body('final', anna)}}}`,
      `{"fullUrl":"${anna}","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient"}}`))

    const [observation = '', patient = ''] = (JSON.parse(bytes.toString()).entry as { response: { location: string } }[]).map(({ response }) => response.location.split('/_history')[0] ?? '')
    equal(withoutHead((await ask('GET', `/${observation}`)).bytes), `${div(patient)}${body('final', patient)}}`)
  }), { numRuns: 20, seed }))
})

function gunzipped ({ bytes, headers }: Awaited<ReturnType<typeof ask>>): Buffer {
  switch (headers['content-encoding']) {
    case 'gzip': return gunzipSync(bytes)
    case 'br': return brotliDecompressSync(bytes)
    default: return bytes
  }
}
