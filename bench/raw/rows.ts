// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The rows that the server has written for a piece of work, as the same-rows baseline writes them again: computed once,
// so that the baseline spends nothing on what is in a resource. Arrays are PostgreSQL literals, int8 are decimal texts.

export interface RowSet {
  readonly type: number
  readonly typeName: string
  readonly owner: string
  readonly class: number
  readonly rank: number
  readonly dlo: string
  readonly dhi: string
  readonly c1: string | null
  readonly tokens: string
  readonly owners: string | null
  readonly participants: string | null
  readonly labels: string | null
  readonly refs: string | null
  /** The text behind the head that the server fills in. */
  readonly body: string
  readonly codes: readonly string[]
  readonly quantities: readonly { readonly key: string, readonly value: number }[]
  readonly strings: readonly { readonly key: string, readonly value: string }[]
  readonly dates: readonly { readonly key: string, readonly lo: string, readonly hi: string }[]
}

/** The rows of one request: one resource, or all entries of a Bundle. */
export type Item = readonly RowSet[]
