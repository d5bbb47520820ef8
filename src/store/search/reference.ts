// https://hl7.org/fhir/R4/search.html#reference
import { invalid } from '../../fhir/outcome.js'
import { isId, parseReference, referenceTo } from '../../fhir/reference.js'
import { ownerParameter } from '../index/folded.js'
import { KIND } from '../index/rows.js'
import { keyOf, tokens, unescaped, type Asked } from './build.js'
import { NEVER, type Condition, or, type ResourceName } from './condition.js'
import { tokenValue } from './token.js'

/** `Type/id`, `id`, a url, each perhaps with a version; with `:Type` an id of that type. */
export function referenceValue (asked: Asked): Condition {
  const { name, row, part, modifier, raw, context } = asked
  const text = unescaped(raw)
  const target = parseReference(text, context.base)
  switch (target.kind) {
    case 'literal': {
      if (modifier !== undefined && modifier !== target.type) throw invalid(`${name}=${text} names a ${target.type}: :${modifier} asks for another type`)
      if (part.only !== undefined && part.only !== target.type) return NEVER
      return target.version === undefined ? toResource(asked, target.type, [target]) : tokens([keyOf(asked, KIND.version, `${target.type}/${target.id}/_history/${target.version}`)], true)
    }
    case 'canonical': return tokens([keyOf(asked, KIND.version, text)], true)
    case 'elsewhere':
    case 'urn': return tokens([keyOf(asked, KIND.url, text)], true)
    case 'contained':
    case 'conditional':
    case 'unknown': {
      if (!isId(text)) throw invalid(`${name}=${text} is no reference: it is Type/id, an id, or an absolute url`)
      const types = [modifier ?? part.only ?? row.target ?? []].flat()
      return or(types.filter(type => part.only === undefined || part.only === type).map(type => toResource(asked, type, [{ id: text }])))
    }
  }
}

/** That a resource refers to one of these of a type. */
export function toResource (asked: Pick<Asked, 'type' | 'part'>, target: string, names: readonly ResourceName[]): Condition {
  const references = names.map(({ id }) => keyOf(asked, KIND.reference, referenceTo(target, id)))
  if (target === 'Patient' && ownerParameter(asked.type) === asked.part.code) {
    return { kind: 'owned', patients: names, indirect: [keyOf(asked, KIND.indirect)], references }
  }
  return tokens(references, true)
}

/** `:identifier`: by the identifier that stands in the reference itself. */
export const identifierValue = (asked: Asked): Condition => tokenValue({ ...asked, modifier: undefined })
