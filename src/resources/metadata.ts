// What this server offers, computed from what it routes. https://hl7.org/fhir/R4/capabilitystatement.html
import { readFileSync } from 'node:fs'
import type { CapabilityStatement, CapabilityStatementRestResource, OperationDefinition } from '@medplum/fhirtypes'
import { notSupported } from '../fhir/outcome.js'
import { RESOURCE_TYPES, type ResourceType } from '../fhir/resource-types.js'
import type { Handler } from './exchange.js'
import { CustomParameters } from '../store/custom/registry.js'
import { generalParameters, KnownParameters, parameterOf } from '../store/search/known.js'
import { OPERATION_DEFINITIONS } from './operation-definitions.js'
import { laidOut, one, wantedBy } from './representation.js'
import { ownType, type Route } from './route.js'
import type { Server } from './server.js'

interface Package { readonly name: string, readonly version: string, readonly description: string }

const { name, version, description } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Package

/** The handler of `GET [base]/metadata` for these routes. 200; 400 for a mode other than full. */
export const metadata = (routes: () => readonly Route[]): Handler => async (server, _caller, asked) => {
  const wanted = wantedBy(asked, ['mode'])
  const mode = one(asked.query, 'mode') ?? 'full'
  if (mode !== 'full') throw notSupported(`mode ${JSON.stringify(mode)} is not supported, only full`)
  if (wanted.elements !== undefined || wanted.summary !== 'false') throw notSupported('the CapabilityStatement is given whole')
  return { status: 200, contentType: wanted.contentType, body: laidOut(JSON.stringify(statement(server, routes())), wanted) }
}

// A statement is of the moment in which this process began.
const STARTED = new Date().toISOString()

/** The CapabilityStatement of a server with these routes. */
export function statement (server: Pick<Server, 'base' | 'config' | 'registry'>, routes: readonly Route[]): CapabilityStatement {
  return {
    resourceType: 'CapabilityStatement',
    contained: [...OPERATION_DEFINITIONS],
    status: 'active',
    date: STARTED,
    kind: 'instance',
    software: { name, version },
    implementation: { description, url: server.base },
    fhirVersion: '4.0.1',
    format: ['application/fhir+json', 'json'],
    patchFormat: ['application/json-patch+json', 'application/fhir+json'],
    rest: [{
      mode: 'server',
      documentation: 'Nobody is served anonymously, except this statement. What a caller may not see does not exist for him.',
      security: {
        cors: server.config.corsOrigins.length > 0,
        description: 'Bearer tokens, minted on the machine that holds the data (karta token), with SMART scopes.'
      },
      resource: RESOURCE_TYPES.map(type => resource(type, routes, server)),
      interaction: systemInteractions(routes),
      operation: operations(({ system }) => system),
      searchParam: [...generalParameters().flatMap(code => parameterOf('Resource', code) ?? []).map(row => ({ name: row.code, definition: row.url, type: row.type })), ...EXPRESSIONS, ...server.config.fullText ? WORDS : []]
    }]
  }
}

// What is asked of every type beside its own parameters. https://hl7.org/fhir/R4/search_filter.html
const EXPRESSIONS: NonNullable<CapabilityStatementRestResource['searchParam']> = [{ name: '_filter', definition: 'http://hl7.org/fhir/SearchParameter/filter', type: 'special' }]

// https://hl7.org/fhir/R4/search.html#content
const WORDS: typeof EXPRESSIONS = [
  { name: '_text', definition: 'http://hl7.org/fhir/SearchParameter/DomainResource-text', type: 'string' }, { name: '_content', definition: 'http://hl7.org/fhir/SearchParameter/Resource-content', type: 'string' }
]

type ResourceInteraction = NonNullable<CapabilityStatementRestResource['interaction']>[number]

// FHIR's codes for what a route of a type does. https://hl7.org/fhir/R4/valueset-type-restful-interaction.html
const TYPE_CODES: Readonly<Record<string, ResourceInteraction['code']>> = {
  read: 'read',
  'search-type': 'search-type',
  vread: 'vread',
  update: 'update',
  patch: 'patch',
  delete: 'delete',
  create: 'create',
  'history-instance': 'history-instance',
  'history-type': 'history-type'
}

function resource (type: ResourceType, routes: readonly Route[], { config, registry }: Pick<Server, 'config' | 'registry'>): CapabilityStatementRestResource {
  const codes = [...new Set(routes.flatMap(({ interaction }) => TYPE_CODES[interaction] ?? []))]
  return {
    type,
    interaction: codes.map(code => ({ code })),
    versioning: 'versioned',
    readHistory: codes.includes('vread'),
    // The operator of the installation may; whoever else asks may not, so it is not promised.
    updateCreate: false,
    conditionalCreate: codes.includes('search-type'),
    conditionalRead: 'full-support',
    conditionalUpdate: codes.includes('search-type'),
    conditionalDelete: !codes.includes('search-type') ? 'not-supported' : config.conditionalDeletes > 1 ? 'multiple' : 'single',
    referencePolicy: ['literal', 'logical', 'resolves', 'local'],
    ...(type === 'SearchParameter' && { operation: operations(({ instance }) => instance) }),
    ...(codes.includes('search-type') && searches(type, registry.current)),
    ...publishedOperations(type, routes)
  }
}

const operations = (where: (definition: OperationDefinition) => boolean): NonNullable<CapabilityStatementRestResource['operation']> =>
  OPERATION_DEFINITIONS.filter(where).map(({ id = '', code }) => ({ name: code, definition: `#${id}` }))

// R4's own, under its definitions. https://hl7.org/fhir/R4/operationslist.html
function publishedOperations (type: string, routes: readonly Route[]): Pick<CapabilityStatementRestResource, 'operation'> {
  const codes = [...new Set(routes.flatMap(route => ownType(route) === type ? route.operation ?? [] : []))]
  return codes.length === 0 ? {} : { operation: codes.map(code => ({ name: code, definition: `http://hl7.org/fhir/OperationDefinition/${type}-${code}` })) }
}

// https://hl7.org/fhir/R4/searchparameter-registry.html
function searches (type: ResourceType, custom: CustomParameters): Pick<CapabilityStatementRestResource, 'searchParam' | 'searchInclude' | 'searchRevInclude'> {
  const known = new KnownParameters(custom)
  const rows = known.codesOf(type).flatMap(code => known.of(type, code) ?? [])
  const included = rows.flatMap(row => row.type === 'reference' ? [`${type}:${row.code}`] : [])
  const referring = [...REFERRING.get(type) ?? [], ...custom.all.filter(({ state, definition }) => state === 'ready' && definition.target?.includes(type) === true)
    .flatMap(({ definition: { base, code } }) => base.map(from => `${from}:${code}`))]
  return {
    searchParam: rows.map(row => ({ name: row.code, definition: row.url, type: row.type })),
    ...(included.length > 0 && { searchInclude: included }),
    ...(referring.length > 0 && { searchRevInclude: referring })
  }
}

const PUBLISHED = new KnownParameters(new CustomParameters('0', []))

/** For each type the reference parameters of R4, of all types, that may lead to it. */
const REFERRING = new Map(RESOURCE_TYPES.map(target => [target, RESOURCE_TYPES.flatMap(type => PUBLISHED.codesOf(type)
  .filter(code => PUBLISHED.of(type, code)?.target?.includes(target) === true).map(code => `${type}:${code}`))]))

type SystemInteraction = NonNullable<NonNullable<NonNullable<CapabilityStatement['rest']>[number]['interaction']>>[number]

function systemInteractions (routes: readonly Route[]): SystemInteraction[] {
  return routes.flatMap(({ method, interaction }): SystemInteraction[] => {
    if (interaction === 'batch') return [{ code: 'transaction' }, { code: 'batch' }]
    return interaction === 'history-system' || (interaction === 'search-system' && method === 'GET') ? [{ code: interaction }] : []
  })
}
