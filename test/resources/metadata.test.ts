// https://hl7.org/fhir/R4/capabilitystatement.html
import t from 'tap'
import type { CapabilityStatement } from '@medplum/fhirtypes'
import { RESOURCE_TYPES } from '../../src/fhir/resource-types.js'
import { validate } from '../../src/fhir/validate.js'
import { allowOf, find } from '../../src/resources/route.js'
import { ROUTES } from '../../src/resources/routes.js'
import { server } from '../server.js'

t.test('anybody may ask what is offered, and only that', async t => {
  const { app } = await server(t)

  const reply = await app.inject('/fhir/metadata')

  t.equal(reply.statusCode, 200)
  t.match(reply.json(), { resourceType: 'CapabilityStatement', kind: 'instance', fhirVersion: '4.0.1', implementation: { url: 'http://karta.test/fhir' } })
  t.equal((await app.inject({ method: 'HEAD', url: '/fhir/metadata' })).statusCode, 200)
  const others = ROUTES.filter(({ anonymous }) => anonymous !== true)
  for (const { method, path } of others) {
    const { statusCode } = await app.inject({ method, url: `/fhir${path.replace(':type', 'Patient').replace(':id', 'x').replace(':versionId', '1').replace(':member', 'Observation')}` })
    t.equal(statusCode, 401, `${method} ${path}`)
  }
})

t.test('the statement is a valid resource of every type with an endpoint', async t => {
  const { app } = await server(t)

  const statement: CapabilityStatement = (await app.inject('/fhir/metadata')).json()

  t.same(validate('CapabilityStatement', JSON.parse(JSON.stringify(statement))), [])
  t.same(statement.rest?.[0]?.resource?.map(({ type }) => type), RESOURCE_TYPES)
})

t.test('the statement claims what the table routes, and nothing else', async t => {
  const { app } = await server(t)

  const statement: CapabilityStatement = (await app.inject('/fhir/metadata')).json()

  const [rest] = statement.rest ?? []
  const ofTypes = new Set(rest?.resource?.flatMap(({ interaction = [] }) => interaction.map(({ code }) => code)))
  const claimed = [...ofTypes, ...rest?.interaction?.map(({ code }) => code) ?? []].sort()
  const routed = ROUTES.flatMap(({ interaction }) => interaction === 'capabilities' || interaction === 'operation' ? [] : interaction === 'batch' ? ['batch', 'transaction'] : [interaction])
  t.same(claimed, [...new Set(routed)].sort())
  t.equal(rest?.resource?.every(({ versioning, readHistory, updateCreate, conditionalCreate, conditionalRead }) =>
    versioning === 'versioned' && readHistory === true && updateCreate === false && conditionalCreate === true && conditionalRead === 'full-support'), true)
  const operations = [...rest?.operation ?? [], ...rest?.resource?.flatMap(({ operation = [] }) => operation) ?? []]
  t.same([...new Set(operations.map(({ name }) => name))].sort(), [...new Set(ROUTES.flatMap(({ path }) => /\$(.*)$/.exec(path)?.[1] ?? []))].sort())
  for (const { definition } of operations) t.ok(/^http:..hl7.org.fhir.OperationDefinition./.test(definition ?? '') || statement.contained?.some(({ id }) => definition === `#${id ?? ''}`), definition)
  const patient = rest?.resource?.find(({ type }) => type === 'Patient')
  t.match(patient?.searchParam?.find(({ name }) => name === 'birthdate'), { type: 'date', definition: 'http://hl7.org/fhir/SearchParameter/individual-birthdate' })
  t.ok(patient?.searchInclude?.includes('Patient:organization'))
  t.ok(patient?.searchRevInclude?.includes('Observation:subject'))
})

t.test('nothing is served that has no row in the table', async t => {
  const { app } = await server(t)
  await app.ready()

  const served = app.printRoutes({ commonPrefix: false, includeHooks: false }).match(/\((?:[A-Z]+(?:, )?)+\)/g)?.flatMap(methods => methods.slice(1, -1).split(', ')).length

  const rows = ROUTES.flatMap(({ method, path }) => (method === 'GET' ? 2 : 1) * (path === '/' ? 2 : 1)).reduce((sum, count) => sum + count, 0)
  const probes = 3 * 2
  t.equal(served, rows + probes)
})

t.test('only the full statement is offered, in JSON', async t => {
  const { app } = await server(t)

  for (const [query, status] of [['mode=full', 200], ['mode=terminology', 400], ['_format=json', 200], ['_format=xml', 406], ['_summary=true', 400], ['x=y', 400], ['_pretty=true', 200]] as const) {
    t.equal((await app.inject(`/fhir/metadata?${query}`)).statusCode, status, query)
  }
})

t.test('every row is found by its own path, and Allow names its method', t => {
  for (const route of ROUTES) {
    const path = route.path.replace(':type', 'Patient').replace(':id', 'x').replace(':versionId', '1').replace(':member', 'Observation')
    t.equal(find(ROUTES, route.method, path).route, route, `${route.method} ${path}`)
  }
  t.equal(allowOf(ROUTES.filter(({ path }) => path === '/:type/:id')), 'DELETE, GET, HEAD, PATCH, PUT')
  t.end()
})
