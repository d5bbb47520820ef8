// One row of the route table, and how a path finds its row. https://hl7.org/fhir/R4/http.html#summary
import { methodNotAllowed, unknownRoute, type FhirError } from '../fhir/outcome.js'
import { isResourceType, numberOf, typeOf } from '../fhir/resource-types.js'
import { isCompartment, type Compartment } from '../store/search/compartment.js'
import type { Handler } from './exchange.js'

/** FHIR's names for what a route does; those that the audit keeps, and `capabilities`, which shows nothing of anybody's. */
export type Interaction =
  'read' | 'vread' | 'search-type' | 'search-system' | 'history-instance' | 'history-type' | 'history-system' | 'create' | 'update' | 'patch' | 'delete' | 'operation' | 'batch' | 'capabilities'

/** Whether an interaction is a search, by GET or POST. */
export const isSearch = (interaction: string): boolean => interaction === 'search-type' || interaction === 'search-system'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Route {
  readonly method: Method
  /** Below the base; `:type`, `:id` and `:versionId` stand for a segment. */
  readonly path: string
  readonly interaction: Interaction
  /** The code of an operation, which stands with a `$` at the end of the path. */
  readonly operation?: string
  /** The letter of a SMART scope that admits it; a batch asks for that of each entry. */
  readonly scope: 'c' | 'r' | 'u' | 'd' | 's' | undefined
  /** May be asked by anybody. */
  readonly anonymous?: true
  readonly handler: Handler
}

export interface Found {
  readonly route: Route
  readonly type: string
  readonly id: string
  readonly versionId: string
  readonly compartment?: Compartment
}

const OPERATION = /(^|\/)[$_](?!history(\/|$))/

/**
 * The row that a method and a path below the base mean. A HEAD is a GET.
 * Throws FhirError 404 for a type or a path that is not known, 405 with what is allowed.
 */
export function find (routes: readonly Route[], method: string, path: string): Found {
  const { found } = tableOf(routes)
  const name = `${method} ${path}`
  const known = found.get(name)
  if (known !== undefined) return known
  const fresh = findAnew(routes, method, path)
  // Of paths that name a type only there are few.
  if (fresh.id === '' && fresh.type !== '' && path.length <= fresh.type.length + 1) found.set(name, fresh)
  return fresh
}

function findAnew (routes: readonly Route[], method: string, path: string): Found {
  const segments = segmentsOf(path)
  const fitting = tableOf(routes).patterns.filter(({ pattern }) => fits(pattern, segments)).map(({ route }) => route)
  const [first] = fitting
  if (first === undefined) throw unknownPath(path)
  if (first.path.includes('/:member')) return memberOf(fitting, method, path, segments)
  const [name = '', id = '', , versionId = ''] = first.path.startsWith('/:type') || ownType(first) !== '' ? segments : []
  if (name !== '' && !isResourceType(name)) throw unknownType(name)
  // The table's own text of it, because a part of a request's text holds on to all of that.
  const type = name === '' ? '' : typeOf(numberOf(name))
  const asked = method === 'HEAD' ? 'GET' : method
  const route = fitting.find(candidate => candidate.method === asked)
  if (route === undefined) throw methodNotAllowed(`${method} is not allowed here`, allowOf(fitting))
  return { route, type, id: /^[_$]/.test(id) ? '' : id, versionId }
}

/** The type that stands in the path of a route as it is: an operation is one of certain types only. */
export function ownType ({ path }: Route): string {
  const [, first = ''] = path.split('/')
  return isResourceType(first) ? first : ''
}

/** `/Patient/x/Observation`: resources of a type in a compartment. */
function memberOf (fitting: readonly Route[], method: string, path: string, [type = '', id = '', member = '']: readonly string[]): Found {
  if (!isResourceType(type)) throw unknownType(type)
  if (!isCompartment(type) || (member !== '*' && !isResourceType(member))) throw unknownPath(path)
  const route = fitting.find(candidate => candidate.method === (method === 'HEAD' ? 'GET' : method))
  if (route === undefined) throw methodNotAllowed(`${method} is not allowed here`, allowOf(fitting))
  return { route, type: member, id: '', versionId: '', compartment: { type, id } }
}

const segmentsOf = (path: string): string[] => path.split('/').filter(segment => segment !== '')

/** Routes with their paths taken apart, and what was found among them: a Bundle asks for each of its entries. */
interface Table {
  readonly patterns: ReadonlyArray<{ readonly pattern: readonly string[], readonly route: Route }>
  readonly found: Map<string, Found>
}

const tables = new WeakMap<readonly Route[], Table>()

function tableOf (routes: readonly Route[]): Table {
  let table = tables.get(routes)
  if (table === undefined) {
    table = { patterns: routes.map(route => ({ pattern: segmentsOf(route.path), route })), found: new Map() }
    tables.set(routes, table)
  }
  return table
}

function fits (pattern: readonly string[], segments: readonly string[]): boolean {
  return pattern.length === segments.length && pattern.every((part, index) => {
    const segment = segments[index] ?? ''
    // A type begins with a letter, and no id with `$` or `_`: operations, searches and histories are not taken for one.
    return part === ':type' ? /^[A-Za-z]/.test(segment) && segment !== 'metadata' : part.startsWith(':') ? !/^[$_]/.test(segment) : part === segment
  })
}

/** The methods of a path, for `Allow`. */
export function allowOf (routes: readonly Route[]): string {
  const methods = new Set(routes.flatMap(({ method }) => method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods].sort().join(', ')
}

export const unknownType = (type: string): FhirError => unknownRoute(`${JSON.stringify(type.slice(0, 64))} is not a resource type of R4`)

export const unknownPath = (path: string): FhirError =>
  OPERATION.test(path) ? unknownRoute('this operation is not offered') : unknownRoute('there is nothing at this path')
