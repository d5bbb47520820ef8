// What the people of the demo city fall ill with, are given, and are vaccinated against.
import type { CodeableConcept } from '@medplum/fhirtypes'
import { ATC, CVX, ICD10, SNOMED, coding, concept } from './concept.js'

const disease = (icd: string, icdText: string, snomed: string, snomedText: string, text: string): CodeableConcept =>
  concept(text, coding(ICD10, icd, icdText), coding(SNOMED, snomed, snomedText))

export const DISEASES = {
  hypertension: disease('I10', 'Essential (primary) hypertension', '59621000', 'Essential hypertension', 'Гипертоническая болезнь'),
  diabetes: disease('E11.9', 'Type 2 diabetes mellitus without complications', '44054006', 'Diabetes mellitus type 2', 'Сахарный диабет 2 типа'),
  hyperlipidemia: disease('E78.5', 'Hyperlipidaemia, unspecified', '55822004', 'Hyperlipidemia', 'Гиперлипидемия'),
  asthma: disease('J45.9', 'Asthma, unspecified', '195967001', 'Asthma', 'Бронхиальная астма'),
  dermatitis: disease('L20.9', 'Atopic dermatitis, unspecified', '24079001', 'Atopic dermatitis', 'Атопический дерматит'),
  otitis: disease('H66.9', 'Otitis media, unspecified', '3110003', 'Acute otitis media', 'Острый средний отит'),
  cold: disease('J06.9', 'Acute upper respiratory infection, unspecified', '54150009', 'Upper respiratory infection', 'ОРВИ'),
  bronchitis: disease('J20.9', 'Acute bronchitis, unspecified', '10509002', 'Acute bronchitis', 'Острый бронхит'),
  anemia: disease('D50.9', 'Iron deficiency anaemia, unspecified', '87522002', 'Iron deficiency anemia', 'Железодефицитная анемия'),
  hypothyroidism: disease('E03.9', 'Hypothyroidism, unspecified', '40930008', 'Hypothyroidism', 'Гипотиреоз'),
  depression: disease('F32.1', 'Moderate depressive episode', '832007', 'Moderate major depression', 'Депрессивный эпизод средней степени'),
  appendicitis: disease('K35.8', 'Other and unspecified acute appendicitis', '85189001', 'Acute appendicitis', 'Острый аппендицит'),
  migraine: disease('G43.9', 'Migraine, unspecified', '37796009', 'Migraine', 'Мигрень'),
  backPain: disease('M54.5', 'Low back pain', '279039007', 'Low back pain', 'Боль внизу спины'),
  myopia: disease('H52.1', 'Myopia', '57190000', 'Myopia', 'Близорукость'),
  arthrosis: disease('M17.9', 'Gonarthrosis, unspecified', '239873007', 'Osteoarthritis of knee', 'Гонартроз'),
  fracture: disease('S52.5', 'Fracture of lower end of radius', '263102004', 'Fracture of distal end of radius', 'Перелом лучевой кости')
} satisfies Record<string, CodeableConcept>
export type Disease = keyof typeof DISEASES

export interface Drug { readonly code: CodeableConcept, readonly dosage: string, readonly timesADay: number, readonly amount: number, readonly unit: string, readonly days: number }

const drug = (atc: string, name: string, text: string, amount: number, unit: string, timesADay: number, days: number): Drug => ({
  code: concept(text, coding(ATC, atc, name)), dosage: `${amount} ${unit}, ${timesADay} раз(а) в день, ${days} дн.`, amount, unit, timesADay, days
})

export const DRUGS = {
  perindopril: drug('C09AA04', 'perindopril', 'Периндоприл 5 мг', 5, 'mg', 1, 90),
  bisoprolol: drug('C07AB07', 'bisoprolol', 'Бисопролол 2,5 мг', 2.5, 'mg', 1, 90),
  atorvastatin: drug('C10AA05', 'atorvastatin', 'Аторвастатин 20 мг', 20, 'mg', 1, 90),
  metformin: drug('A10BA02', 'metformin', 'Метформин 850 мг', 850, 'mg', 2, 90),
  levothyroxine: drug('H03AA01', 'levothyroxine sodium', 'Левотироксин 50 мкг', 50, 'ug', 1, 90),
  amoxicillin: drug('J01CA04', 'amoxicillin', 'Амоксициллин 250 мг', 250, 'mg', 3, 7),
  azithromycin: drug('J01FA10', 'azithromycin', 'Азитромицин 500 мг', 500, 'mg', 1, 3),
  salbutamol: drug('R03AC02', 'salbutamol', 'Сальбутамол 100 мкг/доза', 200, 'ug', 4, 10),
  budesonide: drug('R03BA02', 'budesonide', 'Будесонид 200 мкг/доза', 200, 'ug', 2, 60),
  ibuprofen: drug('M01AE01', 'ibuprofen', 'Ибупрофен 400 мг', 400, 'mg', 3, 5),
  paracetamol: drug('N02BE01', 'paracetamol', 'Парацетамол 250 мг', 250, 'mg', 3, 3),
  sertraline: drug('N06AB06', 'sertraline', 'Сертралин 50 мг', 50, 'mg', 1, 90),
  cetirizine: drug('R06AE07', 'cetirizine', 'Цетиризин 10 мг', 10, 'mg', 1, 14),
  iron: drug('B03AA07', 'ferrous sulfate', 'Железа сульфат 100 мг', 100, 'mg', 1, 60),
  sumatriptan: drug('N02CC01', 'sumatriptan', 'Суматриптан 50 мг', 50, 'mg', 1, 2),
  hydrocortisone: drug('D07AA02', 'hydrocortisone', 'Гидрокортизон мазь 1 %', 1, 'g', 2, 10)
} satisfies Record<string, Drug>
export type DrugName = keyof typeof DRUGS

const vaccine = (cvx: string, cvxText: string, atc: string, atcText: string, text: string): CodeableConcept =>
  concept(text, coding(CVX, cvx, cvxText), coding(ATC, atc, atcText))

export const VACCINES = {
  tuberculosis: vaccine('19', 'BCG', 'J07AN01', 'tuberculosis, live attenuated', 'БЦЖ'),
  hepatitisB: vaccine('08', 'Hep B, adolescent or pediatric', 'J07BC01', 'hepatitis B, purified antigen', 'Гепатит B'),
  diphtheria: vaccine('20', 'DTaP', 'J07AJ52', 'pertussis, purified antigen, combinations with toxoids', 'АКДС'),
  polio: vaccine('10', 'IPV', 'J07BF03', 'poliomyelitis, trivalent, inactivated, whole virus', 'Полиомиелит'),
  pneumococcus: vaccine('133', 'Pneumococcal conjugate PCV 13', 'J07AL02', 'pneumococcus, purified polysaccharides antigen, conjugated', 'Пневмококк'),
  measles: vaccine('03', 'MMR', 'J07BD52', 'measles, combinations with mumps and rubella, live attenuated', 'Корь, краснуха, паротит'),
  influenza: vaccine('150', 'Influenza, injectable, quadrivalent, preservative free', 'J07BB02', 'influenza, inactivated, split virus or surface antigen', 'Грипп')
} satisfies Record<string, CodeableConcept>
export type Vaccine = keyof typeof VACCINES

export const PROCEDURES = {
  ecg: concept('Электрокардиография', coding(SNOMED, '29303009', 'Electrocardiographic procedure')),
  spirometry: concept('Спирометрия', coding(SNOMED, '127783003', 'Spirometry')),
  appendectomy: concept('Лапароскопическая аппендэктомия', coding(SNOMED, '6025007', 'Laparoscopic appendectomy')),
  cast: concept('Наложение гипсовой повязки', coding(SNOMED, '79321009', 'Application of cast')),
  kneeXray: concept('Рентгенография коленного сустава', coding(SNOMED, '74016001', 'Radiologic examination of knee')),
  refraction: concept('Определение рефракции', coding(SNOMED, '397524007', 'Refractometry of eye')),
  ultrasound: concept('УЗИ щитовидной железы', coding(SNOMED, '241479004', 'Ultrasonography of thyroid'))
} satisfies Record<string, CodeableConcept>
export type ProcedureName = keyof typeof PROCEDURES
