// The same order in every run: xorshift. https://www.jstatsoft.org/article/view/v008i14

export const SEED = 20261122

/** Numbers from 0 to 1, the same for the same seed. */
export function random (seed = SEED): () => number {
  let state = seed
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 0x100000000
  }
}

/** The same elements in another order. */
export function shuffled<T> (list: readonly T[], seed = SEED): T[] {
  const next = random(seed)
  return list.map(value => ({ value, order: next() })).sort((a, b) => a.order - b.order).map(({ value }) => value)
}
