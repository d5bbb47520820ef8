import fc from 'fast-check'
import t from 'tap'
import { BEGINNING, END, dateRange, rangeOf } from '../../src/fhir/date-range.js'

const iso = (text: string, zone = 'UTC'): string | undefined => dateRange(text, zone)?.map(ms => new Date(ms).toISOString()).join(' ')

t.test('a date means all of what it names', async t => {
  t.equal(iso('2012'), '2012-01-01T00:00:00.000Z 2013-01-01T00:00:00.000Z')
  t.equal(iso('2012-02'), '2012-02-01T00:00:00.000Z 2012-03-01T00:00:00.000Z')
  t.equal(iso('2012-02-29'), '2012-02-29T00:00:00.000Z 2012-03-01T00:00:00.000Z')
  t.equal(iso('2012-02-29T10:20Z'), '2012-02-29T10:20:00.000Z 2012-02-29T10:21:00.000Z')
  t.equal(iso('2012-02-29T10:20:30+03:00'), '2012-02-29T07:20:30.000Z 2012-02-29T07:20:31.000Z')
  t.equal(iso('2012-02-29T10:20:30.5-01:30'), '2012-02-29T11:50:30.500Z 2012-02-29T11:50:30.501Z')
  t.equal(iso('0001-01-01'), '0001-01-01T00:00:00.000Z 0001-01-02T00:00:00.000Z')
})

t.test('what is no date means nothing', async t => {
  for (const text of ['', '20', '2012-13', '2012-02-30', '2012-2-3', '2012-02-29T25:00Z', '2012-02-29T10:20:30+3', '2012-02-29 10:20', 'abcd', '2012-02-29T10:20:30.Z']) {
    t.equal(dateRange(text, 'UTC'), undefined, text)
  }
})

t.test('a date without a zone is read in the zone given, across its changes of the clock', async t => {
  t.equal(iso('2012-03-25', 'Europe/Berlin'), '2012-03-24T23:00:00.000Z 2012-03-25T22:00:00.000Z', 'a day of 23 hours')
  t.equal(iso('2010-07', 'Europe/Moscow'), '2010-06-30T20:00:00.000Z 2010-07-31T20:00:00.000Z')
  t.equal(iso('2018-11-04', 'America/Sao_Paulo'), '2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z', 'a day without midnight')
  t.equal(iso('2012-10-28T02:30:00', 'Europe/Berlin'), '2012-10-28T00:30:00.000Z 2012-10-28T00:30:01.000Z', 'the first of two half past two')
})

t.test('days in any zone begin where Intl says midnight is', async t => {
  const zones = ['Europe/Moscow', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Apia', 'Africa/Casablanca', 'Australia/Lord_Howe']
  fc.assert(fc.property(fc.constantFrom(...zones), fc.integer({ min: -30_000, max: 40_000 }), (zone, day) => {
    const date = new Date(day * 86_400_000).toISOString().slice(0, 10)
    const [from = 0, to = 0] = dateRange(date, zone) ?? []
    const show = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short' })

    // A day that a zone left out (Apia, 30 December 2011) is empty; of any other the first and last millisecond are of that day.
    return from === to || (show.format(from) === date && show.format(to - 1) === date && show.format(from - 1) < date)
  }), { numRuns: 2000 })
})

t.test('milliseconds agree with Date for every instant', async t => {
  fc.assert(fc.property(fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
    const [from, to] = dateRange(date.toISOString(), 'Europe/Moscow') ?? []
    return from === date.getTime() && to === from + 1
  }))
})

t.test('periods and timings have open ends and outer limits', async t => {
  t.same(rangeOf('Period', { start: '2012', end: '2013-01' }, 'UTC'), [Date.UTC(2012, 0), Date.UTC(2013, 1)])
  t.same(rangeOf('Period', { start: '2012' }, 'UTC'), [Date.UTC(2012, 0), END])
  t.same(rangeOf('Period', { end: '2012' }, 'UTC'), [BEGINNING, Date.UTC(2013, 0)])
  t.equal(rangeOf('Period', {}, 'UTC'), undefined)
  t.same(rangeOf('Timing', { event: ['2012-05', '2012-01-01'], repeat: { boundsPeriod: { end: '2014' } } }, 'UTC'), [BEGINNING, Date.UTC(2015, 0)])
  t.same(rangeOf('Timing', { event: ['2012-05', '2012-01-01'] }, 'UTC'), [Date.UTC(2012, 0), Date.UTC(2012, 5)])
  t.equal(rangeOf('Timing', { code: { text: 'daily' } }, 'UTC'), undefined)
  t.equal(rangeOf('Age', { value: 4 }, 'UTC'), undefined)
})
