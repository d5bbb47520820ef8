// Units of measure: what can be compared with what, and how. https://ucum.org, https://hl7.org/fhir/R4/search.html#quantity
import { createRequire } from 'node:module'

/**
 * How values in a unit turn into values of its dimension: `value * factor + offset`. Values of one dimension can be compared.
 * A unit that UCUM does not know is a dimension of its own.
 */
export interface Unit { readonly dimension: string, readonly factor: number, readonly offset: number }

export const UCUM = 'http://unitsofmeasure.org'

interface LhcUnit {
  readonly magnitude_: number
  readonly dim_: { readonly dimVec_: readonly number[] | null } | null
  readonly cnv_: string | null
  readonly cnvPfx_: number
  readonly isArbitrary_: boolean
  readonly moleExp_: number
}
interface Library { UcumLhcUtils: { getInstance: () => { getSpecifiedUnit: (code: string, value: 'validate') => { unit: LhcUnit | null, origString?: string | null } } } }

const require = createRequire(import.meta.url)
let library: ReturnType<Library['UcumLhcUtils']['getInstance']> | undefined
// Fifty milliseconds to load, and needed once for each unit that is new to the process: not before.
const ucum = (): NonNullable<typeof library> => (library ??= (require('@lhncbc/ucum-lhc') as Library).UcumLhcUtils.getInstance())

const units = new Map<string, Unit | undefined>()

/** A UCUM code; undefined when it is none. Codes are case-sensitive. */
export function ucumUnit (code: string): Unit | undefined {
  if (units.has(code)) return units.get(code)
  const unit = read(code)
  if (units.size < 10_000) units.set(code, unit)
  return unit
}

function read (code: string): Unit | undefined {
  const { unit, origString } = ucum().getSpecifiedUnit(code, 'validate')
  // The library also takes names and wrong brackets for what they probably mean; a code that it had to guess is none.
  if (!unit || (origString != null && origString !== code)) return undefined
  if (unit.cnv_ !== null) return special(unit, code)
  const vector = (unit.dim_?.dimVec_ ?? []).join('.') || '0.0.0.0.0.0.0'
  // Moles are a number in UCUM, and arbitrary units anything: neither may be compared with what merely has the same exponents.
  const mole = unit.moleExp_ === 0 ? '' : ` mol${unit.moleExp_}`
  const arbitrary = unit.isArbitrary_ ? ` ${(code.match(/\[[^\]]+\]/g) ?? []).join('').toUpperCase()}` : ''
  return { dimension: vector + mole + arbitrary, factor: Number(unit.magnitude_.toPrecision(15)), offset: 0 }
}

const KELVIN = '0.0.0.0.1.0.0'

/** Units that are no multiple of another: the temperatures are known, the rest (pH, decibel) compare only with themselves. */
function special ({ cnv_: name, cnvPfx_: prefix }: LhcUnit, code: string): Unit {
  if (name === 'Cel' && prefix === 1) return { dimension: KELVIN, factor: 1, offset: 273.15 }
  if (name === 'degF' && prefix === 1) return { dimension: KELVIN, factor: 5 / 9, offset: 459.67 * 5 / 9 }
  return { dimension: `special ${code}`, factor: 1, offset: 0 }
}

/** The unit of a quantity as it was sent. */
export function unitOf (system: string, code: string, unit: string): Unit {
  const known = system === UCUM && code !== '' ? ucumUnit(code) : undefined
  return known ?? { dimension: `${system}|${code === '' ? unit : code}`, factor: 1, offset: 0 }
}
