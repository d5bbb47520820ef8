// Types that are also served by a store of their own, beside what clients wrote. docs/decisions/0008-audit.md
import type { Caller } from '../auth/caller.js'
import type { Reads } from '../store/pool.js'
import { auditEvents } from './audit-event.js'
import type { VersionRow } from './row.js'

/** A store that makes resources of one type out of something else. */
export interface OtherStore {
  /** Whether an id is one of this store's. */
  readonly holds: (id: string) => boolean
  /** The resource, if the caller may see it. */
  readonly read: (db: Reads, caller: Caller, id: string) => Promise<VersionRow | undefined>
}

const STORES: Readonly<Record<string, OtherStore>> = { AuditEvent: auditEvents }

/** Whether resources of a type are also made by a store of their own, which searches do not reach yet. */
export const hasOtherStore = (type: string): boolean => Object.hasOwn(STORES, type)

/** The store behind a resource; undefined: the record store. */
export function otherStore (type: string, id: string): OtherStore | undefined {
  const store = STORES[type]
  return store?.holds(id) === true ? store : undefined
}
