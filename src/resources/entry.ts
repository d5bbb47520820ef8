// One entry of a batch or transaction, read as the request that it is. https://hl7.org/fhir/R4/bundle.html#Bundle.entry
import type { IncomingHttpHeaders } from 'node:http'
import { httpDate } from '../fhir/etag.js'
import { isObject, type Json, type JsonObject, type ScannedBundle } from '../fhir/json.js'
import { asFhirError, invalid, malformed, ofEntry } from '../fhir/outcome.js'
import { instantOf } from '../fhir/instant.js'
import { NO_QUERY, type Asked, type Query } from './exchange.js'
import { find, refuseConditional, type Route } from './route.js'

export interface EntryRequest {
  readonly index: number
  readonly method: string
  readonly route: Route
  readonly asked: Asked
  readonly fullUrl: string | undefined
}

/** What the entries of one Bundle have in common. */
export interface Bundled {
  readonly routes: readonly Route[]
  /** `https://karta.example/fhir`: an entry's URL may begin with it. */
  readonly base: string
  readonly bundle: ScannedBundle
  readonly prefer: string
}

const METHODS = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD']

/** The place of a method in the order in which a Bundle is processed. https://hl7.org/fhir/R4/http.html#trules */
export const turnOf = (method: string): number => method === 'DELETE' ? 0 : method === 'POST' ? 1 : method === 'PUT' || method === 'PATCH' ? 2 : 3

/** Reads one entry. Throws FhirError naming what is wrong with it, without its place. */
export function entryRequest ({ routes, base, bundle, prefer }: Bundled, entry: Json, index: number): EntryRequest {
  if (!isObject(entry)) throw malformed('an entry is an object')
  const request = entry.request
  if (!isObject(request)) throw invalid('the entry has no request')
  const method = text(request, 'method')
  const url = text(request, 'url')
  if (method === undefined || !METHODS.includes(method)) throw invalid(`request.method must be one of ${METHODS.join(', ')}`)
  if (url === undefined) throw invalid('request.url is missing')
  const { path, query } = parts(url, base)
  refuseConditional(method, path, query !== NO_QUERY)
  const { route, ...place } = find(routes, method, path)
  const resource = bundle.resources[index]
  const takesResource = method === 'POST' || method === 'PUT' || method === 'PATCH'
  if (takesResource && resource === undefined) throw invalid(`${method} needs a resource`)
  if (!takesResource && entry.resource !== undefined) throw invalid(`${method} takes no resource`)
  const asked: Asked = { ...place, path, query, headers: headersOf(request, prefer), body: resource }
  return { index, method, route, asked, fullUrl: text(entry, 'fullUrl') }
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

function text (object: JsonObject, name: string): string | undefined {
  const value = object[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw invalid(`${name} must be a text`)
  return value
}

function parts (url: string, base: string): { path: string, query: Query } {
  const relative = url.startsWith(`${base}/`) ? url.slice(base.length) : url
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative)) throw invalid('request.url is not below this server\'s base')
  const [path = '', ...query] = relative.split('?')
  return { path: path.startsWith('/') ? path : `/${path}`, query: query.length === 0 ? NO_QUERY : queryOf(query.join('?')) }
}

function queryOf (text: string): Query {
  const query: Record<string, string | string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name]
    query[name] = before === undefined ? value : [before, value].flat()
  }
  return query
}

// The conditions of an entry as the headers of the request that it stands for; a Binary comes as the resource.
function headersOf (request: JsonObject, prefer: string): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = { accept: 'application/fhir+json', prefer }
  const [ifMatch, ifNoneMatch, ifNoneExist, since] = ['ifMatch', 'ifNoneMatch', 'ifNoneExist', 'ifModifiedSince'].map(name => text(request, name))
  if (ifMatch !== undefined) headers['if-match'] = ifMatch
  if (ifNoneMatch !== undefined) headers['if-none-match'] = ifNoneMatch
  if (ifNoneExist !== undefined) headers['if-none-exist'] = ifNoneExist
  if (since !== undefined) headers['if-modified-since'] = httpDate(modifiedSince(since))
  return headers
}

function modifiedSince (text: string): number {
  const milliseconds = instantOf(text)
  if (milliseconds === undefined) throw invalid('request.ifModifiedSince must be an instant')
  return milliseconds
}
