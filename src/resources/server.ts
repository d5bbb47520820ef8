// What the interactions work with, as one process or one request has it.
import type { Config } from '../config.js'
import type { AuditWriter } from '../consent/audit.js'
import type { Registry } from '../store/custom/registry.js'
import type { FullText } from '../store/full-text/full-text.js'
import type { Ids } from '../store/id.js'
import type { Locks } from '../store/locks.js'
import type { Patients } from '../store/patients.js'
import type { Reads, Searches } from '../store/pool.js'
import type { Surrogates } from '../store/surrogates.js'
import type { Kept } from '../store/terminology/kept.js'
import type { Writes } from '../store/writer.js'
import type { Cursors } from './cursor.js'
import type { KeptDefinition } from './definitions.js'

/** What the interactions work with. */
export interface Server {
  readonly config: Config
  readonly readers: Reads
  readonly searches: Searches
  readonly writer: Writes
  readonly audit: AuditWriter
  readonly ids: Ids
  readonly locks: Locks
  readonly surrogates: Surrogates
  /** The search parameters that were defined here. */
  readonly registry: Registry
  readonly patients: Patients
  readonly cursors: Cursors
  /** Code systems and value sets, by the version that they were read from. */
  readonly definitions: Kept<KeptDefinition>
  /** The index of words; undefined where it is not switched on. */
  readonly fullText: FullText | undefined
  /** The URL under which the resources stand, without a slash at its end. */
  readonly base: string
  /** So many Patients over whom a chain leads are named in the statement; with more, each row is asked whose it is. */
  readonly named: number
  /** A chain over more of anything is followed row by row: the rows that are looked at at first, and at most; as many resources on the way are named at most. */
  readonly followed: { readonly first: number, readonly most: number }
  /** The IANA zone in which dates without a zone are read. */
  readonly zone: string
}
