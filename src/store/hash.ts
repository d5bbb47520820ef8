// The 64-bit hash under which search finds values, as two signed 32-bit halves: no bigint on the way of a write.
//
// FIXED FOR EVER: every stored index row depends on it. Two 32-bit lanes over the UTF-16 code units of the text; each unit changes
// both lanes by a bijection (so that equal-length texts collide only by chance), rotations carry high bits down, and the end mixes
// the lanes with each other as MurmurHash3's finaliser does. Test vectors: test/store/hash.test.ts. Quality: bench/hash.ts.

const A = 0x9e3779b1
const B = 0x85ebca77

/** A 64-bit key: high and low half, both signed. */
export type Key = readonly [high: number, low: number]

// The lanes of the text read so far, and the halves of the last result. Module variables, because an object for each of ten
// thousand hashes a second is garbage, and nothing here is asynchronous.
let laneA = 0
let laneB = 0
/** The halves of the last `finish()`. */
export let high = 0
export let low = 0

/** Where a hash begins; `resume` goes on from what `seed` returned. */
export interface Seed { readonly a: number, readonly b: number }

const EMPTY: Seed = { a: 0x243f6a88, b: 0x85a308d3 | 0 }

/** Goes on from a text that was read before. */
export function resume (seed: Seed): void {
  laneA = seed.a
  laneB = seed.b
}

/** Reads a text. */
export function add (text: string): void {
  let a = laneA
  let b = laneB
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    a = Math.imul((a << 5 | a >>> 27) ^ unit, A)
    b = Math.imul((b << 13 | b >>> 19) + (a ^ unit) | 0, B)
  }
  laneA = a
  laneB = b
}

/** Reads a single code unit. */
export function addUnit (unit: number): void {
  laneA = Math.imul((laneA << 5 | laneA >>> 27) ^ unit, A)
  laneB = Math.imul((laneB << 13 | laneB >>> 19) + (laneA ^ unit) | 0, B)
}

/** Ends the hash: `high` and `low` are its halves. */
export function finish (): void {
  let a = mix(laneA ^ (laneB << 16 | laneB >>> 16))
  let b = mix(Math.imul(laneB, 0x27d4eb2f) + a | 0)
  a = mix(a + b | 0)
  b = b ^ a
  high = a | 0
  low = b | 0
}

function mix (value: number): number {
  let x = Math.imul(value ^ value >>> 16, 0x7feb352d)
  x = Math.imul(x ^ x >>> 15, 0x846ca68b)
  return x ^ x >>> 16
}

/** The state after a text, from which many hashes may go on. */
export function seed (text: string, from: Seed = EMPTY): Seed {
  resume(from)
  add(text)
  return { a: laneA, b: laneB }
}

/** The hash of a text, or of a text that goes on from a seed. */
export function hash (text: string, from: Seed = EMPTY): Key {
  resume(from)
  add(text)
  finish()
  return [high, low]
}
