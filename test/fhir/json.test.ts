import fc from 'fast-check'
import t from 'tap'
import { Decimal, type Json, isObject, jsonText, parseJson } from '../../src/fhir/json.js'
import { DEEPEST } from '../../src/fhir/json-scanner.js'
import { FhirError } from '../../src/fhir/outcome.js'

const seed = Number(process.env.SEED ?? Date.now() % 1e9)
t.comment(`seed ${seed}`)

/** The tree as JSON.parse would give it. */
function plain (value: Json): unknown {
  if (value instanceof Decimal) return Number(value.text)
  if (Array.isArray(value)) return value.map(plain)
  return isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)])) : value
}

function refusal (text: string): FhirError {
  try {
    parseJson(text)
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
  throw new Error(`not refused: ${text.slice(0, 80)}`)
}

const json = fc.json({ stringUnit: 'binary', noUnicodeString: false } as fc.JsonSharedConstraints)
  .filter(text => !/"__proto__"|\\u0000/.test(text) && text.isWellFormed())

t.test('the value of any text is what JSON.parse makes of it', async t => {
  fc.assert(fc.property(json, fc.constantFrom(undefined, 1, '\t', '\r\n '), (text, indent) => {
    const written = JSON.stringify(JSON.parse(text), null, indent)
    return JSON.stringify(plain(parseJson(written))) === JSON.stringify(JSON.parse(written))
  }), { seed, numRuns: 500 })
})

t.test('any number prints as it was written', async t => {
  const digits = fc.stringMatching(/^(0|[1-9][0-9]{0,22})$/)
  const number = fc.tuple(fc.constantFrom('', '-'), digits, fc.constantFrom('', '.'), fc.stringMatching(/^[0-9]{1,25}$/), fc.stringMatching(/^([eE][+-]?[0-9]{1,3})?$/))
    .map(([sign, whole, point, decimals, exponent]) => sign + whole + (point && point + decimals) + exponent)

  fc.assert(fc.property(number, text => {
    const value = parseJson(text)
    return jsonText(value) === text && Number(value) === Number(text) && (value instanceof Decimal) === (String(Number(text)) !== text)
  }), { seed, numRuns: 3000 })
})

t.test('a number stays a number when JavaScript prints it alike, and is a Decimal when not', async t => {
  for (const text of ['0', '7', '-7', '1.1', '120', '0.000001', '123456789012345', '999999999999999.9', '-0.5', '1e+21', '1e-7']) t.type(parseJson(text), 'number', text)
  for (const text of ['1.10', '72.0', '1e3', '1E3', '-0', '-0.0', '0.1234567890123456789', '0.0000001', '12345678901234567890', '1e999', '0.10', '100.0']) {
    const value = parseJson(text)
    t.ok(value instanceof Decimal, text)
    t.equal(jsonText(value), text)
    t.equal(Number(value), Number(text))
  }
})

t.test('strings are decoded', async t => {
  t.equal(parseJson('"\\u00e9é\\/\\n\\"\\\\ \\ud83d\\ude00 😀"'), 'éé/\n"\\ 😀 😀')
  t.same(parseJson('{"\\u0061\\"":"\\u0061"}'), { 'a"': 'a' })
})

t.test('names that every object inherits are ordinary members', async t => {
  t.same(parseJson('{"constructor":1,"toString":2,"hasOwnProperty":3}'), { constructor: 1, toString: 2, hasOwnProperty: 3 })
})

t.test('what is no JSON is refused by line and column', async t => {
  const refused: ReadonlyArray<readonly [string, string]> = [
    ['', 'line 1, column 1: the text is empty'],
    [' \n ', 'line 2, column 2: the text is empty'],
    ['\ufeff{}', 'line 1, column 1: a byte order mark is not allowed'],
    ['{} {}', 'line 1, column 4: "{" where the end is expected'],
    ['{"a":1,}', 'line 1, column 8: "}" where a member name in quotes is expected'],
    ['{"a":1\n "b":2}', 'line 2, column 2: "\\"" where a comma or the end of the object is expected'],
    ['{"a" 1}', 'line 1, column 6: "1" where a colon is expected'],
    ['{\'a\':1}', 'line 1, column 2: "\'" where a member name in quotes is expected'],
    ['[1,\n2,\n]', 'line 3, column 1: "]" where a value is expected'],
    ['[1 2]', 'line 1, column 4: "2" where a comma or the end of the array is expected'],
    ['[', 'line 1, column 2: the text ends where a value is expected'],
    ['{"a":', 'line 1, column 6: the text ends where a value is expected'],
    ['{"a', 'line 1, column 2: this string does not end'],
    ['["abc\\', 'line 1, column 6: no such escape'],
    ['tru', 'line 1, column 1: "t" where a value is expected'],
    ['[nul]', 'line 1, column 2: "n" where a value is expected'],
    ['NaN', 'line 1, column 1: "N" where a value is expected'],
    ['[😀]', 'line 1, column 2: "😀" where a value is expected']
  ]
  for (const [text, message] of refused) t.match(refusal(text), { status: 400, issues: [{ severity: 'error', code: 'structure', diagnostics: message }] })
})

t.test('malformed numbers are refused', async t => {
  for (const text of ['01', '-', '+1', '.5', '1.', '1.e3', '1e', '1e+', '--1', '1.2.3', '0x10', '-01', '1_000', 'Infinity', '-Infinity', '00', '-a']) t.equal(refusal(`[${text}]`).status, 400, text)
})

t.test('a member that is there twice is refused, however it is escaped', async t => {
  t.equal(refusal('{"a":1,\n "b":{"a":2},"a":3}').message, 'line 2, column 14: the member "a" is there twice')
  t.equal(refusal('{"a":1,"\\u0061":3}').message, 'line 1, column 8: the member "a" is there twice')
  t.same(parseJson('[{"a":1},{"a":{"a":2}}]'), [{ a: 1 }, { a: { a: 2 } }])
})

t.test('a member named __proto__ is refused, however it is escaped', async t => {
  t.equal(refusal('{"a":{"__proto__":{"b":1}}}').message, 'line 1, column 7: the member name "__proto__" is not allowed')
  t.equal(refusal('{"\\u005f_proto__":1}').status, 400)
})

t.test('NUL and other control characters are refused, raw and escaped', async t => {
  t.equal(refusal('["a\0"]').message, 'line 1, column 4: NUL in a string')
  t.equal(refusal('["a\\u0000"]').message, 'line 1, column 4: NUL in a string')
  t.equal(refusal('{"a\\u0000":1}').message, 'line 1, column 4: NUL in a string')
  t.equal(refusal('["a\tb"]').message, 'line 1, column 4: a control character in a string must be escaped')
  t.equal(refusal('["a\\\nb"]').status, 400)
  t.equal(refusal('[\u00a01]').status, 400, 'whitespace is the four characters of RFC 8259')
})

t.test('lone surrogates are refused, raw and escaped', async t => {
  for (const text of ['["\\ud800"]', '["\\udc00\\ud800"]', '["\\ud83dx"]', '{"\\ud800":1}', '["\ud800"]', '["a\udc00"]']) t.match(refusal(text).message, /lone surrogate/, JSON.stringify(text))
  for (const text of ['["\\u12"]', '["\\u12G4"]', '["\\x41"]', '["\\u{41}"]']) t.match(refusal(text).status, 400, text)
})

t.test('nesting has a limit, and 10,000 levels do not overflow the stack', async t => {
  t.ok(parseJson('['.repeat(DEEPEST) + ']'.repeat(DEEPEST)))
  t.equal(refusal('{"a":['.repeat(5000)).message, `line 1, column ${DEEPEST / 2 * 6 + 1}: nested more than ${DEEPEST} deep`)
  t.equal(refusal('['.repeat(10_000) + ']'.repeat(10_000)).status, 400)
  t.equal(refusal('['.repeat(5_000_000)).status, 400)
})

t.test('a large text takes time in proportion to its length', async t => {
  const entries = (count: number): string => `[${'{"a":"\\u00e9","b":[1.10,2]},'.repeat(count)}0]`
  const time = (text: string): number => {
    const start = performance.now()
    parseJson(text)
    return performance.now() - start
  }
  time(entries(5_000))

  const [small, large] = [time(entries(5_000)), time(entries(100_000))]

  t.ok(large < 20 * small * 8, `${small} ms, twenty times as much ${large} ms`)
})
