// Codes as the demo city uses them: the coding's display in English, as its code system has it, and the text in Russian.
// https://hl7.org/fhir/R4/terminologies-systems.html
import type { CodeableConcept, Coding, Reference, Resource } from '@medplum/fhirtypes'

export const SNOMED = 'http://snomed.info/sct'
export const LOINC = 'http://loinc.org'
export const ICD10 = 'http://hl7.org/fhir/sid/icd-10'
export const ATC = 'http://www.whocc.no/atc'
export const CVX = 'http://hl7.org/fhir/sid/cvx'
export const UCUM = 'http://unitsofmeasure.org'
export const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'

/** The identifiers of the city's people and places; example.org names nobody. */
export const POLICY = 'https://karta.example.org/id/oms-policy'
export const SNILS = 'https://karta.example.org/id/snils'
export const LICENCE = 'https://karta.example.org/id/clinic-licence'
export const DIPLOMA = 'https://karta.example.org/id/medical-register'

/** HL7's own code systems, by their last name. */
export const hl7 = (name: string): string => `http://terminology.hl7.org/CodeSystem/${name}`

export const coding = (system: string, code: string, display: string): Coding => ({ system, code, display })

export const concept = (text: string, ...codings: Coding[]): CodeableConcept => ({ coding: codings, text })

/** A concept of one coding that needs no words of its own. */
export const code = (system: string, code: string, display: string): CodeableConcept => ({ coding: [coding(system, code, display)] })

export const reference = <T extends Resource>(type: T['resourceType'], id: string, display?: string): Reference<T> =>
  ({ reference: `${type}/${id}`, ...(display !== undefined && { display }) })

/** The label of what a psychiatrist or psychologist wrote. https://hl7.org/fhir/R4/security-labels.html */
export const PSYCHIATRY = coding(ACT_CODE, 'PSY', 'psychiatry disorder information sensitivity')
