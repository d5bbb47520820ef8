import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { type Item, expressionOn, ExpressionError, rootsOf } from '../../../src/fhir/fhirpath/expression.js'
import type { JsonObject } from '../../../src/fhir/json.js'
import * as path from '../../../src/fhir/path.js'
import { extractors } from '../../../src/generated/extractors.js'
import { SEARCH_PARAMETERS } from '../../../src/generated/search-parameters.js'

const EXTRACTORS = extractors(path)
const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
const examples = readdirSync(folder).filter(name => /^[A-Z].*\.json$/.test(name)).map(name => readFileSync(join(folder, name), 'utf8'))
  .filter(text => text.length < 500_000).map(text => JSON.parse(text) as JsonObject)

/** What an expression gives of a resource, each with its type. */
const given = (resource: JsonObject, expression: string): string[] => {
  const type = String(resource['resourceType'])
  return expressionOn(type, expression).itemsOf({ type, value: resource }, resource).flatMap(({ type, value }: Item) => value === undefined ? [] : [`${type} ${JSON.stringify(value)}`])
}

t.test('for every R4 example, the expression of every R4 parameter gives what its compiled extractor gives, type by type', async t => {
  const compiled = new Map<string, ReturnType<typeof expressionOn>>()
  const on = (type: string, code: string, text: string): ReturnType<typeof expressionOn> => {
    const name = `${type}.${code}`
    const made = compiled.get(name) ?? expressionOn(type, text)
    compiled.set(name, made)
    return made
  }
  const differences: unknown[] = []
  let evaluations = 0
  for (const resource of examples) {
    const type = String(resource['resourceType'])
    for (const { code, expression, type: kind } of Object.values(SEARCH_PARAMETERS[type] ?? {})) {
      if (kind === 'composite' || expression === '') continue
      evaluations++
      const expected: string[] = []
      // The generator calls the first resource of a Bundle a Resource; here it is what it says that it is.
      EXTRACTORS[type]?.[code]?.(resource, (kind: string, value: { resourceType?: string }) => { expected.push(`${kind === 'Resource' ? value.resourceType : kind} ${JSON.stringify(value)}`) })
      const found = on(type, code, expression.replaceAll('(DateTime)', '(dateTime)')).itemsOf({ type, value: resource }, resource).flatMap(({ type, value }) => value === undefined ? [] : [`${type} ${JSON.stringify(value)}`])
      if (found.sort().join() !== expected.sort().join()) differences.push({ type, id: resource['id'], code, found, expected })
    }
  }

  t.same(differences.slice(0, 5), [])
  t.equal(differences.length, 0)
  t.comment(`${examples.length} examples, ${evaluations} evaluations of ${compiled.size} expressions`)
})

const anna: JsonObject = {
  resourceType: 'Patient',
  id: 'anna',
  birthDate: '1990-05-01',
  _birthDate: { extension: [{ url: 'http://x/time', valueDateTime: '1990-05-01T10:00:00Z' }] },
  name: [{ use: 'official', family: 'Smirnova', given: ['Anna', 'Maria'] }, { use: 'nickname', given: ['Anya'] }],
  extension: [
    { url: 'http://x/race', extension: [{ url: 'code', valueCoding: { system: 'http://x', code: 'a' } }, { url: 'text', valueString: 'A' }] },
    { url: 'http://x/weight', valueDecimal: 3.25 }
  ],
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Clinic' }],
  generalPractitioner: [{ reference: '#o' }, { reference: 'Practitioner/p' }],
  multipleBirthInteger: 2
}

t.test('extensions, also of primitives, choices, criteria and contained references', async t => {
  for (const [expression, ...expected] of [
    ["Patient.extension.where(url = 'http://x/race').extension.value.code", 'code "a"'],
    ["Patient.extension('http://x/weight').value", 'decimal 3.25'],
    ["Patient.birthDate.extension('http://x/time').value as dateTime", 'dateTime "1990-05-01T10:00:00Z"'],
    ["Patient.name.where(use = 'official' and given contains 'Maria').family", 'string "Smirnova"'],
    ["Patient.name.where(use in ('usual' | 'nickname')).given", 'string "Anya"'],
    ['Patient.name[0].given.first() | Patient.name.last().given', 'string "Anna"', 'string "Anya"'],
    ['Patient.generalPractitioner.where(resolve() is Organization).reference', 'string "#o"'],
    ['Patient.generalPractitioner.where(resolve() is Practitioner).reference', 'string "Practitioner/p"'],
    ['Patient.multipleBirth.ofType(integer)', 'integer 2'],
    ['(Patient.multipleBirth as boolean)'],
    ['Patient.name.family.exists()', 'boolean true'],
    ['Patient.multipleBirth.ofType(integer) > 1 and Patient.photo.empty()', 'boolean true'],
    ['Patient.birthDate >= @1990-01-01 xor Patient.name.all(use.exists())', 'boolean false'],
    ['Patient.deceased.exists().not()', 'boolean true'],
    ["Patient.name.select(given | family).where(startsWith('Sm') or endsWith('ria'))", 'string "Maria"', 'string "Smirnova"'],
    ['Patient.contained.ofType(Organization).name', 'string "Clinic"']
  ] as const) t.same(given(anna, expression).sort(), expected, expression)
})

t.test('what a search parameter may not use is refused by name when it is compiled', async t => {
  for (const [expression, message] of [
    ['Patient.nmae', /nmae, which Patient has not/],
    ['Patient.name.', /no FHIRPath/],
    ['Patient.name.repeat(period)', /repeat\(\)/],
    ['Patient.descendants()', /descendants\(\)/],
    ['Patient.name.family.matches(\'(a+)+b\')', /matches\(\)/],
    ['now()', /now\(\)/],
    ['Patient.name.where(%resource.id = \'x\')', /a variable/],
    ["Patient.name.family & 'x'", /a sum/],
    ['Patient.generalPractitioner.resolve().name', /resolve\(\), of which only the type/],
    ['Patient.name.ofType(Nmae)', /the type Nmae/],
    ['Patient.name ~ Patient.name', /~/],
    ['Patient.constructor', /constructor, which Patient has not/],
    ['Patient.name.toString()', /toString\(\)/],
    [`Patient.name${'.where(true)'.repeat(300)}`, /longer than/]
  ] as const) t.throws(() => expressionOn('Patient', expression), { name: 'ExpressionError', message }, expression)
})

t.test('an expression that fails, or takes too many steps, says so', async t => {
  const many: JsonObject = { resourceType: 'Patient', name: Array.from({ length: 100_000 }, () => ({ given: ['a', 'b'] })) }

  t.throws(() => given(anna, "Patient.where(name.given.startsWith('A')).id"), { name: 'ExpressionError', message: /several texts/ })
  t.throws(() => given(anna, 'Patient.where(name).id'), ExpressionError)
  t.throws(() => given(many, 'Patient.name.given'), { name: 'ExpressionError', message: /too many steps/ })
})

t.test('the types with which an expression begins', async t => {
  t.same(rootsOf('Patient.name | (Person.name as HumanName) | RelatedPerson.name[0].given'), ['Patient', 'Person', 'RelatedPerson'])
  for (const expression of ['name', "'x'", '%resource.id', 'Patient.name | true']) t.throws(() => rootsOf(expression), { message: /begins with no resource type/ }, expression)
})
