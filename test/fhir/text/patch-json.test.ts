import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { type Json, jsonText, parseJson } from '../../../src/fhir/json.js'
import { patchJson } from '../../../src/fhir/text/patch-json.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

const CASES = '../shared/data/patch/json-patch.json'
interface Case { comment: string, doc: Json, patch: Json, expected?: Json, error?: string }

t.test('the published cases pass', { skip: !existsSync(CASES) && `${CASES} is absent` }, async t => {
  for (const { comment, doc, patch, expected } of JSON.parse(readFileSync(CASES, 'utf8')) as Case[]) {
    if (expected === undefined) t.throws(() => patchJson(JSON.stringify(doc), patch), { status: 422, message: /^operation\[/ }, comment)
    else t.same(JSON.parse(patchJson(JSON.stringify(doc), patch)), expected, comment)
  }
})

const DOCUMENT = '{"a":1.10,"b":["\\u00e9",1e3,{"c":"\\/"}],"d":{"e":0.1234567890123456789,"x/y~":null}}'
const patched = (...operations: Json[]): string => patchJson(DOCUMENT, operations)

t.test('each operation leaves the tokens of all else as they are', async t => {
  t.equal(patched({ op: 'add', path: '/d/f', value: 'é' }), DOCUMENT.replace('null', 'null,"f":"é"'))
  t.equal(patched({ op: 'add', path: '/b/1', value: 2 }), DOCUMENT.replace('1e3', '2,1e3'))
  t.equal(patched({ op: 'add', path: '/b/3', value: 2 }), DOCUMENT.replace('}]', '},2]'))
  t.equal(patched({ op: 'add', path: '/b/-', value: [] }), DOCUMENT.replace('}]', '},[]]'))
  t.equal(patched({ op: 'add', path: '/a', value: 2 }), DOCUMENT.replace('1.10', '2'))
  t.equal(patched({ op: 'remove', path: '/b/0' }), DOCUMENT.replace('"\\u00e9",', ''))
  t.equal(patched({ op: 'remove', path: '/d/x~1y~0' }), DOCUMENT.replace(',"x/y~":null', ''))
  t.equal(patched({ op: 'replace', path: '/b/2/c', value: true }), DOCUMENT.replace('"\\/"', 'true'))
  t.equal(patched({ op: 'move', from: '/b/1', path: '/d/g' }), DOCUMENT.replace('1e3,', '').replace('null', 'null,"g":1e3'))
  t.equal(patched({ op: 'copy', from: '/b', path: '/b/0' }), DOCUMENT.replace('["', '[["\\u00e9",1e3,{"c":"\\/"}],"'))
  t.equal(patched({ op: 'replace', path: '', value: { z: 1 } }), '{"z":1}')
  t.equal(patchJson(' { "a" : 1.10 } ', []), '{"a":1.10}')
})

t.test('a value comes in with its own tokens: numbers from a value, strings too from a text', async t => {
  const patch = '[{"op":"add","path":"/f","value":{"n":[1.10,1e3],"s":"\\u00e9\\/"}}]'

  t.equal(patchJson('{"a":72.0}', parseJson(patch)), '{"a":72.0,"f":{"n":[1.10,1e3],"s":"é/"}}')
  t.equal(patchJson('{"a":72.0}', patch), '{"a":72.0,"f":{"n":[1.10,1e3],"s":"\\u00e9\\/"}}')
})

t.test('test compares numbers by value and objects in any order', async t => {
  const tests: ReadonlyArray<readonly [string, string, boolean]> = [
    ['1.10', '1.1', true], ['1e3', '1000', true], ['0.001', '1E-3', true], ['-0', '0.0', true], ['0.1234567890123456789', '0.1234567890123456788', false],
    ['1', '"1"', false], ['{"a":1,"b":[2,{}]}', '{"b":[2,{}],"a":1.0}', true], ['{"a":1}', '{"a":1,"b":2}', false], ['[1,2]', '[2,1]', false],
    ['null', 'null', true], ['null', 'false', false], ['{}', '[]', false], ['"\\u00e9"', '"é"', true], ['-1', '1', false], ['100', '10', false]
  ]
  for (const [one, other, equal] of tests) {
    const run = (): string => patchJson(`{"v":${one}}`, parseJson(`[{"op":"test","path":"/v","value":${other}}]`))
    if (equal) t.doesNotThrow(run, `${one} ${other}`)
    else t.throws(run, { status: 422, message: 'operation[0] (test "/v"): the value is another' }, `${one} ${other}`)
  }
})

t.test('what is no patch is refused by its operation', async t => {
  const refused: ReadonlyArray<readonly [Json, number, string]> = [
    [{}, 400, 'a JSON Patch is an array of operations'],
    [[1], 400, 'operation[0]: an operation is an object'],
    [[{ op: 'add', path: '/f', value: 1 }, { path: '/a' }], 400, 'operation[1]: op must be a string'],
    [[{ op: 'add' }], 400, 'operation[0]: path must be a string'],
    [[{ op: 'add', path: '/f' }], 400, 'operation[0] (add "/f"): value is missing'],
    [[{ op: 'move', path: '/f' }], 400, 'operation[0] (move "/f"): from must be a string'],
    [[{ op: 'merge', path: '/f' }], 400, 'operation[0] (merge "/f"): op is one of add, remove, replace, move, copy, test'],
    [[{ op: 'remove', path: 'a' }], 400, 'operation[0] (remove "a"): "a" is not a JSON Pointer'],
    [[{ op: 'remove', path: '/a~2' }], 400, 'operation[0] (remove "/a~2"): "/a~2" is not a JSON Pointer'],
    [[{ op: 'remove', path: '/f' }], 422, 'operation[0] (remove "/f"): "/f" does not exist'],
    [[{ op: 'replace', path: '/b/3', value: 1 }], 422, 'operation[0] (replace "/b/3"): the array at "/b/3" has no place 3'],
    [[{ op: 'add', path: '/b/4', value: 1 }], 422, 'operation[0] (add "/b/4"): the array at "/b/4" has no place 4'],
    [[{ op: 'add', path: '/b/01', value: 1 }], 422, 'operation[0] (add "/b/01"): "01" is not an index of the array at "/b/01"'],
    [[{ op: 'remove', path: '/b/-' }], 422, 'operation[0] (remove "/b/-"): "-" is not an index of the array at "/b/-"'],
    [[{ op: 'add', path: '/a/x', value: 1 }], 422, 'operation[0] (add "/a/x"): "/a" holds neither members nor items'],
    [[{ op: 'remove', path: '' }], 422, 'operation[0] (remove ""): the whole document cannot be removed'],
    [[{ op: 'move', from: '/b', path: '/b/0' }], 422, 'operation[0] (move "/b/0"): a value cannot be moved into itself'],
    [[{ op: 'add', path: '/__proto__', value: 1 }], 422, 'operation[0] (add "/__proto__"): a member cannot have this name']
  ]
  for (const [patch, status, message] of refused) t.throws(() => patchJson(DOCUMENT, patch), { status, message }, message)
})

t.test('copies that double a document, or nest it, end', async t => {
  const doubling = Array.from({ length: 64 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` }))
  const nesting = Array.from({ length: 5000 }, () => ({ op: 'move', from: '/a', path: '/b/a' })).flatMap(move => [move, { op: 'move', from: '/b', path: '/a' }, { op: 'add', path: '/b', value: {} }])

  t.throws(() => patchJson(`{"a":"${'x'.repeat(1000)}"}`, doubling), { status: 413, message: /carry more than/ })
  t.throws(() => patchJson('{"a":1,"b":{}}', nesting), { status: 400, message: /nested more than/ })
})

t.test('adding and removing again leaves the document as it was', async t => {
  const pointers = fc.constantFrom('/f', '/b/0', '/b/3', '/b/2/d', '/d/f')
  const values = fc.json().map(text => JSON.parse(text) as Json).filter(value => !jsonText(value).includes('__proto__'))

  fc.assert(fc.property(pointers, values, (path, value) =>
    patched({ op: 'add', path, value }, { op: 'test', path, value }, { op: 'remove', path }) === DOCUMENT), { seed })
})
