// What is measured at a visit. https://hl7.org/fhir/R4/observation-vitalsigns.html
import type { Observation } from '@medplum/fhirtypes'
import { code, concept, coding, hl7 } from './concept.js'
import { ANALYTES, BLOOD_PRESSURE, quantity, type Analyte, type Measurement } from './measurement.js'
import { near } from './random.js'
import { labelled, moment, type Setting } from './setting.js'

const VITAL_SIGNS = [code(hl7('observation-category'), 'vital-signs', 'Vital Signs')]
const SURVEY = [code(hl7('observation-category'), 'survey', 'Survey')]
const INTERPRETATIONS = {
  L: concept('ниже нормы', coding(hl7('v3-ObservationInterpretation'), 'L', 'Low')),
  H: concept('выше нормы', coding(hl7('v3-ObservationInterpretation'), 'H', 'High')),
  N: concept('норма', coding(hl7('v3-ObservationInterpretation'), 'N', 'Normal'))
}

/** A person's value of something: near what is usual for him. */
export function measured ({ life, random }: Setting, name: Measurement): number {
  const { low, high, decimals }: Analyte = ANALYTES[name]
  const usual = life.usual[name] ?? ((low ?? 0.4 * (high ?? 1)) + (high ?? 2 * (low ?? 1))) / 2
  return near(random, usual, usual * 0.07, decimals)
}

/** Whether a value is inside the range it is printed with. */
export function interpretation (value: number, { low, high }: Analyte): { interpretation?: [typeof INTERPRETATIONS.N] } {
  if (low === undefined && high === undefined) return {}
  return { interpretation: [low !== undefined && value < low ? INTERPRETATIONS.L : high !== undefined && value > high ? INTERPRETATIONS.H : INTERPRETATIONS.N] }
}

export function referenceRange ({ low, high, unit, ucum }: Analyte): Pick<Observation, 'referenceRange'> {
  if (low === undefined && high === undefined) return {}
  return { referenceRange: [{ ...(low !== undefined && { low: quantity(low, { unit, ucum }) }), ...(high !== undefined && { high: quantity(high, { unit, ucum }) }) }] }
}

/** What a doctor measures: always the pulse; blood pressure but in small children, the rest as the visit wants it. */
export function vitalSigns (setting: Setting): Observation[] {
  const { visit, resident } = setting
  const small = visit.date.slice(0, 4) < String(Number(resident.born.slice(0, 4)) + 4)
  const grows = resident.parents.length > 0
  const ill = visit.acute !== undefined
  return [
    single(setting, 'pulse'),
    ...(small ? [] : [bloodPressure(setting)]),
    ...(ill || small ? [single(setting, 'temperature')] : []),
    ...(grows ? [single(setting, 'weight'), single(setting, 'height')] : visit.chronic !== undefined ? [single(setting, 'weight')] : []),
    ...(visit.acute === 'bronchitis' || visit.because === 'asthma' ? [single(setting, 'oxygen')] : [])
  ]
}

const common = ({ patient, encounter, doctor, meta }: Setting) => ({ ...labelled(meta), status: 'final' as const, subject: patient, encounter, performer: [doctor] })

function single (setting: Setting, name: Measurement): Observation {
  const analyte: Analyte = ANALYTES[name]
  const value = grown(setting, name, measured(setting, name))
  return {
    resourceType: 'Observation',
    id: `${setting.id}-${name}`,
    ...common(setting),
    category: VITAL_SIGNS,
    code: analyte.code,
    effectiveDateTime: moment(setting, 5),
    valueQuantity: quantity(value, analyte)
  }
}

// A child's usual weight and height are today's; before, he was smaller: about the root of the share of his age.
function grown ({ visit, resident }: Setting, name: Measurement, value: number): number {
  if (resident.parents.length === 0 || (name !== 'weight' && name !== 'height')) return value
  const days = (date: string): number => (Date.parse(date) - Date.parse(resident.born)) / 86_400_000 + 200
  const share = Math.min(1, days(visit.date) / days('2026-11-01'))
  return Number((value * Math.pow(share, name === 'weight' ? 0.75 : 0.4)).toFixed(1))
}

function bloodPressure (setting: Setting): Observation {
  const component = (name: 'systolic' | 'diastolic') => ({ code: ANALYTES[name].code, valueQuantity: quantity(measured(setting, name), ANALYTES[name]) })
  return {
    resourceType: 'Observation',
    id: `${setting.id}-pressure`,
    ...common(setting),
    category: VITAL_SIGNS,
    code: BLOOD_PRESSURE,
    effectiveDateTime: moment(setting, 6),
    component: [component('systolic'), component('diastolic')]
  }
}

/** The score of a questionnaire. */
export function moodScore (setting: Setting, score: number): Observation {
  const analyte: Analyte = ANALYTES.mood
  return {
    resourceType: 'Observation',
    id: `${setting.id}-mood`,
    ...common(setting),
    category: SURVEY,
    code: analyte.code,
    effectiveDateTime: moment(setting, 12),
    valueQuantity: quantity(score, analyte),
    ...interpretation(score, analyte),
    ...referenceRange(analyte)
  }
}
