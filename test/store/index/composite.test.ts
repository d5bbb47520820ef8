import t from 'tap'
import { datesAt, has, quantitiesAt, rowsOf, stringsAt } from './ask.js'

const code = { coding: [{ system: 'urn:c', code: 'a' }] }

t.test('the components of one instance belong together', async t => {
  const rows = rowsOf({
    resourceType: 'Observation',
    code,
    component: [
      { code: { coding: [{ code: 'x' }] }, valueCodeableConcept: { coding: [{ system: 'urn:v', code: '1' }] } },
      { code: { coding: [{ code: 'y' }] }, valueQuantity: { value: 2, unit: 'mg' } }
    ]
  })

  t.ok(has(rows, 'Observation.component-code-value-concept', '$', 'cx$c1'))
  t.ok(has(rows, 'Observation.component-code-value-concept', '$', 's|x$surn:v|1'))
  t.notOk(has(rows, 'Observation.component-code-value-concept', '$', 'cy$c1'), 'not across instances')
  t.same(quantitiesAt(rows, 'Observation.component-code-value-quantity', 'q', 's|y$||mg'), [2])
})

t.test('a code goes with a text or a date', async t => {
  const text = rowsOf({ resourceType: 'Observation', code, valueString: 'Нет Жалоб' })
  const date = rowsOf({ resourceType: 'Observation', code, valueDateTime: '2020' })

  t.same(stringsAt(text, 'Observation.code-value-string', 'w', 'ca'), ['нет жалоб'])
  t.same(stringsAt(text, 'Observation.code-value-string', 'w', 'surn:c|a'), ['нет жалоб'])
  t.same(datesAt(date, 'Observation.code-value-date', 'ca'), [[Date.UTC(2020, 0), Date.UTC(2021, 0)]])
})

t.test('a reference goes with a code', async t => {
  const rows = rowsOf({ resourceType: 'DocumentReference', status: 'current', content: [], relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/old' } }] })

  t.ok(has(rows, 'DocumentReference.relationship', '$', 'rDocumentReference/old$creplaces'))
})

t.test('a chromosome goes with a start and an end', async t => {
  const rows = rowsOf({
    resourceType: 'MolecularSequence', coordinateSystem: 0, referenceSeq: { chromosome: { coding: [{ code: '1' }] }, windowStart: 10, windowEnd: 20 }, variant: [{ start: 12, end: 13 }]
  })

  t.same(quantitiesAt(rows, 'MolecularSequence.chromosome-window-coordinate', 'n', 'c1'), [[10, 20]])
  t.same(quantitiesAt(rows, 'MolecularSequence.chromosome-variant-coordinate', 'n', 'c1'), [[12, 13]])
})
