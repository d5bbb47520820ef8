// https://hl7.org/fhir/R4/search.html#composite
import { folded } from '../../fhir/normalise.js'
import { invalid } from '../../fhir/outcome.js'
import { isId, parseReference, referenceTo } from '../../fhir/reference.js'
import { KIND } from '../index/rows.js'
import type { SearchComponent } from '../../generated/search-parameters.js'
import { parameterOf } from './known.js'
import { dateIn, keyOf, numberIn, split, tokens, unescaped, type Asked } from './build.js'
import { or, type Condition } from './condition.js'
import { quantityValue } from './quantity.js'
import { words } from './string.js'
import { componentTexts } from './token.js'

/** The components of one element instance together, joined by `$`. */
export function compositeValue (asked: Asked): Condition {
  const { name, row, raw } = asked
  const components = row.components ?? []
  const pieces = split(raw, '$')
  if (pieces.length !== components.length || pieces.includes('')) throw invalid(`${name}=${raw} takes ${components.map(({ code }) => code).join('$')}`)
  const [first = '', second = '', third = ''] = pieces
  return or(textsOf(asked, components[0], first).map(code => pair(asked, code, second, third)))
}

function textsOf ({ name, type, context, row }: Asked, component: SearchComponent | undefined, raw: string): string[] {
  // A `code` element says no system: that of its binding is meant.
  if (component?.type !== 'reference') return componentTexts(name, raw, parameterOf(type, component?.code ?? '')?.systems)
  const text = unescaped(raw)
  const target = parseReference(text, context.base)
  if (target.kind === 'literal') return [KIND.reference + referenceTo(target.type, target.id)]
  if (target.kind === 'unknown' && isId(text)) return (row.target ?? []).map(type => KIND.reference + referenceTo(type, text))
  return [KIND.url + text]
}

function pair (asked: Asked, code: string, second: string, third: string): Condition {
  const { name, row, context } = asked
  switch (row.components?.[1]?.type) {
    case 'quantity': return quantityValue({ ...asked, raw: second }, KIND.family, code)
    case 'string': return words([keyOf(asked, KIND.word, code)], folded(unescaped(second)))
    case 'date': return { kind: 'dates', key: keyOf(asked, KIND.date, code), comparison: dateIn(name, unescaped(second), context) }
    case 'number': return { kind: 'window', key: keyOf(asked, KIND.number, code), start: numberIn(name, unescaped(second)), end: numberIn(name, unescaped(third)) }
    default: return tokens(textsOf(asked, row.components?.[1], second).map(value => keyOf(asked, KIND.pair, `${code}$${value}`)))
  }
}
