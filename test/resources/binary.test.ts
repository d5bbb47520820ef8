// https://hl7.org/fhir/R4/binary.html#rest
import t from 'tap'
import { server } from '../server.js'

const PAGE = Buffer.from('<script>alert(1)</script>')
const FHIR = { accept: 'application/fhir+json' }

t.test('a Binary comes as what it holds, unless FHIR is asked for', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Binary', id: 'page', contentType: 'text/html', data: PAGE.toString('base64') })

  const raw = await ask('GET', '/fhir/Binary/page')
  const pdf = await ask('GET', '/fhir/Binary/page', undefined, { accept: 'application/pdf' })
  const fhir = await ask('GET', '/fhir/Binary/page', undefined, FHIR)
  const format = await ask('GET', '/fhir/Binary/page?_format=json')

  for (const reply of [raw, pdf]) {
    t.equal(reply.statusCode, 200)
    t.same(reply.rawPayload, PAGE)
    t.equal(reply.headers['content-type'], 'text/html')
  }
  for (const reply of [fhir, format]) t.match(reply.json(), { resourceType: 'Binary', contentType: 'text/html' })
  t.equal(raw.headers.etag, fhir.headers.etag)
})

t.test('what somebody uploaded cannot run as a page of ours', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Binary', id: 'page', contentType: 'text/html', data: PAGE.toString('base64') })

  const { headers } = await ask('GET', '/fhir/Binary/page')

  t.match(headers, { 'x-content-type-options': 'nosniff', 'content-disposition': 'attachment; filename="page"', 'content-security-policy': /sandbox/, 'cache-control': 'no-store' })
})

t.test('content is taken as it is, and becomes a Binary', async t => {
  const { app, ask, as } = await server(t)
  const operator = await as('operator')

  const made = await app.inject({ method: 'POST', url: '/fhir/Binary', headers: { ...operator, 'content-type': 'application/pdf', ...FHIR }, payload: Buffer.from([0, 255, 1]) })
  const put = await app.inject({ method: 'PUT', url: '/fhir/Binary/note', headers: { ...operator, 'content-type': 'text/plain; charset=utf-8' }, payload: 'Übel' })

  t.equal(made.statusCode, 201, made.body)
  t.match(made.json(), { resourceType: 'Binary', contentType: 'application/pdf', data: 'AP8B' })
  t.equal(put.statusCode, 201, put.body)
  const read = await ask('GET', '/fhir/Binary/note')
  t.equal(read.body, 'Übel')
  t.equal(read.headers['content-type'], 'text/plain; charset=utf-8')
  t.same((await ask('GET', `/fhir/Binary/${made.json().id}`)).rawPayload, Buffer.from([0, 255, 1]))
})

t.test('a Binary in a Bundle is a resource', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Binary', id: 'page', contentType: 'text/html', data: 'AAAA' })

  const reply = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Binary/page' } }] })

  t.match(reply.json().entry[0].resource, { resourceType: 'Binary', data: 'AAAA' })
})

t.test('a body that is compressed is refused, and never kept as if it were the content', async t => {
  const { ask } = await server(t)

  for (const [path, type] of [['/fhir/Binary', 'application/pdf'], ['/fhir/Patient', 'application/fhir+json']] as const) {
    const reply = await ask('POST', path, '{"resourceType":"Patient"}', { 'content-type': type, 'content-encoding': 'gzip' })
    t.equal(reply.statusCode, 415, reply.body)
    t.match(reply.json().issue[0].diagnostics, /Content-Encoding "gzip"/)
  }
  t.equal((await ask('POST', '/fhir/Patient', '{"resourceType":"Patient"}', { 'content-encoding': 'identity' })).statusCode, 201)
})
