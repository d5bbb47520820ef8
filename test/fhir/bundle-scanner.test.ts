import fc from 'fast-check'
import t from 'tap'
import { parseJson, scanBundle, scanResource, unreadResource } from '../../src/fhir/json.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

const outlined = (type: string | undefined): ReadonlySet<string> =>
  new Set(['resourceType', 'id', ...(type === undefined ? ['subject', 'patient'] : type === 'Claim' ? ['patient'] : ['subject'])])

t.test('a Bundle gives each resource as if it had been sent alone', async t => {
  const resources = ['{"resourceType":"Patient","id":"a","multipleBirthInteger":1}', '{ "meta":{"versionId":"1"}, "valueQuantity":{"value":1.10},"subject":{"reference":"urn:uuid:1"}}']
  const text = `{"resourceType":"Bundle","link":[{"url":"x:y"}],"entry":[{"resource":${resources[0]},"fullUrl":"urn:uuid:1"},{},5,{"resource":7},{"resource": ${resources[1]}}]}`

  const { value, resources: found } = scanBundle(text, outlined)

  t.strictSame(found.map(unread => unread?.read()), [scanResource(resources[0] ?? ''), undefined, undefined, undefined, scanResource(resources[1] ?? '')])
  t.strictSame(value, parseJson('{"resourceType":"Bundle","link":[{"url":"x:y"}],"entry":[{"resource":{"resourceType":"Patient","id":"a"},"fullUrl":"urn:uuid:1"},{},5,{"resource":7},{"resource":{"subject":{"reference":"urn:uuid:1"}}}]}'))
})

t.test('each reading is a reading of its own, with the links of its own', async t => {
  const { resources: [unread] } = scanBundle('{"entry":[{"resource":{"resourceType":"Basic","subject":{"reference":"urn:uuid:1"}}}]}', outlined)

  const [first, second] = [unread?.read(() => 'Patient/a'), unread?.read(() => 'Patient/b')]

  t.same(first?.references, ['Patient/a'])
  t.equal(second?.tail, '},"subject":{"reference":"Patient/b"}}')
  t.same(unread?.outline, { resourceType: 'Basic', subject: { reference: 'urn:uuid:1' } })
})

t.test('the outline has the members that are asked for of the type, of any type while it is not known', async t => {
  t.strictSame(unreadResource('{"resourceType":"Claim","id":"x","item":[{"a":[{}]}],"patient":{"reference":"a"},"subject":1}', outlined).outline,
    { resourceType: 'Claim', id: 'x', patient: { reference: 'a' } })
  t.strictSame(unreadResource('{"subject":{"display":"d"},"patient":1.10,"resourceType":"Claim"}', outlined).outline, parseJson('{"subject":{"display":"d"},"patient":1.10,"resourceType":"Claim"}'))
})

t.test('references that are searches are found wherever they stand', async t => {
  const text = `{"resourceType":"Basic","subject":{"reference":"Patient?identifier=1"},"extension":[{"valueReference":{ "reference" :\n "A?b=\\"c\\u00e9" }},
    {"valueString":"reference"},{"reference":["x?y"]},{"reference":"Patient/1","display":"what?"},{"reference":{"reference":"B?c"}}]}`

  t.same(unreadResource(text, outlined).searches, ['Patient?identifier=1', 'A?b="cé', 'B?c'])
})

t.test('a Bundle without entries has no resources', async t => {
  for (const text of ['{}', '{"entry":[]}', '{"entry":null}', '{"entry":{"resource":{}}}']) t.same(scanBundle(text, outlined).resources, [], text)
})

t.test('what is no JSON is refused, at its place in the Bundle, at the latest when it is read', async t => {
  const read = (resource: string): unknown => scanBundle(`{"entry":[\n{"resource":${resource}}]}`, outlined).resources[0]?.read()

  const refused: [string, number, string][] = [
    ['{"id":"a","id":"b"}', 23, 'the member "id" is there twice'],
    ['{"a":1,"a":2}', 20, 'the member "a" is there twice'],
    ['{"a":[1}', 20, '"}" where a comma or the end of the array is expected'],
    ['{"a":{"b":1]}', 24, '"]" where a comma or the end of the object is expected'],
    ['{"a":[1],"b":"\u0001"}', 27, 'a control character in a string must be escaped'],
    ['{"a":{"b":"\\x"}}', 24, 'no such escape'],
    ['{"a":{"__proto__":1}}', 19, 'the member name "__proto__" is not allowed'],
    ['{"a":tru}', 18, '"t" where a value is expected'],
    ['{"a":"b', 18, 'this string does not end']
  ]
  for (const [resource, column, words] of refused) t.throws(() => read(resource), { status: 400, message: `line 2, column ${column}: ${words}` }, resource)
  t.throws(() => scanBundle('5', outlined), { status: 400, message: 'line 1, column 1: "5" where a Bundle in braces is expected' })
  t.throws(() => unreadResource('[]', outlined), { status: 400, message: 'line 1, column 1: "[" where a resource in braces is expected' })
  t.throws(() => scanBundle('{"entry":[{"resource":{"a":[{"b":[', outlined), { status: 400, message: /the text ends/ })
})

t.test('whatever a text is cut down to, it is refused, and what is whole is read', async t => {
  const whole = '{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Basic","a":["x\\"",{"reference":"y?z"}],"b":{"c":[1,true,null]}}}]}'
  t.ok(scanBundle(whole, outlined).resources[0]?.read())
  fc.assert(fc.property(fc.integer({ min: 0, max: whole.length - 1 }), fc.constantFrom('', '}', ']', '"', '{', '\\', ','), (end, more) => {
    const text = whole.slice(0, end) + more
    if (text === whole) return
    try {
      JSON.parse(text)
    } catch {
      t.throws(() => scanBundle(text, outlined).resources.forEach(unread => unread?.read()), { name: 'FhirError', message: /^line 1, column / }, text)
    }
  }), { seed, numRuns: 500 })
})

t.test('a Bundle of 50,000 entries takes time in proportion to its length', async t => {
  const bundle = (count: number): string => `{"entry":[${'{"resource":{"resourceType":"Basic","subject":{"reference":"Patient/1"},"code":{"text":"x y z"}}},\n'.repeat(count)}{}]}`
  const time = (count: number): number => {
    const text = bundle(count)
    const start = performance.now()
    const { resources } = scanBundle(text, outlined)
    for (const unread of resources) unread?.read()
    t.equal(resources.length, count + 1)
    return performance.now() - start
  }
  time(2_500)

  const [small, large] = [time(2_500), time(50_000)]

  t.ok(large < 20 * small * 8, `${small} ms, twenty times as much ${large} ms`)
})
