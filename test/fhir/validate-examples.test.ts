import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parseJson, type JsonObject } from '../../src/fhir/json.js'
import { validate } from '../../src/fhir/validate.js'

interface Refused { readonly file: string, readonly expression: string, readonly rule: string, readonly because: string }

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))

t.test('the examples of the specification are valid, but for those in the table', async t => {
  const files = readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'package.json')
  const table = JSON.parse(readFileSync('conformance/examples-refused.json', 'utf8')) as Refused[]

  const refused = files.flatMap(file => {
    const resource = parseJson(readFileSync(join(folder, file), 'utf8')) as JsonObject
    const [first] = validate(String(resource['resourceType']), resource)
    return first ? [{ file, expression: first.expression ?? '', rule: first.diagnostics.slice(0, 140) }] : []
  })

  t.equal(files.length, 5306)
  t.ok(refused.length <= 60, `${refused.length} are refused`)
  t.same(refused, table.map(({ file, expression, rule }) => ({ file, expression, rule })))
})
