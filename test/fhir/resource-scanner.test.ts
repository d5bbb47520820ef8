import fc from 'fast-check'
import t from 'tap'
import { parseJson, resourceText, scanResource } from '../../src/fhir/json.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

t.test('the stored form is what follows the head', async t => {
  const forms: ReadonlyArray<readonly [string, string]> = [
    ['{"resourceType":"Patient","id":"a","active":true}', '},"active":true}'],
    ['{"active":true,"resourceType":"Patient"}', '},"active":true}'],
    ['{"resourceType":"Patient"}', '}}'],
    ['{}', '}}'],
    ['{"meta":{"versionId":"1","tag":[{"code":"x"}]},"active":true}', ',"tag":[{"code":"x"}]},"active":true}'],
    ['{"active":true,"meta":{"profile":["p"],"lastUpdated":"now","source":"s"}}', ',"profile":["p"],"source":"s"},"active":true}'],
    ['{"meta":{},"a":1,"id":"x","b":2}', '},"a":1,"b":2}'],
    [' {\n "a" : [ 1.10 ,\t{ "b c" : " d  " } ] ,\r\n "resourceType": "Patient", "e":{ }\n}\n', '},"a":[1.10,{"b c":" d  "}],"e":{}}'],
    ['{"\\u0061":"\\/\\u00e9é","n":1e3,"_lastUpdated":1}', '},"\\u0061":"\\/\\u00e9é","n":1e3,"_lastUpdated":1}'],
    ['{"meta":{"_lastUpdated":{"id":"kept"},"lastUpdated":"x"},"contained":[{"id":"c","meta":{"versionId":"kept"}}]}', ',"_lastUpdated":{"id":"kept"}},"contained":[{"id":"c","meta":{"versionId":"kept"}}]}']
  ]
  for (const [text, tail] of forms) {
    t.equal(scanResource(text).tail, tail, text)
    t.match(parseJson(resourceText('Patient', 'a', '7', 'now', tail)), { resourceType: 'Patient', id: 'a', meta: { versionId: '7', lastUpdated: 'now' } })
  }
})

t.test('type and id are told when they are strings', async t => {
  t.match(scanResource('{"resourceType":"Patient","id":"a"}'), { resourceType: 'Patient', id: 'a', value: { resourceType: 'Patient', id: 'a' } })
  t.match(scanResource('{"resourceType":1,"id":[]}'), { resourceType: undefined, id: undefined, value: { resourceType: 1, id: [] } })
})

t.test('a text that is no object, and a meta that is none, are refused', async t => {
  t.throws(() => scanResource('[]'), { status: 400, message: 'line 1, column 1: "[" where a resource in braces is expected' })
  t.throws(() => scanResource('{"meta":\n5}'), { status: 400, message: 'line 2, column 1: "5" where a meta in braces is expected' })
  t.throws(() => scanResource('{"a":1}}'), { status: 400, message: 'line 1, column 8: "}" where the end is expected' })
})

// Tokens with all their spellings, not only those that JSON.stringify chooses.
const text = fc.constantFrom('""', '"a"', '"\\u00e9"', '"é"', '"\\/"', '"Patient/1"', '"urn:uuid:1"', '" , : "', '"\\\\"', '"\\""', '"😀\\ud83d\\ude00"')
const number = fc.constantFrom('0', '-0', '1.10', '1e3', '0.1234567890123456789', '72.0', '7')
const name = fc.constantFrom('"a"', '"b"', '"reference"', '"url"', '"div"', '"\\u0063"', '"é"')
const { value } = fc.letrec<{ value: string }>(tie => ({
  value: fc.oneof({ depthSize: 'small' }, text, number, fc.constantFrom('true', 'null'),
    fc.array(tie('value'), { maxLength: 4 }).map(values => `[${values.join(',')}]`), members(tie('value')).map(text => `{${text}}`))
}))

function members (value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.uniqueArray(fc.tuple(name, value), { selector: ([name]) => name, maxLength: 5 }).map(pairs => pairs.map(([name, value]) => `${name}:${value}`).join(','))
}

const tokens = (text: string): string[] => text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? []

/** The same tokens with whitespace around them. */
const spread = (text: string, space: string): string => tokens(text).map(token => token + space).join('')
const after = (text: string): string => text && `,${text}`

t.test('the stored form holds the tokens that were sent, byte for byte, however they were spaced', async t => {
  const space = fc.constantFrom('', ' ', '\r\n\t')
  fc.assert(fc.property(members(value), members(value), members(value), space, (meta, first, last, space) => {
    fc.pre(first === '' || last === '' || !tokens(first).some(token => tokens(last).includes(token) && token.startsWith('"')))
    const sent = `{${first}${first && ','}"id":"x","meta":{"versionId":"1"${after(meta)}},"resourceType":"Basic"${after(last)}}`

    const { tail } = scanResource(spread(sent, space))

    t.equal(tail, `${after(meta)}}${after(first)}${after(last)}}`)
    t.equal(scanResource(spread(sent, space), link => link).tail, tail)
  }), { seed, numRuns: 300 })
})

t.test('the value is the whole resource, the references are those in it', async t => {
  const scanned = scanResource(`{ "subject": { "reference": "Patient/1" }, "resourceType": "Basic", "url": [ "http://a", "b" ],
    "text": { "div": "<div/>" }, "note": "urn:uuid:1", "meta": { "source": "urn:x", "profile": [ "urn:oid:1.2" ] }, "\\u0075ri": "a:\\u00e9",
    "contained": [ { "resourceType": "Basic", "author": { "\\u0072eference": "#x" } } ] }`)

  t.equal(scanned.tail, ',"source":"urn:x","profile":["urn:oid:1.2"]},"subject":{"reference":"Patient/1"},"url":["http://a","b"],"text":{"div":"<div/>"},"note":"urn:uuid:1","\\u0075ri":"a:\\u00e9","contained":[{"resourceType":"Basic","author":{"\\u0072eference":"#x"}}]}')
  t.same(scanned.references, ['Patient/1', '#x'])
  t.equal(scanned.value.note, 'urn:uuid:1')
})
