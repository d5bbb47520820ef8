import fc from 'fast-check'
import t from 'tap'
import { pretty } from '../../../src/fhir/text/pretty.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

t.test('what JavaScript can hold is laid out as JSON.stringify does', async t => {
  fc.assert(fc.property(fc.json({ stringUnit: 'binary' }), fc.constantFrom(undefined, 1, '\r\n\t'), (text, space) =>
    pretty(JSON.stringify(JSON.parse(text), null, space)) === JSON.stringify(JSON.parse(text), null, 2)), { seed, numRuns: 500 })
})

t.test('tokens stay as they were written', async t => {
  t.equal(pretty('{"a":[1.10,1e3,{ }],"\\u00e9\\"\\\\":"\\/ : {","b":0.1234567890123456789,"c":[[]]}'),
    '{\n  "a": [\n    1.10,\n    1e3,\n    {}\n  ],\n  "\\u00e9\\"\\\\": "\\/ : {",\n  "b": 0.1234567890123456789,\n  "c": [\n    []\n  ]\n}')
})

t.test('a string of megabytes is one token', async t => {
  const data = 'A'.repeat(8_000_000)

  t.equal(pretty(`["${data}"]`), `[\n  "${data}"\n]`)
})
