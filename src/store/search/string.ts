// https://hl7.org/fhir/R4/search.html#string
import { beginning, folded } from '../../fhir/normalise.js'
import { KIND } from '../index/rows.js'
import { LENGTH } from '../index/string.js'
import { keyOf, tokens, unescaped, type Asked } from './build.js'
import type { Condition, TextTest } from './condition.js'

/** Begins with, without case and accents; `:contains`; `:exact`. */
export function stringValue (asked: Asked): Condition {
  const text = unescaped(asked.raw)
  if (asked.modifier === 'exact') return tokens([keyOf(asked, KIND.exact, text)], true)
  return words([keyOf(asked, KIND.word)], folded(text), asked.modifier === 'contains' ? 'contains' : 'starts')
}

/** That a text under one of these keys begins with another, or is otherwise to it. */
export const words = (keys: readonly string[], text: string, how: TextTest = 'starts'): Condition =>
  ({ kind: 'words', keys, text, start: beginning(text, LENGTH), how })
