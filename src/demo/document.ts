// A letter as a document: the PDF itself and what is known about it. https://hl7.org/fhir/R4/documentreference.html
import { createHash } from 'node:crypto'
import type { Binary, DocumentReference, Encounter, Organization, Practitioner } from '@medplum/fhirtypes'
import { LOINC, code, coding, concept, hl7, reference } from './concept.js'
import { patientReference, type Resident } from './families.js'
import { pdf } from './pdf.js'
import { CLINICS, DOCTORS, nameOf } from './places.js'

const DISCHARGE = [
  'St Anna City Hospital, surgical department',
  'Patient: Boris Sokolov, born 3 February 1984',
  'Admitted: 19 August 2024    Discharged: 23 August 2024',
  '',
  'Diagnosis: acute appendicitis (ICD-10 K35.8).',
  'Procedure: laparoscopic appendectomy, 19 August 2024, no complications.',
  'On discharge: temperature 36.6 C, wound healing by first intention.',
  '',
  'Advice: no lifting over 5 kg for four weeks; sutures out on 29 August;',
  'blood pressure to be checked by the general practitioner.',
  '',
  'Dr Denis Gromov'
]

/** The discharge letter of a stay in the hospital. */
export function dischargeLetter (resident: Resident): [DocumentReference, Binary] {
  const letter = pdf('Discharge summary', DISCHARGE)
  const id = `${resident.id}-discharge`
  return [{
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    docStatus: 'final',
    type: concept('Выписной эпикриз', coding(LOINC, '18842-5', 'Discharge summary')),
    category: [code('http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category', 'clinical-note', 'Clinical Note')],
    subject: patientReference(resident),
    date: '2024-08-23T12:00:00+03:00',
    author: [reference<Practitioner>('Practitioner', DOCTORS.gromov.id, nameOf(DOCTORS.gromov))],
    custodian: reference<Organization>('Organization', CLINICS.hospital.id, CLINICS.hospital.name),
    description: 'Выписной эпикриз, аппендэктомия',
    content: [{
      attachment: {
        contentType: 'application/pdf',
        language: 'en',
        url: `Binary/${id}-pdf`,
        size: letter.length,
        hash: createHash('sha1').update(letter).digest('base64'),
        title: 'Discharge summary',
        creation: '2024-08-23T12:00:00+03:00'
      }
    }],
    context: {
      encounter: [reference<Encounter>('Encounter', `${resident.id}-2024-08-19`)],
      period: { start: '2024-08-19', end: '2024-08-23' },
      facilityType: code(hl7('v3-RoleCode'), 'HOSP', 'Hospital')
    }
  }, {
    resourceType: 'Binary',
    id: `${id}-pdf`,
    contentType: 'application/pdf',
    securityContext: reference<DocumentReference>('DocumentReference', id),
    data: letter.toString('base64')
  }]
}
