// What all resources of one visit share.
import type { Encounter, Meta, Patient, Practitioner, Reference } from '@medplum/fhirtypes'
import type { Resident } from './families.js'
import type { Life, Visit } from './lives.js'
import type { Clinic } from './places.js'
import type { Random } from './random.js'

/** Whom a visit's resources are of, from whom, and when: what all of them carry. */
export interface Setting {
  readonly id: string
  readonly visit: Visit
  readonly life: Life
  readonly random: Random
  readonly resident: Resident
  readonly patient: Reference<Patient>
  readonly encounter: Reference<Encounter>
  readonly doctor: Reference<Practitioner>
  readonly clinic: Clinic
  readonly meta: Meta | undefined
  readonly hour: number
}

/** A moment of the visit's day, minutes after it began; the city keeps UTC+3 the whole year. */
export function moment ({ visit, hour }: Pick<Setting, 'visit' | 'hour'>, minutes = 0): string {
  const at = hour * 60 + minutes
  return `${visit.date}T${String(Math.floor(at / 60)).padStart(2, '0')}:${String(at % 60).padStart(2, '0')}:00+03:00`
}

/** The label of the visit, where it has one; exactOptionalPropertyTypes wants the member absent otherwise. */
export const labelled = (meta: Meta | undefined): { meta?: Meta } => meta === undefined ? {} : { meta }
