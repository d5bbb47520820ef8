import t from 'tap'
import { parseJson, scanResource } from '../../../src/fhir/json.js'
import { rewriteLinks } from '../../../src/fhir/text/rewrite.js'

const to = (value: string): string | undefined => new Map([['urn:uuid:1', 'Patient/a'], ['urn:uuid:2', 'Observation/a"b'], ['http://x/y?a=1&b=2', 'Basic?a=1&b=2']]).get(value)

t.test('references, uris and canonicals that begin with urn: are rewritten, other tokens stay', async t => {
  const resource = scanResource('{"resourceType":"Basic","meta":{"profile":["urn:uuid:1","urn:uuid:9"]},"subject":{"reference":"urn:uuid:1","display":"\\u00e9"},"v":1.10,"extension":[{"url":"urn:uuid:2","valueUri":"http://x/y?a=1&b=2"},{"url":"x:y","valueString":"http://x/y?a=1&b=2"}],"note":"urn:uuid:1 "}')

  const { tail, value, links } = rewriteLinks(resource, to)

  t.equal(tail, ',"profile":["Patient/a","urn:uuid:9"]},"subject":{"reference":"Patient/a","display":"\\u00e9"},"v":1.10,"extension":[{"url":"Observation/a\\"b","valueUri":"Basic?a=1&b=2"},{"url":"x:y","valueString":"http://x/y?a=1&b=2"}],"note":"urn:uuid:1 "}')
  t.strictSame(value, scanResource(`{"resourceType":"Basic","meta":{${tail.slice(1)}`).value)
  t.same(links.map(({ value }) => value), ['Patient/a', 'urn:uuid:9', 'Patient/a', 'Observation/a"b', 'Basic?a=1&b=2', 'x:y', 'urn:uuid:1 '])
  for (const { start, end, value } of links) t.equal(parseJson(tail.slice(start, end)), value)
})

t.test('links of the narrative are rewritten in a and img, and only there', async t => {
  const div = '<div><a class=\\"x\\" href=\\"urn:uuid:1\\">urn:uuid:1</a><img alt=\'\' src=\'http://x/y?a=1&amp;b=2\'/><a href=\\"urn:uuid:9\\"/><b href=\\"urn:uuid:1\\"/>\\u00e9</div>'
  const resource = scanResource(`{"text":{"div":"${div}"}}`)

  const { value } = rewriteLinks(resource, to)

  t.same(value, { text: { div: '<div><a class="x" href="Patient/a">urn:uuid:1</a><img alt=\'\' src="Basic?a=1&amp;b=2"/><a href="urn:uuid:9"/><b href="urn:uuid:1"/>é</div>' } })
})

t.test('what does not change is handed back as it is', async t => {
  const resource = scanResource('{"subject":{"reference":"Patient/1"},"code":{"text":"x"},"focus":[{"reference":"urn:uuid:1"}]}')

  t.equal(rewriteLinks(resource, () => undefined).value, resource.value)
  t.equal(rewriteLinks(resource, to).value.code, resource.value.code)
  t.same(resource.value.focus, [{ reference: 'urn:uuid:1' }], 'the resource itself stays')
})
