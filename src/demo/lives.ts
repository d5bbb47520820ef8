// What happened to the people of the demo city, visit by visit. Everything else follows from it and from the seed.
import type { Disease, DrugName, ProcedureName, Vaccine } from './disease.js'
import type { Measurement, PanelName } from './measurement.js'
import type { DoctorName } from './places.js'

/** One visit. `chronic` begins a disease that stays, `acute` one that is over after two weeks. */
export interface Visit {
  readonly date: string
  readonly doctor: DoctorName
  readonly chronic?: Disease
  readonly acute?: Disease
  /** A disease that began earlier and is why the patient came. */
  readonly because?: Disease
  readonly panels?: readonly PanelName[]
  readonly drugs?: readonly DrugName[]
  readonly procedures?: readonly ProcedureName[]
  readonly vaccines?: readonly Vaccine[]
  /** A score of the PHQ-9 questionnaire. */
  readonly mood?: number
  /** What a psychiatrist writes is labelled PSY. */
  readonly psychiatric?: boolean
  readonly inpatientDays?: number
}

export interface Life {
  /** Where a person's usual values differ from the middle of the reference range. */
  readonly usual: Partial<Record<Measurement, number>>
  readonly allergies?: ReadonlyArray<'penicillin' | 'peanut' | 'birch'>
  readonly visits: readonly Visit[]
}

const adultUsual = { pulse: 72, temperature: 36.6, oxygen: 98 }
const childUsual = { pulse: 95, temperature: 36.7, oxygen: 98, systolic: 102, diastolic: 64 }

/** The calendar of the first two years. */
const infancy = (years: readonly [string, string, string, string, string, string]): Visit[] => [
  { date: years[0], doctor: 'petrov', vaccines: ['tuberculosis', 'hepatitisB'] },
  { date: years[1], doctor: 'petrov', vaccines: ['hepatitisB', 'pneumococcus'] },
  { date: years[2], doctor: 'petrov', vaccines: ['diphtheria', 'polio', 'pneumococcus'] },
  { date: years[3], doctor: 'petrov', vaccines: ['diphtheria', 'polio'], panels: ['blood'] },
  { date: years[4], doctor: 'petrov', vaccines: ['measles', 'hepatitisB'] },
  { date: years[5], doctor: 'petrov', vaccines: ['diphtheria', 'polio', 'pneumococcus'] }
]

export const LIVES: Readonly<Record<string, Life>> = {
  anna: {
    usual: { ...adultUsual, weight: 63, height: 168, systolic: 116, diastolic: 74, hemoglobin: 118, ferritin: 14, tsh: 5.1, thyroxine: 9.8 },
    allergies: ['penicillin'],
    visits: [
      { date: '2023-10-12', doctor: 'orlova', chronic: 'anemia', panels: ['blood', 'iron'], drugs: ['iron'] },
      { date: '2024-01-23', doctor: 'orlova', because: 'anemia', panels: ['blood', 'iron'] },
      { date: '2024-11-08', doctor: 'akhmetova', chronic: 'hypothyroidism', panels: ['thyroid'], drugs: ['levothyroxine'], procedures: ['ultrasound'] },
      { date: '2025-03-17', doctor: 'akhmetova', because: 'hypothyroidism', panels: ['thyroid', 'lipids'], drugs: ['levothyroxine'] },
      { date: '2025-10-02', doctor: 'levin', chronic: 'depression', drugs: ['sertraline'], mood: 15, psychiatric: true },
      { date: '2025-12-11', doctor: 'levin', because: 'depression', drugs: ['sertraline'], mood: 9, psychiatric: true },
      { date: '2026-02-05', doctor: 'orlova', acute: 'bronchitis', panels: ['blood', 'inflammation'], drugs: ['azithromycin'] },
      { date: '2026-04-16', doctor: 'novak', chronic: 'migraine', drugs: ['sumatriptan'] },
      { date: '2026-09-21', doctor: 'orlova', because: 'hypothyroidism', panels: ['blood', 'thyroid'], drugs: ['levothyroxine'], vaccines: ['influenza'] }
    ]
  },
  boris: {
    usual: { ...adultUsual, weight: 91, height: 181, systolic: 142, diastolic: 91, cholesterol: 6.1, ldl: 4.1, triglycerides: 2.1, hdl: 1.0 },
    visits: [
      { date: '2023-09-05', doctor: 'orlova', chronic: 'hypertension', panels: ['kidney', 'lipids'], drugs: ['perindopril'], procedures: ['ecg'] },
      { date: '2024-03-14', doctor: 'sidorova', chronic: 'hyperlipidemia', panels: ['lipids'], drugs: ['atorvastatin'], procedures: ['ecg'] },
      { date: '2024-08-19', doctor: 'gromov', acute: 'appendicitis', panels: ['blood', 'inflammation'], procedures: ['appendectomy'], inpatientDays: 4 },
      { date: '2024-12-03', doctor: 'sidorova', because: 'hypertension', panels: ['lipids', 'kidney'], drugs: ['perindopril', 'atorvastatin'] },
      { date: '2025-06-24', doctor: 'bauer', acute: 'backPain', drugs: ['ibuprofen'] },
      { date: '2025-11-13', doctor: 'sidorova', because: 'hypertension', panels: ['lipids', 'kidney'], drugs: ['perindopril', 'bisoprolol', 'atorvastatin'], procedures: ['ecg'] },
      { date: '2026-10-06', doctor: 'orlova', because: 'hypertension', panels: ['blood', 'kidney'], drugs: ['perindopril', 'atorvastatin'], vaccines: ['influenza'] }
    ]
  },
  misha: {
    usual: { ...childUsual, pulse: 80, weight: 49, height: 162, hemoglobin: 136 },
    allergies: ['birch'],
    visits: [
      { date: '2023-11-20', doctor: 'petrov', acute: 'cold', drugs: ['paracetamol'] },
      { date: '2024-04-22', doctor: 'petrov', chronic: 'asthma', panels: ['blood'], drugs: ['salbutamol', 'cetirizine'], procedures: ['spirometry'] },
      { date: '2024-10-15', doctor: 'petrov', because: 'asthma', drugs: ['budesonide'], vaccines: ['influenza'], procedures: ['spirometry'] },
      { date: '2025-02-10', doctor: 'sokol', chronic: 'myopia', procedures: ['refraction'] },
      { date: '2025-07-02', doctor: 'gromov', acute: 'fracture', procedures: ['cast'], drugs: ['ibuprofen'] },
      { date: '2026-05-12', doctor: 'petrov', because: 'asthma', panels: ['blood'], drugs: ['salbutamol', 'budesonide'], procedures: ['spirometry'] }
    ]
  },
  sonya: {
    usual: { ...childUsual, pulse: 112, weight: 13.5, height: 93, hemoglobin: 122, systolic: 92, diastolic: 56 },
    allergies: ['peanut'],
    visits: [
      ...infancy(['2023-06-19', '2023-07-20', '2023-09-21', '2023-12-21', '2024-06-20', '2024-12-19']),
      { date: '2025-01-16', doctor: 'petrov', acute: 'otitis', drugs: ['amoxicillin', 'paracetamol'] },
      { date: '2025-08-12', doctor: 'petrov', chronic: 'dermatitis', drugs: ['hydrocortisone'], panels: ['blood'] },
      { date: '2026-10-14', doctor: 'petrov', acute: 'cold', drugs: ['paracetamol'] }
    ]
  },
  vera: {
    usual: { ...adultUsual, weight: 82, height: 160, systolic: 146, diastolic: 86, glucose: 7.9, hba1c: 7.4, cholesterol: 5.9, ldl: 3.8, creatinine: 98, pulse: 76 },
    visits: [
      { date: '2023-08-15', doctor: 'akhmetova', chronic: 'diabetes', panels: ['sugar', 'kidney', 'lipids'], drugs: ['metformin'] },
      { date: '2023-12-12', doctor: 'sidorova', chronic: 'hypertension', drugs: ['perindopril'], procedures: ['ecg'] },
      { date: '2024-05-21', doctor: 'akhmetova', because: 'diabetes', panels: ['sugar', 'kidney'], drugs: ['metformin'] },
      { date: '2024-09-10', doctor: 'bauer', chronic: 'arthrosis', procedures: ['kneeXray'], drugs: ['ibuprofen'] },
      { date: '2024-11-19', doctor: 'akhmetova', because: 'diabetes', panels: ['sugar', 'lipids'], drugs: ['metformin', 'atorvastatin'] },
      { date: '2025-05-20', doctor: 'akhmetova', because: 'diabetes', panels: ['sugar', 'kidney'], drugs: ['metformin'] },
      { date: '2025-10-28', doctor: 'sidorova', because: 'hypertension', panels: ['lipids'], drugs: ['perindopril', 'bisoprolol'], procedures: ['ecg'], vaccines: ['influenza'] },
      { date: '2026-03-03', doctor: 'orlova', acute: 'cold', panels: ['blood', 'inflammation'] },
      { date: '2026-06-09', doctor: 'akhmetova', because: 'diabetes', panels: ['sugar', 'kidney', 'lipids'], drugs: ['metformin', 'atorvastatin'] }
    ]
  },
  elena: {
    usual: { ...adultUsual, weight: 58, height: 165, systolic: 110, diastolic: 70, hemoglobin: 126 },
    visits: [
      { date: '2024-02-06', doctor: 'orlova', panels: ['blood', 'thyroid'] },
      { date: '2025-02-18', doctor: 'novak', chronic: 'migraine', drugs: ['sumatriptan'] },
      { date: '2026-08-11', doctor: 'orlova', because: 'migraine', panels: ['blood'], drugs: ['sumatriptan'] }
    ]
  },
  thomas: {
    usual: { ...adultUsual, weight: 79, height: 184, systolic: 124, diastolic: 80, cholesterol: 5.0 },
    visits: [
      { date: '2024-06-18', doctor: 'bauer', acute: 'backPain', drugs: ['ibuprofen'] },
      { date: '2025-09-09', doctor: 'orlova', panels: ['blood', 'lipids', 'kidney'], procedures: ['ecg'] },
      { date: '2026-01-27', doctor: 'orlova', acute: 'cold' }
    ]
  },
  max: {
    usual: { ...childUsual, pulse: 74, weight: 66, height: 178, systolic: 118, diastolic: 72, hemoglobin: 148 },
    visits: [
      { date: '2024-09-24', doctor: 'petrov', vaccines: ['influenza'] },
      { date: '2025-11-04', doctor: 'levin', chronic: 'depression', mood: 12, psychiatric: true },
      { date: '2026-09-15', doctor: 'petrov', panels: ['blood'], vaccines: ['influenza'] }
    ]
  },
  lily: {
    usual: { ...childUsual, pulse: 118, weight: 11.8, height: 86, hemoglobin: 119, systolic: 90, diastolic: 55 },
    visits: [
      ...infancy(['2024-08-26', '2024-09-26', '2024-11-26', '2025-02-25', '2025-08-26', '2026-02-26']),
      { date: '2026-10-20', doctor: 'petrov', acute: 'otitis', drugs: ['amoxicillin', 'paracetamol'] }
    ]
  }
}
