// Member names by the hash that the scanner computes while it walks over them: no string is built for a name seen before.
import { uriNames } from '../generated/elements.js'

/** Which links a string found under a name may hold. */
export type LinkKind = 'none' | 'reference' | 'uri' | 'narrative'

export interface Key {
  readonly name: string
  readonly links: LinkKind
  /** One of 32 bits, by the name: two names of one object that share it may be the same name. */
  readonly bit: number
}

// Bounded, so that invented names cannot fill the memory: a slot holds the name seen last.
const SLOTS = 4096
const LONGEST = 64
const slots: Array<Key | undefined> = new Array<Key | undefined>(SLOTS).fill(undefined)

const linksUnder = (name: string): LinkKind =>
  name === 'reference' ? 'reference' : name === 'div' ? 'narrative' : uriNames.has(name) ? 'uri' : 'none'

/** The hash of a name, one character at a time. */
export const hashStep = (hash: number, code: number): number => (Math.imul(hash, 31) + code) | 0

function makeKey (name: string, hash: number): Key {
  // Object.keys hands out the internalised string: as a property name it needs no look-up, and it does not hold on to a whole text as a slice does.
  return { name: Object.keys({ [name]: 0 })[0] ?? name, links: linksUnder(name), bit: 1 << ((hash >>> 20) & 31) }
}

/** The key of a name that contained escapes. */
export function keyOfName (name: string): Key {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = hashStep(hash, name.charCodeAt(at))
  return makeKey(name, hash)
}

/** The key that stands in text[start, end) and has this hash. */
export function keyAt (text: string, start: number, end: number, hash: number): Key {
  const slot = (hash ^ (hash >>> 13)) & (SLOTS - 1)
  const known = slots[slot]
  if (known !== undefined && matches(known.name, text, start, end)) return known
  const key = makeKey(text.slice(start, end), hash)
  if (end - start <= LONGEST) slots[slot] = key
  return key
}

function matches (name: string, text: string, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let at = 0; at < name.length; at++) {
    if (name.charCodeAt(at) !== text.charCodeAt(start + at)) return false
  }
  return true
}
