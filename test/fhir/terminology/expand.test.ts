// https://hl7.org/fhir/R4/valueset.html#compositions, on the definitions that HL7 published
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { CodeSystem as CodeSystemResource, ValueSet as ValueSetResource } from '@medplum/fhirtypes'
import t from 'tap'
import { CodeSystem } from '../../../src/fhir/terminology/code-system.js'
import { difference, type CodeSet } from '../../../src/fhir/terminology/code-set.js'
import { expand, newBudget, type Definitions } from '../../../src/fhir/terminology/expand.js'
import { valueSetOf } from '../../../src/fhir/terminology/value-set.js'
import { published } from '../../../src/store/terminology/published.js'

const require = createRequire(import.meta.url)
const PATTERNS = { pattern: async (source: string) => (text: string) => new RegExp(`^(?:${source})$`).test(text) }

type Own = ReadonlyArray<Partial<CodeSystemResource> | Partial<ValueSetResource>>

/** What HL7 published, and definitions of a test's own before it. */
function held (own: Own = []): Definitions {
  const find = async (type: string, url: string, version?: string): Promise<object | undefined> => {
    const found = own.find(each => each.resourceType === type && each.url === url && (version === undefined || each.version === version)) ?? await published(url, version)
    return (found as { resourceType?: string } | undefined)?.resourceType === type ? found : undefined
  }
  return {
    ...PATTERNS,
    budget: newBudget(),
    codeSystem: async (url, version) => {
      const found = await find('CodeSystem', url, version)
      return found && new CodeSystem(found as CodeSystemResource)
    },
    valueSet: async canonical => {
      const [url = '', version] = canonical.split('|')
      const found = await find('ValueSet', url, version)
      return found && valueSetOf(canonical, found as ValueSetResource)
    }
  }
}

const told = (set: CodeSet): string => Array.from(set, ([system, { all, listed }]) => `${system.replace(/^.*\//, '')}: ${all ? 'all but ' : ''}${[...listed].sort().join(' ')}`).sort().join('; ')

async function of (url: string, own?: Own): Promise<string> {
  const definitions = held(own)
  const found = await definitions.valueSet(url)
  return found === undefined ? 'none' : told(await expand(found, definitions))
}

const include = (compose: NonNullable<ValueSetResource['compose']>, ...others: Own): [string, Own] => ['urn:set', [{ resourceType: 'ValueSet', url: 'urn:set', compose }, ...others]]
const TREE: Partial<CodeSystemResource> = {
  resourceType: 'CodeSystem', url: 'urn:tree', content: 'complete', version: '2',
  property: [{ code: 'legs', type: 'integer' }, { code: 'inactive', type: 'boolean' }, { code: 'eats', type: 'code' }, { code: 'kind', uri: 'http://hl7.org/fhir/concept-properties#parent', type: 'code' }],
  concept: [
    { code: 'animal', concept: [
      { code: 'bird', property: [{ code: 'legs', valueInteger: 2 }], concept: [{ code: 'dodo', property: [{ code: 'inactive', valueBoolean: true }, { code: 'legs', valueInteger: 2 }] }, { code: 'owl', property: [{ code: 'eats', valueCode: 'mouse' }] }] },
      { code: 'mouse', property: [{ code: 'legs', valueInteger: 4 }] }] },
    { code: 'pet' },
    { code: 'cat', display: 'The Cat', property: [{ code: 'kind', valueCode: 'animal' }, { code: 'kind', valueCode: 'pet' }, { code: 'eats', valueCode: 'mouse' }, { code: 'eats', valueCode: 'bird' }] }
  ]
}
const filter = (property: string, op: string, value: string): [string, Own] => include({ include: [{ system: 'urn:tree', filter: [{ property, op: op as '=', value }] }] }, TREE)

t.test('value sets of HL7 expand to what their pages list', async t => {
  t.equal(await of('http://hl7.org/fhir/ValueSet/administrative-gender'), 'administrative-gender: female male other unknown')
  t.equal(await of('http://hl7.org/fhir/ValueSet/observation-status'), 'observation-status: amended cancelled corrected entered-in-error final preliminary registered unknown')
  t.equal(await of('http://hl7.org/fhir/ValueSet/condition-clinical|4.0.1'), 'condition-clinical: active inactive recurrence relapse remission resolved')
  t.equal(await of('http://terminology.hl7.org/ValueSet/v3-ActEncounterCode'), 'v3-ActCode: ACUTE AMB EMER FLD HH IMP NONAC OBSENC PRENC SS VR')
  t.equal(await of('http://hl7.org/fhir/ValueSet/patient-contactrelationship'), 'v2-0131: BP C CP E EP F I N PR S U', 'is-not-a of a flat system leaves out the code itself')
  t.match(await of('http://hl7.org/fhir/ValueSet/marital-status'), /v3-MaritalStatus: .*; v3-NullFlavor: UNK|v3-NullFlavor: UNK; v3-MaritalStatus/)
})

t.test('they hold all that HL7 expanded itself, and beside it only what may not be chosen or is out of use, and what stands below that', async t => {
  const folder = dirname(require.resolve('hl7.fhir.r4.expansions/package.json'))
  let [compared, refused] = [0, 0]
  for (const file of readdirSync(folder).filter(name => /^ValueSet-.*\.json$/.test(name))) {
    const theirs = JSON.parse(readFileSync(join(folder, file), 'utf8')) as ValueSetResource
    if (theirs.expansion?.parameter?.some(({ name }) => name === 'limitedExpansion')) continue
    const definitions = held()
    const found = await definitions.valueSet(theirs.url ?? '')
    const ours = found && await expand(found, definitions).catch(() => undefined)
    if (ours === undefined) refused++
    if (ours === undefined || [...ours.values()].some(({ all }) => all)) continue
    const expected = await expand(valueSetOf('theirs', { ...(theirs.expansion && { expansion: theirs.expansion }) }), definitions)
    compared++
    t.equal(told(difference(expected, ours)), '', theirs.url ?? file)
    for (const [system, { listed }] of difference(ours, expected)) {
      const known = await definitions.codeSystem(system)
      const outOfUse = (code: string): boolean => known?.concepts.get(code)?.properties.some(({ code: name }) => name === 'notSelectable' || name === 'status') === true
      for (const code of listed) if (![...known?.hasHierarchy === true ? known.above(code) : [code]].some(outOfUse)) t.fail(`${theirs.url ?? ''} has ${code} of ${system}`)
    }
  }

  t.comment(`${compared} value sets compared, ${refused} are not held or pin versions that are not`)
  t.ok(compared > 450)
  t.ok(refused < 5)
})

t.test('each filter takes the codes that its definition says', async t => {
  const cases: ReadonlyArray<readonly [property: string, op: string, value: string, codes: string]> = [
    ['concept', 'is-a', 'bird', 'bird dodo owl'], ['concept', 'descendent-of', 'bird', 'dodo owl'], ['concept', 'is-a', 'animal', 'animal bird cat dodo mouse owl'], ['concept', 'is-a', 'pet', 'cat pet'],
    ['concept', 'is-not-a', 'animal', 'pet'], ['concept', 'generalizes', 'owl', 'animal bird owl'], ['concept', 'generalizes', 'cat', 'animal cat pet'],
    ['code', 'regex', '[a-c].*', 'animal bird cat'], ['code', 'regex', 'a', ''], ['display', 'regex', 'The .*', 'cat'], ['code', 'in', 'owl, cat', 'cat owl'], ['code', 'not-in', 'owl,cat,animal,pet', 'bird dodo mouse'],
    ['legs', '=', '2', 'bird dodo'], ['legs', 'exists', 'true', 'bird dodo mouse'], ['legs', 'exists', 'false', 'animal cat owl pet'], ['eats', '=', 'mouse', 'cat owl'], ['eats', 'in', 'bird', 'cat'], ['eats', 'not-in', 'bird,mouse', 'animal bird dodo mouse pet'],
    ['inactive', '=', 'false', 'animal bird cat mouse owl pet'], ['parent', '=', 'animal', 'bird cat mouse'], ['child', '=', 'owl', 'bird']
  ]
  for (const [property, op, value, codes] of cases) t.equal(await of(...filter(property, op, value)), codes === '' ? '' : `urn:tree: ${codes}`, `${property} ${op} ${value}`)
})

t.test('includes are joined, value sets within one are met, excludes are taken away', async t => {
  const birds: Partial<ValueSetResource> = { resourceType: 'ValueSet', url: 'urn:birds', compose: { include: [{ system: 'urn:tree', filter: [{ property: 'concept', op: 'is-a', value: 'bird' }] }] } }
  const few: Partial<ValueSetResource> = { resourceType: 'ValueSet', url: 'urn:few', compose: { include: [{ system: 'urn:tree', concept: [{ code: 'owl' }, { code: 'cat' }] }] } }

  t.equal(await of(...include({ include: [{ valueSet: ['urn:birds', 'urn:few'] }] }, TREE, birds, few)), 'urn:tree: owl')
  t.equal(await of(...include({ include: [{ valueSet: ['urn:birds'] }, { valueSet: ['urn:few'] }] }, TREE, birds, few)), 'urn:tree: bird cat dodo owl')
  t.equal(await of(...include({ include: [{ system: 'urn:tree', valueSet: ['urn:few'] }] }, TREE, birds, few)), 'urn:tree: cat owl')
  t.equal(await of(...include({ include: [{ system: 'urn:tree' }], exclude: [{ valueSet: ['urn:birds'] }, { system: 'urn:tree', concept: [{ code: 'cat' }] }] }, TREE, birds)), 'urn:tree: animal mouse pet')
  t.equal(await of(...include({ inactive: false, include: [{ valueSet: ['urn:birds'] }, { system: 'urn:tree', filter: [{ property: 'concept', op: 'is-a', value: 'pet' }] }] }, TREE, birds)), 'urn:tree: bird cat dodo owl pet')
  t.equal(await of(...include({ inactive: false, include: [{ system: 'urn:tree', filter: [{ property: 'concept', op: 'is-a', value: 'bird' }] }] }, TREE)), 'urn:tree: bird owl')
  t.equal(await of(...include({ include: [{ system: 'urn:tree', version: '2' }] }, TREE)), 'urn:tree: animal bird cat dodo mouse owl pet')
})

t.test('all of a system that is not held are all of it, and what is taken away from them is', async t => {
  t.equal(await of(...include({ include: [{ system: 'http://loinc.org' }] })), 'loinc.org: all but ')
  t.equal(await of(...include({ include: [{ system: 'http://loinc.org' }], exclude: [{ system: 'http://loinc.org', concept: [{ code: '8480-6' }] }] })), 'loinc.org: all but 8480-6')
  t.equal(await of(...include({ include: [{ system: 'http://loinc.org', valueSet: ['urn:few'] }] }, { resourceType: 'ValueSet', url: 'urn:few', compose: { include: [{ system: 'http://loinc.org', concept: [{ code: '1-8' }] }] } })), 'loinc.org: 1-8')
  t.equal(await of('http://hl7.org/fhir/ValueSet/observation-codes'), 'loinc.org: all but ')
})

t.test('an expansion counts where there is no definition, if it is whole', async t => {
  const contains = [{ system: 'urn:a', code: 'x', contains: [{ system: 'urn:a', code: 'y' }] }, { system: 'urn:a', code: 'group', abstract: true }]
  const expansion = (more: object): Own => [{ resourceType: 'ValueSet', url: 'urn:set', expansion: { timestamp: '2026-01-01', contains, ...more } }]

  t.equal(await of('urn:set', expansion({ total: 3 })), 'urn:a: group x y')
  for (const more of [{ total: 30 }, { offset: 1 }, { parameter: [{ name: 'limitedExpansion', valueBoolean: true }] }]) await t.rejects(of('urn:set', expansion(more)), /a part of one/)
})

t.test('what cannot be told whole is refused, with the system and why', async t => {
  const cases: ReadonlyArray<readonly [asked: [string, Own?], says: RegExp]> = [
    [['http://hl7.org/fhir/ValueSet/body-site'], /concept is-a 442083009 of the code system http:\/\/snomed.info\/sct.*|snomed.info\/sct.*not hold all codes/],
    [['http://hl7.org/fhir/ValueSet/iso3166-1-3'], /code regex .* of the code system urn:iso:std:iso:3166, which this server does not hold/],
    [filter('shoe', '=', 'x'), /urn:tree has no property shoe/], [filter('concept', 'is-a', 'unicorn'), /urn:tree has no code unicorn/], [filter('legs', 'is-a', '2'), /is of the property concept, not of legs/],
    [filter('legs', 'exists', 'perhaps'), /true or false/], [filter('legs', 'like', 'x'), /like is none of R4/],
    [include({ include: [{ system: 'urn:tree', version: '3' }] }, TREE), /version 3 of urn:tree, which this server does not hold/],
    [include({ include: [{ valueSet: ['urn:nowhere'] }] }), /includes urn:nowhere, which this server does not hold/],
    [include({ include: [{ valueSet: ['urn:set'] }] }), /urn:set includes itself: urn:set includes urn:set/],
    [include({ include: [{ valueSet: ['urn:other'] }] }, { resourceType: 'ValueSet', url: 'urn:other', compose: { include: [{ valueSet: ['urn:set'] }] } }), /urn:set includes urn:other includes urn:set/],
    [include({ inactive: false, include: [{ system: 'http://loinc.org' }] }), /which codes are active of the code system http:\/\/loinc.org/],
    [include({ lockedDate: '2020-01-01', include: [{ system: 'urn:tree' }] }, TREE), /as of 2020-01-01/],
    [include({ include: [{ system: 'urn:part', filter: [{ property: 'concept', op: 'is-a', value: 'x' }] }] }, { ...TREE, url: 'urn:part', content: 'fragment' }), /urn:part this server does not hold all codes \(its content is fragment\)/],
    [include({ include: [{ system: 'urn:grouped', filter: [{ property: 'concept', op: 'is-a', value: 'bird' }] }] }, { ...TREE, url: 'urn:grouped', hierarchyMeaning: 'grouped-by', property: [] }), /urn:grouped has no hierarchy of kinds \(its hierarchyMeaning is grouped-by\)/],
    [['urn:set', [{ resourceType: 'ValueSet', url: 'urn:set' }]], /neither what it includes nor what it expands to/]
  ]
  for (const [asked, says] of cases) await t.rejects(of(...asked), { message: says }, String(says))
})

t.test('hierarchies with several parents, and circles in them, are followed once', async t => {
  const role = await held().codeSystem('http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation')
  const circle = new CodeSystem({ url: 'urn:circle', content: 'complete', property: [{ code: 'parent', type: 'code' }], concept: [{ code: 'a', property: [{ code: 'parent', valueCode: 'b' }] }, { code: 'b', property: [{ code: 'parent', valueCode: 'a' }] }] })

  t.ok(role?.below('H').has('HH'))
  t.strictSame([...role?.above('HH') ?? []].sort(), ['A', 'AA', 'H', 'H>', 'HH', 'HU', '_ObservationInterpretationNormality'])
  t.strictSame([...circle.below('a')], ['a', 'b'])
})

t.test('a value set of very many parts takes time in proportion, and beyond a bound is refused', async t => {
  const parts = (count: number): [string, Own] => include({ include: Array.from({ length: count }, (_, at) => ({ system: 'urn:tree', concept: [{ code: `c${at}` }] })) })
  const started = process.cpuUsage()

  t.equal((await of(...parts(50_000))).split(' ').length, 50_001)

  // Joined one by one they would take a billion steps.
  t.ok(process.cpuUsage(started).user < 10_000_000)
  await t.rejects(of(...include({ include: Array.from({ length: 501 }, () => ({ valueSet: ['http://hl7.org/fhir/ValueSet/administrative-gender'] })) })), /more than 500 code systems and value sets/)
  await t.rejects(of(...include({ include: Array.from({ length: 499 }, () => ({ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode' })) })), /more than 500000 codes/)
})
