// A version as it leaves the database.
import { typeOf } from '../fhir/resource-types.js'

/** One version that the caller may see. `rid` is its versionId; surrogates and rids are decimal texts. */
export interface VersionRow {
  readonly type: string
  readonly id: string
  readonly rid: string
  readonly ver: number
  readonly deleted: boolean
  /** The stored text behind the server-owned head; empty when deleted, or where the client has it. */
  readonly tail: string
  readonly owner: string
  readonly owners: readonly string[] | undefined
  readonly class: number
}

/** A row as the database gives it: arrays, since they are read often. */
export interface RawRow {
  readonly type: number
  readonly id: string
  readonly rid: string
  readonly ver: number
  readonly state: number
  readonly body: string
  readonly owner: string
  readonly owners: readonly string[] | null
  readonly class: number
}

/** What leaves the database of a version `v`; `body` is SQL for its text. */
export const columns = (body: string): string => `v.type, v.id, v.rid, v.ver, v.state, ${body}, v.owner, v.owners, v.class`

export const COLUMNS = columns('v.body')

export const versionRow = (raw: RawRow): VersionRow => ({
  type: typeOf(raw.type),
  id: raw.id,
  rid: raw.rid,
  ver: raw.ver,
  deleted: raw.state === 9,
  tail: raw.body,
  owner: raw.owner,
  owners: raw.owners ?? undefined,
  class: raw.class
})
