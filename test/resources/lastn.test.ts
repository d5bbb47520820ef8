// https://hl7.org/fhir/R4/observation-operation-lastn.html
import fc from 'fast-check'
import t from 'tap'
import type { Latest } from '../../src/consent/search/latest.js'
import { newestOf } from '../../src/resources/lastn.js'
import { found, foundIn } from '../found.js'
import { server, type Resource } from '../server.js'

type Member = Readonly<Record<string, unknown>>
const coded = (...codes: string[]): Member => ({ code: { coding: codes.map(each => ({ system: each.split('|')[0], code: each.split('|')[1] })) } })
const worded = (text: string): Member => ({ code: { text } })
const at = (effectiveDateTime: string): Member => ({ effectiveDateTime })
const observation = (id: string, ...more: readonly Member[]): Resource =>
  Object.assign({ resourceType: 'Observation', id, status: 'final', code: { text: 'x' }, subject: { reference: 'Patient/anna' }, category: [{ coding: [{ code: 'vital-signs' }] }] }, ...more)

async function told (t: Parameters<typeof server>[0], observations: readonly Resource[]) {
  const made = await server(t)
  await made.put({ resourceType: 'Patient', id: 'anna' }, { resourceType: 'Patient', id: 'boris' }, ...observations)
  return { made, ids: async (query: string, headers?: Record<string, string>) => (await found(made, `/fhir/Observation/$lastn?${query}`, headers)).matches.map(name => name.slice('Observation/'.length)) }
}

t.test('the newest of each code, newest first; so many as max, and what is as new as the last', async t => {
  const { made, ids } = await told(t, [
    observation('w1', coded('l|weight'), at('2026-01-01')), observation('w2', coded('l|weight'), at('2026-01-03')), observation('w3', coded('l|weight'), at('2026-01-02')),
    observation('h1', coded('l|height'), at('2026-01-05')), observation('h2', coded('l|height'), at('2026-01-05')), observation('h3', coded('l|height'), at('2025-12-01')),
    observation('u1', coded('l|pulse')), observation('u2', coded('l|pulse')), observation('other', coded('m|weight'), at('2026-01-04')),
    observation('his', coded('l|weight'), at('2026-02-01'), { subject: { reference: 'Patient/boris' } })
  ])

  t.same(await ids('patient=anna'), ['h2', 'h1', 'other', 'w2', 'u2'])
  t.same(await ids('subject=Patient/anna&max=2'), ['h2', 'h1', 'other', 'w2', 'w3', 'u2', 'u1'])
  t.same(await ids('patient=anna&max=3'), ['h2', 'h1', 'other', 'w2', 'w3', 'w1', 'h3', 'u2', 'u1'])
  t.same(await ids('patient=anna&code=l|weight&max=2'), ['w2', 'w3'])
  t.same(await ids('patient=anna&code=weight'), ['other', 'w2'])
  t.same(await ids('patient=anna&category=vital-signs&date=lt2026-01-03'), ['w3', 'h3'])
  t.same(await ids('patient=nobody'), [])
  const { total, links } = await found(made, '/fhir/Observation/$lastn?patient=anna&max=2&_include=Observation:subject')
  t.same({ total, links }, { total: 7, links: { self: 'http://karta.test/fhir/Observation/$lastn?max=2&patient=anna&_include=Observation%3Asubject' } })
  t.equal((await found(made, '/fhir/Observation/$lastn?patient=anna&_summary=count')).total, 5)
  t.same((await found(made, '/fhir/Observation/$lastn?patient=anna&_include=Observation:subject')).included, ['Patient/anna'])
})

// The table of the page.
t.test('codings that stand together are one code, and a text is a code of its own', async t => {
  for (const [codes, groups] of [
    [['a', 'b', 'c'], 3], [['a', 'b', 'a c'], 2], [['a', 'b', 'a b'], 1], [['a b', 'b c', 'c d', 'e'], 2], [['textM', 'Text', 't e x t', 'Text'].map(word => `'${word}`), 3]
  ] as const) {
    const { ids } = await told(t, codes.map((code, place) => observation(`o${place}`, at(`2026-01-0${place + 1}`), code.startsWith("'") ? worded(code.slice(1)) : coded(...code.split(' ').map(each => `s|${each}`)))))
    t.equal((await ids('patient=anna')).length, groups, codes.join())
  }
  const { ids } = await told(t, [
    observation('none', { code: { extension: [{ url: 'http://x', valueString: 'x' }] } }), observation('display', { code: { coding: [{ display: 'only' }] } }), observation('both', at('2026-01-01'), { code: { coding: [{ system: 's', code: 'a' }], text: 'Text' } }),
    observation('text', worded('Text "quoted" \\ \u{1f600}')), observation('systemless', { code: { coding: [{ code: 'a' }] } })
  ])
  t.same((await ids('patient=anna')).sort(), ['both', 'display', 'systemless', 'text'])
})

t.test('what is not of one subject, and what a search has that this has not, is refused', async t => {
  const { made } = await told(t, [observation('w1', coded('l|weight'))])
  for (const [query, words] of [
    ['code=x', /one subject/], ['patient=anna,boris', /one subject/], ['patient:missing=false', /one subject/], ['patient=anna&max=0', /max/], ['patient=anna&max=x', /max/], ['patient=anna&_sort=date', /_sort/], ['patient=anna&_count=2', /_count/],
    ['patient=anna&shoe=1', /shoe/], ['subject:Patient.name=x', /one subject/]
  ] as const) t.match(await found(made, `/fhir/Observation/$lastn?${query}`), { status: 400, told: words }, query)
  t.equal((await made.ask('GET', '/fhir/Patient/$lastn')).statusCode, 404)
  t.equal((await found(made, '/fhir/Observation/$lastn?patient=anna', await made.as('operator', 'system/Patient.rs'))).status, 403)

  const posted = await made.ask('POST', '/fhir/Observation/$lastn', { resourceType: 'Parameters', parameter: [{ name: 'patient', valueString: 'anna' }, { name: 'max', valuePositiveInt: 3 }, { name: 'code', valueString: 'l|weight' }] })
  t.same(foundIn(posted.statusCode, posted.json()).matches, ['Observation/w1'])
  t.match((await made.pool.query('select interaction, query, cardinality(shown) as shown from karta.audit order by seq desc limit 1')).rows, [{ interaction: 14, query: 'max=3&patient=anna&code=l%7Cweight', shown: 1 }])
})

t.test('what is hidden is as if it were not there', async t => {
  const secret: Member = { meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] } }
  const { made, ids } = await told(t, [
    observation('old', coded('s|a'), at('2026-01-01')), observation('new', coded('s|a'), at('2026-02-01'), secret), observation('b', coded('s|b'), at('2026-01-02')), observation('bridge', coded('s|a', 's|b'), at('2025-01-01'), secret)
  ])

  t.same(await ids('patient=anna'), ['new'])
  t.same(await ids('patient=anna', await made.as.treating(['anna'], 'user/*.rs')), ['b', 'old'], 'what is hidden joins no codes')
  t.same(await ids('patient=anna', await made.as.treating(['boris'], 'user/*.rs')), [])
})

t.test('groups are what a search through all pairs finds', t => {
  const one = fc.record({ at: fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined }), codings: fc.uniqueArray(fc.constantFrom('1', '2', '3', '4', '5', '6'), { maxLength: 3 }), words: fc.constantFrom('x', 'y') })
  fc.assert(fc.property(fc.array(one, { maxLength: 20 }), fc.integer({ min: 1, max: 3 }), (all, max) => {
    const rows: Latest[] = all.map(({ at, codings, words }, place) => ({ rid: String(place + 1), at, codings, words: codings.length === 0 ? words : null }))
    const alike = (left: Latest, right: Latest): boolean => left.codings.length === 0 ? right.codings.length === 0 && left.words === right.words : left.codings.some(coding => right.codings.includes(coding))
    const reached = (from: Latest): Set<Latest> => {
      const group = new Set([from])
      for (const each of group) for (const other of rows) if (alike(each, other)) group.add(other)
      return group
    }
    const newer = (left: Latest, right: Latest): boolean => left.at === undefined ? right.at === undefined && BigInt(left.rid) > BigInt(right.rid) : right.at === undefined || left.at > right.at
    const expected = rows.filter(row => [...reached(row)].filter(other => other !== row && newer(other, row)).length < max)

    t.same(newestOf(rows, max).map(({ rid }) => rid).sort(), expected.map(({ rid }) => rid).sort())
  }))
  t.end()
})
