// Two clients that others wrote drive every interaction against the real process, as each kind of caller.
import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { type Bundle, type FhirClient, kit, type Reply, type Resource, smartClient } from './clients.js'
import { dataFolder, start, tokenFor } from './process.js'

const LOINC = 'http://loinc.org'
const PSY = { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'PSY' }] }

const patient = (family: string): Resource => ({ resourceType: 'Patient', active: true, name: [{ family }] })

const pulse = (subject: string, value = 72): Resource => ({
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: LOINC, code: '8867-4' }], text: 'pulse' },
  subject: { reference: subject },
  valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' }
})

const DATA_DIR = dataFolder(t)
const { url } = await start(t, { DATA_DIR })
const bearer = async (...args: string[]): Promise<string> => (await tokenFor({ DATA_DIR }, ...args)).authorization.slice('Bearer '.length)
const operator = await bearer('--client', 'e2e', '--minutes', '600')
const CLIENTS: readonly ((token: string) => FhirClient)[] = [token => kit(`${url}/fhir`, token), token => smartClient(`${url}/fhir`, token)]

/** One scenario, once with each client, as the operator. */
function both (title: string, scenario: (t: Test, client: FhirClient, as: (token: string) => FhirClient) => Promise<void>): void {
  for (const as of CLIENTS) {
    const client = as(operator)
    t.test(`${client.name}: ${title}`, async t => await scenario(t, client, as))
  }
}

const idOf = ({ body }: Reply): string => body.id ?? ''
const versionOf = ({ body }: Reply): string => body.meta?.versionId ?? ''

function refused (t: Test, { status, body }: Reply<object>, expected: number, diagnostics: RegExp): void {
  t.equal(status, expected, JSON.stringify(body))
  t.match(body, { resourceType: 'OperationOutcome', issue: [{ severity: 'error', diagnostics }] })
}

both('the capabilities', async (t, client) => {
  const statement = await client.capabilities()

  t.match(statement, { resourceType: 'CapabilityStatement', fhirVersion: '4.0.1', rest: [{ mode: 'server' }] })
  const [{ resource }] = statement['rest'] as [{ resource: { type: string, interaction: { code: string }[] }[] }]
  t.equal(resource.length, 145)
  t.same(resource.find(({ type }) => type === 'Patient')?.interaction.map(({ code }) => code).sort(),
    ['create', 'delete', 'history-instance', 'history-type', 'patch', 'read', 'search-type', 'update', 'vread'])
})

both('create, read, conditional read, vread', async (t, client) => {
  const made = await client.create(patient('Sokolova'))

  t.equal(made.status, 201)
  t.match(made.body, patient('Sokolova'))
  t.equal(made.headers.get('location'), `${url}/fhir/Patient/${idOf(made)}/_history/${versionOf(made)}`)
  t.equal(made.headers.get('etag'), `W/"${versionOf(made)}"`)

  const read = await client.read('Patient', idOf(made))
  t.equal(read.status, 200)
  t.same(read.body, made.body)
  const modified = read.headers.get('last-modified') ?? ''
  t.equal((await client.read('Patient', idOf(made), { 'if-none-match': read.headers.get('etag') ?? '' })).status, 304)
  t.equal((await client.read('Patient', idOf(made), { 'if-modified-since': modified })).status, 304)
  t.equal((await client.read('Patient', idOf(made), { 'if-none-match': 'W/"1"', 'if-modified-since': modified })).status, 200)
  t.same((await client.vread('Patient', idOf(made), versionOf(made))).body, made.body)
  t.equal((await client.ask('HEAD', `Patient/${idOf(made)}`)).status, 200)
})

both('update, with If-Match and under an id of its own', async (t, client) => {
  const id = `anna-${randomUUID()}`
  const made = await client.update({ ...patient('Sokolova'), id })
  t.equal(made.status, 201)
  const body = { ...patient('Petrova'), id }

  const changed = await client.update(body, { 'if-match': made.headers.get('etag') ?? '' })
  const same = await client.update(body)
  const late = await client.update({ ...body, active: false }, { 'if-match': made.headers.get('etag') ?? '' })

  t.equal(changed.status, 200)
  t.not(versionOf(changed), versionOf(made))
  t.equal(versionOf(same), versionOf(changed), 'the same body is the same version')
  refused(t, late, 412, /does not have version/)
  t.match((await client.read('Patient', id)).body, body)
  t.match((await client.vread('Patient', id, versionOf(made))).body, patient('Sokolova'))
})

both('JSON Patch and FHIRPath Patch', async (t, client) => {
  const { id = '' } = (await client.create(patient('Sokolova'))).body
  const replace = {
    resourceType: 'Parameters',
    parameter: [{ name: 'operation', part: [{ name: 'type', valueCode: 'replace' }, { name: 'path', valueString: 'Patient.name[0].family' }, { name: 'value', valueString: 'Orlova' }] }]
  }

  const json = await client.patch('Patient', id, [{ op: 'test', path: '/active', value: true }, { op: 'replace', path: '/name/0/family', value: 'Petrova' }])
  const path = await client.ask('PATCH', `Patient/${id}`, replace, { 'if-match': `W/"${versionOf(json)}"` })
  const failed = await client.patch('Patient', id, [{ op: 'replace', path: '/active', value: false }, { op: 'test', path: '/name/0/family', value: 'Sokolova' }])

  t.match(json, { status: 200, body: { active: true, name: [{ family: 'Petrova' }] } })
  t.match(path, { status: 200, body: { active: true, name: [{ family: 'Orlova' }] } })
  refused(t, failed, 422, /1|test/)
  t.match((await client.read('Patient', id)).body, { active: true, name: [{ family: 'Orlova' }] })
})

both('delete, and back again', async (t, client) => {
  const { body: { id = '' } } = await client.create(patient('Sokolova'))

  t.equal((await client.remove('Patient', id)).status, 204)
  t.equal((await client.remove('Patient', id)).status, 204)
  refused(t, await client.read('Patient', id), 410, /deleted/)
  t.equal((await client.update({ ...patient('Petrova'), id })).status, 201)

  t.match(await client.read('Patient', id), { status: 200, body: patient('Petrova') })
  t.same((await client.history('Patient', id)).entry?.map(({ response }) => response?.status.slice(0, 3)), ['200', '204', '201'])
})

both('the history of a resource, of its type and of all, page by page', async (t, client) => {
  const { body: { id = '' } } = await client.create({ resourceType: 'Basic', code: { text: '0' } })
  for (let turn = 1; turn < 7; turn++) await client.update({ resourceType: 'Basic', id, code: { text: String(turn) } })
  const newestFirst = [6, 5, 4, 3, 2, 1, 0].map(turn => ({ id, code: { text: String(turn) } }))
  const resources = (pages: readonly Bundle[]) => pages.flatMap(({ entry = [] }) => entry).map(({ resource }) => resource)

  const whole = await client.history('Basic', id)
  const pages = await client.pages(`Basic/${id}/_history?_count=3`)
  const [, second] = newestFirst
  const since = (await client.vread('Basic', id, whole.entry?.[1]?.resource?.meta?.versionId ?? '')).body.meta?.lastUpdated ?? ''

  t.equal(whole['total'], 7)
  t.match(resources([whole]), newestFirst)
  t.same(pages.map(({ entry }) => entry?.length), [3, 3, 1])
  t.match(resources(pages), newestFirst)
  t.match(resources(await client.pages(`Basic/${id}/_history?_at=${since}`)), [second])
  t.match(resources(await client.pages(`Basic/${id}/_history?_since=${since}`)).slice(0, 2), newestFirst.slice(0, 2))
  t.match(resources([await client.history('Basic')]), newestFirst)
  t.match(resources([await client.history()]), newestFirst)
  const ofType = resources(await client.pages(`Basic/_history?_count=4&_since=${whole.entry?.at(-1)?.resource?.meta?.lastUpdated ?? ''}`))
  t.match(ofType, newestFirst)
  t.equal(ofType.length, 7)
})

both('a batch, whose entries stand alone', async (t, client) => {
  const { body: { id = '' } } = await client.create(patient('Sokolova'))

  const { status, body } = await client.bundle({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [
      { request: { method: 'GET', url: `Patient/${id}` } },
      { request: { method: 'POST', url: 'Observation' }, resource: pulse(`Patient/${id}`) },
      { request: { method: 'GET', url: 'Patient/absent' } },
      { request: { method: 'POST', url: 'Observation' }, resource: { resourceType: 'Observation', status: 'final' } },
      { request: { method: 'PUT', url: 'Patient/other' }, resource: { ...patient('Orlova'), id: 'another' } }
    ]
  })

  t.equal(status, 200)
  t.equal(body['type'], 'batch-response')
  t.same(body.entry?.map(({ response }) => response?.status.slice(0, 3)), ['200', '201', '404', '422', '400'])
  t.match(body.entry?.[0]?.resource, patient('Sokolova'))
  t.match(body.entry?.[3]?.response?.outcome, { issue: [{ expression: ['Observation'], diagnostics: /code/ }] })
})

both('a transaction, whose references lead to what it makes; or nothing of it', async (t, client) => {
  const [anna, visit] = [`urn:uuid:${randomUUID()}`, `urn:uuid:${randomUUID()}`]
  const entry = (fullUrl: string, resource: Resource) => ({ fullUrl, resource, request: { method: 'POST', url: resource.resourceType } })
  const encounter: Resource = { resourceType: 'Encounter', status: 'finished', class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' }, subject: { reference: anna } }
  const entries = [entry(`urn:uuid:${randomUUID()}`, { ...pulse(anna), encounter: { reference: visit } }), entry(visit, encounter), entry(anna, patient('Sokolova'))]

  const done = await client.bundle({ resourceType: 'Bundle', type: 'transaction', entry: entries })
  t.equal(done.status, 200, JSON.stringify(done.body))
  const [observation = '', encounterMade = '', patientMade = ''] = done.body.entry?.map(({ response }) => response?.location?.split('/_history')[0] ?? '') ?? []
  t.match(await client.ask('GET', observation), { status: 200, body: { subject: { reference: patientMade }, encounter: { reference: encounterMade } } })
  t.match(await client.ask('GET', encounterMade), { status: 200, body: { subject: { reference: patientMade } } })

  const before = (await client.history('Encounter')).entry?.length
  const failed = await client.bundle({ resourceType: 'Bundle', type: 'transaction', entry: [...entries, entry(`urn:uuid:${randomUUID()}`, { resourceType: 'Observation', status: 'final' })] })
  refused(t, failed, 422, /./)
  t.match(failed.body, { issue: [{ expression: [/^Bundle\.entry\[3\]\.resource/] }] })
  t.equal((await client.history('Encounter')).entry?.length, before)
})

both('a Binary as a resource and as what it holds', async (t, client) => {
  const text = 'Discharge letter.\n'
  const data = Buffer.from(text).toString('base64')

  const made = await client.create({ resourceType: 'Binary', contentType: 'text/plain', data })
  const read = await client.read('Binary', idOf(made), { accept: 'application/fhir+json' })
  const raw = await fetch(`${url}/fhir/Binary/${idOf(made)}`, { headers: { authorization: `Bearer ${operator}`, accept: 'text/plain' } })

  t.equal(made.status, 201)
  t.match(read.body, { resourceType: 'Binary', contentType: 'text/plain', data })
  t.match(raw.headers.get('content-type'), /^text\/plain/)
  t.equal(await raw.text(), text)
})

both('what is refused is an OperationOutcome that names the place', async (t, client, as) => {
  refused(t, await client.read('Patient', 'absent'), 404, /absent/)
  refused(t, await client.vread('Patient', 'absent', '1'), 404, /absent/)
  refused(t, await client.ask('GET', 'Nonsense/1'), 404, /Nonsense/)
  refused(t, await client.ask('PUT', 'metadata'), 405, /PUT/)
  refused(t, await client.ask('PUT', 'Patient', patient('x')), 400, /without criteria/)
  refused(t, await client.create({ resourceType: 'Patient', nonsense: 1 }), 422, /nonsense/)
  refused(t, await client.create({ resourceType: 'Patient', birthDate: '1990-02-30' }), 422, /1990-02-30/)
  refused(t, await client.ask('POST', 'Patient', pulse('Patient/x')), 400, /Observation/)
  refused(t, await client.ask('POST', 'Patient', patient('x'), { 'content-type': 'text/plain' }), 415, /application\/fhir\+json/)
  refused(t, await client.update({ ...patient('x'), id: 'x' }, { 'if-match': 'nonsense' }), 400, /If-Match/)
  refused(t, await client.ask('GET', '_history?_since=yesterday'), 400, /_since/)
  refused(t, await client.ask('POST', '', { resourceType: 'Bundle', type: 'collection' }), 400, /batch or transaction/)
  refused(t, await as('not.a.token').read('Patient', 'absent'), 401, /./)
})

both('a patient reads what is hers and writes nothing', async (t, client, as) => {
  const [anna, berta] = [idOf(await client.create(patient('Sokolova'))), idOf(await client.create(patient('Petrova')))]
  const own = idOf(await client.create(pulse(`Patient/${anna}`)))
  const others = idOf(await client.create(pulse(`Patient/${berta}`)))
  const self = as(await bearer('--patient', anna, '--scope', 'patient/*.cruds'))

  t.match(await self.read('Patient', anna), { status: 200, body: patient('Sokolova') })
  t.equal((await self.read('Observation', own)).status, 200)
  t.same((await self.history('Observation')).entry?.map(({ resource }) => resource?.id), [own])
  t.same((await self.history()).entry?.map(({ resource }) => resource?.id).filter(id => [anna, berta, own, others].includes(id ?? '')), [own, anna])
  refused(t, await self.read('Patient', berta), 404, /./)
  refused(t, await self.read('Observation', others), 404, /./)
  refused(t, await self.create(pulse(`Patient/${anna}`)), 403, /./)
  refused(t, await self.remove('Observation', own), 403, /./)
})

both('who treats a patient reads and writes her record, but for what is withheld', async (t, client, as) => {
  const [anna, berta] = [idOf(await client.create(patient('Sokolova'))), idOf(await client.create(patient('Petrova')))]
  const mood = await client.create({ ...pulse(`Patient/${anna}`), meta: PSY })
  const doctor = as(await bearer('--treats', anna))

  const made = await doctor.create(pulse(`Patient/${anna}`))
  t.equal(made.status, 201)
  const changed = await doctor.update({ ...pulse(`Patient/${anna}`, 80), id: idOf(made) }, { 'if-match': made.headers.get('etag') ?? '' })
  t.equal(changed.status, 200)
  t.equal((await doctor.patch('Observation', idOf(made), [{ op: 'replace', path: '/status', value: 'amended' }])).status, 200)
  t.match((await doctor.history('Observation', idOf(made))), { total: 3 })
  t.same((await doctor.history('Observation')).entry?.map(({ resource }) => resource?.id), [idOf(made), idOf(made), idOf(made)])
  t.equal((await doctor.remove('Observation', idOf(made))).status, 204)
  refused(t, await doctor.read('Observation', idOf(made)), 410, /./)

  refused(t, await doctor.read('Observation', idOf(mood)), 404, /./)
  refused(t, await doctor.read('Patient', berta), 404, /./)
  refused(t, await doctor.create(pulse(`Patient/${berta}`)), 422, /subject/)
  refused(t, await doctor.update({ ...pulse(`Patient/${anna}`), id: 'chosen' }), 404, /./)
  refused(t, await doctor.create(patient('Orlova')), 403, /./)
  t.match(await doctor.bundle({ resourceType: 'Bundle', type: 'batch', entry: [anna, berta].map(id => ({ request: { method: 'GET', url: `Patient/${id}` } })) }),
    { body: { entry: [{ response: { status: /^200/ } }, { response: { status: /^404/ } }] } })
})
