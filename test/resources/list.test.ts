// https://hl7.org/fhir/R4/search.html#list
import t from 'tap'
import { found } from '../found.js'
import { server, type Resource } from '../server.js'

const allergy = (id: string, patient: string, more: object = {}): Resource =>
  ({ resourceType: 'AllergyIntolerance', id, clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' }] }, patient: { reference: `Patient/${patient}` }, ...more })
const list = (id: string, patient: string, ...entry: object[]): Resource =>
  ({ resourceType: 'List', id, status: 'current', mode: 'changes', subject: { reference: `Patient/${patient}` }, ...(entry.length > 0 && { entry }) })
const item = (reference: string, more: object = {}): object => ({ item: { reference }, ...more })

async function ward (t: Parameters<typeof server>[0]) {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'boris' })
  await made.put(allergy('nuts', 'anna'), allergy('milk', 'anna'), allergy('dust', 'anna'), allergy('wool', 'boris'))
  await made.put(
    list('known', 'anna', item('AllergyIntolerance/nuts'), item('http://karta.test/fhir/AllergyIntolerance/milk'), item('AllergyIntolerance/dust', { deleted: true }), item('Patient/anna')),
    list('others', 'boris', item('AllergyIntolerance/wool')),
    list('empty', 'anna')
  )
  return made
}

t.test('_list finds what the entries of a List refer to', async t => {
  const made = await ward(t)
  const cases: ReadonlyArray<readonly [query: string, matches: string]> = [
    ['AllergyIntolerance?_list=known', 'AllergyIntolerance/milk AllergyIntolerance/nuts'], ['AllergyIntolerance?_list=List/known', 'AllergyIntolerance/milk AllergyIntolerance/nuts'],
    ['AllergyIntolerance?_list=known,others', 'AllergyIntolerance/milk AllergyIntolerance/nuts AllergyIntolerance/wool'], ['AllergyIntolerance?_list=known&_list=others', ''],
    ['AllergyIntolerance?_list=known&_id=nuts', 'AllergyIntolerance/nuts'], ['Patient?_list=known', 'Patient/anna'], ['Observation?_list=known', ''], ['AllergyIntolerance?_list=empty', ''], ['AllergyIntolerance?_list=nobody', ''],
    ['AllergyIntolerance?patient._list=known', 'AllergyIntolerance/dust AllergyIntolerance/milk AllergyIntolerance/nuts'], ['Patient?_has:AllergyIntolerance:patient:_list=others', 'Patient/boris'],
    ['Patient/anna/AllergyIntolerance?_list=known,others', 'AllergyIntolerance/milk AllergyIntolerance/nuts']
  ]
  for (const [query, matches] of cases) {
    const answer = await found(made, `/fhir/${query}`)
    t.same(answer.matches.sort(), matches.split(' ').filter(name => name !== ''), `${query} ${answer.told}`)
    t.equal(answer.total, answer.matches.length)
  }
  await made.ask('DELETE', '/fhir/List/known')
  t.same((await found(made, '/fhir/AllergyIntolerance?_list=known')).matches, [], 'a List that was deleted lists nothing')
})

t.test('functional lists, modifiers and what is no id are refused by name', async t => {
  const made = await ward(t)

  t.match(await found(made, '/fhir/AllergyIntolerance?_list=$current-allergies'), { status: 400, told: /current-allergies.*not offered/ })
  t.match(await found(made, '/fhir/AllergyIntolerance?_list:not=known'), { status: 400, told: /no modifiers/ })
  t.match(await found(made, '/fhir/AllergyIntolerance?_list=a b'), { status: 400, told: /not the id of a List/ })
  t.match(await found(made, '/fhir/AllergyIntolerance?_list=$x', { prefer: 'handling=lenient' }), { status: 400 })
})

t.test('a List that is hidden is as one that there is not, and so is what it lists', async t => {
  const made = await ward(t)
  const doctor = await made.as.treating(['anna'], 'user/*.rs')
  await made.put(list('secret', 'anna', item('AllergyIntolerance/nuts')), list('mixed', 'anna', item('AllergyIntolerance/wool'), item('AllergyIntolerance/nuts')))
  await made.put({ ...list('secret', 'anna', item('AllergyIntolerance/nuts')), meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } } as Resource)

  t.same((await found(made, '/fhir/AllergyIntolerance?_list=secret')).matches, ['AllergyIntolerance/nuts'])
  t.same((await found(made, '/fhir/AllergyIntolerance?_list=secret', doctor)).matches, [])
  t.same((await found(made, '/fhir/AllergyIntolerance?_list=others', doctor)).matches, [])
  t.same((await found(made, '/fhir/AllergyIntolerance?_list=mixed', doctor)).matches, ['AllergyIntolerance/nuts'])
  t.match(await found(made, '/fhir/AllergyIntolerance?_list=known', await made.as('operator', 'system/AllergyIntolerance.rs')), { status: 403, told: /List/ })
})
