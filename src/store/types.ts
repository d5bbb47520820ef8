// The table of all types: what each is, whose it is, and who else may see it as himself. docs/decisions/0011-types-table.md
// links.ts finds the references that it names.
import type { ResourceType } from '../fhir/resource-types.js'

export type Class = 'patient-data' | 'directory' | 'conformance' | 'control'

/** The int2 under which the database knows a class; 0 is patient data that nobody owns, which only the operator sees. */
export const CLASS_NUMBER: Readonly<Record<Class, number>> = { 'patient-data': 1, directory: 2, conformance: 3, control: 4 }

/**
 * One type. Paths are element names joined by dots below the resource, arrays implied (`participant.actor`), and always
 * lead to a Reference; only `Bundle.entry.resource` leads to whole resources.
 */
export interface TypeRow {
  readonly class: Class
  /**
   * Where the patients are named whose permit is needed. Tried in order: the first element that names anybody decides,
   * those after it are for resources that leave it out.
   */
  readonly owners: readonly string[]
  /** Patients who may see it as themselves though nobody needs their permit: the parties of a message, a policy, a bill. */
  readonly participants: readonly string[]
  /** References without which the resource has no meaning: where any of them is hidden, so is the resource. */
  readonly mandatory: readonly string[]
}

interface More { participants?: readonly string[], mandatory?: readonly string[] }

const row = (kind: Class, owners: readonly string[], { participants = [], mandatory = [] }: More = {}): TypeRow =>
  ({ class: kind, owners, participants, mandatory })
const patientData = (owners: readonly string[], more?: More): TypeRow => row('patient-data', owners, more)
const directory = (more?: More): TypeRow => row('directory', [], more)
const conformance: TypeRow = row('conformance', [])

const SUBJECT = patientData(['subject'])
const PATIENT = patientData(['patient'])

export const TYPES = {
  Account: patientData(['subject'], { participants: ['guarantor.party'] }),
  ActivityDefinition: conformance,
  AdverseEvent: SUBJECT,
  AllergyIntolerance: PATIENT,
  Appointment: patientData(['participant.actor']),
  AppointmentResponse: patientData(['actor', 'appointment'], { mandatory: ['appointment'] }),
  AuditEvent: row('control', ['entity.what'], { mandatory: ['source.observer'] }),
  Basic: SUBJECT,
  Binary: patientData(['securityContext'], { mandatory: ['securityContext'] }),
  BiologicallyDerivedProduct: patientData(['collection.source']),
  BodyStructure: PATIENT,
  Bundle: patientData(['entry.resource']),
  CapabilityStatement: conformance,
  CarePlan: SUBJECT,
  CareTeam: SUBJECT,
  CatalogEntry: directory({ mandatory: ['referencedItem'] }),
  ChargeItem: SUBJECT,
  ChargeItemDefinition: conformance,
  Claim: patientData(['patient'], { mandatory: ['insurance.coverage'] }),
  ClaimResponse: PATIENT,
  ClinicalImpression: SUBJECT,
  CodeSystem: conformance,
  Communication: patientData(['subject'], { participants: ['sender', 'recipient'] }),
  CommunicationRequest: patientData(['subject'], { participants: ['requester', 'sender', 'recipient'] }),
  CompartmentDefinition: conformance,
  Composition: patientData(['subject'], { mandatory: ['author'] }),
  ConceptMap: conformance,
  Condition: SUBJECT,
  Consent: row('control', ['patient']),
  Contract: patientData(['subject'], { participants: ['author', 'signer.party', 'term.offer.party.reference'] }),
  Coverage: patientData(['beneficiary'], { participants: ['subscriber', 'policyHolder', 'payor'], mandatory: ['payor'] }),
  CoverageEligibilityRequest: PATIENT,
  CoverageEligibilityResponse: patientData(['patient'], { mandatory: ['request'] }),
  DetectedIssue: patientData(['patient', 'implicated'], { mandatory: ['implicated'] }),
  Device: PATIENT,
  DeviceDefinition: directory(),
  DeviceMetric: patientData(['source', 'parent'], { mandatory: ['source'] }),
  DeviceRequest: patientData(['subject'], { mandatory: ['codeReference'] }),
  DeviceUseStatement: patientData(['subject'], { mandatory: ['device'] }),
  DiagnosticReport: SUBJECT,
  DocumentManifest: patientData(['subject', 'content'], { participants: ['recipient'], mandatory: ['content'] }),
  DocumentReference: SUBJECT,
  EffectEvidenceSynthesis: conformance,
  Encounter: SUBJECT,
  Endpoint: directory(),
  EnrollmentRequest: patientData(['candidate']),
  EnrollmentResponse: patientData(['request'], { mandatory: ['request'] }),
  EpisodeOfCare: PATIENT,
  EventDefinition: conformance,
  Evidence: conformance,
  EvidenceVariable: conformance,
  ExampleScenario: conformance,
  ExplanationOfBenefit: patientData(['patient'], { mandatory: ['insurance.coverage'] }),
  FamilyMemberHistory: PATIENT,
  Flag: SUBJECT,
  Goal: SUBJECT,
  GraphDefinition: conformance,
  Group: patientData(['member.entity']),
  GuidanceResponse: SUBJECT,
  HealthcareService: directory(),
  ImagingStudy: SUBJECT,
  Immunization: PATIENT,
  ImmunizationEvaluation: patientData(['patient'], { mandatory: ['immunizationEvent'] }),
  ImmunizationRecommendation: PATIENT,
  ImplementationGuide: conformance,
  InsurancePlan: directory(),
  Invoice: patientData(['subject'], { participants: ['recipient'] }),
  Library: conformance,
  Linkage: patientData(['item.resource'], { mandatory: ['item.resource'] }),
  List: patientData(['subject', 'entry.item']),
  Location: directory(),
  Measure: conformance,
  MeasureReport: SUBJECT,
  Media: SUBJECT,
  Medication: directory(),
  MedicationAdministration: SUBJECT,
  MedicationDispense: SUBJECT,
  MedicationKnowledge: directory(),
  MedicationRequest: SUBJECT,
  MedicationStatement: SUBJECT,
  MedicinalProduct: directory(),
  MedicinalProductAuthorization: directory(),
  MedicinalProductContraindication: directory(),
  MedicinalProductIndication: directory(),
  MedicinalProductIngredient: directory(),
  MedicinalProductInteraction: directory(),
  MedicinalProductManufactured: directory(),
  MedicinalProductPackaged: directory(),
  MedicinalProductPharmaceutical: directory(),
  MedicinalProductUndesirableEffect: directory(),
  MessageDefinition: conformance,
  MessageHeader: patientData(['focus']),
  MolecularSequence: patientData(['patient', 'specimen']),
  NamingSystem: conformance,
  NutritionOrder: PATIENT,
  Observation: SUBJECT,
  ObservationDefinition: conformance,
  OperationDefinition: conformance,
  OperationOutcome: row('control', []),
  Organization: directory(),
  OrganizationAffiliation: directory(),
  Patient: patientData([]), // is its own owner: rights follow the row, not Patient.link
  PaymentNotice: patientData(['request', 'response', 'payment'], { mandatory: ['payment'] }),
  PaymentReconciliation: patientData(['detail.request', 'detail.response']),
  Person: patientData(['link.target']),
  PlanDefinition: conformance,
  Practitioner: directory(),
  PractitionerRole: directory(),
  Procedure: SUBJECT,
  Provenance: row('control', ['target'], { mandatory: ['target', 'agent.who'] }),
  Questionnaire: conformance,
  QuestionnaireResponse: patientData(['subject'], { participants: ['source', 'author'] }),
  RelatedPerson: PATIENT,
  RequestGroup: SUBJECT,
  ResearchDefinition: conformance,
  ResearchElementDefinition: conformance,
  ResearchStudy: directory(),
  ResearchSubject: patientData(['individual']),
  RiskAssessment: SUBJECT,
  RiskEvidenceSynthesis: conformance,
  Schedule: directory({ mandatory: ['actor'] }),
  SearchParameter: conformance,
  ServiceRequest: SUBJECT,
  Slot: directory({ mandatory: ['schedule'] }),
  Specimen: SUBJECT,
  SpecimenDefinition: conformance,
  StructureDefinition: conformance,
  StructureMap: conformance,
  Subscription: row('control', []),
  Substance: directory(),
  SubstanceNucleicAcid: directory(),
  SubstancePolymer: directory(),
  SubstanceProtein: directory(),
  SubstanceReferenceInformation: directory(),
  SubstanceSourceMaterial: directory(),
  SubstanceSpecification: directory(),
  SupplyDelivery: PATIENT,
  SupplyRequest: patientData(['deliverTo', 'requester'], { mandatory: ['itemReference'] }),
  Task: patientData(['for', 'focus'], { participants: ['requester', 'owner', 'restriction.recipient'] }),
  TerminologyCapabilities: conformance,
  TestReport: conformance,
  TestScript: conformance,
  ValueSet: conformance,
  VerificationResult: row('control', ['target'], { mandatory: ['target'] }),
  VisionPrescription: PATIENT
} as const satisfies Record<ResourceType, TypeRow>

/**
 * The types whose mandatory references may point to anything, in the order in which they may point to each other: only
 * to types that stand before them here (or not here at all), so that hiding one by another always ends.
 */
export const ANYTHING: readonly ResourceType[] = ['DetectedIssue', 'Binary', 'CatalogEntry', 'DocumentManifest', 'Linkage', 'VerificationResult', 'Provenance']

/** The same table for a name that may be no type. */
export const ROWS: ReadonlyMap<string, TypeRow> = new Map(Object.entries(TYPES))
