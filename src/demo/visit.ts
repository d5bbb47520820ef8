// One visit as resources: the encounter, why, what was measured, found, prescribed, done. https://hl7.org/fhir/R4/encounter.html
import type { Condition, Encounter, Immunization, Location, MedicationRequest, Organization, Practitioner, Procedure, Reference, Resource } from '@medplum/fhirtypes'
import { SNOMED, UCUM, ACT_CODE, PSYCHIATRY, code, coding, concept, hl7, reference } from './concept.js'
import { DISEASES, DRUGS, PROCEDURES, VACCINES, type Disease, type DrugName, type ProcedureName, type Vaccine } from './disease.js'
import { patientReference, type Resident } from './families.js'
import { laboratory } from './laboratory.js'
import type { Life, Visit } from './lives.js'
import { DOCTORS, clinicOf, nameOf } from './places.js'
import type { Random } from './random.js'
import { labelled, moment, type Setting } from './setting.js'
import { moodScore, vitalSigns } from './vital-signs.js'

/** All resources of one visit. */
export function visitResources (resident: Resident, life: Life, visit: Visit, random: Random): Resource[] {
  const doctor = DOCTORS[visit.doctor]
  const id = `${resident.id}-${visit.date}`
  const setting: Setting = {
    id,
    visit,
    life,
    random,
    resident,
    patient: patientReference(resident),
    encounter: reference<Encounter>('Encounter', id),
    doctor: reference<Practitioner>('Practitioner', doctor.id, nameOf(doctor)),
    clinic: clinicOf(visit.doctor),
    meta: visit.psychiatric === true ? { security: [PSYCHIATRY] } : undefined,
    hour: 8 + Math.floor(random() * 8)
  }
  const began = visit.chronic ?? visit.acute
  return [
    encounter(setting),
    ...(began === undefined ? [] : [condition(setting, began)]),
    ...vitalSigns(setting),
    ...(visit.mood === undefined ? [] : [moodScore(setting, visit.mood)]),
    ...(visit.panels ?? []).flatMap(panel => laboratory(setting, panel)),
    ...(visit.drugs ?? []).map(drug => prescription(setting, drug)),
    ...(visit.procedures ?? []).map(name => procedure(setting, name)),
    ...(visit.vaccines ?? []).map(vaccine => immunization(setting, vaccine))
  ]
}

/** The disease for which the patient came, and the id under which it is kept. */
const reasonOf = ({ visit }: Setting): Disease | undefined => visit.chronic ?? visit.acute ?? visit.because
const conditionId = ({ id, resident, visit }: Setting, disease: Disease): string =>
  visit.acute === disease ? `${id}-${disease}` : `${resident.id}-${disease}`
const conditionReference = (setting: Setting, disease: Disease): Reference<Condition> =>
  reference<Condition>('Condition', conditionId(setting, disease), DISEASES[disease].text)

const CLASSES = { outpatient: coding(ACT_CODE, 'AMB', 'ambulatory'), inpatient: coding(ACT_CODE, 'IMP', 'inpatient encounter') }

function encounter (setting: Setting): Encounter {
  const { id, visit, patient, doctor, clinic, meta } = setting
  const reason = reasonOf(setting)
  const days = visit.inpatientDays ?? 0
  return {
    resourceType: 'Encounter',
    id,
    ...labelled(meta),
    status: 'finished',
    class: days > 0 ? CLASSES.inpatient : CLASSES.outpatient,
    type: [reason === undefined
      ? concept('Профилактический осмотр', coding(SNOMED, '185349003', 'Encounter for check up'))
      : concept('Приём по заболеванию', coding(SNOMED, '185347001', 'Encounter for problem'))],
    subject: patient,
    participant: [{ type: [code(hl7('v3-ParticipationType'), 'PPRF', 'primary performer')], individual: doctor }],
    period: { start: moment(setting), end: days > 0 ? `${plusDays(visit.date, days)}T12:00:00+03:00` : moment(setting, 30) },
    ...(reason !== undefined && { reasonCode: [DISEASES[reason]], diagnosis: [{ condition: conditionReference(setting, reason), use: code(hl7('diagnosis-role'), 'CC', 'Chief complaint') }] }),
    location: [{ location: reference<Location>('Location', `${clinic.id}-building`, clinic.name) }],
    serviceProvider: reference<Organization>('Organization', clinic.id, clinic.name)
  }
}

/** A day some days after another. Pure: no clock, no zone. */
export const plusDays = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

function condition (setting: Setting, disease: Disease): Condition {
  const { visit, patient, encounter, doctor, meta } = setting
  const over = visit.acute === disease
  return {
    resourceType: 'Condition',
    id: conditionId(setting, disease),
    ...labelled(meta),
    clinicalStatus: over ? code(hl7('condition-clinical'), 'resolved', 'Resolved') : code(hl7('condition-clinical'), 'active', 'Active'),
    verificationStatus: code(hl7('condition-ver-status'), 'confirmed', 'Confirmed'),
    category: [code(hl7('condition-category'), 'encounter-diagnosis', 'Encounter Diagnosis')],
    code: DISEASES[disease],
    subject: patient,
    encounter,
    onsetDateTime: visit.date,
    ...(over && { abatementDateTime: plusDays(visit.date, 14) }),
    recordedDate: moment(setting, 20),
    recorder: doctor
  }
}

function prescription (setting: Setting, name: DrugName): MedicationRequest {
  const { id, visit, patient, encounter, doctor, meta } = setting
  const { code: drug, dosage, amount, unit, timesADay, days } = DRUGS[name]
  const reason = reasonOf(setting)
  const end = plusDays(visit.date, days)
  return {
    resourceType: 'MedicationRequest',
    id: `${id}-${name}`,
    ...labelled(meta),
    status: end < '2026-11-01' ? 'completed' : 'active',
    intent: 'order',
    medicationCodeableConcept: drug,
    subject: patient,
    encounter,
    authoredOn: moment(setting, 25),
    requester: doctor,
    ...(reason !== undefined && { reasonReference: [conditionReference(setting, reason)] }),
    dosageInstruction: [{
      text: dosage,
      timing: { repeat: { frequency: timesADay, period: 1, periodUnit: 'd' } },
      doseAndRate: [{ doseQuantity: { value: amount, unit, system: UCUM, code: unit } }]
    }],
    dispenseRequest: { validityPeriod: { start: visit.date, end }, expectedSupplyDuration: { value: days, unit: 'days', system: UCUM, code: 'd' } }
  }
}

function procedure (setting: Setting, name: ProcedureName): Procedure {
  const { id, patient, encounter, doctor, clinic, meta } = setting
  const reason = reasonOf(setting)
  return {
    resourceType: 'Procedure',
    id: `${id}-${name}`,
    ...labelled(meta),
    status: 'completed',
    code: PROCEDURES[name],
    subject: patient,
    encounter,
    performedPeriod: { start: moment(setting, 10), end: moment(setting, 25) },
    performer: [{ actor: doctor, onBehalfOf: reference<Organization>('Organization', clinic.id, clinic.name) }],
    ...(reason !== undefined && { reasonReference: [conditionReference(setting, reason)] })
  }
}

function immunization (setting: Setting, vaccine: Vaccine): Immunization {
  const { id, visit, patient, encounter, doctor, random } = setting
  return {
    resourceType: 'Immunization',
    id: `${id}-${vaccine}`,
    status: 'completed',
    vaccineCode: VACCINES[vaccine],
    patient,
    encounter,
    occurrenceDateTime: visit.date,
    primarySource: true,
    lotNumber: `L${String(10000 + Math.floor(random() * 89999))}`,
    performer: [{ function: code(hl7('v2-0443'), 'AP', 'Administering Provider'), actor: doctor }]
  }
}
