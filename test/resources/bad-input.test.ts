// What is not as it should be is refused in FHIR's words, naming the place; nothing is lost and the process lives.
import { randomUUID } from 'node:crypto'
import { connect, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import t from 'tap'
import { server, type TestServer } from '../server.js'

interface Bad { readonly what: string, readonly body: string | Buffer, readonly status: number, readonly says: RegExp }

const BODIES: readonly Bad[] = [
  { what: 'malformed JSON', body: '{\n  "resourceType": "Patient",\n  "active": tru\n}', status: 400, says: /line 3, column 1\d/ },
  { what: 'JSON that ends early', body: '{"resourceType":"Patient"', status: 400, says: /line 1, column \d+/ },
  { what: 'two JSON texts', body: '{"resourceType":"Patient"}{}', status: 400, says: /line 1, column 27/ },
  { what: 'nothing', body: '', status: 400, says: /empty/ },
  { what: 'blanks', body: '  \n ', status: 400, says: /./ },
  { what: 'an array', body: '[]', status: 400, says: /./ },
  { what: 'a text', body: '"Patient"', status: 400, says: /./ },
  { what: 'no resourceType', body: '{"active":true}', status: 400, says: /resourceType/ },
  { what: 'a resourceType that is none', body: '{"resourceType":7}', status: 400, says: /resourceType/ },
  { what: 'another resourceType', body: '{"resourceType":"Observation"}', status: 400, says: /Observation/ },
  { what: 'invalid UTF-8', body: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), status: 400, says: /byte 2 / },
  { what: 'UTF-8 that ends early', body: Buffer.from('{"a":"ж').subarray(0, 7), status: 400, says: /byte 6 / },
  { what: 'an encoded surrogate', body: Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), status: 400, says: /byte 1 / },
  { what: 'an overlong sequence', body: Buffer.from([0x22, 0xc0, 0x80, 0x22]), status: 400, says: /byte 1 / },
  { what: 'a lone surrogate', body: '{"resourceType":"Patient","language":"\\ud800"}', status: 400, says: /surrogate/ },
  { what: 'NUL in a string', body: '{"resourceType":"Patient","language":"a\\u0000b"}', status: 400, says: /NUL|0000/ },
  { what: 'NUL itself', body: '{"resourceType":"Patient","language":"a\u0000b"}', status: 400, says: /line 1, column \d+/ },
  { what: 'nesting 10,000 deep', body: `{"resourceType":"Patient","extension":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, status: 400, says: /deep|nest/i },
  { what: 'nesting of objects 10,000 deep', body: `{"resourceType":"Patient","x":${'{"x":'.repeat(10_000)}1${'}'.repeat(10_000)}}`, status: 400, says: /deep|nest/i },
  { what: 'a member twice', body: '{"resourceType":"Patient","active":true,"active":false}', status: 400, says: /active.*line 1|line 1.*active/ },
  { what: '__proto__', body: '{"resourceType":"Patient","__proto__":{"active":true}}', status: 400, says: /__proto__/ },
  { what: 'an unknown element', body: '{"resourceType":"Patient","constructor":{"prototype":{"x":1}}}', status: 422, says: /constructor/ },
  { what: 'meta that is none', body: '{"resourceType":"Patient","meta":7}', status: 400, says: /meta/ }
]

t.test('a body that is no resource is refused with its place', async t => {
  const { app, ask, as, pool } = await server(t)
  const operator = await as('operator')

  for (const { what, body, status, says } of BODIES) {
    const reply = await app.inject({ method: 'POST', url: '/fhir/Patient', headers: { ...operator, 'content-type': 'application/fhir+json' }, payload: body })
    t.equal(reply.statusCode, status, `${what}: ${reply.body.slice(0, 200)}`)
    t.equal(reply.headers['content-type'], 'application/fhir+json; charset=utf-8')
    t.equal(reply.json().resourceType, 'OperationOutcome')
    t.match(reply.json().issue[0].diagnostics, says, what)
    t.ok(reply.body.length < 5000, 'the refusal is short')
  }
  t.equal((await pool.query('select from karta.version')).rowCount, 0)
  t.equal((await ask('GET', '/fhir/metadata')).statusCode, 200)
})

t.test('the same bodies are refused of an update, a patch and a Bundle', async t => {
  const { app, as } = await server(t)
  const operator = await as('operator')
  const broken = BODIES.filter(({ status, what }) => status === 400 && !/resourceType|an array|meta/.test(what))

  for (const { what, body } of broken) {
    for (const [method, url] of [['PUT', '/fhir/Patient/a'], ['PATCH', '/fhir/Patient/a'], ['POST', '/fhir']] as const) {
      const reply = await app.inject({ method, url, headers: { ...operator, 'content-type': 'application/fhir+json' }, payload: body })
      t.equal(reply.statusCode, 400, `${what} ${method} ${reply.body.slice(0, 200)}`)
    }
  }
})

t.test('a body over the limit is refused, announced or not', async t => {
  const { ask, app, as } = await server(t, { bodyLimit: 2000 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo

  const announced = await ask('POST', '/fhir/Patient', `{"resourceType":"Patient","x":"${'x'.repeat(3000)}"}`)
  const streamed = await fetch(`http://127.0.0.1:${port}/fhir/Patient`, {
    method: 'POST', headers: { ...await as('operator'), 'content-type': 'application/fhir+json' }, body: Readable.toWeb(Readable.from(Array(30).fill(Buffer.alloc(100, 'x')))), duplex: 'half'
  } as RequestInit)

  t.equal(announced.statusCode, 413)
  t.match(announced.json(), { issue: [{ code: 'too-long', diagnostics: /2000 bytes/ }] })
  t.equal(streamed.status, 413)
})

t.test('a body of another kind is refused with the kinds that are taken', async t => {
  const { ask } = await server(t)

  const kinds = ['text/plain', 'application/fhir+xml', 'application/json-patch+json', 'application/x-www-form-urlencoded', 'nonsense', 'application/fhir+json; charset=iso-8859-1', 'application/json;charset=utf-16']

  for (const kind of kinds) {
    const reply = await ask('POST', '/fhir/Patient', '{"resourceType":"Patient"}', { 'content-type': kind })
    t.equal(reply.statusCode, 415, kind)
    t.match(reply.json().issue[0].diagnostics, /application\/fhir\+json|utf-8/)
  }
  for (const kind of ['application/json', 'Application/FHIR+JSON', 'application/fhir+json; charset=UTF-8', 'application/fhir+json;fhirVersion=4.0']) {
    t.equal((await ask('POST', '/fhir/Patient', '{"resourceType":"Patient"}', { 'content-type': kind })).statusCode, 201, kind)
  }
  t.equal((await ask('PATCH', '/fhir/Patient/x', '<a/>', { 'content-type': 'application/xml-patch+xml' })).statusCode, 415)
})

t.test('an unknown type, path or operation is not found, and a method that is not offered says which are', async t => {
  const { ask } = await server(t)

  const expected: [Parameters<TestServer['ask']>[0], string, number, string | undefined, RegExp][] = [
    ['GET', '/fhir/Nonsense/1', 404, undefined, /"Nonsense" is not a resource type/],
    ['POST', '/fhir/Nonsense', 404, undefined, /"Nonsense"/],
    ['GET', '/fhir/patient/1', 404, undefined, /"patient"/],
    ['GET', '/fhir/Parameters/1', 404, undefined, /"Parameters"/],
    ['GET', '/fhir/Patient/1/2', 404, undefined, /nothing at this path/],
    ['GET', '/fhir/Patient/1/_history/2/3', 404, undefined, /nothing/],
    ['POST', '/fhir/Patient/$match', 404, undefined, /operation/],
    ['GET', '/fhir/Patient/1/$match', 404, undefined, /operation/],
    ['POST', '/fhir/Patient/', 404, undefined, /nothing/],
    ['GET', `/fhir/Patient/${'x'.repeat(120)}`, 404, undefined, /nothing/],
    ['GET', '/elsewhere', 404, undefined, /\/fhir/],
    ['GET', '/fhir/Patient/_search', 405, 'POST', /GET/],
    ['OPTIONS', '/fhir/Patient', 405, 'DELETE, GET, HEAD, PATCH, POST, PUT', /OPTIONS/],
    ['POST', '/fhir/Patient/1', 405, 'DELETE, GET, HEAD, PATCH, PUT', /POST/],
    ['PUT', '/fhir/Patient/_history', 405, 'GET, HEAD', /PUT/],
    ['DELETE', '/fhir/Patient/1/_history', 405, 'GET, HEAD', /DELETE/],
    ['PUT', '/fhir/Patient/1/_history/2', 405, 'GET, HEAD', /PUT/],
    ['POST', '/fhir/metadata', 405, 'GET, HEAD', /POST/],
    ['PUT', '/fhir/metadata', 405, 'GET, HEAD', /PUT/],
    ['PUT', '/fhir', 405, 'GET, HEAD, POST', /./],
    ['OPTIONS', '/fhir/Patient/1', 405, 'DELETE, GET, HEAD, PATCH, PUT', /OPTIONS/]
  ]

  for (const [method, path, status, allow, says] of expected) {
    const reply = await ask(method, path)
    t.equal(reply.statusCode, status, `${method} ${path} ${reply.body}`)
    t.equal(reply.headers.allow, allow, `${method} ${path}`)
    t.match(reply.json().issue[0].diagnostics, says)
  }
})

t.test('a path that is no text is refused', async t => {
  const { ask } = await server(t)

  t.equal((await ask('GET', '/fhir/Patient/%ff')).statusCode, 400)
  t.equal((await ask('GET', '/fhir/Patient/%00')).statusCode, 404)
  t.equal((await ask('GET', '/fhir/Patient/..%2f..%2fetc')).statusCode, 404)
})

t.test('a Bundle of 50,000 entries is refused, and one of cyclic references is not a trap', async t => {
  const { ask } = await server(t)
  const many = `{"resourceType":"Bundle","type":"transaction","entry":[${Array(50_000).fill('{"request":{"method":"GET","url":"Patient/a"}}').join(',')}]}`
  const [a, b] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]
  const cyclic = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [[a, b], [b, a]].map(([own, other]) => ({ fullUrl: own, request: { method: 'POST', url: 'Group' }, resource: { resourceType: 'Group', type: 'person', actual: true, member: [{ entity: { reference: other } }] } }))
  }

  const started = performance.now()
  const refused = await ask('POST', '/fhir', many)
  const answered = await ask('POST', '/fhir', cyclic)

  t.equal(refused.statusCode, 413)
  t.ok(performance.now() - started < 5000)
  t.ok([200, 422].includes(answered.statusCode), answered.body)
})

t.test('who does not say who he is, is asked', async t => {
  const { app } = await server(t)

  for (const headers of [{}, { authorization: 'Basic eDp5' }, { authorization: 'Bearer x' }, { authorization: 'Bearer a.b.c' }]) {
    const reply = await app.inject({ url: '/fhir/Patient/anna', headers })
    t.equal(reply.statusCode, 401)
    t.match(reply.headers['www-authenticate'], /^Bearer/)
    t.match(reply.json(), { resourceType: 'OperationOutcome', issue: [{ code: 'login' }] })
  }
})

t.test('what is no HTTP is answered in the same words', async t => {
  const { app } = await server(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')

  socket.write('nonsense\r\n\r\n')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)

  t.match(Buffer.concat(chunks).toString(), /^HTTP\/1\.1 400 Bad Request\r\n[^]*"resourceType":"OperationOutcome"/)
})
