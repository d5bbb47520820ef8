// In which form a resource is sent. https://hl7.org/fhir/R4/http.html#parameters https://hl7.org/fhir/R4/search.html#summary
import type { VersionRow } from '../consent/visible.js'
import { resourceText } from '../fhir/json.js'
import { invalid, notSupported } from '../fhir/outcome.js'
import { dataText, elementsText, summaryText, textText } from '../fhir/text/cut.js'
import { pretty } from '../fhir/text/pretty.js'
import { lastUpdatedOf } from '../store/rid.js'
import type { Asked } from './exchange.js'
import { NO_QUERY } from './exchange.js'
import { contentTypeFor, FHIR_JSON } from './media-type.js'
import { prefer, type Prefer } from './prefer.js'

export type Summary = 'true' | 'text' | 'data' | 'count' | 'false'

export interface Wanted {
  readonly contentType: string
  readonly pretty: boolean
  readonly summary: Summary
  readonly elements: readonly string[] | undefined
  readonly prefer: Prefer
}

/** A resource as it is stored. */
export const WHOLE: Wanted = { contentType: FHIR_JSON, pretty: false, summary: 'false', elements: undefined, prefer: prefer(undefined) }

/** The parameters that are about the form of an answer. */
export const GENERAL: readonly string[] = ['_format', '_pretty', '_summary', '_elements']

/**
 * What a request says about the form of its answer. `parameters` are the interaction's own.
 * Throws FhirError 406 for another format; 400 for a value that is none, or a parameter that is not known here, unless
 * `Prefer: handling=lenient` asks to pass over it.
 */
export function wantedBy ({ query, headers }: Asked, parameters: readonly string[] = []): Wanted {
  if (query === NO_QUERY) return plain(headers)
  const preferences = prefer(headers.prefer)
  if (preferences.handling === 'strict') refuseUnknown(query, parameters)
  const elements = list(query._elements)
  const summary = summaryOf(one(query, '_summary'))
  if (elements !== undefined && summary !== 'false') throw invalid('_summary and _elements are not asked together')
  return {
    contentType: contentTypeFor(headers.accept, one(query, '_format')),
    pretty: flag(one(query, '_pretty'), '_pretty'),
    summary,
    elements,
    prefer: preferences
  }
}

function plain ({ accept, prefer: stated }: Asked['headers']): Wanted {
  const contentType = contentTypeFor(accept, undefined)
  if (contentType === FHIR_JSON && stated === undefined) return WHOLE
  return { contentType, pretty: false, summary: 'false', elements: undefined, prefer: prefer(stated) }
}

function refuseUnknown (query: Asked['query'], parameters: readonly string[]): void {
  for (const name of Object.keys(query)) {
    if (!GENERAL.includes(name) && !parameters.includes(name)) {
      throw notSupported(`the parameter ${JSON.stringify(name)} is not known here, but ${[...parameters, ...GENERAL].join(', ')}`)
    }
  }
}

/** The parameters of a query that are about the form of the answer. */
export const formOf = (query: Asked['query']): Asked['query'] => Object.fromEntries(Object.entries(query).filter(([name]) => GENERAL.includes(name)))

/** The value of a parameter that is given once at most. Throws FhirError 400 when it is repeated. */
export function one (query: Asked['query'], name: string): string | undefined {
  const value = query[name]
  if (Array.isArray(value)) throw invalid(`${name} is given more than once`)
  return value
}

function list (value: string | string[] | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined
  const names = String(value).split(',').map(name => name.trim()).filter(name => name !== '')
  if (names.length === 0) throw invalid('_elements names no element')
  return names
}

/** Whether a parameter says true. Throws FhirError 400 for what is neither true nor false. */
export function flag (value: string | undefined, name: string): boolean {
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  throw invalid(`${name} must be true or false`)
}

const SUMMARIES: readonly string[] = ['true', 'text', 'data', 'count', 'false'] satisfies Summary[]
const isSummary = (value: string): value is Summary => SUMMARIES.includes(value)

function summaryOf (value: string | undefined): Summary {
  if (value === undefined) return 'false'
  if (isSummary(value)) return value
  throw invalid(`_summary must be one of ${SUMMARIES.join(', ')}`)
}

/** The text of one version, whole or cut. A whole one is the stored text behind its head: neither parsed nor scanned. */
export function versionText ({ type, id, rid, tail }: Pick<VersionRow, 'type' | 'id' | 'rid' | 'tail'>, wanted: Wanted): string {
  return resourceText(type, id, rid, lastUpdatedOf(rid), cutTail(type, tail, wanted))
}

function cutTail (type: string, tail: string, { summary, elements }: Wanted): string {
  if (elements !== undefined) return elementsText(type, tail, elements)
  switch (summary) {
    case 'true': return summaryText(type, tail)
    case 'text': return textText(type, tail)
    case 'data': return dataText(type, tail)
    default: return tail
  }
}

/** A whole reply, indented if that was asked for. */
export const laidOut = (text: string, wanted: Wanted): string => wanted.pretty ? pretty(text) : text
