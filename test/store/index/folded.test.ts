import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import * as path from '../../../src/fhir/path.js'
import { extractors } from '../../../src/generated/extractors.js'
import { SEARCH_PARAMETERS } from '../../../src/generated/search-parameters.js'
import { isStored, ownerParameter, partsOf, withoutOf } from '../../../src/store/index/folded.js'

const EXTRACTORS = extractors(path)
const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))

/** The values of a parameter; of references those that point to `only`. */
function valuesOf (type: string, code: string, resource: object, only?: string): string[] {
  const found: string[] = []
  EXTRACTORS[type]?.[code]?.(resource, (_, value: never) => {
    if (only === undefined || path.targetType(value, resource as never) === only) found.push(JSON.stringify(value))
  })
  return found
}

t.test('what is stored under other parameters is what the parameter itself holds', async t => {
  let compared = 0
  for (const file of readdirSync(folder).filter(name => /^[A-Z].*\.json$/.test(name))) {
    const resource = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { resourceType: string }
    const type = resource.resourceType
    for (const { code } of Object.values(SEARCH_PARAMETERS[type] ?? {})) {
      if (isStored(type, code)) continue
      const own = valuesOf(type, code, resource)
      const parts = partsOf(type, code).filter(part => isStored(type, part.code) && withoutOf(type, part.code).length === 0)
      if (partsOf(type, code).length > parts.length) continue
      compared++
      const elsewhere = parts.flatMap(part => valuesOf(type, part.code, resource, part.only))
      if ([...new Set(own)].sort().join() !== [...new Set(elsewhere)].sort().join()) t.fail(`${file} ${code}`)
    }
  }
  t.ok(compared > 500, `${compared} compared`)
})

t.test('every part is stored', async t => {
  for (const [type, rows] of Object.entries(SEARCH_PARAMETERS)) {
    for (const { code, expression } of Object.values(rows)) {
      if (expression !== '') t.ok(partsOf(type, code).every(part => isStored(type, part.code)), `${type}.${code}`)
    }
  }
})

t.test('the owner columns answer for the element that names the owners', async t => {
  t.equal(ownerParameter('Observation'), 'subject')
  t.equal(ownerParameter('AllergyIntolerance'), 'patient')
  t.equal(ownerParameter('Appointment'), 'actor')
  t.equal(ownerParameter('Task'), undefined, 'for or focus: either may name them')
  t.equal(ownerParameter('Organization'), undefined)
  t.same(partsOf('Observation', 'patient'), [{ code: 'subject', only: 'Patient' }])
  t.same(partsOf('Observation', 'combo-code'), [{ code: 'code' }, { code: 'component-code' }])
  t.same(partsOf('Patient', 'phonetic').map(part => part.code), ['name', 'family', 'given'])
})
