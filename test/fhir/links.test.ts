import t from 'tap'
import { scanResource } from '../../src/fhir/json.js'

const to = (value: string): string | undefined => new Map([['urn:uuid:1', 'Patient/a'], ['urn:uuid:2', 'Observation/a"b'], ['http://x/y?a=1&b=2', 'Basic?a=1&b=2']]).get(value)

t.test('references, uris and canonicals that begin with urn: are written anew, other tokens stay', async t => {
  const text = '{"resourceType":"Basic","meta":{"profile":["urn:uuid:1","urn:uuid:9"]},"subject":{"reference":"urn:uuid:1","display":"\\u00e9"},"v":1.10,"extension":[{"url":"urn:uuid:2","valueUri":"http://x/y?a=1&b=2"},{"url":"x:y","valueString":"http://x/y?a=1&b=2"}],"note":"urn:uuid:1 "}'

  const { tail, value, references } = scanResource(text, to)

  t.equal(tail, ',"profile":["Patient/a","urn:uuid:9"]},"subject":{"reference":"Patient/a","display":"\\u00e9"},"v":1.10,"extension":[{"url":"Observation/a\\"b","valueUri":"Basic?a=1&b=2"},{"url":"x:y","valueString":"http://x/y?a=1&b=2"}],"note":"urn:uuid:1 "}')
  t.strictSame(value, scanResource(`{"resourceType":"Basic","meta":{${tail.slice(1)}`).value)
  t.same(references, ['Patient/a'])
})

t.test('whatever the spacing, what was written anew stands where the link stood', async t => {
  const { tail } = scanResource('{ "subject" : { "reference" : "urn:uuid:1" , "display" : "x" } , "resourceType" : "Basic", "focus" : [ { "reference" : "urn:uuid:9" } , { "reference" :\n"urn:uuid:1" } ] }', to)

  t.equal(tail, '},"subject":{"reference":"Patient/a","display":"x"},"focus":[{"reference":"urn:uuid:9"},{"reference":"Patient/a"}]}')
})

t.test('links of the narrative are written anew in a and img, and only there', async t => {
  const div = '<div><a class=\\"x\\" href=\\"urn:uuid:1\\">urn:uuid:1</a><img alt=\'\' src=\'http://x/y?a=1&amp;b=2\'/><a href=\\"urn:uuid:9\\"/><b href=\\"urn:uuid:1\\"/>\\u00e9</div>'

  const { value } = scanResource(`{"text":{"div":"${div}"}}`, to)

  t.same(value, { text: { div: '<div><a class="x" href="Patient/a">urn:uuid:1</a><img alt=\'\' src="Basic?a=1&amp;b=2"/><a href="urn:uuid:9"/><b href="urn:uuid:1"/>é</div>' } })
})

t.test('type, id and what the server owns are no links', async t => {
  const { resourceType, id, value, tail } = scanResource('{"resourceType":"urn:uuid:1","id":"urn:uuid:1","meta":{"versionId":"urn:uuid:1"}}', to)

  t.same({ resourceType, id, value, tail }, { resourceType: 'urn:uuid:1', id: 'urn:uuid:1', value: { resourceType: 'urn:uuid:1', id: 'urn:uuid:1', meta: { versionId: 'urn:uuid:1' } }, tail: '}}' })
})
