// Is the index hash (src/store/hash.ts) as good as a random function on texts like ours? Collisions of 10^7 texts, in 64 bits and in every
// 32-bit part where some are expected; and the avalanche: how evenly one changed bit of the text changes each bit of the hash.
// Run: npx tsx bench/hash.ts
import { hash } from '../src/store/hash.js'

const COUNT = 10_000_000

/** Texts as they are hashed: codes, references with counters and UUIDs, identifiers. */
function textOf (index: number): string {
  switch (index % 4) {
    case 0: return `Observation|code|shttp://loinc.org|${index}-${index % 10}`
    case 1: return `Observation|encounter|rEncounter/${(index * 2654435761 >>> 0).toString(16).padStart(8, '0')}-${index.toString(16)}`
    case 2: return `Patient|identifier|surn:oid:1.2.${index}|${index * 7919}`
    default: return `Condition|code|c${String.fromCharCode(0x430 + index % 32)}${index}`
  }
}

/** How many values in a sorted array equal the one before. */
function duplicates (sorted: Float64Array | Uint32Array): number {
  let count = 0
  for (let at = 1; at < sorted.length; at++) if (sorted[at] === sorted[at - 1]) count++
  return count
}

const highs = new Uint32Array(COUNT)
const lows = new Uint32Array(COUNT)
const top53 = new Float64Array(COUNT)
const start = performance.now()
for (let index = 0; index < COUNT; index++) {
  const [high, low] = hash(textOf(index))
  highs[index] = high
  lows[index] = low
  // 53 bits: a double holds them exactly.
  top53[index] = (high >>> 0) * 2 ** 21 + (low >>> 11)
}
console.log(`${COUNT} texts in ${Math.round(performance.now() - start)} ms`)
const expected = (bits: number): number => COUNT - 2 ** bits * -Math.expm1(-COUNT / 2 ** bits)
console.log(`high 32 bits: ${duplicates(highs.sort())} collisions, ${Math.round(expected(32))} expected`)
console.log(`low 32 bits: ${duplicates(lows.sort())} collisions, ${Math.round(expected(32))} expected`)
const part40 = top53.map(value => Math.floor(value / 2 ** 13)).sort()
console.log(`first 40 bits: ${duplicates(part40)} collisions, ${Math.round(expected(40))} expected`)
const last40 = top53.map(value => value % 2 ** 40).sort()
console.log(`bits 11 to 50: ${duplicates(last40)} collisions, ${Math.round(expected(40))} expected`)
console.log(`first 53 bits: ${duplicates(top53.sort())} collisions, ${expected(53).toFixed(4)} expected`)

const flips = new Uint32Array(64)
let trials = 0
for (let index = 0; index < 20_000; index++) {
  const text = textOf(index * 31)
  const before = hash(text)
  const at = index % text.length
  const changed = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ 1 << index % 7) + text.slice(at + 1)
  const after = hash(changed)
  for (let bit = 0; bit < 64; bit++) flips[bit] = (flips[bit] ?? 0) + ((before[bit >> 5 & 1] ?? 0) >>> (bit & 31) & 1 ^ (after[bit >> 5 & 1] ?? 0) >>> (bit & 31) & 1)
  trials++
}
const rates = Array.from(flips, count => count / trials)
console.log(`avalanche: each bit changes in ${Math.min(...rates).toFixed(4)} to ${Math.max(...rates).toFixed(4)} of ${trials} changes; 0.5 is ideal`)
