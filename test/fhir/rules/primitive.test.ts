import fc from 'fast-check'
import t from 'tap'
import { parseJson } from '../../../src/fhir/json.js'
import * as primitive from '../../../src/fhir/rules/primitive.js'

/** What a check takes and what it refuses; numbers as they are written. */
function takes (t: Tap, check: (value: unknown) => boolean, yes: readonly string[], no: readonly string[]): void {
  for (const text of yes) t.ok(check(parseJson(text)), `${text} is one`)
  for (const text of no) t.notOk(check(parseJson(text)), `${text} is none`)
}
type Tap = Pick<typeof t, 'ok' | 'notOk'>
const strings = (...texts: string[]): string[] => texts.map(text => JSON.stringify(text))

t.test('numbers are told apart by their text', async t => {
  takes(t, primitive.isDecimal, ['1', '1.10', '72.0', '1e3', '-0', '0.1234567890123456789'], ['"1"', 'null', 'true', '{}'])
  takes(t, primitive.isInteger, ['0', '-1', '2147483647', '-2147483648'], ['1.0', '1e0', '-0', '2147483648', '-2147483649', '1.5', '"1"', 'true'])
  takes(t, primitive.isUnsignedInt, ['0', '2147483647'], ['-1', '0.0', '2147483648'])
  takes(t, primitive.isPositiveInt, ['1', '2147483647'], ['0', '-1', '1.0'])
  takes(t, primitive.isBoolean, ['true', 'false'], ['"true"', '1', 'null'])
})

t.test('dates have a precision, and are days that there were', async t => {
  takes(t, primitive.isDate, strings('2020', '2020-02', '2020-02-29', '0001', '9999-12-31'),
    strings('0000', '202', '20200', '2020-2', '2020-13', '2020-00', '2021-02-29', '1900-02-29', '2020-02-30', '2020-04-31', '2020-01-00', '2020-01-01T00:00:00Z', '', '2020-', '2020-01-', ' 2020', '2020\n').concat('2020'))
  takes(t, primitive.isDateTime, strings('2020', '2020-02', '2020-02-29', '2020-02-29T23:59:59Z', '2020-02-29T23:59:60Z', '2020-02-29T00:00:00.123456+14:00', '2020-02-29T00:00:00-13:59'),
    strings('2020-02T00:00:00Z', '2020-02-29T24:00:00Z', '2020-02-29T23:60:00Z', '2020-02-29T23:59:61Z', '2020-02-29T23:59Z', '2020-02-29T23:59:59', '2020-02-29T23:59:59.Z', '2020-02-29T23:59:59+14:01',
      '2020-02-29T23:59:59+0100', '2020-02-29 23:59:59Z', '2020-02-29T23:59:59z', '2020-02-29T23:59:59Zx', '2020-02-29T23:59:59+1:00'))
  takes(t, primitive.isInstant, strings('2020-02-29T23:59:59Z', '2020-02-29T23:59:59.1+02:00'), strings('2020', '2020-02-29', '2020-02-29T23:59:59'))
  takes(t, primitive.isTime, strings('00:00:00', '23:59:60', '12:30:00.5'), strings('24:00:00', '12:30', '12:30:00Z', '12:30:00.', '1:30:00', ''))
})

t.test('a day is a date when the calendar has it', async t => {
  const pad = (number: number, length: number): string => String(number).padStart(length, '0')
  const result = fc.check(fc.property(fc.integer({ min: 1, max: 9999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }), (year, month, day) => {
    const text = `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`
    const real = new Date(`${text}T00:00:00Z`)
    return primitive.isDate(text) === (!Number.isNaN(real.getTime()) && real.toISOString().startsWith(text))
  }), { numRuns: 5000 })

  t.notOk(result.failed, `seed ${result.seed}: ${JSON.stringify(result.counterexample)}`)
})

t.test('strings, codes and ids', async t => {
  const mega = 'x'.repeat(primitive.LONGEST)
  takes(t, primitive.isString, strings('a', ' ', 'a\tb\r\nc', 'ä😀', mega), ['""', '"a\\u0001"', '"\\u001f"', '1', 'null', JSON.stringify(mega + 'x')])
  takes(t, primitive.isCode, strings('a', 'a b', '<='), ['""', ...strings(' a', 'a ', 'a  b', 'a\tb', 'a\nb')])
  takes(t, primitive.isId, strings('a', 'A-1.b', 'x'.repeat(64)), ['""', ...strings('a_b', 'a b', 'x'.repeat(65), 'ä')])
  takes(t, primitive.isElementId, strings('a_b', '1/2'), ['""', ...strings('a b', mega + 'x')])
})

t.test('URIs, and what is in a URN', async t => {
  const uuid = '0b8f1d2c-6f0c-4a8e-9f0b-7a3f5b1c2d3e'
  takes(t, primitive.isUri, strings('http://a', 'a/b', '#x', `urn:uuid:${uuid}`, `urn:uuid:${uuid.toUpperCase()}`, 'urn:oid:1.2.3', 'urn:oid:1.2.3|4.0', 'urn:iso:std:iso:4217', 'http://a|1.0'),
    ['""', ...strings('http://a b', 'urn:uuid:1', `urn:uuid:${uuid}x`, 'urn:oid:3.1', 'urn:oid:1.02', 'urn:oid:1', 'urn:oid:')])
  takes(t, primitive.isUuid, strings(`urn:uuid:${uuid}`), strings(uuid, `urn:uuid:${uuid.toUpperCase()}`))
  takes(t, primitive.isOid, strings('urn:oid:1.2.0'), strings('1.2.0', 'urn:oid:1', 'urn:oid:1.2.'))
})

t.test('base64, MIME types, languages', async t => {
  takes(t, primitive.isBase64, strings('QQ==', 'QUI=', 'QUJD', 'QUJD\nQUJD', ' QUJD '), ['""', ...strings('Q', 'QQ=', 'QQ=Q', '====', 'QU_D', '%%%2@()()', ' ').filter(text => text !== '"===="')])
  takes(t, primitive.isMime, strings('text/plain', 'application/fhir+json', 'text/html; charset=utf-8', 'a/b;c="d e"', 'image/*'), strings('pdf', 'a/', '/b', 'a/b;', 'a/b; c=d e', 'a b/c'))
  takes(t, primitive.isFormat, strings('json', 'xml', 'ttl', 'application/fhir+xml'), strings('yaml', 'html'))
  takes(t, primitive.isLanguage, strings('de', 'de-AT', 'zh-Hant-TW', 'x-klingon'), ['""', ...strings('de_AT', 'd e', '12', 'abcdefghi', 'de-')])
})

t.test('no text takes longer than its length', async t => {
  const start = performance.now()
  for (const text of ['A'.repeat(4_000_000) + '!', ' '.repeat(4_000_000), 'a '.repeat(500_000), `a/b${'; c=d'.repeat(200_000)}!`, 'urn:oid:1' + '.1'.repeat(500_000) + 'x', 'a-'.repeat(500_000)]) {
    for (const check of Object.values(primitive)) if (typeof check === 'function') check(text)
  }
  t.ok(performance.now() - start < 5000, 'linear')
})
