// What is measured in the demo city: vital signs at a visit, and laboratory panels, each with LOINC, UCUM and the
// reference range it is printed with. https://hl7.org/fhir/R4/observation-vitalsigns.html
import type { CodeableConcept, Quantity } from '@medplum/fhirtypes'
import { LOINC, UCUM, coding, concept } from './concept.js'

export interface Analyte {
  readonly code: CodeableConcept
  readonly unit: string
  readonly ucum: string
  readonly low: number | undefined
  readonly high: number | undefined
  readonly decimals: number
}

type Range = readonly [number | undefined, number | undefined]

const analyte = (loinc: string, display: string, text: string, [unit, ucum]: readonly [string, string], [low, high]: Range, decimals: number): Analyte =>
  ({ code: concept(text, coding(LOINC, loinc, display)), unit, ucum, low, high, decimals })

const MMOL = ['mmol/L', 'mmol/L'] as const
const PERCENT = ['%', '%'] as const

export const ANALYTES = {
  hemoglobin: analyte('718-7', 'Hemoglobin [Mass/volume] in Blood', 'Гемоглобин', ['g/L', 'g/L'], [120, 160], 0),
  erythrocytes: analyte('789-8', 'Erythrocytes [#/volume] in Blood by Automated count', 'Эритроциты', ['10*12/L', '10*12/L'], [3.9, 5.5], 2),
  leukocytes: analyte('6690-2', 'Leukocytes [#/volume] in Blood by Automated count', 'Лейкоциты', ['10*9/L', '10*9/L'], [4, 9], 1),
  platelets: analyte('777-3', 'Platelets [#/volume] in Blood by Automated count', 'Тромбоциты', ['10*9/L', '10*9/L'], [180, 320], 0),
  cholesterol: analyte('14647-2', 'Cholesterol [Moles/volume] in Serum or Plasma', 'Холестерин общий', MMOL, [undefined, 5.2], 2),
  hdl: analyte('14646-4', 'Cholesterol in HDL [Moles/volume] in Serum or Plasma', 'ЛПВП', MMOL, [1, undefined], 2),
  ldl: analyte('39469-2', 'Cholesterol in LDL [Moles/volume] in Serum or Plasma by calculation', 'ЛПНП', MMOL, [undefined, 3.4], 2),
  triglycerides: analyte('14927-8', 'Triglyceride [Moles/volume] in Serum or Plasma', 'Триглицериды', MMOL, [undefined, 1.7], 2),
  glucose: analyte('14771-0', 'Fasting glucose [Moles/volume] in Serum or Plasma', 'Глюкоза натощак', MMOL, [3.9, 6.1], 1),
  hba1c: analyte('4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood', 'Гликированный гемоглобин', PERCENT, [4, 6], 1),
  creatinine: analyte('14682-9', 'Creatinine [Moles/volume] in Serum or Plasma', 'Креатинин', ['umol/L', 'umol/L'], [62, 106], 0),
  potassium: analyte('2823-3', 'Potassium [Moles/volume] in Serum or Plasma', 'Калий', MMOL, [3.5, 5.1], 1),
  sodium: analyte('2951-2', 'Sodium [Moles/volume] in Serum or Plasma', 'Натрий', MMOL, [136, 145], 0),
  tsh: analyte('3016-3', 'Thyrotropin [Units/volume] in Serum or Plasma', 'ТТГ', ['mIU/L', 'm[IU]/L'], [0.4, 4], 2),
  thyroxine: analyte('14920-3', 'Thyroxine (T4) free [Moles/volume] in Serum or Plasma', 'Т4 свободный', ['pmol/L', 'pmol/L'], [9, 19], 1),
  ferritin: analyte('2276-4', 'Ferritin [Mass/volume] in Serum or Plasma', 'Ферритин', ['ug/L', 'ug/L'], [15, 150], 0),
  crp: analyte('1988-5', 'C reactive protein [Mass/volume] in Serum or Plasma', 'С-реактивный белок', ['mg/L', 'mg/L'], [undefined, 5], 1),
  pulse: analyte('8867-4', 'Heart rate', 'Пульс', ['beats/minute', '/min'], [55, 95], 0),
  temperature: analyte('8310-5', 'Body temperature', 'Температура тела', ['°C', 'Cel'], [36, 37.2], 1),
  weight: analyte('29463-7', 'Body weight', 'Масса тела', ['kg', 'kg'], [undefined, undefined], 1),
  height: analyte('8302-2', 'Body height', 'Рост', ['cm', 'cm'], [undefined, undefined], 1),
  oxygen: analyte('59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry', 'Сатурация', PERCENT, [95, 100], 0),
  systolic: analyte('8480-6', 'Systolic blood pressure', 'Систолическое давление', ['mmHg', 'mm[Hg]'], [90, 139], 0),
  diastolic: analyte('8462-4', 'Diastolic blood pressure', 'Диастолическое давление', ['mmHg', 'mm[Hg]'], [60, 89], 0),
  mood: analyte('44261-6', 'Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]', 'Шкала депрессии PHQ-9', ['score', '{score}'], [undefined, 4], 0)
} satisfies Record<string, Analyte>
export type Measurement = keyof typeof ANALYTES

export const BLOOD_PRESSURE = concept('Артериальное давление', coding(LOINC, '85354-9', 'Blood pressure panel with all children optional'))

interface Panel { readonly code: CodeableConcept, readonly analytes: readonly Measurement[] }

export const PANELS = {
  blood: { code: concept('Общий анализ крови', coding(LOINC, '58410-2', 'CBC panel - Blood by Automated count')), analytes: ['hemoglobin', 'erythrocytes', 'leukocytes', 'platelets'] },
  lipids: { code: concept('Липидный профиль', coding(LOINC, '24331-1', 'Lipid 1996 panel - Serum or Plasma')), analytes: ['cholesterol', 'hdl', 'ldl', 'triglycerides'] },
  sugar: { code: concept('Контроль диабета', coding(LOINC, '55399-0', 'Diabetes tracking panel')), analytes: ['glucose', 'hba1c'] },
  kidney: { code: concept('Креатинин и электролиты', coding(LOINC, '24326-1', 'Electrolytes 1998 panel - Serum or Plasma')), analytes: ['creatinine', 'potassium', 'sodium'] },
  thyroid: { code: concept('Функция щитовидной железы', coding(LOINC, '24348-5', 'Free T4 and TSH panel - Serum or Plasma')), analytes: ['tsh', 'thyroxine'] },
  iron: { code: concept('Обмен железа', coding(LOINC, '2276-4', 'Ferritin [Mass/volume] in Serum or Plasma')), analytes: ['ferritin'] },
  inflammation: { code: concept('С-реактивный белок', coding(LOINC, '1988-5', 'C reactive protein [Mass/volume] in Serum or Plasma')), analytes: ['crp'] }
} satisfies Record<string, Panel>
export type PanelName = keyof typeof PANELS

export const quantity = (value: number, { unit, ucum }: Pick<Analyte, 'unit' | 'ucum'>): Quantity => ({ value, unit, system: UCUM, code: ucum })
