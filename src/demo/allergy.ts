// What the people of the demo city do not tolerate. https://hl7.org/fhir/R4/allergyintolerance.html
import type { AllergyIntolerance, Practitioner } from '@medplum/fhirtypes'
import { SNOMED, code, coding, concept, hl7, reference } from './concept.js'
import { patientReference, type Resident } from './families.js'
import { DOCTORS, nameOf } from './places.js'

const ALLERGIES = {
  penicillin: { code: concept('Пенициллины', coding(SNOMED, '764146007', 'Penicillin')), category: 'medication', criticality: 'high', reaction: concept('Крапивница', coding(SNOMED, '126485001', 'Urticaria')) },
  peanut: { code: concept('Арахис', coding(SNOMED, '762952008', 'Peanut')), category: 'food', criticality: 'high', reaction: concept('Отёк губ', coding(SNOMED, '300968008', 'Swelling of lip')) },
  birch: { code: concept('Пыльца берёзы', coding(SNOMED, '256262001', 'Birch pollen')), category: 'environment', criticality: 'low', reaction: concept('Ринит', coding(SNOMED, '70076002', 'Rhinitis')) }
} as const

export type Allergy = keyof typeof ALLERGIES

/** One allergy, as the family's doctor recorded it. */
export function allergy (resident: Resident, name: Allergy): AllergyIntolerance {
  const { code: substance, category, criticality, reaction } = ALLERGIES[name]
  return {
    resourceType: 'AllergyIntolerance',
    id: `${resident.id}-${name}`,
    clinicalStatus: code(hl7('allergyintolerance-clinical'), 'active', 'Active'),
    verificationStatus: code(hl7('allergyintolerance-verification'), 'confirmed', 'Confirmed'),
    type: 'allergy',
    category: [category],
    criticality,
    code: substance,
    patient: patientReference(resident),
    recordedDate: '2024-05-06',
    recorder: reference<Practitioner>('Practitioner', resident.doctor, nameOf(DOCTORS[resident.doctor])),
    reaction: [{ manifestation: [reaction], severity: criticality === 'high' ? 'severe' : 'mild' }]
  }
}
