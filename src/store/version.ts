// What is written: versions, and the audit rows that go into the same transaction. docs/decisions/0009-store.md
import type { Definition } from './custom/definition.js'
import type { IndexRows } from './index-rows.js'

/** The version that a write replaces: its rid and the owner under whom it stands. */
export interface Replaced {
  readonly rid: string
  readonly owner: string
}

interface Write {
  readonly type: number
  readonly id: string
  readonly owner: string
  /** Dense per resource; the write fails when another write took this number. */
  readonly ver: number
  readonly old: Replaced | undefined
}

/** A new version of a resource, with everything that is derived from its body. Surrogates are decimal texts. */
export interface Put extends Write {
  readonly op: 'put'
  readonly class: number
  readonly rank: number
  readonly author: string | undefined
  readonly tail: string
  readonly owners: readonly string[] | undefined
  readonly participants: readonly string[] | undefined
  readonly labels: readonly string[] | undefined
  readonly refs: string | undefined
  readonly rows: IndexRows
  /** What a SearchParameter defines; undefined: nothing, which ends what it defined before. */
  readonly defines?: Definition | undefined
}

/** The end of a resource; its policy columns are taken over from the version it ends. */
export interface Tombstone extends Write {
  readonly op: 'delete'
  readonly old: Replaced
}

/** One audited request, as the database keeps it. `shown`: rids of versions that were read. */
export interface AuditRow {
  readonly seq: number
  readonly owner: string
  readonly owners: readonly string[] | undefined
  readonly actor: string
  readonly caller: number
  readonly interaction: number
  readonly type: number
  readonly status: number
  readonly client: string
  readonly query: string | undefined
  readonly shown: readonly string[]
}

/** Versions that are stored together or not at all. */
export interface WriteGroup {
  readonly versions: readonly (Put | Tombstone)[]
  /** Owners made here (a Patient's surrogate and id), and those whose Patient comes back after a delete. */
  readonly newOwners: readonly { readonly owner: string, readonly id: string }[]
  readonly revived: readonly string[]
  /** Patients who must be alive, under these surrogates, when this commits. */
  readonly needed: readonly { readonly owner: string, readonly id: string }[]
  /** Who must be treating whom when this commits. */
  readonly treated: readonly { readonly owner: string, readonly actor: string }[]
  readonly audit: AuditRow
}
