// The modifiers of tokens that ask the code systems and value sets that are held. https://hl7.org/fhir/R4/search.html#token
import { invalid } from '../../fhir/outcome.js'
import type { Codes } from '../../fhir/terminology/code-set.js'
import { KIND } from '../index/rows.js'
import { keyOf, split, tokens, unescaped, type Asked } from './build.js'
import { NEVER, or, type Condition } from './condition.js'
import { ofSystem, termsFrom } from './token.js'

const MODIFIERS: readonly string[] = ['in', 'not-in', 'above', 'below']

/** Whether a modifier of a token is one for which value sets or hierarchies are looked up. */
export const asksCodes = (modifier: string | undefined): boolean => modifier !== undefined && MODIFIERS.includes(modifier)

/** The code that `:above` or `:below` asks for, with the systems of which it may be. Throws FhirError 400 where it is no system|code. */
export function conceptAsked ({ name, raw, row }: Pick<Asked, 'name' | 'raw' | 'row'>): { readonly systems: readonly string[], readonly code: string } {
  const [first = '', second, ...more] = split(raw, '|').map(unescaped)
  const systems = second === undefined ? row.bound ?? [] : [first]
  const code = second ?? first
  if (more.length > 0 || code === '' || systems.length === 0 || systems[0] === '') throw invalid(`${name}=${raw} is not system|code`)
  return { systems, code }
}

const UNCODED: readonly string[] = ['Identifier', 'ContactPoint', 'boolean', 'id', 'string', 'uri']

/** One value of such a parameter; until its codes have been looked up only its form is judged. */
export function codesValue (asked: Asked): Condition {
  const { name, row, modifier, raw, context } = asked
  if (row.of?.every(type => UNCODED.includes(type)) === true) throw invalid(`${name}: ${row.code} is of type ${row.of.join(' or ')}, which no code system or value set has; :${modifier ?? ''} is for codes`)
  if (modifier === 'above' || modifier === 'below') {
    const { systems, code } = conceptAsked(asked)
    if (isMediaType(asked, systems)) return ofMediaType(asked, code)
  }
  const set = context.codes?.get(raw)
  return set === undefined ? NEVER : or(Array.from(set, ([system, codes]) => ofCodes(asked, system, codes)))
}

function ofCodes (asked: Asked, system: string, { all, listed }: Codes): Condition {
  // A `code` element says no system: that of its binding is meant.
  const implied = asked.row.systems?.includes(system) === true
  const keys = [...listed].flatMap(code => [keyOf(asked, KIND.coding, `${system}|${code}`), ...(implied ? [keyOf(asked, KIND.code, code)] : [])])
  if (!all) return tokens(keys)
  if (listed.size === 0) return ofSystem(asked, system)
  const except = { except: keys }
  return or([{ ...termsFrom(asked, `${KIND.coding}${system}|`), ...except }, ...(implied ? [{ ...termsFrom(asked, KIND.code), ...except }] : [])])
}

const MEDIA_TYPES = 'urn:ietf:bcp:13'

/** Media types have a hierarchy of their own: https://hl7.org/fhir/R4/search.html#mimetype */
export const isMediaType = ({ row, modifier }: Pick<Asked, 'row' | 'modifier'>, systems: readonly string[]): boolean =>
  modifier === 'below' && row.systems?.includes(MEDIA_TYPES) === true && systems.includes(MEDIA_TYPES)

const ofMediaType = (asked: Asked, code: string): Condition =>
  or([tokens([keyOf(asked, KIND.code, code)]), termsFrom(asked, `${KIND.code}${code};`), termsFrom(asked, `${KIND.code}${code} ;`)])
