// That a resource belongs to a compartment. https://hl7.org/fhir/R4/compartmentdefinition.html https://hl7.org/fhir/R4/search.html#compartment
import { invalid } from '../../fhir/outcome.js'
import { isId } from '../../fhir/reference.js'
import { isResourceType, numberOf, type ResourceType } from '../../fhir/resource-types.js'
import { COMPARTMENTS } from '../../generated/compartments.js'
import { partsOf } from '../index/folded.js'
import { parameterOf } from './known.js'
import { NEVER, or, type Condition } from './condition.js'
import { toResource } from './reference.js'

/** Whose compartment is asked. */
export interface Compartment { readonly type: string, readonly id: string }

export const isCompartment = (type: string): boolean => Object.hasOwn(COMPARTMENTS, type)

/** The types of which resources can be in a compartment of a kind. */
export const compartmentTypes = (type: string): readonly ResourceType[] => Object.keys(COMPARTMENTS[type] ?? {}).filter(isResourceType)

/** Throws FhirError 400 where resources of the type are in no compartment of this kind. */
export function inCompartment (type: ResourceType, { type: compartment, id }: Compartment): Condition {
  const parameters = COMPARTMENTS[compartment]?.[type]
  if (parameters === undefined) throw invalid(`${type} belongs to no ${compartment}: a compartment of it has ${Object.keys(COMPARTMENTS[compartment] ?? {}).join(', ')}`)
  if (!isId(id)) return NEVER
  return or(parameters.flatMap(code => {
    if (code === '{def}') return [{ kind: 'ids', type: numberOf(type), ids: [id] }]
    // A few that the definitions name are no parameters of R4.
    if (parameterOf(type, code)?.type !== 'reference') return []
    return partsOf(type, code).filter(({ only }) => only === undefined || only === compartment).map(part => toResource({ type, part }, compartment, [{ id }]))
  }))
}

/** The tokens by which resources of any type refer to whose compartment it is; where the owner columns say it, there are none. */
export const compartmentTokens = (compartment: Compartment): readonly string[] =>
  compartmentTypes(compartment.type).flatMap(type => tokensOf(inCompartment(type, compartment)))

function tokensOf (condition: Condition): readonly string[] {
  switch (condition.kind) {
    case 'tokens': return condition.any
    case 'owned': return condition.references
    case 'or': return condition.of.flatMap(tokensOf)
    default: return []
  }
}
