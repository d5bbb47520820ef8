import t from 'tap'
import { membersOf } from '../../src/fhir/elements.js'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.js'

t.test('every resource type has its elements', async t => {
  for (const type of RESOURCE_TYPES) t.match(membersOf(type).get('id'), { type: 'string', element: { summary: true, mandatory: false } }, type)
})

t.test('a choice has one member for each of its types', async t => {
  const { element, type } = membersOf('Patient').get('deceasedDateTime') ?? {}

  t.match({ element, type }, { type: 'dateTime', element: { name: 'deceased', types: ['boolean', 'dateTime'], choice: true, many: false, modifier: true } })
  t.equal(membersOf('Patient').get('deceasedBoolean')?.element, element)
  t.notOk(membersOf('Patient').has('deceased'))
})

t.test('backbone elements are known by their path, also those that are defined by another', async t => {
  t.match(membersOf('Patient').get('contact'), { type: 'Patient.contact', element: { many: true, mandatory: false } })
  t.match(membersOf('Patient.contact').get('name'), { type: 'HumanName' })
  t.match(membersOf('Questionnaire.item').get('item'), { type: 'Questionnaire.item' })
  t.match(membersOf('Observation.component').get('referenceRange'), { type: 'Observation.referenceRange' })
})

t.test('what is no type has no members', async t => {
  for (const name of ['', 'Patients', 'constructor', '__proto__', 'string']) t.equal(membersOf(name).size, 0, name)
})
