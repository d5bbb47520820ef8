// The dictionary entries that this process knows to be stored, so that they are not sent again. docs/decisions/0010-index-rows.md
import { shortKey, type Known } from './index/rows.js'
import type { Put } from './version.js'

// Codes and units are few; free texts are not, and beyond this they are simply sent again.
const CAPACITY = 1_000_000

export class Dictionary implements Known {
  readonly #stored = new Set<number>()

  has (high: number, low: number): boolean {
    return this.#stored.has(shortKey(high, low))
  }

  /** What a version brought is stored. */
  learn ({ rows: { terms, quantityKeys } }: Pick<Put, 'rows'>): void {
    if (terms.length + quantityKeys.length === 0 || this.#stored.size > CAPACITY) return
    for (const { token: [high, low] } of terms) this.#stored.add(shortKey(high, low))
    for (const { key: [high, low] } of quantityKeys) this.#stored.add(shortKey(high, low))
  }
}
