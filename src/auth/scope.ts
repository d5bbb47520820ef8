// SMART App Launch 2.2, scopes for requesting FHIR resources: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
import { isResourceType } from '../fhir/resource-types.js'

/** One scope: these letters of `cruds` on this type, `*` being every type. */
export interface Scope { readonly context: 'patient' | 'user' | 'system', readonly type: string, readonly letters: string }

// Which letter allows an interaction. Those of the whole system ask for a scope on every type; a batch or transaction asks per entry.
const LETTERS = {
  read: 'r',
  vread: 'r',
  'history-instance': 'r',
  create: 'c',
  update: 'u',
  patch: 'u',
  delete: 'd',
  'search-type': 's',
  'search-system': 's',
  'history-type': 's',
  'history-system': 's',
  operation: 's'
} as const

export type ScopedInteraction = keyof typeof LETTERS

const SCOPE = /^(patient|user|system)\/(\*|[A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)$/
// The words of SMART 1 in the letters of SMART 2.
const WORDS: Readonly<Record<string, string>> = { read: 'rs', write: 'cud', '*': 'cruds' }

function scope (text: string): Scope {
  const [, context, type = '', letters = ''] = SCOPE.exec(text) ?? []
  const known = type === '*' || isResourceType(type)
  if ((context !== 'patient' && context !== 'user' && context !== 'system') || letters === '' || !known) {
    throw new RangeError(`"${text}" is not a scope. Scopes are (patient, user or system)/(a resource type or *).(letters of cruds), such as system/*.cruds or user/Observation.rs`)
  }
  return { context, type, letters: WORDS[letters] ?? letters }
}

/** The scopes of a text in which blanks separate them. Throws RangeError naming the one that is none. */
export const scopes = (text: string): Scope[] => text.split(' ').filter(part => part !== '').map(scope)

/**
 * Whether one of the caller's scopes allows this interaction. Scopes only narrow: what may be seen is decided by rows.
 * @param type undefined: the whole system
 */
export function allows (caller: { readonly scopes: readonly Scope[] }, type: string | undefined, interaction: ScopedInteraction): boolean {
  const letter = LETTERS[interaction]
  for (const { type: scoped, letters } of caller.scopes) {
    if ((scoped === '*' || scoped === type) && letters.includes(letter)) return true
  }
  return false
}
