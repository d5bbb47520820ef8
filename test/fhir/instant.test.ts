import fc from 'fast-check'
import t from 'tap'
import { instantOf, spanOf } from '../../src/fhir/instant.js'

t.test('a date covers the span that it names', async t => {
  const spans: [string, string, string][] = [
    ['2024', '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-02', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-12', '2024-12-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['2024-02-29T10:00:00+03:00', '2024-02-29T07:00:00Z', '2024-02-29T07:00:01Z'],
    ['2024-02-29T10:00:00 03:00', '2024-02-29T07:00:00Z', '2024-02-29T07:00:01Z'],
    ['2024-02-29T10:00:00.5Z', '2024-02-29T10:00:00.500Z', '2024-02-29T10:00:00.501Z']
  ]

  for (const [text, from, to] of spans) t.same(spanOf(text), [Date.parse(from), Date.parse(to)], text)
})

t.test('what is no date covers nothing', async t => {
  for (const text of ['', 'now', '24', '2024-13', '2024-02-30', '2023-02-29', '2024-2-1', '2024-01-01T10:00Z', '2024-01-01T10:00:00', '2024-01-01T25:00:00Z', '2024-01-01 ']) t.equal(spanOf(text), undefined, text)
})

t.test('an instant has a time and a zone', async t => {
  t.equal(instantOf('2024-01-01'), undefined)
  fc.assert(fc.property(fc.date({ min: new Date('1900-01-01'), max: new Date('2200-01-01'), noInvalidDate: true }), date => instantOf(date.toISOString()) === date.getTime()), { verbose: 1 })
})
