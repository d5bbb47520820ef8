// The tables of https://hl7.org/fhir/R4/search.html#prefix
import t from 'tap'
import { dateComparison, numberComparison } from '../../../src/fhir/search/comparison.js'

t.test('a number means the span of its precision', async t => {
  for (const [text, low, high] of [['100', 99.5, 100.5], ['100.00', 99.995, 100.005], ['1e2', 95, 105], ['5.4', 5.35, 5.45], ['-5.4', -5.45, -5.35], ['5.40e-3', 0.0053995, 0.0054005], ['0', -0.5, 0.5]] as const) {
    t.match(numberComparison(text), { prefix: 'eq', low, high, at: Number(text) }, text)
  }
  for (const text of ['66.89999999999999', '1000000000000000000', '0.1234567890123456789']) {
    const { low = NaN, high = NaN } = numberComparison(text) ?? {}
    t.ok(low <= Number(text) && Number(text) < high, `${text} is found by itself`)
  }
  t.match(numberComparison('ge100'), { prefix: 'ge', at: 100 })
  t.match(numberComparison('ap100'), { prefix: 'ap', low: 90, high: 110 })
  t.match(numberComparison('ap-100'), { prefix: 'ap', low: -110, high: -90 })
  for (const text of ['', 'x', 'ge', '1,5', '1.', '.5', '1e', '--1', 'eqge1', 'NaN', 'Infinity', '1e999', '0x10', ' 1']) t.equal(numberComparison(text), undefined, text)
})

t.test('a date means the span of its precision', async t => {
  const at = (text: string): number => Date.parse(text)
  for (const [text, low, high] of [
    ['2013', '2013-01-01T00:00Z', '2014-01-01T00:00Z'], ['2013-01', '2013-01-01T00:00Z', '2013-02-01T00:00Z'], ['2013-01-14', '2013-01-14T00:00Z', '2013-01-15T00:00Z'],
    ['2013-01-14T10:00', '2013-01-14T10:00Z', '2013-01-14T10:01Z'], ['2013-01-14T10:00:05Z', '2013-01-14T10:00:05Z', '2013-01-14T10:00:06Z'],
    ['2013-01-14T10:00:05.12+02:00', '2013-01-14T08:00:05.120Z', '2013-01-14T08:00:05.121Z']
  ] as const) {
    t.match(dateComparison(text, 'UTC', 0), { prefix: 'eq', low: at(low), high: at(high) }, text)
  }
  t.match(dateComparison('2013-01-14', 'Europe/Moscow', 0), { low: at('2013-01-13T20:00Z') }, 'without a zone it is read in the zone of the deployment')
  t.match(dateComparison('sa2013-01-14', 'UTC', 0), { prefix: 'sa' })
  t.match(dateComparison('ap2013', 'UTC', at('2023-01-01T00:00Z')), { prefix: 'ap', low: at('2012-01-01T19:12Z'), high: at('2015-01-01T04:48Z') }, 'a tenth of the time until now')
  for (const text of ['', 'x', '13', '2013-1', '2013-02-30', '2013-01-14T', '2013-01-14T10', '2013-13', 'ge', '2013-01-14T25:00', '2013-01-14 10:00', '20130114']) {
    t.equal(dateComparison(text, 'UTC', 0), undefined, text)
  }
})
