import type { Binary, Bundle, Resource } from '@medplum/fhirtypes'
import t from 'tap'
import { city } from '../../src/demo/city.js'
import { parseJson } from '../../src/fhir/json.js'
import { isObject } from '../../src/fhir/json-value.js'
import { parseReference } from '../../src/fhir/reference.js'
import { ownersOf, referencesOf } from '../../src/store/links.js'
import { TYPES } from '../../src/store/types.js'

const resourcesOf = (bundles: readonly Bundle[]): Resource[] =>
  bundles.flatMap(({ entry = [] }) => entry.flatMap(({ resource }) => resource === undefined ? [] : [resource]))
const nameOf = ({ resourceType, id = '' }: Resource): string => `${resourceType}/${id}`
const json = (resource: Resource) => {
  const value = parseJson(JSON.stringify(resource))
  return isObject(value) ? value : {}
}

const bundles = city()
const resources = resourcesOf(bundles)

t.test('the city is the same whenever and wherever it is made', async t => {
  t.equal(JSON.stringify(city()), JSON.stringify(bundles))
})

t.test('another seed moves values and no ids', async t => {
  const other = resourcesOf(city('another'))

  t.not(JSON.stringify(other), JSON.stringify(resources))
  t.same(other.map(nameOf), resources.map(nameOf))
})

t.test('every id is used once, and is put where it says', async t => {
  t.equal(new Set(resources.map(nameOf)).size, resources.length)
  for (const { entry = [] } of bundles) {
    for (const { resource, request } of entry) t.equal(request?.url, resource && nameOf(resource))
  }
})

t.test('every reference leads to what was written before it or with it', async t => {
  const known = new Set<string>()
  for (const bundle of bundles) {
    const written = resourcesOf([bundle])
    for (const resource of written) known.add(nameOf(resource))
    for (const resource of written) {
      for (const { path, reference = '' } of referencesOf(resource.resourceType, json(resource))) {
        if (!known.has(reference)) t.fail(`${nameOf(resource)} ${path} ${reference}`)
      }
    }
  }
  t.ok(known.size > 300)
})

t.test('all patient data but the Patients names its owner', async t => {
  const ownerless = resources.filter(resource => resource.resourceType !== 'Patient' && resource.resourceType !== 'Parameters' &&
    TYPES[resource.resourceType as keyof typeof TYPES].class === 'patient-data' && ownersOf(resource.resourceType, json(resource)).length === 0)

  t.same(ownerless.map(nameOf), [])
})

t.test('it shows what a record consists of', async t => {
  const types = new Set(resources.map(({ resourceType }) => resourceType))

  for (const type of ['Organization', 'Location', 'HealthcareService', 'Practitioner', 'PractitionerRole', 'Patient', 'RelatedPerson', 'Coverage',
    'Encounter', 'Condition', 'Observation', 'DiagnosticReport', 'MedicationRequest', 'Immunization', 'AllergyIntolerance', 'Procedure', 'DocumentReference', 'Binary']) {
    t.ok(types.has(type as Resource['resourceType']), type)
  }
})

t.test('what the psychiatrist wrote, and only that, is labelled', async t => {
  const labelled = resources.filter(({ meta }) => meta?.security?.some(({ code }) => code === 'PSY')).map(nameOf)

  t.ok(labelled.includes('Observation/anna-2025-10-02-mood'))
  t.ok(labelled.includes('Condition/anna-depression'))
  t.notOk(labelled.some(name => name.includes('hypothyroidism')))
})

t.test('the letter is a PDF whose table finds its objects', async t => {
  const binary = resources.find((resource): resource is Binary => resource.resourceType === 'Binary')
  const text = Buffer.from(binary?.data ?? '', 'base64').toString('latin1')

  t.equal(text.slice(Number(/startxref\n(\d+)/.exec(text)?.[1])).slice(0, 4), 'xref')
  const offsets = [...text.matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset))
  offsets.forEach((offset, index) => t.equal(text.slice(offset, offset + 7), `${index + 1} 0 obj`))
  t.equal(offsets.length, 5)
})

t.test('a reference is one of this server', async t => {
  const kinds = new Set(resources.flatMap(resource => referencesOf(resource.resourceType, json(resource))).map(({ reference = '' }) => parseReference(reference).kind))

  t.same([...kinds], ['literal'])
})
