// What an interaction is asked and what it answers, the same for a request and for an entry of a batch.
// https://hl7.org/fhir/R4/http.html
import type { IncomingHttpHeaders } from 'node:http'
import type { Caller } from '../auth/caller.js'
import type { VersionRow } from '../consent/visible.js'
import { unknownRoute, type FhirError } from '../fhir/outcome.js'
import { isResourceType, type ResourceType } from '../fhir/resource-types.js'
import type { ScannedResource } from '../fhir/json.js'
import type { Compartment } from '../store/search/compartment.js'
import type { Server } from './server.js'

/** The parameters behind the `?`, decoded; one that is repeated is a list. */
export type Query = Readonly<Record<string, string | string[] | undefined>>

export const NO_QUERY: Query = Object.freeze({})

/** The parameters as text, for the audit. */
export const queryText = (query: Query): string => new URLSearchParams(Object.entries(query).flatMap(([name, value]) =>
  [value ?? ''].flat().map((one): [string, string] => [name, one]))).toString()

/** A body as it came, with its media type in lower case and without parameters. */
export interface Body { readonly mediaType: string, readonly bytes: Buffer }

export interface Asked {
  /** Empty for an interaction with the whole system. */
  readonly type: string
  readonly id: string
  readonly versionId: string
  /** Among whose resources a search is; `type` is then that of the resources. */
  readonly compartment?: Compartment
  /** Below the base, without the query: `/Patient/a/_history`. */
  readonly path: string
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  /** A resource when it is an entry's, which the Bundle's scan has read already. */
  readonly body: Body | ScannedResource | undefined
}

/**
 * A body that is made while it is sent, text by text, as fast as it is taken. What it throws ends the connection, so that a part of it is never
 * taken for the whole. Whoever does not read it to its end calls `return`.
 */
export type Streamed = AsyncGenerator<string, void>

export const isStreamed = (body: Answer['body']): body is Streamed => typeof body === 'object' && Symbol.asyncIterator in body

export interface Answer {
  readonly status: number
  readonly contentType?: string
  readonly body?: string | Buffer | Streamed
  /** The version that ETag and Last-Modified tell of. */
  readonly rid?: string
  readonly location?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What a read has shown, for the audit. Absent: a write, which its own transaction has audited, or nothing of anybody's. */
  readonly shown?: readonly VersionRow[] | undefined
  /** What was asked, where it did not stand in the URL only. */
  readonly parameters?: Query
  /** A Bundle is known as batch or transaction only once it is read. */
  readonly interaction?: 'batch' | 'transaction'
  /** The refusal that is told once it is audited what it tells of. */
  readonly refusal?: FhirError
}

export type Handler = (server: Server, caller: Caller, asked: Asked) => Promise<Answer>

/** The type that an interaction is about, for those that are about one. */
export function resourceTypeOf ({ type, path }: Asked): ResourceType {
  if (!isResourceType(type)) throw unknownRoute(`${path} names no resource type`)
  return type
}

/** What is needed of a version to show it. */
export type Version = Pick<VersionRow, 'type' | 'id' | 'rid' | 'deleted' | 'tail'>
