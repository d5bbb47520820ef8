// The dictionary entries that this process knows to be stored, so that they are not sent again. docs/decisions/0010-index-rows.md
import type { IndexRows } from './index-rows.js'
import type { Known } from './index/rows.js'

// Codes and units are few; free texts are not, and beyond this they are simply sent again.
const CAPACITY = 1_000_000
const LEAST = 1 << 12

/** Keys in a table of pairs, since a set of numbers beyond 32 bits would make an object for each question. */
export class Dictionary implements Known {
  #slots = LEAST
  #pairs = new Int32Array(LEAST * 2)
  #size = 0

  has (high: number, low: number): boolean {
    const at = this.#placeOf(high, low)
    return this.#pairs[at] !== 0 || this.#pairs[at + 1] !== 0
  }

  /** What a version's rows brought is stored. */
  learn ({ terms, quantityKeys }: Pick<IndexRows, 'terms' | 'quantityKeys'>): void {
    if (terms.length + quantityKeys.length === 0 || this.#size > CAPACITY) return
    for (const { token: [high, low] } of terms) this.#add(high, low)
    for (const { key: [high, low] } of quantityKeys) this.#add(high, low)
  }

  /** Where a key stands, or the free place that it would have. The key of two zeros is nowhere: it is sent again. */
  #placeOf (high: number, low: number): number {
    const [mask, pairs] = [this.#slots - 1, this.#pairs]
    let slot = low & mask
    while ((pairs[slot * 2] !== high || pairs[slot * 2 + 1] !== low) && (pairs[slot * 2] !== 0 || pairs[slot * 2 + 1] !== 0)) slot = (slot + 1) & mask
    return slot * 2
  }

  #add (high: number, low: number): void {
    const at = this.#placeOf(high, low)
    if (this.#pairs[at] !== 0 || this.#pairs[at + 1] !== 0) return
    this.#pairs[at] = high
    this.#pairs[at + 1] = low
    if (++this.#size > this.#slots >> 1) this.#grow()
  }

  #grow (): void {
    const before = this.#pairs
    this.#slots *= 2
    this.#pairs = new Int32Array(this.#slots * 2)
    this.#size = 0
    for (let at = 0; at < before.length; at += 2) {
      const [high, low] = [before[at] ?? 0, before[at + 1] ?? 0]
      if (high !== 0 || low !== 0) this.#add(high, low)
    }
  }
}
