// A laboratory panel: its results and the report over them. https://hl7.org/fhir/R4/diagnosticreport.html
import type { DiagnosticReport, Observation, Organization, Practitioner } from '@medplum/fhirtypes'
import { code, hl7, reference } from './concept.js'
import { ANALYTES, PANELS, quantity, type Analyte, type Measurement, type PanelName } from './measurement.js'
import { CLINICS, DOCTORS, nameOf } from './places.js'
import { moment, type Setting } from './setting.js'
import { interpretation, measured, referenceRange } from './vital-signs.js'

const LABORATORY = reference<Organization>('Organization', CLINICS.laboratory.id, CLINICS.laboratory.name)
const CATEGORY = [code(hl7('observation-category'), 'laboratory', 'Laboratory')]
const REPORT_CATEGORY = [code(hl7('v2-0074'), 'LAB', 'Laboratory')]

/** The report of a panel and its results, taken at the visit and issued the same afternoon. */
export function laboratory (setting: Setting, name: PanelName): [DiagnosticReport, ...Observation[]] {
  const { code: panel, analytes }: { code: DiagnosticReport['code'], analytes: readonly Measurement[] } = PANELS[name]
  const results = analytes.map(analyte => result(setting, analyte))
  return [{
    resourceType: 'DiagnosticReport',
    id: `${setting.id}-${name}`,
    status: 'final',
    category: REPORT_CATEGORY,
    code: panel,
    subject: setting.patient,
    encounter: setting.encounter,
    effectiveDateTime: moment(setting, 15),
    issued: moment(setting, 240),
    performer: [LABORATORY],
    resultsInterpreter: [reference<Practitioner>('Practitioner', DOCTORS.kim.id, nameOf(DOCTORS.kim))],
    result: results.map(({ id = '', code }) => reference<Observation>('Observation', id, code.text))
  }, ...results]
}

function result (setting: Setting, name: Measurement): Observation {
  const analyte: Analyte = ANALYTES[name]
  const value = measured(setting, name)
  return {
    resourceType: 'Observation',
    id: `${setting.id}-${name}`,
    status: 'final',
    category: CATEGORY,
    code: analyte.code,
    subject: setting.patient,
    encounter: setting.encounter,
    effectiveDateTime: moment(setting, 15),
    issued: moment(setting, 240),
    performer: [LABORATORY],
    valueQuantity: quantity(value, analyte),
    ...interpretation(value, analyte),
    ...referenceRange(analyte)
  }
}
