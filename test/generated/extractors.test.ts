import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { NOT_COMPILED } from '../../src/generated/extractors.js'
import { SEARCH_PARAMETERS } from '../../src/generated/search-parameters.js'
import { type Difference, compare } from './oracle.js'

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))

t.test('every R4 search parameter has a compiled extractor', async t => {
  t.same(NOT_COMPILED, [])
  t.equal(Object.keys(SEARCH_PARAMETERS).length, 146, '145 types and the parameters of all resources')
})

t.test('for every R4 example, the extractors yield what fhirpath.js yields', async t => {
  const files = readdirSync(folder).filter(name => /^[A-Z].*\.json$/.test(name))

  const differences: Difference[] = []
  let evaluations = 0
  for (const file of files) {
    const found = compare(JSON.parse(readFileSync(join(folder, file), 'utf8')) as { resourceType: string })
    evaluations += found.evaluations
    differences.push(...found.differences)
  }

  t.same(differences, [])
  t.comment(`${files.length} resources, ${evaluations} evaluations`)
})
