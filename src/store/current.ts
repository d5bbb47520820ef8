// Where the current rows of a type are: a table of its own for those that there are many of, else one for all the rest.
// migrations/0003_current.ts
import { numberOf, type ResourceType } from '../fhir/resource-types.js'

const HOT: ReadonlySet<string> = new Set([
  'AllergyIntolerance', 'Appointment', 'CarePlan', 'CareTeam', 'Claim', 'Condition', 'Coverage', 'DiagnosticReport', 'DocumentReference', 'Encounter',
  'ExplanationOfBenefit', 'Immunization', 'MedicationAdministration', 'MedicationRequest', 'MedicationStatement', 'Observation', 'Patient', 'Procedure', 'ServiceRequest'
])

/** The table that holds the current rows of a type, named directly, since planning over all partitions takes milliseconds; `only`: what else is asked of its rows. */
export interface CurrentTable { readonly name: string, readonly only: string | undefined }

const snake = (type: string): string => type.replace(/(?<!^)[A-Z]/g, letter => `_${letter}`).toLowerCase()

export const currentTable = (type: ResourceType): CurrentTable => HOT.has(type)
  ? { name: `karta.current_${snake(type)}`, only: undefined }
  : { name: 'karta.current_rest', only: `type = ${numberOf(type)}` }
