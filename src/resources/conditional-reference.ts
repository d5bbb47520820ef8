// References that say what they mean by a search, as far as identifiers go: `Practitioner?identifier=system|value`.
// https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readByIdentifier, type IdentifierKey } from '../consent/visible.js'
import { FhirError, notSupported } from '../fhir/outcome.js'
import { parseReference, referenceTo } from '../fhir/reference.js'
import type { Server } from './server.js'

/**
 * What each conditional reference means, as `Type/id`, in one statement for all. Throws FhirError 412 where one matches
 * none or several of what the caller may see, 400 for a search that is not by identifier.
 */
export async function conditionalTargets (server: Server, caller: Caller, references: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const keys = references.map(identifierKey)
  const matches = await readByIdentifier(server.readers, caller, keys)
  return new Map(references.map((reference, place) => {
    const ids = matches[place] ?? []
    const [id] = ids
    if (id === undefined || ids.length > 1) throw unmatched(reference, ids.length)
    return [reference, referenceTo(keys[place]?.type ?? '', id)]
  }))
}

const unmatched = (reference: string, count: number): FhirError => new FhirError(412, [{
  severity: 'error',
  code: count === 0 ? 'not-found' : 'multiple-matches',
  diagnostics: `the reference ${reference.slice(0, reference.indexOf('?'))}?identifier=... must match one resource; it matches ${count === 0 ? 'none' : 'several'}`
}])

function identifierKey (reference: string): IdentifierKey {
  const target = parseReference(reference)
  if (target.kind !== 'conditional') throw notSupported(`the reference ${reference} is no Type?identifier=system|value`)
  const parameters = new URLSearchParams(target.query)
  const identifier = parameters.get('identifier')
  if (identifier === null || parameters.size !== 1) throw notSupported(`a conditional reference can be by identifier only: ${target.type}?identifier=system|value`)
  const bar = identifier.indexOf('|')
  return { type: target.type, system: bar === -1 ? undefined : identifier.slice(0, bar), value: identifier.slice(bar + 1) }
}
