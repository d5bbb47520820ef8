import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseJson, type Json, type JsonObject } from '../../src/fhir/json.js'
import { validate } from '../../src/fhir/validate.js'

const archive = '../shared/data/synthea/synthea-r4-patients.tar.xz'
const skip = existsSync(archive) ? false : `${archive} is not here`

/** Every bundle of the archive. */
function * bundles (folder: string): Generator<JsonObject> {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.json')) yield parseJson(readFileSync(join(folder, name), 'utf8')) as JsonObject
  }
}

t.test('all Synthea patients are valid, within the time a write may take', { skip }, async t => {
  const folder = t.testdir()
  execFileSync('tar', ['xf', archive, '-C', folder])

  let count = 0
  const spent: Record<string, number[]> = {}
  for (const bundle of bundles(folder)) {
    for (const entry of bundle['entry'] as Json[]) {
      const resource = (entry as JsonObject)['resource'] as JsonObject
      const type = String(resource['resourceType'])
      const start = performance.now()
      const issues = validate(type, resource)
      const times = spent[type] ??= []
      times.push(performance.now() - start)
      if (issues.length > 0) t.same(issues, [], `${type}/${String(resource['id'])}`)
      count++
    }
    const issues = validate('Bundle', bundle)
    if (issues.length > 0) t.same(issues, [], String(bundle['id']))
  }

  t.ok(count > 30_000, `${count} resources`)
  // The median: what else the machine does meanwhile is no matter of this code.
  const median = (type: string): number => 1000 * (spent[type]?.sort((a, b) => a - b)[Math.floor((spent[type]?.length ?? 0) / 2)] ?? 0)
  t.comment(`us: Observation ${median('Observation').toFixed(1)}, ExplanationOfBenefit ${median('ExplanationOfBenefit').toFixed(1)}`)
  t.ok(median('Observation') <= 30, 'an Observation takes at most 30 us')
  t.ok(median('ExplanationOfBenefit') <= 200, 'an ExplanationOfBenefit takes at most 200 us')
})
