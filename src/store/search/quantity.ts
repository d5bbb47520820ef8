// https://hl7.org/fhir/R4/search.html#quantity
import { invalid } from '../../fhir/outcome.js'
import { UCUM, ucumUnit, unitOf } from '../../fhir/unit.js'
import { keyOf, numberIn, split, unescaped, type Asked } from './build.js'
import type { Condition, UnitAsked } from './condition.js'

/** `number`, `number|system|code`, `number||code`. `kind` and `code` name the family of its keys. */
export function quantityValue (asked: Asked, kind: string, code = ''): Condition {
  const pieces = split(asked.raw, '|').map(unescaped)
  const [number = '', system = '', unit = ''] = pieces
  if (pieces.length !== 1 && pieces.length !== 3) throw invalid(`${asked.name}=${asked.raw} is not number, number|system|code or number||code`)
  const [comparison, converted] = [numberIn(asked.name, number), unitAsked(system, unit)]
  // Converted into another unit it must still be a number, whatever units there are: an overflow would tell which there are.
  const size = Math.abs(comparison.at)
  if (converted.kind === 'dimension' && size !== 0 && (size < 1e-100 || size > 1e100)) throw invalid(`${asked.name}=${asked.raw}: numbers with a unit are compared between 1e-100 and 1e100`)
  return { kind: 'quantities', family: keyOf(asked, kind, code), unit: converted, comparison }
}

function unitAsked (system: string, code: string): UnitAsked {
  if (system === '' && code === '') return { kind: 'any' }
  if (code === '') return { kind: 'as-sent', system, code }
  if (system === '') {
    // Without a system it is a code or a unit as it was sent, of whatever system.
    return { kind: 'as-sent', system: undefined, code }
  }
  if (system === UCUM && ucumUnit(code) === undefined) throw invalid(`${code} is no unit of UCUM`)
  const { dimension, factor, offset: shift } = unitOf(system, code, '')
  return { kind: 'dimension', dimension, factor, shift }
}
