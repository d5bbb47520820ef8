import t from 'tap'
import { UCUM, type Unit, ucumUnit, unitOf } from '../../src/fhir/unit.js'

const convert = (value: number, from: Unit | undefined, to: Unit | undefined): number | undefined =>
  from && to && from.dimension === to.dimension ? (value * from.factor + from.offset - to.offset) / to.factor : undefined

t.test('units of one dimension convert', async t => {
  t.equal(convert(70, ucumUnit('kg'), ucumUnit('[lb_av]'))?.toFixed(4), '154.3236', 'kilograms to pounds')
  t.equal(convert(98.6, ucumUnit('[degF]'), ucumUnit('Cel'))?.toFixed(9), '37.000000000', 'Fahrenheit to Celsius')
  t.equal(convert(120, ucumUnit('mm[Hg]'), ucumUnit('mm[Hg]')), 120)
  t.equal(convert(5, ucumUnit('mmol/L'), ucumUnit('umol/mL'))?.toFixed(12), '5.000000000000')
})

t.test('what only looks alike does not', async t => {
  t.equal(convert(1, ucumUnit('mmol/L'), ucumUnit('10*3/uL')), undefined, 'moles and counts')
  t.equal(convert(1, ucumUnit('[iU]/L'), ucumUnit('/L')), undefined, 'international units and counts')
  t.equal(convert(7, ucumUnit('[pH]'), ucumUnit('/m3')), undefined, 'logarithms')
  t.equal(ucumUnit('lb'), undefined)
  t.equal(ucumUnit('pounds'), undefined)
})

t.test('a unit outside UCUM compares with itself only', async t => {
  t.same(unitOf('http://example.org', 'x', ''), { dimension: 'http://example.org|x', factor: 1, offset: 0 })
  t.same(unitOf('', '', 'Stück'), { dimension: '|Stück', factor: 1, offset: 0 })
  t.same(unitOf(UCUM, 'nonsense!', ''), { dimension: `${UCUM}|nonsense!`, factor: 1, offset: 0 })
})
