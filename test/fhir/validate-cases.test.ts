import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseJson, type JsonObject } from '../../src/fhir/json.js'
import { FhirError } from '../../src/fhir/outcome.js'
import { validate } from '../../src/fhir/validate.js'

interface Case { readonly name: string, readonly file: string, readonly valid: boolean }

const folder = '../shared/data/validator'
const skip = existsSync(folder) ? false : `${folder} is not here`

/** What is said of each resource of a file: the expressions of all errors; a text that is no JSON has one. */
function refusals (file: string): string[] {
  const text = readFileSync(join(folder, 'files', file), 'utf8')
  const texts = file.endsWith('.ndjson') ? text.split('\n').filter(line => line.trim() !== '') : [text]
  return texts.flatMap(one => {
    try {
      const resource = parseJson(one) as JsonObject
      return validate(String(resource['resourceType']), resource).map(({ expression, diagnostics }) => `${expression ?? ''}: ${diagnostics}`)
    } catch (error) {
      if (!(error instanceof FhirError)) throw error
      return [error.message]
    }
  })
}

t.test('the reference validator and this one agree, but for what the table explains', { skip }, async t => {
  const cases = (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Case[]).filter(({ file }) => /json$/.test(file))
  const table = JSON.parse(readFileSync('conformance/validator-cases.json', 'utf8')) as { accepted: Record<string, string>, refused: Record<string, string> }

  const differing = { accepted: [] as string[], refused: [] as string[] }
  for (const { name, file, valid } of cases) {
    const told = refusals(file)
    if (valid && told.length > 0) differing.refused.push(name)
    if (!valid && told.length === 0) differing.accepted.push(name)
  }

  t.same(differing.refused.sort(), Object.keys(table.refused).sort(), 'what the reference validator accepts is accepted')
  t.same(differing.accepted.sort(), Object.keys(table.accepted).sort(), 'what it refuses for a reason of the base specification is refused')
  t.comment(`${cases.length} cases, ${differing.accepted.length + differing.refused.length} differ`)
})

// Where the reference validator places the error, this one does too.
const PLACES: ReadonlyArray<readonly [string, string]> = [
  ['attachment-with-invalid-binary.json', 'Media.content.data'],
  ['synthea.json', 'Encounter.reasonCode'],
  ['synthea.json', 'Encounter.status'],
  ['questionnaire-enableWhen-dw.json', 'Questionnaire.item[3]'],
  ['cs-meta-profile.json', 'CodeSystem.meta.profile'],
  ['mr-covid-m3.json', 'Measure.group[0].population[0]'],
  ['hakan-se.json', 'MedicationRequest.authoredOn'],
  ['hakan-se.json', 'MedicationRequest.requester'],
  ['hakan-se.json', 'MedicationRequest'],
  ['patient-id-bad-1.json', 'Patient.id'],
  ['resource-invalid-eid-2.json', 'Location.position.id'],
  ['versioned-extension.json', 'Patient.extension[2]'],
  ['ext-ccuk.json', 'StructureDefinition.differential'],
  ['test-ndjson.ndjson', 'Encounter.period'],
  ['obs-vs-2.json', 'Observation.text']
]

t.test('an error is placed where the reference validator places it', { skip }, async t => {
  for (const [file, expression] of PLACES) {
    t.ok(refusals(file).some(told => told.startsWith(`${expression}: `)), `${file}: ${expression}`)
  }
})
