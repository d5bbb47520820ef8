// What is decided without touching data: the interaction and the caller's scope. https://hl7.org/fhir/R4/security.html#403
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { forbidden } from '../fhir/outcome.js'
import { isResourceType } from '../fhir/resource-types.js'
import type { Route } from './route.js'
import { mayWrite } from './write.js'

/** Throws FhirError 403 where no scope of the caller's covers this, or he may not write the type at all. */
export function refuseForbidden (caller: Caller, { interaction, scope }: Route, type: string): void {
  // A batch asks for each of its entries, a search of several types for each of these; the capabilities are for anybody.
  if (interaction === 'batch' || interaction === 'capabilities' || interaction === 'search-system' || type === '*') return
  if (!allows(caller, type === '' ? undefined : type, interaction)) {
    throw forbidden(`the token's scope does not cover ${interaction} of ${type === '' ? 'the whole system' : type}`)
  }
  const writes = scope === 'c' || scope === 'u' || scope === 'd'
  if (writes && isResourceType(type) && !mayWrite(caller, type)) throw forbidden(`this caller may not write ${type}`)
}
