// Bundles, written as text so that the resources in them stay what they are. https://hl7.org/fhir/R4/bundle.html
import { randomUUID } from 'node:crypto'
import { lastUpdatedOf } from '../store/rid.js'

export interface Link { readonly relation: 'self' | 'next', readonly url: string }

/** One entry; `resource` and `outcome` are JSON texts. */
export interface Entry {
  readonly fullUrl?: string
  readonly resource?: string
  readonly search?: 'match' | 'include' | 'outcome'
  readonly request?: { readonly method: string, readonly url: string }
  readonly response?: {
    readonly status: string
    readonly location?: string
    /** The version, for etag and lastModified. */
    readonly rid?: string
    readonly outcome?: string
  }
}

export interface BundleParts {
  readonly type: 'history' | 'searchset' | 'batch-response' | 'transaction-response'
  readonly total?: number
  readonly links?: readonly Link[]
  readonly entries: readonly Entry[]
}

const text = (value: string): string => JSON.stringify(value)

/** A Bundle's text. An array of FHIR is never empty: a member without values is left out. */
export function bundleText ({ type, total, links = [], entries }: BundleParts): string {
  const listed = entries.length === 0 ? '' : `,"entry":[${entries.map(entryText).join(',')}]`
  return `${bundleHead(type)}${toldOf(total, links)}${listed}}`
}

/** Its beginning, before any member that is known only later. `at`: the moment that it is of, in milliseconds. */
export const bundleHead = (type: BundleParts['type'], at = Date.now()): string =>
  `{"resourceType":"Bundle","id":"${randomUUID()}","meta":{"lastUpdated":"${new Date(at).toISOString()}"},"type":"${type}"`

/** Its total and links, as further members. */
export function toldOf (total: number | undefined, links: readonly Link[]): string {
  const counted = total === undefined ? '' : `,"total":${total}`
  return links.length === 0 ? counted : `${counted},"link":[${links.map(({ relation, url }) => `{"relation":"${relation}","url":${text(url)}}`).join(',')}]`
}

export function entryText ({ fullUrl, resource, search, request, response }: Entry): string {
  let members = ''
  if (fullUrl !== undefined) members += `,"fullUrl":${text(fullUrl)}`
  if (resource !== undefined) members += `,"resource":${resource}`
  if (search !== undefined) members += `,"search":{"mode":"${search}"}`
  if (request !== undefined) members += `,"request":{"method":"${request.method}","url":${text(request.url)}}`
  if (response !== undefined) members += `,"response":${responseText(response)}`
  return `{${members.slice(1)}}`
}

// A status, a place and a version are of our own making: nothing in them has to be escaped.
function responseText ({ status, location, rid, outcome }: NonNullable<Entry['response']>): string {
  const place = location === undefined ? '' : `,"location":"${location}"`
  const version = rid === undefined ? '' : `,"etag":"W/\\"${rid}\\"","lastModified":"${lastUpdatedOf(rid)}"`
  return `{"status":"${status}"${place}${version}${outcome === undefined ? '' : `,"outcome":${outcome}`}}`
}
