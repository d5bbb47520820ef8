// `_explain=true`. docs/decisions/0025-explain.md
import t from 'tap'
import { server, type Resource, type TestServer } from '../server.js'

interface Part { readonly name: string, readonly part?: readonly Part[], readonly valueString?: string, readonly valueDecimal?: number, readonly valueCode?: string }

const PEOPLE: readonly Resource[] = [
  { resourceType: 'Organization', id: 'clinic', name: 'Zebrovnik' },
  { resourceType: 'Patient', id: 'anna', name: [{ family: 'Quxworthy', given: ['Xenja'] }], gender: 'female', managingOrganization: { reference: 'Organization/clinic' } },
  { resourceType: 'Encounter', id: 'visit', status: 'finished', class: { code: 'AMB' }, subject: { reference: 'Patient/anna' } },
  { resourceType: 'Observation', id: 'pulse', status: 'final', code: { text: 'Pulse', coding: [{ system: 'urn:codes', code: 'zz-pulse' }] }, subject: { reference: 'Patient/anna' }, encounter: { reference: 'Encounter/visit' }, effectiveDateTime: '2026-03-01', valueQuantity: { value: 77.125, unit: 'beats' } }
]

async function explained ({ ask }: Pick<TestServer, 'ask'>, path: string): Promise<{ readonly status: number, readonly statements: ReadonlyArray<readonly Part[]>, readonly text: string }> {
  const reply = await ask('GET', `/fhir/${path}${path.endsWith('?') ? '' : '&'}_explain=true`)
  const parameters: { readonly resourceType: string, readonly parameter?: readonly Part[] } = reply.json()
  return { status: reply.statusCode, statements: (parameters.parameter ?? []).map(({ part = [] }) => part), text: reply.body }
}

const told = (part: readonly Part[], name: string): Array<string | number | undefined> =>
  part.flatMap(each => each.name === name ? [each.valueString ?? each.valueCode ?? each.valueDecimal] : [])

const nodes = (part: readonly Part[]): Part[] => part.flatMap(each => each.name === 'node' ? [each, ...nodes(each.part ?? [])] : [])

t.test('the operator is told how a search is run', async t => {
  const made = await server(t)
  await made.put(...PEOPLE)

  const { status, statements: [page = [], ...more] } = await explained(made, 'Patient?family=quxw&_count=7')

  t.match([status, more.length], [200, 0])
  t.same(told(page, 'for'), ['a page of Patient'])
  t.match(told(page, 'driver'), [/^karta\.current_patient: values \(texts\)/])
  t.match(told(page, 'sql'), [/^with d as materialized .*\$1::/])
  t.match(told(page, 'rows'), [1])
  for (const measure of ['estimatedRows', 'milliseconds', 'planningMilliseconds', 'buffersHit']) t.ok(Number(told(page, measure)[0]) >= 0, measure)
  t.same(page.filter(({ name }) => name === 'phase').map(({ part = [] }) => told(part, 'name')[0]).slice(0, 2), ['d', 's'])
  t.ok(nodes(page).some(({ part = [] }) => told(part, 'index').length > 0))
})

t.test('each statement of a chain and of its page is told, and the Parameters is valid', async t => {
  const made = await server(t, {}, { named: 1 })
  await made.put(...PEOPLE)

  const { statements, text } = await explained(made, 'Patient?organization.name=zebrov')
  const several = await explained(made, '?_type=Patient,Observation&_total=accurate')
  const valid = await made.ask('POST', '/fhir/Bundle', { resourceType: 'Bundle', type: 'collection', entry: [{ fullUrl: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0', resource: JSON.parse(text) as object }] })

  t.same(statements.map(part => told(part, 'for')[0]), ['which Organization there are', 'a page of Patient'])
  t.same(several.statements.map(part => told(part, 'for')[0]).sort(), ['a page of several types', 'how many there are of several types'])
  t.equal(valid.statusCode, 201, valid.body)
})

t.test('neither the values of the query nor those of the data stand in a plan', async t => {
  const made = await server(t)
  await made.put(...PEOPLE)
  await made.pool.query('analyze')

  for (const query of [
    'Patient?name=Quxworthy', 'Patient?family:exact=Quxworthy&given:contains=enj', 'Observation?code=urn:codes|zz-pulse', 'Observation?code:not=zz-pulse', 'Observation?subject:Patient.name=Quxworthy', 'Observation?encounter.class=AMB', 'Observation?value-quantity=gt77.125||beats',
    'Observation?date=2026-03-01&_sort=-date', 'Patient?_id=anna', 'Patient?_has:Observation:patient:code=zz-pulse', 'Patient?organization.name=Zebrovnik&_sort=family', 'Patient?_filter=name co "Quxworthy"', 'Patient/anna/*?', 'Observation?subject=Patient/anna&_include=Observation:subject', '?_id=anna,pulse'
  ]) {
    const { status, statements, text } = await explained(made, query)

    t.ok(status === 200 && statements.length > 0, query)
    t.notMatch(text, /quxw|xenj|zz-pulse|urn:codes|AMB|77\.125|anna|zebrov|2026-03/i, query)
  }
})

t.test('nobody else is told, and nothing is run for him', async t => {
  const made = await server(t)
  await made.put(...PEOPLE)

  for (const headers of [await made.as.self('anna'), await made.as.treating(['anna'])]) {
    const reply = await made.ask('GET', '/fhir/Observation?_explain=true', undefined, headers)

    t.match([reply.statusCode, reply.json().issue[0].diagnostics], [403, '_explain is for the operator'])
  }
})

t.test('it says true or false, and is audited as a search that has shown nothing', async t => {
  const made = await server(t)
  await made.put(...PEOPLE)

  const wrong = await made.ask('GET', '/fhir/Patient?_explain=yes')
  const plain = await made.ask('GET', '/fhir/Patient?_explain=false')
  await explained(made, 'Patient?gender=female')
  const { json } = await made.ask('GET', '/fhir/Patient?gender=female')
  const { rows } = await made.pool.query<{ readonly text: string }>("select a::text as text from karta.audit a where a::text like '%\\_explain=true%'")

  t.match([wrong.statusCode, wrong.json().issue[0].diagnostics], [400, '_explain must be true or false'])
  t.match(plain.json(), { resourceType: 'Bundle', total: 1 })
  t.match(json(), { total: 1 })
  t.equal(rows.length, 1)
  t.notMatch(rows[0]?.text, /anna/)
})

t.test('a search that is explained takes no longer than any other may', async t => {
  const made = await server(t, { statementTimeout: 1500 })
  const { searches } = made.server

  await t.rejects(searches.explain({ name: '', text: 'select pg_sleep(5)', values: [] }))
  await t.rejects(searches.explain({ name: '', text: 'select nothing', values: [] }))
  t.match(await searches.explain({ name: '', text: 'select $1::int8[], $2::text, $3::int8', values: ['{1,2}', 'a"\'\\', null] }), { Plan: { 'Actual Rows': 1 } })
  await t.rejects(searches.explain({ name: '', text: "insert into karta.term (key, token, text) values (1, 1, 'x')", values: [] }), /read-only/)
})
