// What is asked of several types as one condition, so that those that share a table are searched together.
// https://hl7.org/fhir/R4/search.html#all
//
// Tokens and keys carry the name of the type that they are of: those of one type stand in no row of another. So where types are asked alike,
// the tokens of all of them ask of each row what was meant for its type.
import { isDeepStrictEqual } from 'node:util'
import type { Condition } from './condition.js'

/** One condition that asks of a row of either kind of type what was meant for its type; undefined where they are asked differently. */
export function alike (left: Condition, right: Condition): Condition | undefined {
  switch (left.kind) {
    case 'tokens': return right.kind === 'tokens' ? { kind: 'tokens', any: union(left.any, right.any), sparse: left.sparse && right.sparse } : undefined
    case 'owned': {
      if (right.kind !== 'owned' || !isDeepStrictEqual(left.patients, right.patients)) return undefined
      return { ...left, indirect: union(left.indirect, right.indirect), references: union(left.references, right.references) }
    }
    case 'words': {
      if (right.kind !== 'words' || left.text !== right.text || left.start !== right.start || left.how !== right.how) return undefined
      return { ...left, keys: union(left.keys, right.keys) }
    }
    case 'ids': return right.kind === 'ids' && isDeepStrictEqual(left.ids, right.ids) ? { ...left, type: left.type === right.type ? left.type : undefined } : undefined
    case 'not': {
      const of = right.kind === 'not' ? alike(left.of, right.of) : undefined
      return of && { kind: 'not', of }
    }
    case 'and':
    case 'or': {
      const of = right.kind === left.kind ? allAlike(left.of, right.of) : undefined
      return of && { kind: left.kind, of }
    }
    default: return isDeepStrictEqual(left, right) ? left : undefined
  }
}

/** The same of conditions that must all hold. */
export function allAlike (left: readonly Condition[], right: readonly Condition[]): Condition[] | undefined {
  if (left.length !== right.length) return undefined
  const both = left.map((each, place) => {
    const other = right[place]
    return other && alike(each, other)
  })
  return both.every(each => each !== undefined) ? both : undefined
}

const union = (left: readonly string[], right: readonly string[]): readonly string[] => isDeepStrictEqual(left, right) ? left : [...new Set([...left, ...right])]
