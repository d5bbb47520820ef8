// A code and a quantity that are asked of one resource, found together: where both stand once, directly in the resource, a composite of them holds
// just what both say. https://hl7.org/fhir/R4/search.html#composite docs/decisions/0010-index-rows.md
import type { Criterion } from '../../fhir/search/parameter.js'
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../generated/search-parameters.js'
import { KIND } from '../index/rows.js'
import { keyOf, split } from './build.js'
import type { Condition } from './condition.js'
import { componentTexts } from './token.js'

/**
 * The families (see quantity_key) of the values of a quantity parameter in resources with the codes that the criteria ask for; undefined where no
 * composite tells them.
 */
export function joinedFamilies (type: string, criteria: readonly Criterion[], code: string): readonly string[] | undefined {
  for (const composite of Object.values(SEARCH_PARAMETERS[type] ?? {})) {
    const [first, second, ...more] = composite.components ?? []
    if (composite.expression !== type || first?.type !== 'token' || second?.type !== 'quantity' || second.code !== code || more.length > 0) continue
    const asked = criteria.find(each => each.code === first.code && each.steps.length === 0 && each.modifier === undefined)
    if (asked?.values.every(isCode) === true) return familiesOf(type, composite, asked, SEARCH_PARAMETERS[type]?.[first.code])
  }
  return undefined
}

// Not `system|`, which means any code of it.
const isCode = (value: string): boolean => {
  const pieces = split(value, '|')
  return pieces.length <= 2 && pieces.at(-1) !== ''
}

const familiesOf = (type: string, { code }: SearchParameterRow, { name, values }: Criterion, row: SearchParameterRow | undefined): readonly string[] =>
  values.flatMap(value => componentTexts(name, value, row?.systems)).map(text => keyOf({ type, part: { code } }, KIND.family, text))

/** The condition on a quantity in another family. */
export function ofFamily (condition: Condition, family: string): Condition {
  if (condition.kind === 'quantities') return { ...condition, family }
  return condition.kind === 'or' ? { ...condition, of: condition.of.map(each => ofFamily(each, family)) } : condition
}
