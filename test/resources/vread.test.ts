// https://hl7.org/fhir/R4/http.html#vread
import t from 'tap'
import { server } from '../server.js'

t.test('every version can be read again, and the deletion among them is gone', async t => {
  const { ask } = await server(t)
  const first = await ask('PUT', '/fhir/Patient/anna', { resourceType: 'Patient', id: 'anna', active: true })
  const second = await ask('PUT', '/fhir/Patient/anna', { resourceType: 'Patient', id: 'anna', active: false })
  const deleted = await ask('DELETE', '/fhir/Patient/anna')
  const version = (reply: typeof first): string => /"(.*)"/.exec(String(reply.headers.etag))?.[1] ?? ''

  const replies = await Promise.all([first, second, deleted].map(reply => ask('GET', `/fhir/Patient/anna/_history/${version(reply)}`)))

  t.same(replies.map(reply => reply.statusCode), [200, 200, 410])
  t.equal(replies[0]?.json().active, true)
  t.equal(replies[0]?.headers.etag, first.headers.etag)
  t.equal(replies[1]?.json().active, false)
})

t.test('a version that is not one of the resource is not found, whatever its form', async t => {
  const { ask, put } = await server(t)
  await put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'berta' })
  const other = /"(.*)"/.exec(String((await ask('GET', '/fhir/Patient/berta')).headers.etag))?.[1] ?? ''

  for (const versionId of [other, '1', 'x', '99999999999999999999', '9223372036854775808', '0']) {
    const reply = await ask('GET', `/fhir/Patient/anna/_history/${versionId}`)
    t.equal(reply.statusCode, 404, versionId)
    t.equal(reply.json().issue[0].diagnostics, `Patient/anna/_history/${versionId} is not known`)
  }
})

t.test('a version is not sent again to who has it', async t => {
  const { ask } = await server(t)
  const { headers: { etag, location } } = await ask('PUT', '/fhir/Patient/anna', { resourceType: 'Patient', id: 'anna' })

  const reply = await ask('GET', new URL(String(location)).pathname, undefined, { 'if-none-match': String(etag) })

  t.equal(reply.statusCode, 304)
})
