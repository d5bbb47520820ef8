// :in, :not-in, :above and :below of tokens. https://hl7.org/fhir/R4/search.html#token
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import t from 'tap'
import { appOn } from '../../src/app.js'
import { mintToken, verifier } from '../../src/auth/token.js'
import { readConfig } from '../../src/config.js'
import { openServer } from '../../src/resources/open-server.js'
import { server, type Resource, type TestServer } from '../server.js'

const CLINICAL = 'http://terminology.hl7.org/CodeSystem/condition-clinical'
const SET = 'http://hl7.org/fhir/ValueSet'
const ACT = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'

const coded = (system: string, ...codes: readonly string[]): object => ({ coding: codes.map(code => ({ ...(system !== '' && { system }), code })) })
const condition = (id: string, patient: string, status: string, more: object = {}): Resource =>
  ({ resourceType: 'Condition', id, subject: { reference: `Patient/${patient}` }, clinicalStatus: coded(CLINICAL, status), ...more })
const valueSet = (id: string, compose: object, more: object = {}): Resource => ({ resourceType: 'ValueSet', id, url: `urn:set:${id}`, status: 'active', compose, ...more })
const animals = (more: object = {}): Resource => ({
  resourceType: 'CodeSystem', id: 'animals', url: 'urn:animals', status: 'active', content: 'complete', concept: [{ code: 'bird', concept: [{ code: 'owl' }, { code: 'dodo' }] }, { code: 'cat' }], ...more
})

/** Ids of what is found, in order of the alphabet; or what a refusal says. */
async function found ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}): Promise<string> {
  const reply = await ask('GET', `/fhir/${path}`, undefined, headers)
  const bundle = reply.json()
  return reply.statusCode === 200
    ? (bundle.entry ?? []).map(({ resource }: { resource: Resource }) => resource.id).sort().join(' ')
    : `${reply.statusCode} ${bundle.issue[0].code} ${bundle.issue[0].diagnostics}`
}

const PEOPLE: readonly Resource[] = [
  { resourceType: 'Patient', id: 'anna', gender: 'female', maritalStatus: coded('http://terminology.hl7.org/CodeSystem/v3-MaritalStatus', 'M') },
  { resourceType: 'Patient', id: 'boris', gender: 'male' },
  { resourceType: 'Patient', id: 'carl', meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' }] } }
]
const RECORDS: readonly Resource[] = [
  condition('flu', 'anna', 'active', { code: coded('urn:animals', 'owl') }), condition('ache', 'anna', 'relapse', { code: coded('urn:animals', 'cat') }), condition('healed', 'boris', 'resolved', { code: coded('http://snomed.info/sct', '22298006') }),
  { resourceType: 'Condition', id: 'untold', subject: { reference: 'Patient/boris' }, code: { coding: [{ system: 'urn:animals', code: 'dodo' }, { system: 'urn:other', code: 'cat' }] } },
  { resourceType: 'Observation', id: 'pulse', status: 'final', code: coded('http://loinc.org', '8867-4'), subject: { reference: 'Patient/anna' } },
  { resourceType: 'Observation', id: 'weight', status: 'amended', code: coded('http://loinc.org', '29463-7'), subject: { reference: 'Patient/boris' } },
  { resourceType: 'Encounter', id: 'ward', status: 'finished', class: { system: ACT, code: 'ACUTE' }, subject: { reference: 'Patient/anna' } },
  { resourceType: 'Encounter', id: 'visit', status: 'finished', class: { system: ACT, code: 'AMB' }, subject: { reference: 'Patient/anna' } },
  { resourceType: 'DocumentReference', id: 'letter', status: 'current', subject: { reference: 'Patient/anna' }, content: [{ attachment: { contentType: 'text/xml; charset=UTF-8', url: 'http://x/1' } }] },
  { resourceType: 'DocumentReference', id: 'scan', status: 'current', subject: { reference: 'Patient/anna' }, content: [{ attachment: { contentType: 'text/xml-other', url: 'http://x/2' } }] }
]

async function clinic (t: Parameters<typeof server>[0]): Promise<TestServer> {
  const made = await server(t)
  await made.put(...PEOPLE, ...RECORDS, animals())
  return made
}

t.test('value sets and hierarchies of HL7 find what is in them', async t => {
  const made = await clinic(t)
  const cases: ReadonlyArray<readonly [query: string, ids: string]> = [
    // in a value set of a system that is held; of `code` elements, which say no system; of elements with several codings
    [`Condition?clinical-status:in=${SET}/condition-clinical`, 'ache flu healed'], [`Condition?clinical-status:in=${SET}/condition-clinical|4.0.1`, 'ache flu healed'], [`Condition?clinical-status:in=${SET}/administrative-gender`, ''],
    [`Patient?gender:in=${SET}/administrative-gender`, 'anna boris'], [`Observation?status:in=${SET}/observation-status`, 'pulse weight'], [`Patient?gender:in=${SET}/observation-status`, ''],
    ['Encounter?class:in=http://terminology.hl7.org/ValueSet/v3-ActEncounterCode', 'visit ward'],
    // not in it: also what has none
    [`Patient?gender:not-in=${SET}/administrative-gender`, 'carl'], [`Patient?gender:not-in=${SET}/observation-status`, 'anna boris carl'], [`Condition?clinical-status:not-in=${SET}/condition-clinical`, 'untold'],
    // several are alternatives, repeated ones are all meant
    [`Patient?gender:in=${SET}/observation-status,${SET}/administrative-gender`, 'anna boris'], [`Patient?gender:in=${SET}/administrative-gender&gender:not=male`, 'anna'], [`Patient?gender:not-in=${SET}/observation-status,${SET}/administrative-gender`, 'carl'],
    // a whole system that nobody lists here, SNOMED's own names of value sets
    [`Observation?code:in=${SET}/observation-codes`, 'pulse weight'], ['Condition?code:in=http://snomed.info/sct?fhir_vs', 'healed'], [`Observation?code:in=${SET}/observation-vitalsignresult`, 'pulse weight'],
    // hierarchies: with a system, and without one where the element is bound to systems that are held
    [`Condition?clinical-status:below=${CLINICAL}|active`, 'ache flu'], ['Condition?clinical-status:below=active', 'ache flu'], ['Condition?clinical-status:below=inactive', 'healed'], [`Condition?clinical-status:above=${CLINICAL}|relapse`, 'ache flu'],
    ['Condition?clinical-status:above=active', 'flu'], ['Condition?clinical-status:below=active,inactive', 'ache flu healed'], [`Encounter?class:below=${ACT}|IMP`, 'ward'], ['Encounter?class:below=IMP', 'ward'], [`Encounter?class:above=${ACT}|ACUTE`, 'ward'],
    // the hierarchy of media types
    ['DocumentReference?contenttype:below=text/xml', 'letter'], ['DocumentReference?contenttype:below=text/xml-other', 'scan'], ['DocumentReference?contenttype=text/xml', ''],
    // of all types
    [`Patient?_security:in=${SET}/security-labels`, 'carl'],
    // in chains and _has, and :missing as ever
    [`Condition?subject:Patient.gender:in=${SET}/administrative-gender`, 'ache flu healed untold'], ['Patient?_has:Condition:patient:clinical-status:below=inactive', 'boris'], [`Condition?subject.gender:not-in=${SET}/observation-status&clinical-status:missing=true`, 'untold'],
    [`Patient?_has:Encounter:patient:class:not-in=${SET}/administrative-gender`, 'anna']
  ]
  for (const [query, ids] of cases) t.equal(await found(made, query), ids, query)
})

t.test('value sets that clients stored are found by url, version or id', async t => {
  const made = await clinic(t)
  await made.put(
    valueSet('birds', { include: [{ system: 'urn:animals', filter: [{ property: 'concept', op: 'is-a', value: 'bird' }] }] }), valueSet('all', { include: [{ system: 'urn:animals' }], exclude: [{ valueSet: ['urn:set:birds'] }] }),
    valueSet('other', { include: [{ system: 'urn:other' }], exclude: [{ system: 'urn:other', concept: [{ code: 'dog' }] }] }), valueSet('nothing', { include: [{ system: 'urn:other' }], exclude: [{ system: 'urn:other', concept: [{ code: 'cat' }] }] }),
    valueSet('told', undefined as never, { expansion: { timestamp: '2026-01-01', total: 1, contains: [{ system: 'urn:animals', code: 'cat' }] } }),
    valueSet('bare', { include: [{ system: 'urn:animals', concept: [{ code: 'owl' }] }] }, { url: 'urn:several', version: '1', date: '2026-01-01' }), valueSet('newer', { include: [{ system: 'urn:animals', concept: [{ code: 'cat' }] }] }, { url: 'urn:several', version: '2', date: '2026-02-01' }),
    valueSet('draft', { include: [{ system: 'urn:animals', concept: [{ code: 'dodo' }] }] }, { url: 'urn:several', version: '3', date: '2026-03-01', status: 'draft' })
  )
  // What was stored first may be put again: its date counts.
  await made.put(valueSet('bare', { include: [{ system: 'urn:animals', concept: [{ code: 'owl' }] }] }, { url: 'urn:several', version: '1', date: '2026-01-01', title: 'Bare' }))

  const cases: ReadonlyArray<readonly [query: string, ids: string]> = [
    ['Condition?code:in=urn:set:birds', 'flu untold'], ['Condition?code:in=ValueSet/birds', 'flu untold'], ['Condition?code:in=http://karta.test/fhir/ValueSet/birds', 'flu untold'], ['Condition?code:not-in=ValueSet/birds', 'ache healed'],
    ['Condition?code:in=urn:set:all', 'ache'], ['Condition?code:in=urn:set:other', 'untold'], ['Condition?code:in=urn:set:nothing', ''], ['Condition?code:in=urn:set:told', 'ache'],
    ['Condition?code:in=urn:several', 'ache'], ['Condition?code:in=urn:several|1', 'flu'], ['Condition?code:in=urn:several|3', 'untold'],
    ['Condition?code:below=urn:animals|bird', 'flu untold'], ['Condition?code:above=urn:animals|owl', 'flu']
  ]
  for (const [query, ids] of cases) t.equal(await found(made, query), ids, query)
})

t.test('what cannot be answered whole is refused, and says why', async t => {
  const made = await clinic(t)
  await made.put(valueSet('circle', { include: [{ valueSet: ['urn:set:circle'] }] }), valueSet('snomed', { include: [{ system: 'http://snomed.info/sct', filter: [{ property: 'concept', op: 'is-a', value: '404684003' }] }] }),
    animals({ id: 'part', url: 'urn:part', content: 'fragment' }), animals({ id: 'grouped', url: 'urn:grouped', hierarchyMeaning: 'part-of' }), valueSet('slow', { include: [{ system: 'urn:animals', filter: [{ property: 'code', op: 'regex', value: '(' }] }] }))
  const cases: ReadonlyArray<readonly [query: string, says: RegExp]> = [
    ['Condition?code:in=urn:nowhere', /^400 not-found code:in=urn:nowhere: this server holds no such value set/], ['Condition?code:in=ValueSet/nowhere', /^400 not-found code:in=ValueSet\/nowhere: /], ['Condition?code:in=Patient/anna', /a Patient is no value set/],
    [`Condition?code:in=${SET}/condition-clinical|3`, /^400 not-found/], ['Condition?code:in=ValueSet/circle', /includes itself/], ['Condition?code:in=urn:set:snomed', /http:\/\/snomed.info\/sct this server does not hold all codes/],
    ['Condition?code:in=http://snomed.info/sct?fhir_vs=isa/126851005', /snomed.info\/sct this server does not hold all codes/], ['Condition?code:in=urn:set:slow', /the regular expression \( .* is none/],
    ['Condition?code:below=126851005', /snomed.info\/sct this server does not hold all codes/], ['Observation?code:below=8867-4', /does not hold the code system http:\/\/loinc.org/], ['Condition?code:below=urn:part|bird', /content is fragment/],
    ['Condition?code:below=urn:grouped|bird', /no hierarchy of kinds \(its hierarchyMeaning is part-of\)/], ['Patient?gender:below=male', /administrative-gender has no hierarchy/], ['Condition?code:below=urn:animals|dog', /urn:animals has no code dog/],
    ['Condition?code:above=urn:animals|', /is not system\|code/], ['Condition?code:below=|owl', /is not system\|code/], ['Observation?value-concept:below=x', /is not system\|code/],
    ['Patient?identifier:in=urn:set:circle', /identifier is of type Identifier/], ['Patient?phone:below=x', /phone is of type ContactPoint/], ['Patient?active:in=urn:x', /active is of type boolean/], ['Patient?name:in=x', /no modifier :in/],
    // in a chain, too, where what one of several types cannot answer is otherwise passed over
    ['Condition?subject.gender:in=urn:nowhere', /^400 not-found/], ['Patient?_has:Condition:patient:code:in=urn:nowhere', /^400 not-found/], ['Provenance?target.code:in=urn:nowhere', /^400 not-found/]
  ]
  for (const [query, says] of cases) t.match(await found(made, query), says, query)
  t.match(await found(made, 'Condition?code:in=urn:nowhere', { prefer: 'handling=lenient' }), /^400/, 'a lenient client, too')
})

t.test('a regular expression that others cannot bear takes no time here', async t => {
  const made = await clinic(t)
  await made.put({ resourceType: 'CodeSystem', id: 'long', url: 'urn:long', status: 'active', content: 'complete', concept: [{ code: `${'a'.repeat(5000)}!` }, { code: 'aaa' }] }, condition('odd', 'anna', 'active', { code: coded('urn:long', 'aaa') }),
    valueSet('evil', { include: [{ system: 'urn:long', filter: [{ property: 'code', op: 'regex', value: '(a+)+' }] }] }))
  const started = performance.now()

  t.equal(await found(made, 'Condition?code:in=urn:set:evil'), 'odd')

  t.ok(performance.now() - started < 2000)
})

t.test('what is stored comes before what HL7 published, unless it is a draft', async t => {
  const made = await clinic(t)
  const genders = (codes: readonly string[], more: object = {}): Resource => valueSet('genders', { include: [{ system: 'http://hl7.org/fhir/administrative-gender', concept: codes.map(code => ({ code })) }] }, { url: `${SET}/administrative-gender`, ...more })
  const query = `Patient?gender:in=${SET}/administrative-gender`

  await made.put(genders(['male'], { status: 'draft' }))
  t.equal(await found(made, query), 'anna boris')

  await made.put(genders(['male']))
  t.equal(await found(made, query), 'boris')

  await made.ask('DELETE', '/fhir/ValueSet/genders')
  t.equal(await found(made, query), 'anna boris')
})

t.test('what one process stores is obeyed by the next search of every process', async t => {
  const made = await clinic(t)
  const { close, ...second } = await openServer({ ...readConfig({}), publicUrl: 'http://karta.test', readers: 1, writers: 1 }, made.url, () => {})
  const secret = randomBytes(32).toString('base64url')
  const app = appOn(second, { authenticate: verifier(secret), log: pino({ level: 'silent' }) })
  t.teardown(async () => {
    await app.close()
    await close()
  })
  const headers = { authorization: `Bearer ${await mintToken(secret, { subject: { kind: 'operator', actor: '1' }, client: 'test', scope: 'system/*.cruds', lifetime: 600 })}` }
  const other = { ask: async (_method: 'GET', url: string) => await app.inject({ url, headers }) } as unknown as TestServer
  const birds = (value: string): Resource => valueSet('birds', { include: [{ system: 'urn:animals', filter: [{ property: 'concept', op: 'is-a', value }] }] })
  const both = async (): Promise<readonly string[]> => [await found(made, 'Condition?code:in=urn:set:birds'), await found(other, 'Condition?code:in=urn:set:birds')]

  await made.put(birds('bird'))
  t.strictSame(await both(), ['flu untold', 'flu untold'])

  await made.put(birds('owl'))
  t.strictSame(await both(), ['flu', 'flu'])

  await made.put(animals({ concept: [{ code: 'owl', concept: [{ code: 'cat' }] }] }))
  t.strictSame(await both(), ['ache flu', 'ache flu'])

  await made.ask('DELETE', '/fhir/CodeSystem/animals')
  t.match((await both()).join(), /does not hold.*does not hold/)
})

t.test('a token needs the scope of what its search reads', async t => {
  const made = await clinic(t)
  await made.put(valueSet('birds', { include: [{ system: 'urn:animals', concept: [{ code: 'owl' }] }] }))

  t.equal(await found(made, 'Condition?code:in=urn:set:birds', await made.as.self('anna')), 'flu')
  t.equal(await found(made, 'Condition?code:in=urn:set:birds', await made.as.treating(['boris'])), '')
  t.equal(await found(made, 'Condition?code:in=urn:set:birds', await made.as.self('anna', 'patient/Condition.rs patient/ValueSet.r')), 'flu')
  t.match(await found(made, 'Condition?code:in=urn:set:birds', await made.as.self('anna', 'patient/Condition.rs')), /^403 .*does not cover ValueSet/)
  t.match(await found(made, 'Condition?code:below=urn:animals|bird', await made.as.self('anna', 'patient/Condition.rs patient/ValueSet.r')), /^403 .*does not cover CodeSystem/)
})

t.test('of fifty thousand codes those are asked for that are used', async t => {
  const made = await clinic(t)
  const codes = Array.from({ length: 50_000 }, (_, at) => `c${at}`)
  await made.put(valueSet('many', { include: [{ system: 'urn:many', concept: codes.map(code => ({ code })) }] }),
    condition('first', 'anna', 'active', { code: coded('urn:many', 'c0') }), condition('last', 'anna', 'active', { code: coded('urn:many', 'c49999') }), condition('beside', 'anna', 'active', { code: coded('urn:many', 'c50000') }))

  t.equal(await found(made, 'Condition?code:in=urn:set:many'), 'first last')
  t.equal(await found(made, 'Condition?code:not-in=urn:set:many'), 'ache beside flu healed untold')
})
