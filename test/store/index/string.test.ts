import t from 'tap'
import { has, rowsOf, stringsAt } from './ask.js'

t.test('a name is found by each of its parts, whatever the case and accents', async t => {
  const rows = rowsOf({ resourceType: 'Patient', name: [{ family: 'Müller', given: ['Zoë', 'Ann'], prefix: ['Dr.'], text: 'Dr. Zoë Müller' }] })

  t.same(stringsAt(rows, 'Patient.family'), ['muller'])
  t.same(stringsAt(rows, 'Patient.given'), ['zoe', 'ann'])
  t.same(stringsAt(rows, 'Patient.name'), ['dr. zoe muller', 'dr.'], 'name asks family and given for theirs')
  t.same(stringsAt(rows, 'Patient.phonetic'), [], 'and phonetic asks name')
  t.ok(has(rows, 'Patient.family', 'x', 'Müller'), ':exact keeps case and accents')
  t.notOk(has(rows, 'Patient.family', 'x', 'müller'))
})

t.test('where nothing else holds them, the parts stand under name', async t => {
  const rows = rowsOf({ resourceType: 'RelatedPerson', name: [{ family: 'Ёлкин', given: ['Андрей'] }] })

  t.same(stringsAt(rows, 'RelatedPerson.name'), ['елкин', 'андрей'])
})

t.test('an address is found by each of its parts', async t => {
  const rows = rowsOf({ resourceType: 'Location', address: { line: ['ул. Ленина, 5'], city: 'Москва', state: 'MOW', postalCode: '101000', country: 'RU', district: 'ЦАО' } })

  t.same(stringsAt(rows, 'Location.address'), ['ул. ленина, 5', 'цао'])
  t.same(stringsAt(rows, 'Location.address-city'), ['москва'])
  t.same(stringsAt(rows, 'Location.address-postalcode'), ['101000'])
})

t.test('a long text is indexed by its beginning and kept whole', async t => {
  const description = `${'Lorem ipsum dolor '.repeat(20)}END`

  const rows = rowsOf({ resourceType: 'ValueSet', status: 'active', description })

  const [row] = rows.strings
  t.equal(row?.value.length, 64)
  t.equal(row?.full, description.toLowerCase())
  t.ok(has(rows, 'ValueSet.description', 'x', description))
})
