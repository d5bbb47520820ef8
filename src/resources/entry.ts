// One entry of a batch or transaction, read as the request that it is. https://hl7.org/fhir/R4/bundle.html#Bundle.entry
import type { IncomingHttpHeaders } from 'node:http'
import { httpDate } from '../fhir/etag.js'
import { isObject, type Json, type JsonObject, type ScannedBundle, type UnreadResource } from '../fhir/json.js'
import { asFhirError, invalid, malformed, ofEntry } from '../fhir/outcome.js'
import { instantOf } from '../fhir/instant.js'
import { NO_QUERY, type Asked, type Query } from './exchange.js'
import { find, isSearch, type Route } from './route.js'

export interface EntryRequest {
  readonly index: number
  readonly method: string
  readonly route: Route
  readonly asked: Asked
  readonly resource: UnreadResource | undefined
  readonly fullUrl: string | undefined
}

/** What the entries of one Bundle have in common. */
export interface Bundled {
  readonly routes: readonly Route[]
  /** `https://karta.example/fhir`: an entry's URL may begin with it. */
  readonly base: string
  readonly bundle: ScannedBundle
  /** Of an entry that states no condition; the same object for all of them. */
  readonly headers: IncomingHttpHeaders
}

const METHODS = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD']

/** The place of an entry in the order in which a Bundle is processed; a search or operation that is posted is a read. https://hl7.org/fhir/R4/http.html#trules */
export function turnOf ({ method, route }: Pick<EntryRequest, 'method' | 'route'>): 0 | 1 | 2 | 3 {
  if (isSearch(route.interaction) || route.interaction === 'operation') return 3
  return method === 'DELETE' ? 0 : method === 'POST' ? 1 : method === 'PUT' || method === 'PATCH' ? 2 : 3
}

/** Whether an entry writes. */
export const isWrite = (request: Pick<EntryRequest, 'method' | 'route'>): boolean => turnOf(request) < 3

/** Reads one entry. Throws FhirError naming what is wrong with it, without its place. */
export function entryRequest ({ routes, base, bundle, headers }: Bundled, entry: Json, index: number): EntryRequest {
  if (!isObject(entry)) throw malformed('an entry is an object')
  const request = entry.request
  if (!isObject(request)) throw invalid('the entry has no request')
  const method = text(request, 'method')
  const url = text(request, 'url')
  if (method === undefined || !METHODS.includes(method)) throw invalid(`request.method must be one of ${METHODS.join(', ')}`)
  if (url === undefined) throw invalid('request.url is missing')
  const { path, query } = parts(url, base)
  const { route, type, id, versionId, compartment } = find(routes, method, path)
  const resource = bundle.resources[index]
  const takesResource = isWrite({ method, route }) && method !== 'DELETE'
  if (takesResource && resource === undefined) throw invalid(`${method} needs a resource`)
  const mayTakeResource = takesResource || (method === 'POST' && route.interaction === 'operation')
  if (!mayTakeResource && entry.resource !== undefined) throw invalid(method === 'POST' ? 'a search takes no resource: its parameters stand in request.url' : `${method} takes no resource`)
  const asked: Asked = { type, id, versionId, path, query, headers: headersOf(request, headers), body: undefined, ...(compartment !== undefined && { compartment }) }
  return { index, method, route, asked, resource, fullUrl: text(entry, 'fullUrl') }
}

/** All entries, or the first refusal with its place. */
export const entryRequests = (bundled: Bundled, entries: readonly Json[]): EntryRequest[] =>
  entries.map((entry, index) => atEntry(index, () => entryRequest(bundled, entry, index)))

/** What `act` gives; what it refuses is refused of that entry. */
export function atEntry<Result> (index: number, act: () => Result): Result {
  try {
    return act()
  } catch (error) {
    throw ofEntry(asFhirError(error), index)
  }
}

/** Throws FhirError 400 that names both, where a name is taken by another entry. */
export function claim (taken: Map<string, number>, name: string, index: number): void {
  const other = taken.get(name)
  if (other !== undefined && other !== index) atEntry(index, () => { throw invalid(`${name} is that of entry ${other} too`) })
  taken.set(name, index)
}

function text (object: JsonObject, name: string): string | undefined {
  const value = object[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw invalid(`${name} must be a text`)
  return value
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i

function parts (url: string, base: string): { path: string, query: Query } {
  const relative = url.startsWith(base) && url.charAt(base.length) === '/' ? url.slice(base.length) : url
  if (SCHEME.test(relative)) throw invalid('request.url is not below this server\'s base')
  const mark = relative.indexOf('?')
  const path = mark === -1 ? relative : relative.slice(0, mark)
  return { path: path.startsWith('/') ? path : `/${path}`, query: mark === -1 ? NO_QUERY : queryOf(relative.slice(mark + 1)) }
}

function queryOf (text: string): Query {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name]
    query[name] = before === undefined ? value : [before, value].flat()
  }
  return query
}

// The conditions of an entry as the headers of the request that it stands for.
function headersOf (request: JsonObject, common: IncomingHttpHeaders): IncomingHttpHeaders {
  const [ifMatch, ifNoneMatch] = [text(request, 'ifMatch'), text(request, 'ifNoneMatch')]
  const [ifNoneExist, since] = [text(request, 'ifNoneExist'), text(request, 'ifModifiedSince')]
  if (ifMatch === undefined && ifNoneMatch === undefined && ifNoneExist === undefined && since === undefined) return common
  return {
    ...common,
    ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    ...(ifNoneExist !== undefined && { 'if-none-exist': ifNoneExist }),
    ...(since !== undefined && { 'if-modified-since': httpDate(modifiedSince(since)) })
  }
}

function modifiedSince (text: string): number {
  const milliseconds = instantOf(text)
  if (milliseconds === undefined) throw invalid('request.ifModifiedSince must be an instant')
  return milliseconds
}
