// https://hl7.org/fhirpath/N1/#datetime-comparison
import fc from 'fast-check'
import t from 'tap'
import { compareDates } from '../../src/fhir/path.js'

const ZONES = ['Z', '+03:00', '-11:30']
const digits = fc.constantFrom(0, 1, 3)
const instant = fc.integer({ min: -2_000_000_000_000, max: 4_000_000_000_000 })
/** The local time of `zone` at these milliseconds, with so many digits after the second. */
const written = (milliseconds: number, zone: string, count: number): string => {
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(zone) ?? []
  const local = new Date(milliseconds + (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000).toISOString().slice(0, 23)
  return `${count === 0 ? local.slice(0, 19) : local.slice(0, 20 + count)}${zone}`
}

t.test('dates to the second are in the order of their instants, however they are written', async t => {
  const date = fc.tuple(instant, fc.constantFrom(...ZONES), digits).map(parts => written(...parts))
  fc.assert(fc.property(date, date, (left, right) => Math.sign(compareDates(left, right)) === Math.sign(Date.parse(left) - Date.parse(right))), { numRuns: 2000 })
  // Near each other, and often the same.
  fc.assert(fc.property(instant, fc.integer({ min: -2000, max: 2000 }), fc.constantFrom(...ZONES), digits, (at, after, zone, count) => {
    const [left, right] = [written(at, zone, count), written(at + after, zone, count)]
    return Math.sign(compareDates(left, right)) === Math.sign(Date.parse(left) - Date.parse(right))
  }), { numRuns: 2000 })
})

t.test('what is no date, or is equal up to a precision that only one has, compares to nothing', async t => {
  for (const [left, right] of [
    ['2020-01-01T00:00:00.x00Z', '2020-01-01T00:00:00.x01Z'], ['2020-01-01t00:00:00Z', '2020-01-01t00:00:01Z'], ['2020-01', '2020-01-01'], ['2020-01-01T10:00Z', '2020-01-01T10:00:00Z']
  ] as const) t.ok(Number.isNaN(compareDates(left, right)), `${left} ${right}`)
})
