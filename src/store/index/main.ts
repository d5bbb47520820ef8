// What of each type search needs most, and what its resources usually have. FIXED FOR EVER: stored rows depend on it.
import { SEARCH_PARAMETERS } from '../../generated/search-parameters.js'

// The date that says when it happened, for columns dlo and dhi. Types not listed: `date` where there is one.
const DATE: Readonly<Record<string, string>> = {
  Account: 'period',
  Appointment: 'date',
  Basic: 'created',
  Bundle: 'timestamp',
  ChargeItem: 'occurrence',
  Claim: 'created',
  ClaimResponse: 'created',
  Communication: 'sent',
  CommunicationRequest: 'authored',
  Condition: 'onset-date',
  Contract: 'issued',
  CoverageEligibilityRequest: 'created',
  CoverageEligibilityResponse: 'created',
  DetectedIssue: 'identified',
  DeviceRequest: 'authored-on',
  DocumentManifest: 'created',
  ExplanationOfBenefit: 'created',
  Goal: 'start-date',
  ImagingStudy: 'started',
  Media: 'created',
  MedicationAdministration: 'effective-time',
  MedicationDispense: 'whenhandedover',
  MedicationRequest: 'authoredon',
  MedicationStatement: 'effective',
  NutritionOrder: 'datetime',
  PaymentNotice: 'created',
  PaymentReconciliation: 'created',
  Provenance: 'recorded',
  QuestionnaireResponse: 'authored',
  RequestGroup: 'authored',
  ServiceRequest: 'authored',
  Slot: 'start',
  Specimen: 'collected',
  Task: 'authored-on',
  TestReport: 'issued',
  VisionPrescription: 'datewritten'
}

// The code that says what it is, for column c1 and code_value. Types not listed: `code`, where there is one.
const CODE: Readonly<Record<string, string>> = {
  CarePlan: 'category',
  Composition: 'type',
  DocumentReference: 'type',
  Encounter: 'type',
  Immunization: 'vaccine-code'
}

/** The code of the parameter that columns dlo and dhi answer. */
export const mainDate = (type: string): string => DATE[type] ?? 'date'
/** The code of the parameter that column c1 (and code_value, for further codings) answers. */
export const mainCode = (type: string): string => CODE[type] ?? 'code'

// For :missing, a resource has a token for each of these that it has not, and for each other parameter that it has; what is the rule costs nothing.
const USUAL: Readonly<Record<string, readonly string[]>> = {
  AllergyIntolerance: ['category', 'clinical-status', 'code', 'criticality', 'patient', 'type', 'verification-status'],
  Appointment: ['actor', 'patient', 'practitioner'],
  CarePlan: ['activity-code', 'category', 'encounter', 'patient', 'subject'],
  CareTeam: ['encounter', 'patient', 'status', 'subject'],
  Claim: ['encounter', 'patient', 'provider'],
  Condition: ['clinical-status', 'code', 'encounter', 'patient', 'recorded-date', 'subject', 'verification-status'],
  Coverage: ['beneficiary', 'patient', 'payor'],
  DiagnosticReport: ['category', 'encounter', 'issued', 'patient', 'result', 'subject'],
  DocumentReference: ['category', 'contenttype', 'encounter', 'location', 'patient', 'subject', 'type'],
  Encounter: ['class', 'participant', 'patient', 'practitioner', 'service-provider', 'subject', 'type'],
  ExplanationOfBenefit: ['care-team', 'claim', 'encounter', 'identifier', 'patient', 'provider'],
  Goal: ['achievement-status', 'patient', 'subject'],
  ImagingStudy: ['bodysite', 'dicom-class', 'encounter', 'identifier', 'instance', 'modality', 'patient', 'series', 'subject'],
  Immunization: ['patient', 'vaccine-code'],
  Location: ['address', 'address-city', 'address-country', 'address-postalcode', 'address-state', 'name', 'organization', 'status'],
  MedicationAdministration: ['code', 'context', 'patient', 'subject'],
  MedicationRequest: ['code', 'encounter', 'patient', 'requester', 'subject'],
  MedicationStatement: ['code', 'patient', 'subject'],
  Observation: ['category', 'code-value-quantity', 'encounter', 'patient', 'subject', 'value-quantity'],
  Organization: ['active', 'address', 'address-city', 'address-country', 'address-postalcode', 'address-state', 'identifier', 'name', 'type'],
  Patient: [
    'address', 'address-city', 'address-country', 'address-postalcode', 'address-state', 'birthdate', 'deceased', 'family', 'gender', 'given',
    'identifier', 'language', 'name', 'phone', 'telecom'
  ],
  Practitioner: ['active', 'address', 'address-city', 'address-country', 'address-postalcode', 'address-state', 'family', 'gender', 'given', 'identifier', 'name'],
  PractitionerRole: ['organization', 'practitioner', 'role'],
  Procedure: ['code', 'encounter', 'patient', 'subject'],
  ServiceRequest: ['category', 'code', 'encounter', 'patient', 'requester', 'subject']
}

/** Whether resources of a type mostly have a value of this parameter. An element that they must have may hold an extension instead of a value. */
export const isUsual = (type: string, code: string): boolean => USUAL[type]?.includes(code) === true || SEARCH_PARAMETERS[type]?.[code]?.mandatory === true
