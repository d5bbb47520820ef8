/** A source of numbers that a seed fixes for ever: mulberry32. */
export type Random = () => number

/** Numbers in [0, 1), the same for the same text on every machine. */
export function seeded (text: string): Random {
  let state = 2166136261
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16777619)
  return () => {
    state = (state + 0x6D2B79F5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A number near `middle`, at most `spread` away, more often near than far, with so many decimals. */
export function near (random: Random, middle: number, spread: number, decimals: number): number {
  const deviation = random() + random() - 1
  return Number((middle + deviation * spread).toFixed(decimals))
}
