import t from 'tap'
import { labelsOf } from '../../src/consent/labels.js'

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
const marked = (...codes: [system: string, code: string][]) => ({ meta: { security: codes.map(([system, code]) => ({ system, code })) } })

t.test('what is not marked is normal', t => {
  t.same(labelsOf({ resourceType: 'Observation' }), { rank: 3, labels: undefined })
  t.same(labelsOf({ resourceType: 'Observation', meta: { tag: [{ code: 'x' }] } }), { rank: 3, labels: undefined })
  t.end()
})

t.test('confidentiality is a rank, the highest that is there; every other code is a label, once', t => {
  const value = marked([CONFIDENTIALITY, 'L'], [CONFIDENTIALITY, 'R'], ['a', 'PSY'], ['b', 'PSY'], ['a', 'HIV'])

  t.same(labelsOf(value), { rank: 4, labels: ['PSY', 'HIV'] })
  t.same(labelsOf(marked([CONFIDENTIALITY, 'U'])), { rank: 0, labels: undefined })
  t.end()
})

t.test('what is inside labels the whole: contained resources, and the entries of a document', t => {
  const mood = { resourceType: 'Observation', ...marked(['a', 'PSY'], [CONFIDENTIALITY, 'V']) }

  t.same(labelsOf({ resourceType: 'List', contained: [mood] }), { rank: 5, labels: ['PSY'] })
  t.same(labelsOf({ resourceType: 'Bundle', entry: [{}, { resource: { resourceType: 'List', contained: [mood] } }] }), { rank: 5, labels: ['PSY'] })
  t.end()
})

t.test('a confidentiality that is not known counts as the strictest', t => {
  t.same(labelsOf(marked([CONFIDENTIALITY, 'r'])), { rank: 5, labels: undefined })
  t.end()
})
