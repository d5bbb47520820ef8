// The clinics of the demo city, the people who work in them, and what they do there.
import type { CodeableConcept, HealthcareService, Location, Organization, Practitioner, PractitionerRole, Resource } from '@medplum/fhirtypes'
import { DIPLOMA, LICENCE, SNOMED, code, coding, concept, hl7, reference } from './concept.js'

export interface Clinic { readonly id: string, readonly name: string, readonly english: string, readonly kind: 'city' | 'private' | 'laboratory' | 'insurer', readonly line: string, readonly phone: string }

export const CLINICS = {
  polyclinic: { id: 'polyclinic', name: 'Городская поликлиника № 5', english: 'City Polyclinic No. 5', kind: 'city', line: 'ул. Садовая, 14', phone: '+7 495 000-01-05' },
  childrens: { id: 'childrens', name: 'Детская поликлиника № 2', english: "Children's Polyclinic No. 2", kind: 'city', line: 'пр. Мира, 40', phone: '+7 495 000-01-02' },
  hospital: { id: 'hospital', name: 'Городская больница Святой Анны', english: 'St Anna City Hospital', kind: 'city', line: 'Больничный пер., 1', phone: '+7 495 000-01-10' },
  alba: { id: 'alba', name: 'Медицинский центр «Альба»', english: 'Alba Medical Centre', kind: 'private', line: 'ул. Лесная, 7', phone: '+7 495 000-02-07' },
  laboratory: { id: 'laboratory', name: 'Центральная городская лаборатория', english: 'Central City Laboratory', kind: 'laboratory', line: 'ул. Заводская, 3', phone: '+7 495 000-01-33' },
  fund: { id: 'fund', name: 'Фонд медицинского страхования', english: 'Medical Insurance Fund', kind: 'insurer', line: 'пл. Победы, 2', phone: '+7 495 000-03-01' }
} satisfies Record<string, Clinic>
type ClinicName = keyof typeof CLINICS

const KINDS: Readonly<Record<Clinic['kind'], CodeableConcept>> = {
  city: code(hl7('organization-type'), 'prov', 'Healthcare Provider'),
  private: code(hl7('organization-type'), 'prov', 'Healthcare Provider'),
  laboratory: code(hl7('organization-type'), 'prov', 'Healthcare Provider'),
  insurer: code(hl7('organization-type'), 'pay', 'Payer')
}

export interface Doctor { readonly id: string, readonly family: string, readonly given: readonly string[], readonly gender: 'male' | 'female', readonly clinic: ClinicName, readonly specialty: CodeableConcept, readonly room: string }

const specialty = (text: string, snomed: string, display: string): CodeableConcept => concept(text, coding(SNOMED, snomed, display))
const GENERAL = specialty('Терапия', '394814009', 'General practice')
const PEDIATRICS = specialty('Педиатрия', '394537008', 'Pediatrics')

export const DOCTORS = {
  orlova: { id: 'orlova', family: 'Орлова', given: ['Мария', 'Викторовна'], gender: 'female', clinic: 'polyclinic', specialty: GENERAL, room: '204' },
  petrov: { id: 'petrov', family: 'Петров', given: ['Олег', 'Николаевич'], gender: 'male', clinic: 'childrens', specialty: PEDIATRICS, room: '11' },
  sidorova: { id: 'sidorova', family: 'Сидорова', given: ['Ирина', 'Львовна'], gender: 'female', clinic: 'polyclinic', specialty: specialty('Кардиология', '394579002', 'Cardiology'), room: '310' },
  levin: { id: 'levin', family: 'Левин', given: ['Марк', 'Аркадьевич'], gender: 'male', clinic: 'polyclinic', specialty: specialty('Психиатрия', '394587001', 'Psychiatry'), room: '402' },
  gromov: { id: 'gromov', family: 'Громов', given: ['Денис', 'Юрьевич'], gender: 'male', clinic: 'hospital', specialty: specialty('Хирургия', '394609007', 'Surgery-general'), room: '2' },
  akhmetova: { id: 'akhmetova', family: 'Ахметова', given: ['Айгуль', 'Рашидовна'], gender: 'female', clinic: 'polyclinic', specialty: specialty('Эндокринология', '394583002', 'Endocrinology'), room: '307' },
  bauer: { id: 'bauer', family: 'Bauer', given: ['Julia'], gender: 'female', clinic: 'alba', specialty: specialty('Травматология и ортопедия', '394801008', 'Trauma and orthopedics'), room: '5' },
  novak: { id: 'novak', family: 'Novák', given: ['Jan'], gender: 'male', clinic: 'alba', specialty: specialty('Неврология', '394591006', 'Neurology'), room: '8' },
  sokol: { id: 'sokol', family: 'Соколик', given: ['Татьяна', 'Павловна'], gender: 'female', clinic: 'childrens', specialty: specialty('Офтальмология', '394594003', 'Ophthalmology'), room: '15' },
  kim: { id: 'kim', family: 'Ким', given: ['Виктория', 'Сергеевна'], gender: 'female', clinic: 'laboratory', specialty: specialty('Лабораторная диагностика', '394595002', 'Pathology'), room: '1' }
} satisfies Record<string, Doctor>
export type DoctorName = keyof typeof DOCTORS

export const nameOf = ({ family, given }: { family: string, given: readonly string[] }): string => [family, ...given].join(' ')

export const clinicOf = (doctor: DoctorName): Clinic => CLINICS[DOCTORS[doctor].clinic]

/** Organizations, their locations and services, doctors and their roles. */
export function places (): Resource[] {
  const clinics = Object.values<Clinic>(CLINICS)
  const doctors = Object.values<Doctor>(DOCTORS)
  return [
    ...clinics.map(organization),
    ...clinics.filter(({ kind }) => kind !== 'insurer').map(location),
    ...doctors.map(healthcareService),
    ...doctors.map(practitioner),
    ...doctors.map(practitionerRole)
  ]
}

const address = (line: string) => ({ use: 'work' as const, line: [line], city: 'Карта-город', postalCode: '101000', country: 'RU' })

function organization ({ id, name, english, kind, line, phone }: Clinic, index: number): Organization {
  return {
    resourceType: 'Organization',
    id,
    identifier: [{ system: LICENCE, value: `LO-77-${String(1000 + index)}` }],
    active: true,
    type: [KINDS[kind]],
    name,
    alias: [english],
    telecom: [{ system: 'phone', value: phone, use: 'work' }],
    address: [address(line)]
  }
}

function location ({ id, name, english, line, phone }: Clinic): Location {
  return {
    resourceType: 'Location',
    id: `${id}-building`,
    status: 'active',
    name,
    alias: [english],
    mode: 'instance',
    type: [code(hl7('v3-RoleCode'), id === 'hospital' ? 'HOSP' : 'OF', id === 'hospital' ? 'Hospital' : 'Outpatient facility')],
    telecom: [{ system: 'phone', value: phone, use: 'work' }],
    address: address(line),
    managingOrganization: reference<Organization>('Organization', id, name)
  }
}

function healthcareService ({ id, clinic, specialty, room }: Doctor): HealthcareService {
  const { id: organization, name, phone } = CLINICS[clinic]
  return {
    resourceType: 'HealthcareService',
    id: `${organization}-${id}`,
    active: true,
    providedBy: reference<Organization>('Organization', organization, name),
    specialty: [specialty],
    location: [reference<Location>('Location', `${organization}-building`)],
    name: `${specialty.text ?? ''}, каб. ${room}`,
    telecom: [{ system: 'phone', value: phone, use: 'work' }],
    appointmentRequired: true,
    availableTime: [{ daysOfWeek: ['mon', 'tue', 'wed', 'thu', 'fri'], availableStartTime: '08:00:00', availableEndTime: '16:00:00' }]
  }
}

function practitioner ({ id, family, given, gender }: Doctor, index: number): Practitioner {
  return {
    resourceType: 'Practitioner',
    id,
    identifier: [{ system: DIPLOMA, value: `MR-${String(20410 + index * 37)}` }],
    active: true,
    name: [{ use: 'official', family, given: [...given] }],
    gender,
    qualification: [{ code: code(hl7('v2-0360'), 'MD', 'Doctor of Medicine') }]
  }
}

function practitionerRole ({ id, clinic, specialty, family, given }: Doctor): PractitionerRole {
  const { id: organization, name } = CLINICS[clinic]
  return {
    resourceType: 'PractitionerRole',
    id: `${id}-${organization}`,
    active: true,
    period: { start: '2020-01-01' },
    practitioner: reference<Practitioner>('Practitioner', id, nameOf({ family, given })),
    organization: reference<Organization>('Organization', organization, name),
    code: [code(hl7('practitioner-role'), 'doctor', 'Doctor')],
    specialty: [specialty],
    location: [reference<Location>('Location', `${organization}-building`)],
    healthcareService: [reference<HealthcareService>('HealthcareService', `${organization}-${id}`)]
  }
}
