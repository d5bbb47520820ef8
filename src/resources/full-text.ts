// `_text`, the words of the narrative, and `_content`, those of the whole resource. https://hl7.org/fhir/R4/search.html#content
// docs/decisions/0024-full-text.md
import { invalid, notSupported } from '../fhir/outcome.js'
import { unescaped, type Criterion } from '../fhir/search/parameter.js'
import { wordQuery } from '../fhir/search/words.js'
import { or, type Condition } from '../store/search/condition.js'
import type { Server } from './server.js'

const COLUMNS: Readonly<Record<string, 'narrative' | 'content'>> = { _text: 'narrative', _content: 'content' }

export const isFullText = ({ code }: Criterion): boolean => Object.hasOwn(COLUMNS, code)

/** What a criterion asks, of its alternatives any. Throws FhirError 400 where it has a modifier or no words. */
export function wordsIn ({ name, code, modifier, values }: Criterion): Condition {
  if (modifier !== undefined) throw invalid(`${name}: ${code} has no modifiers`)
  return or(values.map(raw => ({ kind: 'full-text', of: COLUMNS[code] ?? 'content', query: wordQuery(name, unescaped(raw)) })))
}

/** The same, as soon as all that is stored can be found by it. Throws FhirError 400 where this server has no index of words, 409 with its progress while that is not complete. */
export async function withWords ({ fullText }: Pick<Server, 'fullText'>, criterion: Criterion): Promise<Condition> {
  const condition = wordsIn(criterion)
  if (fullText === undefined) throw notSupported(`${criterion.name}: this server has no index of words; KARTA_FULL_TEXT=on makes one`)
  await fullText.ready()
  return condition
}
