// Numbers as values that print as they were written. https://hl7.org/fhir/R4/datatypes.html#decimal
import { Decimal } from './json-value.js'

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** Where the number that starts at `at` ends by the grammar; `at` itself when none does. */
export function numberEnd (text: string, at: number): number {
  NUMBER.lastIndex = at
  return NUMBER.test(text) ? NUMBER.lastIndex : at
}

/** A number when JavaScript prints it with this very text, else a Decimal. */
export function numberOf (token: string): number | Decimal {
  const value = Number(token)
  return String(value) === token ? value : new Decimal(token)
}

/** A token of this length has at most 15 significant digits: they are exact in a double, and a double prints with the digits it was made of. */
export const LONGEST_EXACT = 15

const ZERO = 48
const POWERS = Array.from({ length: LONGEST_EXACT + 1 }, (_, exponent) => 10 ** exponent)

/** A power of ten that is exact in a double: dividing exact digits by it rounds once, so correctly. */
export const power = (exponent: number): number => POWERS[exponent] ?? 10 ** exponent

/**
 * True when JavaScript prints the number units[start, end), unsigned and without exponent, as it is written: no leading zeros, no
 * trailing zeros after the point (which stands at `point`, -1: nowhere), and not below 1e-6, where it would print an exponent.
 */
export function printsAsWritten (units: Uint16Array, start: number, point: number, end: number): boolean {
  const first = units[start]
  const whole = (point < 0 ? end : point) - start
  if (first === ZERO && whole > 1) return false
  if (point < 0) return true
  const decimals = end - point - 1
  return decimals > 0 && units[end - 1] !== ZERO && (decimals <= 6 || first !== ZERO)
}
