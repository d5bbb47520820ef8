import t from 'tap'
import { Decimal, type Json, type JsonObject } from '../../../src/fhir/json.js'
import { keyOf, quantitiesAt, rowsOf } from './ask.js'

const UCUM = 'http://unitsofmeasure.org'
const LOINC = 'http://loinc.org'
const weight = (value: JsonObject): JsonObject => ({ resourceType: 'Observation', code: { coding: [{ system: LOINC, code: '29463-7' }] }, valueQuantity: value })

t.test('a quantity is one row under its parameter and one under its code', async t => {
  const rows = rowsOf(weight({ value: new Decimal('70.50'), unit: 'kg', system: UCUM, code: 'kg' }))

  t.equal(rows.quantities.length, 2)
  t.same(quantitiesAt(rows, 'Observation.value-quantity', 'q', `${UCUM}|kg|kg`), [70.5])
  t.same(quantitiesAt(rows, 'Observation.code-value-quantity', 'q', `s${LOINC}|29463-7$${UCUM}|kg|kg`), [70.5])
})

t.test('the dictionary says which keys a parameter, a code, and a code with its system have, and how they convert', async t => {
  const { quantityKeys } = rowsOf(weight({ value: 70, unit: 'kg', system: UCUM, code: 'kg' }))

  const families = quantityKeys.map(entry => entry.family.join())
  t.same(families, [
    keyOf('Observation.value-quantity', 'f'),
    keyOf('Observation.code-value-quantity', 'f', 'c29463-7'),
    keyOf('Observation.code-value-quantity', 'f', `s${LOINC}|29463-7`)
  ].sort((left, right) => families.indexOf(left) - families.indexOf(right)))
  t.match(quantityKeys[0], { system: UCUM, code: 'kg', unit: 'kg', measure: { dimension: '0.0.1.0.0.0.0', factor: 1000, offset: 0 } })
  t.same(rowsOf(weight({ value: 70, unit: 'kg', system: UCUM, code: 'kg' }), { known: { has: () => true } }).quantityKeys, [])
})

t.test('pounds find kilograms by way of the dictionary', async t => {
  const stored = rowsOf(weight({ value: 70, unit: 'kg', system: UCUM, code: 'kg' }))
  const asked = rowsOf(weight({ value: 150, unit: 'lb', system: UCUM, code: '[lb_av]' })).quantityKeys[0]?.measure

  const bound = stored.quantityKeys.filter(entry => entry.measure.dimension === asked?.dimension)
    .map(entry => (150 * (asked?.factor ?? 0) + (asked?.offset ?? 0) - entry.measure.offset) / entry.measure.factor)

  t.ok(bound.length > 0 && bound.every(value => Math.abs(value - 68.0389) < 1e-4))
})

t.test('a comparator and a range span what the value may be', async t => {
  const below = rowsOf(weight({ value: 5, comparator: '<' }))
  const range = rowsOf({ resourceType: 'Condition', onsetRange: { low: { value: 10, unit: 'a' } }, onsetAge: { value: 3, system: UCUM, code: 'a' } })

  t.same(quantitiesAt(below, 'Observation.value-quantity', 'q', '||'), [[-Infinity, 5]])
  t.same(quantitiesAt(range, 'Condition.onset-age', 'q', '||a'), [[10, Infinity]])
  t.same(quantitiesAt(range, 'Condition.onset-age', 'q', `${UCUM}|a|`), [3])
})

t.test('money is a quantity of its currency', async t => {
  const rows = rowsOf({ resourceType: 'Invoice', totalNet: { value: 12.5, currency: 'RUB' } })

  t.same(quantitiesAt(rows, 'Invoice.totalnet', 'q', 'urn:iso:std:iso:4217|RUB|'), [12.5])
})

t.test('numbers are points, and ranges of them spans', async t => {
  const prediction: Json[] = [{ probabilityDecimal: new Decimal('0.000001') }, { probabilityRange: { low: { value: 0.1 }, high: { value: 0.2 } } }]

  const rows = rowsOf({ resourceType: 'RiskAssessment', prediction })

  t.same(quantitiesAt(rows, 'RiskAssessment.probability', 'n'), [0.000001, [0.1, 0.2]])
})

t.test('near asks for a latitude and a longitude', async t => {
  const rows = rowsOf({ resourceType: 'Location', position: { latitude: 55.75, longitude: 37.62 } })

  t.same(quantitiesAt(rows, 'Location.near', 'lat'), [55.75])
  t.same(quantitiesAt(rows, 'Location.near', 'lon'), [37.62])
})
