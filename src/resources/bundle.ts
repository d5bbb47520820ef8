// Bundles, written as text so that the resources in them stay what they are. https://hl7.org/fhir/R4/bundle.html
import { randomUUID } from 'node:crypto'
import { etag } from '../fhir/etag.js'
import { lastUpdatedOf } from '../store/rid.js'

export interface Link { readonly relation: 'self' | 'next', readonly url: string }

/** One entry; `resource` and `outcome` are JSON texts. */
export interface Entry {
  readonly fullUrl?: string
  readonly resource?: string
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
  readonly type: 'history' | 'batch-response' | 'transaction-response'
  readonly total?: number
  readonly links?: readonly Link[]
  readonly entries: readonly Entry[]
}

const text = (value: string): string => JSON.stringify(value)

/** A Bundle's text. An array of FHIR is never empty: a member without values is left out. */
export function bundleText ({ type, total, links = [], entries }: BundleParts): string {
  const head = `{"resourceType":"Bundle","id":"${randomUUID()}","meta":{"lastUpdated":"${new Date().toISOString()}"},"type":"${type}"`
  const counted = total === undefined ? '' : `,"total":${total}`
  const linked = links.length === 0 ? '' : `,"link":[${links.map(({ relation, url }) => `{"relation":"${relation}","url":${text(url)}}`).join(',')}]`
  const listed = entries.length === 0 ? '' : `,"entry":[${entries.map(entryText).join(',')}]`
  return `${head}${counted}${linked}${listed}}`
}

function entryText ({ fullUrl, resource, request, response }: Entry): string {
  const members: string[] = []
  if (fullUrl !== undefined) members.push(`"fullUrl":${text(fullUrl)}`)
  if (resource !== undefined) members.push(`"resource":${resource}`)
  if (request !== undefined) members.push(`"request":{"method":"${request.method}","url":${text(request.url)}}`)
  if (response !== undefined) members.push(`"response":${responseText(response)}`)
  return `{${members.join(',')}}`
}

function responseText ({ status, location, rid, outcome }: NonNullable<Entry['response']>): string {
  const members = [`"status":${text(status)}`]
  if (location !== undefined) members.push(`"location":${text(location)}`)
  if (rid !== undefined) members.push(`"etag":${text(etag(rid))}`, `"lastModified":"${lastUpdatedOf(rid)}"`)
  if (outcome !== undefined) members.push(`"outcome":${outcome}`)
  return `{${members.join(',')}}`
}
