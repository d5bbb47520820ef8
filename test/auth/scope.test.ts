import t from 'tap'
import { allows, scopes } from '../../src/auth/scope.js'

t.test('the letters of SMART 2 and the words of SMART 1 are read', async t => {
  t.same(scopes('system/*.cruds  user/Observation.rs patient/*.read user/Patient.write system/*.*'), [
    { context: 'system', type: '*', letters: 'cruds' },
    { context: 'user', type: 'Observation', letters: 'rs' },
    { context: 'patient', type: '*', letters: 'rs' },
    { context: 'user', type: 'Patient', letters: 'cud' },
    { context: 'system', type: '*', letters: 'cruds' }
  ])
})

t.test('what is no scope is refused by name', async t => {
  for (const text of ['system/*', 'system/*.x', 'system/*.sr', 'system/*.', 'admin/*.rs', 'user/Observations.rs', 'user/Observation.rs?category=laboratory', 'openid']) {
    t.throws(() => scopes(text), { name: 'RangeError', message: text.split(' ')[0] ?? '' }, text)
  }
})

t.test('a scope allows its letters on its type only', async t => {
  const caller = { scopes: scopes('user/Observation.rs user/Encounter.c') }

  t.ok(allows(caller, 'Observation', 'read'))
  t.ok(allows(caller, 'Observation', 'vread'))
  t.ok(allows(caller, 'Observation', 'search-type'))
  t.ok(allows(caller, 'Encounter', 'create'))
  t.notOk(allows(caller, 'Observation', 'create'))
  t.notOk(allows(caller, 'Observation', 'delete'))
  t.notOk(allows(caller, 'Encounter', 'read'))
  t.notOk(allows(caller, 'Patient', 'read'))
})

t.test('the whole system needs a scope on every type', async t => {
  t.notOk(allows({ scopes: scopes('user/Observation.rs') }, undefined, 'history-system'))
  t.ok(allows({ scopes: scopes('system/*.rs') }, undefined, 'history-system'))
})
