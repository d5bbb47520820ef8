import t from 'tap'
import { BEGINNING, END } from '../../../src/fhir/date-range.js'
import { datesAt, rowsOf } from './ask.js'

t.test('the main date stands in the row, the others in rows of their own', async t => {
  const rows = rowsOf({ resourceType: 'Condition', onsetDateTime: '2012-02', recordedDate: '2013-01-01', abatementPeriod: { start: '2014' } })

  t.same([rows.dlo, rows.dhi], [Date.UTC(2012, 1), Date.UTC(2012, 2)])
  t.same(datesAt(rows, 'Condition.recorded-date'), [[Date.UTC(2013, 0), Date.UTC(2013, 0, 2)]])
  t.same(datesAt(rows, 'Condition.abatement-date'), [[Date.UTC(2014, 0), END]])
  t.same(datesAt(rows, 'Condition.onset-date'), [])
})

t.test('without a main date the row spans all time', async t => {
  const rows = rowsOf({ resourceType: 'Condition' })

  t.same([rows.dlo, rows.dhi], [BEGINNING, END])
})

t.test('dates are read in the zone of the deployment', async t => {
  const rows = rowsOf({ resourceType: 'Patient', birthDate: '1990-07-01' }, { zone: 'Asia/Yekaterinburg' })

  t.same(datesAt(rows, 'Patient.birthdate').map(([lo]) => new Date(lo).toISOString()), ['1990-06-30T18:00:00.000Z'])
})

t.test('an age, a range or a text is no date', async t => {
  const rows = rowsOf({ resourceType: 'Procedure', performedAge: { value: 4, code: 'a', system: 'http://unitsofmeasure.org' } })

  t.same([rows.dlo, rows.dhi], [BEGINNING, END])
})
