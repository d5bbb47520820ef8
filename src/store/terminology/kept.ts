// What was read is kept for the next who asks, the longest unused first to go. Keys name what never changes (a version by its rid), so nothing
// that is kept can be stale.

/** Values with a size each, up to a total size. */
export class Kept<Value> {
  readonly #most: number
  readonly #values = new Map<string, { readonly value: Value, readonly size: number }>()
  #size = 0

  constructor (most: number) {
    this.#most = most
  }

  get (key: string): Value | undefined {
    const found = this.#values.get(key)
    if (found === undefined) return undefined
    this.#values.delete(key)
    this.#values.set(key, found)
    return found.value
  }

  set (key: string, value: Value, size: number): void {
    if (size > this.#most) return
    this.#size += size - (this.#values.get(key)?.size ?? 0)
    this.#values.delete(key)
    this.#values.set(key, { value, size })
    for (const [oldest, { size: less }] of this.#values) {
      if (this.#size <= this.#most) break
      this.#values.delete(oldest)
      this.#size -= less
    }
  }
}
