import fc from 'fast-check'
import fhirpath, { type Model, type OptionVariants } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import t from 'tap'
import * as path from '../../src/fhir/path.js'
import { Decimal, type JsonObject } from '../../src/fhir/json.js'
import { NotCompiled, compile, compileTest, environment } from '../../scripts/generate/fhirpath.js'
import { readModel } from '../../scripts/generate/model.js'

const model = readModel()
const NAMES = Object.keys(path)

/** Runs a compiled expression on a resource. */
function run (js: string, resource: JsonObject): unknown {
  // What the compiler writes is JavaScript; running it is the test.
  // eslint-disable-next-line no-new-func
  const body = new Function(...NAMES, 'o', 'resource', 'rootResource', `return ${js}`)
  return body(...Object.values(path), resource, resource, resource)
}

function compiled (expression: string, resource: JsonObject): unknown[] {
  const { js, many } = compile(expression, environment(model, String(resource['resourceType'])))
  const value = run(js, resource)
  return (many ? value as unknown[] : [value]).filter(item => item != null)
}

const oracle = (expression: string, resource: JsonObject): unknown[] =>
  fhirpath.evaluate(resource, expression, { resource, rootResource: resource }, r4 as Model, {} as OptionVariants) as unknown as unknown[]

const patient = {
  resourceType: 'Patient',
  id: 'p',
  active: true,
  gender: 'female',
  birthDate: '1990-05-17',
  _birthDate: { extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/patient-birthTime', valueDateTime: '1990-05-17T14:35:45-05:00' }] },
  deceasedBoolean: false,
  multipleBirthInteger: 2,
  name: [{ use: 'official', family: 'Chalmers', given: ['Peter', 'James'] }, { use: 'usual', given: ['Jim'] }],
  telecom: [{ system: 'phone', value: '1', rank: 1 }, { system: 'email', value: 'a@b', rank: 2 }, { system: 'phone', value: '2' }],
  contact: [{ name: { family: 'du Marché' }, period: { start: '2012' } }, { organization: { reference: 'Organization/1' } }],
  extension: [{ url: 'urn:x', valueString: 'y' }, { url: 'urn:z', valueDecimal: 1.5 }],
  contained: [{ resourceType: 'Organization', id: 'o', name: 'Org' }],
  managingOrganization: { reference: '#o' }
}
const observation = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '85354-9' }, { system: 'urn:c', code: 'bp' }], text: 'BP' },
  subject: { reference: 'Patient/p' },
  effectivePeriod: { start: '2012-01-01', end: '2012-01-02' },
  valueQuantity: { value: 120.5, unit: 'mm[Hg]', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  component: [{ code: { coding: [{ code: 'a' }] }, valueInteger: 3 }, { code: { coding: [{ code: 'b' }] }, valueString: 'low' }],
  referenceRange: [{ low: { value: 90 }, high: { value: 140 } }, { text: 'x' }]
}

const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  Patient: [
    'Patient.name.given', 'name.family', 'Patient.birthDate', 'active', 'Observation.code', 'name[0].given[1]', 'name.given.first()', 'name.given.last()', 'name.given.tail()',
    'name.given.skip(1)', 'name.given.take(2)', 'name.given[5]', 'telecom.where(system = \'phone\').value', 'telecom.where(system = \'fax\').value', 'telecom.where(rank > 1).value',
    'telecom.where(rank >= 1 and system != \'email\').value', 'name.where(family.exists()).given', 'name.given.count()', 'name.exists()', 'name.empty()', 'photo.exists()',
    'photo.empty()', 'name.exists(use = \'usual\')', 'name.all(given.exists())', 'name.all(family.exists())', 'name.given.distinct().count()', 'telecom.system.isDistinct()',
    'telecom.value.isDistinct()', 'name.given | telecom.value', 'name.given.union(name.given)', 'name.given.combine(name.given).count()', 'name.given.intersect(\'Jim\' | \'Bob\')',
    'name.given.exclude(\'Jim\' | \'Bob\')', 'name.select(given)', 'name.select(given.first() + \' \' + family)', 'name.select(given.first() & \' \' & family)', 'deceased', 'deceased is boolean',
    'deceased.exists() and deceased != false', 'multipleBirth', 'multipleBirth is integer', 'multipleBirth as integer', 'multipleBirth.ofType(integer)', 'multipleBirth as boolean',
    'multipleBirth + 1', 'multipleBirth * 3 - 1', 'multipleBirth / 4', '7 div multipleBirth', '7 mod multipleBirth', 'multipleBirth > 1 or multipleBirth < 0', 'gender = \'female\'',
    'gender != \'female\'', 'language = \'en\'', 'language != \'en\'', '(language = \'en\').not()', 'language = \'en\' or active', 'language = \'en\' and active', 'language = \'en\' implies active',
    'active implies language = \'en\'', 'active xor gender = \'female\'', 'gender in (\'male\' | \'female\')', '(\'male\' | \'other\') contains gender', 'language in (\'en\' | \'de\')',
    'name.given contains \'Jim\'', 'gender.length()', 'gender.startsWith(\'fe\')', 'gender.endsWith(\'x\')', 'gender.contains(\'mal\')', 'gender.indexOf(\'m\')', 'gender.substring(2)', 'gender.substring(2, 2)',
    'gender.substring(9)', 'gender.upper()', 'gender.matches(\'^f.*e$\')', 'language.matches(\'x\')', 'gender.replace(\'fe\', \'\')', 'gender.replaceMatches(\'[aeiou]\', \'_\')', 'multipleBirth.toString()',
    '\'12\'.toInteger()', '\'x\'.toInteger()', '\'1.5\'.toDecimal()', 'iif(active, gender, language)', 'iif(active.not(), gender, \'none\')', 'iif(language = \'en\', \'yes\')', 'extension(\'urn:x\').value',
    'extension.where(url = \'urn:z\').value', 'birthDate.extension.where(url.endsWith(\'birthTime\')).value', 'birthDate.extension(\'http://hl7.org/fhir/StructureDefinition/patient-birthTime\').value',
    'birthDate.hasValue()', 'language.hasValue()', 'birthDate < @1991-01-01', 'birthDate > @1990-05', 'contact.where(name.exists()).name.family', 'contact.period.start', 'contained.id', 'contained.ofType(Organization).name',
    'contained.where($this is Organization).name', 'name.trace(\'n\').given', 'children().count() > 5', 'descendants().where($this = \'Jim\')', 'name.given.where($this = \'Jim\')',
    'name.repeat(given)', '{}', '{} = 1', '(active | deceased).allTrue()', '(active | deceased).anyTrue()', 'telecom.rank.where($this <= 1)', 'name.period.start.empty()',
    '%resource.gender', 'name.where(use = %resource.gender).empty()', 'Patient.name.given.subsetOf(%resource.name.given)', 'active.not()', 'true and {}', 'false and {}', 'true or {}', '{} or {}', '{} implies true'
  ],
  Observation: [
    'Observation.value', 'value as Quantity', '(Observation.value as Quantity).value', 'value.ofType(string)', 'value is Quantity', 'value is string', 'effective', '(effective as Period).start',
    'code.coding.where(system = \'http://loinc.org\').code', 'code.coding.code | code.text', 'component.value', 'component.value.ofType(integer)', 'component.where(value is string).code.coding.code', 'component.code.coding.exists(code = \'a\')',
    'component.all(value.exists())', 'component.all(value is integer)', 'referenceRange.all(low.exists() or text.exists())', 'referenceRange.low.value', 'referenceRange.where(low.value < 100).high.value',
    'dataAbsentReason.empty() or value.empty()', 'value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()', 'component.select(code.coding.code & value.toString())',
    'code.coding.count() = 2', 'code.coding.first().code = \'85354-9\'', 'status in (\'final\' | \'amended\')', 'effective.start <= effective.end', 'component.value.first() = 3'
  ]
}

t.test('compiled expressions give what fhirpath.js gives', async t => {
  for (const resource of [patient, observation]) {
    for (const expression of EXPRESSIONS[resource.resourceType] ?? []) {
      t.same(compiled(expression, resource), oracle(expression, resource), expression)
    }
  }
})

/** The resource without some of its members, at any depth. */
const thinned = (value: unknown, drop: () => boolean): unknown => {
  if (Array.isArray(value)) return value.map(item => thinned(item, drop))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => key === 'resourceType' || !drop()).map(([key, member]) => [key, thinned(member, drop)] as const)
  return Object.fromEntries(kept.filter(([, member]) => !(typeof member === 'object' && member !== null && Object.keys(member).length === 0)))
}

t.test('also where elements are left out', async t => {
  const tried = Object.entries(EXPRESSIONS).flatMap(([type, list]) => list.map(expression => [type === 'Patient' ? patient : observation, expression] as const))
  fc.assert(fc.property(fc.constantFrom(...tried), fc.integer(), ([resource, expression], seed) => {
    let state = seed
    const drop = (): boolean => (state = Math.imul(state ^ state >>> 13, 0x5bd1e995) + 1 | 0) % 4 === 0
    const thin = thinned(resource, drop) as JsonObject

    t.same(compiled(expression, thin), oracle(expression, thin), `${expression} on ${JSON.stringify(thin)}`)
  }), { numRuns: 3000 })
})

t.test('decimals are numbers', async t => {
  const resource = { resourceType: 'Observation', valueQuantity: { value: new Decimal('120.50') }, referenceRange: [{ low: { value: new Decimal('9e1') } }] }

  t.same(compiled('value.value = 120.5', resource), [true])
  t.same(compiled('referenceRange.low.value < 100', resource), [true])
  t.same(compiled('value.value + 1', resource), [121.5])
})

t.test('resolve() tells the type by what the reference says', async t => {
  const appointment = { resourceType: 'Appointment', participant: [{ actor: { reference: 'Patient/a' } }, { actor: { reference: 'http://x/Practitioner/b/_history/1' } }, { actor: { display: 'c', type: 'Patient' } }] }

  t.same(compiled('participant.actor.where(resolve() is Patient).display', appointment), ['c'])
  t.same(compiled('participant.actor.where(resolve() is Practitioner).reference', appointment), ['http://x/Practitioner/b/_history/1'])
})

t.test('an invariant becomes a condition', async t => {
  const js = compileTest('name.exists() or telecom.exists()', environment(model, 'Patient.contact'))

  t.equal(run(js, { name: { text: 'x' } }), true)
  t.equal(run(js, {}), false)
})

t.test('what cannot be decided at build time is refused', async t => {
  t.throws(() => compile('descendants().as(canonical)', environment(model, 'Patient')), NotCompiled)
  t.throws(() => compile('name.where($index = 0)', environment(model, 'Patient')), NotCompiled)
  t.throws(() => compile('conformsTo(\'x\')', environment(model, 'Patient')), NotCompiled)
})
