// An entry of a Bundle that writes. https://hl7.org/fhir/R4/bundle.html#Bundle.entry.request
import type { UnreadResource } from '../fhir/json.js'
import type { Criteria } from './conditional.js'

/** One entry that writes. `type` is a resource type; a POST has no id, a DELETE no resource, a PATCH an edit. What means its resource by criteria has no id. */
export interface EntryWrite {
  readonly index: number
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly type: string
  readonly id: string | undefined
  readonly fullUrl: string | undefined
  readonly criteria?: Criteria
  readonly resource?: UnreadResource | undefined
  readonly edit?: (text: string) => string
  readonly ifMatch?: string | undefined
  /** Whether the resource is shown afterwards. Otherwise nobody keeps its text while the database works. */
  readonly shown?: boolean
}
