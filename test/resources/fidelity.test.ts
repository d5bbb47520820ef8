// A record keeps what it was sent: decimals, order, escapes and unknown extensions, byte for byte, whatever is done beside it.
import { randomUUID } from 'node:crypto'
import t from 'tap'
import { server } from '../server.js'

// Numbers that JavaScript would print differently, escapes that need not be, an extension nobody knows, members out of order.
const EXTENSION = '"extension":[{"valueDecimal":1.10,"url":"http://x.test/dose"},{"url":"http://x.test/nested","extension":[{"url":"a","valueDecimal":0.1234567890123456789},{"url":"b","valueDecimal":1E-2},{"url":"c","valueString":"\\u00e9t\\u00E9 \\/ \\"x\\""}]}]'
const VALUE = '"valueQuantity":{"value":72.0,"unit":"/min"}'
const REST = `${EXTENSION},"status":"final","code":{"text":"pulse"},"subject":{"reference":"Patient/anna"}`

const observation = (id: string): string => `{"resourceType":"Observation","id":"${id}",${REST},${VALUE}}`

const tailOf = (body: string): string => body.replace(/^\{"resourceType":"Observation","id":"[^"]+","meta":\{[^}]*\},/, '').replace(/\}$/, '')

async function world (t: Parameters<typeof server>[0]): ReturnType<typeof server> {
  const world = await server(t)
  await world.put({ resourceType: 'Patient', id: 'anna' })
  return world
}

t.test('what is created reads as it was written, and so does its history', async t => {
  const { ask } = await world(t)

  const made = await ask('POST', '/fhir/Observation', `{"resourceType":"Observation",${REST},${VALUE}}`)
  t.equal(made.statusCode, 201, made.body)
  const { id, meta: { versionId } } = made.json()
  const read = await ask('GET', `/fhir/Observation/${id}`)
  const version = await ask('GET', `/fhir/Observation/${id}/_history/${versionId}`)
  const history = await ask('GET', `/fhir/Observation/${id}/_history`)
  const batch = await ask('POST', '/fhir', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: `Observation/${id}` } }] })

  for (const { body } of [made, read, version]) t.equal(tailOf(body), `${REST},${VALUE}`)
  for (const { body } of [history, batch]) t.ok(body.includes(`${REST},${VALUE}}`))
})

t.test('what is updated reads as it was written, without the blanks between', async t => {
  const { ask } = await world(t)
  await ask('PUT', '/fhir/Observation/pulse', observation('pulse'))

  const updated = await ask('PUT', '/fhir/Observation/pulse', `\n{ "id" : "pulse" ,\t"resourceType" : "Observation",${EXTENSION.replace(/,/g, ' , ')}, "status":"amended","code":{"text":"pulse"},"subject":{"reference":"Patient/anna"},${VALUE} }`)

  t.equal(updated.statusCode, 200, updated.body)
  t.equal(tailOf((await ask('GET', '/fhir/Observation/pulse')).body), `${REST.replace('final', 'amended')},${VALUE}`)
})

t.test('a JSON Patch leaves all that it does not name', async t => {
  const { ask } = await world(t)
  await ask('PUT', '/fhir/Observation/pulse', observation('pulse'))

  const reply = await ask('PATCH', '/fhir/Observation/pulse', '[{"op":"replace","path":"/status","value":"amended"},{"op":"add","path":"/valueQuantity/value","value":80.50}]', { 'content-type': 'application/json-patch+json' })

  t.equal(reply.statusCode, 200, reply.body)
  t.equal(tailOf((await ask('GET', '/fhir/Observation/pulse')).body), `${REST.replace('final', 'amended')},${VALUE.replace('72.0', '80.50')}`)
})

t.test('a FHIRPath Patch leaves all that it does not name', async t => {
  const { ask } = await world(t)
  await ask('PUT', '/fhir/Observation/pulse', observation('pulse'))
  const patch = '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.status"},{"name":"value","valueCode":"amended"}]}]}'

  const reply = await ask('PATCH', '/fhir/Observation/pulse', patch)

  t.equal(reply.statusCode, 200, reply.body)
  t.equal(tailOf((await ask('GET', '/fhir/Observation/pulse')).body), `${REST.replace('final', 'amended')},${VALUE}`)
})

t.test('a transaction rewrites the references between its entries, and nothing else', async t => {
  const { ask } = await world(t)
  const anna = `urn:uuid:${randomUUID()}`
  const div = `<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><a href=\\"${anna}\\">A\\u006ena<\\/a> 1.10<\\/div>`
  const text = `"text":{"status":"generated","div":"${div}"}`
  const bundle = `{"resourceType":"Bundle","type":"transaction","entry":[
    {"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation",${text},${REST.replace('Patient/anna', anna)},${VALUE}}},
    {"fullUrl":"${anna}","request":{"method":"POST","url":"Patient"},"resource":{"resourceType":"Patient"}}]}`

  const reply = await ask('POST', '/fhir', bundle)

  t.equal(reply.statusCode, 200, reply.body)
  const [place, patient] = (reply.json().entry as { response: { location: string } }[]).map(({ response }) => response.location.split('/_history')[0] ?? '')
  const { body } = await ask('GET', `/fhir/${place}`)
  t.ok(tailOf(body).endsWith(`${REST.replace('Patient/anna', patient ?? '')},${VALUE}`), body)
  const { text: { div: read } } = JSON.parse(body)
  t.equal(read, `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${patient}">Anna</a> 1.10</div>`)
})

t.test('a part of a resource keeps the text of what stays in it', async t => {
  const { ask } = await world(t)
  await ask('PUT', '/fhir/Observation/pulse', observation('pulse'))

  const part = await ask('GET', '/fhir/Observation/pulse?_elements=valueQuantity')
  const data = await ask('GET', '/fhir/Observation/pulse?_summary=data')

  t.ok(part.body.includes(VALUE), part.body)
  t.ok(data.body.includes(EXTENSION), data.body)
})
