import t from 'tap'
import { criterion, split, unescaped } from '../../../src/fhir/search/parameter.js'

t.test('a name is a code, perhaps with a modifier, perhaps at the end of a chain', async t => {
  t.match(criterion('name', 'eve'), { steps: [], code: 'name', modifier: undefined, values: ['eve'] })
  t.match(criterion('name:exact', 'Eve'), { steps: [], code: 'name', modifier: 'exact' })
  t.match(criterion('subject:Patient.name:contains', 'eve'), { steps: [{ kind: 'chain', code: 'subject', type: 'Patient' }], code: 'name', modifier: 'contains' })
  t.match(criterion('subject.organization.name', 'x'), { steps: [{ code: 'subject', type: undefined }, { code: 'organization' }], code: 'name' })
  t.match(criterion('_has:Observation:patient:code', '1'), { steps: [{ kind: 'has', type: 'Observation', code: 'patient' }], code: 'code' })
  t.match(criterion('_has:Observation:patient:_has:AuditEvent:entity:agent', '1'), {
    steps: [{ type: 'Observation', code: 'patient' }, { type: 'AuditEvent', code: 'entity' }], code: 'agent'
  })
})

t.test('what is no name or has no value is refused', async t => {
  for (const [name, value] of [['', 'x'], ['name:', 'x'], ['name:exact:text', 'x'], [':exact', 'x'], ['.name', 'x'], ['_has:Observation', 'x'], ['_has:Observation:patient', 'x'], ['name', ''], ['name', 'a,,b'], ['name', ',']] as const) {
    t.throws(() => criterion(name, value), { name: 'FhirError' }, `${name}=${value}`)
  }
})

t.test('separators that are escaped separate nothing', async t => {
  t.same(split('a,b\\,c,d', ','), ['a', 'b\\,c', 'd'])
  t.same(split('http://x|a\\|b', '|'), ['http://x', 'a\\|b'])
  t.same(split('a\\\\,b', ','), ['a\\\\', 'b'])
  t.same(unescaped('a\\,b\\$c\\|d\\\\e\\f'), 'a,b$c|d\\e\\f')
  t.same(split('', ','), [''])
})
