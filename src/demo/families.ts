// The people of the demo city: the Sokolovs, three generations, and the Webers, whose father came from abroad. Invented.
import type { Coverage, Organization, Patient, Reference, RelatedPerson, Resource } from '@medplum/fhirtypes'
import { POLICY, SNILS, code, hl7, reference } from './concept.js'
import { CLINICS, DOCTORS, clinicOf, nameOf, type DoctorName } from './places.js'

export interface Resident {
  readonly id: string
  readonly family: string
  readonly given: readonly string[]
  readonly latin: readonly [family: string, given: string]
  readonly gender: 'male' | 'female'
  readonly born: string
  readonly parents: readonly string[]
  readonly doctor: DoctorName
  readonly home: string
}

const SADOVAYA = 'ул. Садовая, 22, кв. 17'
const LESNAYA = 'ул. Лесная, 9, кв. 4'

export const SOKOLOVS: readonly Resident[] = [
  { id: 'anna', family: 'Соколова', given: ['Анна', 'Сергеевна'], latin: ['Sokolova', 'Anna'], gender: 'female', born: '1986-05-14', parents: [], doctor: 'orlova', home: SADOVAYA },
  { id: 'boris', family: 'Соколов', given: ['Борис', 'Андреевич'], latin: ['Sokolov', 'Boris'], gender: 'male', born: '1984-02-03', parents: [], doctor: 'orlova', home: SADOVAYA },
  { id: 'misha', family: 'Соколов', given: ['Михаил', 'Борисович'], latin: ['Sokolov', 'Mikhail'], gender: 'male', born: '2012-03-09', parents: ['anna', 'boris'], doctor: 'petrov', home: SADOVAYA },
  { id: 'sonya', family: 'Соколова', given: ['Софья', 'Борисовна'], latin: ['Sokolova', 'Sofya'], gender: 'female', born: '2023-06-18', parents: ['anna', 'boris'], doctor: 'petrov', home: SADOVAYA },
  { id: 'vera', family: 'Соколова', given: ['Вера', 'Ивановна'], latin: ['Sokolova', 'Vera'], gender: 'female', born: '1956-11-30', parents: [], doctor: 'orlova', home: 'ул. Садовая, 30, кв. 2' }
]

export const WEBERS: readonly Resident[] = [
  { id: 'elena', family: 'Вебер', given: ['Елена', 'Дмитриевна'], latin: ['Weber', 'Elena'], gender: 'female', born: '1989-09-21', parents: [], doctor: 'orlova', home: LESNAYA },
  { id: 'thomas', family: 'Вебер', given: ['Томас'], latin: ['Weber', 'Thomas'], gender: 'male', born: '1987-12-12', parents: [], doctor: 'orlova', home: LESNAYA },
  { id: 'max', family: 'Вебер', given: ['Максим', 'Томасович'], latin: ['Weber', 'Max'], gender: 'male', born: '2010-04-02', parents: ['elena', 'thomas'], doctor: 'petrov', home: LESNAYA },
  { id: 'lily', family: 'Вебер', given: ['Лилия', 'Томасовна'], latin: ['Weber', 'Lily'], gender: 'female', born: '2024-08-25', parents: ['elena', 'thomas'], doctor: 'petrov', home: LESNAYA }
]

export const RESIDENTS: readonly Resident[] = [...SOKOLOVS, ...WEBERS]

export const patientReference = (resident: Resident): Reference<Patient> => reference<Patient>('Patient', resident.id, nameOf(resident))

/** A family as the register knows it: the patients, who is whose parent, and their policies. */
export const familyResources = (family: readonly Resident[]): Resource[] => [
  ...family.map(patient),
  ...family.flatMap(child => child.parents.map(id => parent(child, family.find(adult => adult.id === id)))).filter(related => related !== undefined),
  ...family.map(resident => policy(resident, family.find(({ id }) => id === resident.parents[0])))
]

const numberOf = (resident: Resident): number => RESIDENTS.indexOf(resident) + 1
const policyNumber = (resident: Resident): string => `77000000${String(4021 + numberOf(resident) * 613)}0000`
const phone = (resident: Resident): string => `+7 900 000-00-${String(10 + numberOf(resident))}`

/** A SNILS has a check number over its nine digits. */
function snils (resident: Resident): string {
  const digits = String(112000400 + numberOf(resident) * 7919)
  const sum = Array.from(digits).reduce((sum, digit, index) => sum + Number(digit) * (9 - index), 0) % 101
  return `${digits.slice(0, 3)}-${digits.slice(3, 6)}-${digits.slice(6)} ${String(sum === 100 ? 0 : sum).padStart(2, '0')}`
}

function patient (resident: Resident): Patient {
  const { id, family, given, latin, gender, born, home, doctor, parents } = resident
  const clinic = clinicOf(doctor)
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ system: POLICY, value: policyNumber(resident) }, { system: SNILS, value: snils(resident) }],
    active: true,
    name: [{ use: 'official', family, given: [...given] }, { use: 'usual', family: latin[0], given: [latin[1]] }],
    ...(parents.length === 0 && { telecom: [{ system: 'phone', value: phone(resident), use: 'mobile' }] }),
    gender,
    birthDate: born,
    address: [{ use: 'home', line: [home], city: 'Карта-город', postalCode: '101000', country: 'RU' }],
    communication: [{ language: code('urn:ietf:bcp:47', 'ru', 'Russian'), preferred: true }],
    generalPractitioner: [reference('Practitioner', doctor, nameOf(DOCTORS[doctor]))],
    managingOrganization: reference<Organization>('Organization', clinic.id, clinic.name)
  }
}

function parent (child: Resident, adult: Resident | undefined): RelatedPerson | undefined {
  if (adult === undefined) return undefined
  const mother = adult.gender === 'female'
  return {
    resourceType: 'RelatedPerson',
    id: `${adult.id}-for-${child.id}`,
    active: true,
    patient: patientReference(child),
    relationship: [code(hl7('v3-RoleCode'), mother ? 'MTH' : 'FTH', mother ? 'mother' : 'father')],
    name: [{ use: 'official', family: adult.family, given: [...adult.given] }],
    telecom: [{ system: 'phone', value: phone(adult), use: 'mobile' }],
    gender: adult.gender,
    birthDate: adult.born,
    period: { start: child.born }
  }
}

function policy (resident: Resident, mother: Resident | undefined): Coverage {
  return {
    resourceType: 'Coverage',
    id: `${resident.id}-policy`,
    identifier: [{ system: POLICY, value: policyNumber(resident) }],
    status: 'active',
    type: code(hl7('v3-ActCode'), 'PUBLICPOL', 'public healthcare'),
    ...(mother !== undefined && { subscriber: patientReference(mother) }),
    subscriberId: policyNumber(resident),
    beneficiary: patientReference(resident),
    relationship: mother === undefined
      ? code(hl7('subscriber-relationship'), 'self', 'Self')
      : code(hl7('subscriber-relationship'), 'child', 'Child'),
    period: { start: resident.born > '2015-01-01' ? resident.born : '2015-01-01' },
    payor: [reference<Organization>('Organization', CLINICS.fund.id, CLINICS.fund.name)]
  }
}
