// How a code system or value set is found by its canonical url. https://hl7.org/fhir/R4/references.html#canonical
import { partsOf } from '../index/folded.js'
import { KIND } from '../index/rows.js'
import { keyOf } from './build.js'

export type TerminologyType = 'CodeSystem' | 'ValueSet'

/** The tokens that a current row must have, and those by which of several one comes first. */
export interface CanonicalTokens { readonly must: readonly string[], readonly complete: readonly string[], readonly active: readonly string[], readonly retired: readonly string[] }

export function canonicalTokens (type: TerminologyType, url: string, version: string | undefined): CanonicalTokens {
  // `url` of a CodeSystem is kept under `system`, which is the same.
  const key = (code: string, kind: string, text: string): string => keyOf({ type, part: partsOf(type, code)[0] ?? { code } }, kind, text)
  return {
    must: [key('url', KIND.url, url), ...(version === undefined ? [] : [key('version', KIND.code, version)])],
    complete: type === 'CodeSystem' ? [key('content-mode', KIND.code, 'complete')] : [],
    active: [key('status', KIND.code, 'active')],
    retired: [key('status', KIND.code, 'retired')]
  }
}
