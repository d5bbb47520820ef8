// Member names without building a string for one that was seen before.
import { uriNames } from '../generated/elements.js'

/** Which links a string found under a name may hold. */
export type LinkKind = 'none' | 'reference' | 'uri' | 'narrative'

export interface Key {
  readonly name: string
  readonly links: LinkKind
  /** One of 32 bits, by the name: two names of one object that share it may be the same name. */
  readonly bit: number
}

// Both are bounded, so that invented names cannot fill the memory. A slot holds the name seen last.
const SLOTS = 4096
const KNOWN = 10_000
const LONGEST = 64
const slots: Array<Key | undefined> = new Array<Key | undefined>(SLOTS).fill(undefined)
const known = new Map<string, Key>()

const linksUnder = (name: string): LinkKind =>
  name === 'reference' ? 'reference' : name === 'div' ? 'narrative' : uriNames.has(name) ? 'uri' : 'none'

const URN = /^urn:(?:uuid|oid):/

/** True for a string that may have to be rewritten when what it links to gets another address. */
export function isLink ({ links }: Key, value: string): boolean {
  return links === 'reference' || links === 'narrative' || (links === 'uri' && value.includes(':')) || URN.test(value)
}

function bitOf (name: string): number {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0
  return 1 << ((hash ^ (hash >>> 15)) & 31)
}

/** The key of a name. */
export function keyOf (name: string): Key {
  const found = known.get(name)
  if (found !== undefined) return found
  // Object.keys hands out the internalised string: as a property name it needs no look-up, and it does not hold on to a whole text as a slice does.
  const key: Key = { name: Object.keys({ [name]: 0 })[0] ?? name, links: linksUnder(name), bit: bitOf(name) }
  if (known.size >= KNOWN) known.clear()
  if (name.length <= LONGEST) known.set(key.name, key)
  return key
}

/** The key of the name text[start, end), which holds no escape. */
export function keyAt (text: string, units: Uint16Array, start: number, end: number): Key {
  if (end === start) return keyOf('')
  // Three characters and the length tell nearly all names of FHIR apart.
  const slot = ((units[start] ?? 0) + 31 * (units[(start + end) >> 1] ?? 0) + 977 * (units[end - 1] ?? 0) + 269 * (end - start)) & (SLOTS - 1)
  const last = slots[slot]
  if (last !== undefined && matches(last.name, units, start, end)) return last
  const key = keyOf(text.slice(start, end))
  if (end - start <= LONGEST) slots[slot] = key
  return key
}

function matches (name: string, units: Uint16Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false
  for (let at = 0; at < name.length; at++) {
    if (name.charCodeAt(at) !== units[start + at]) return false
  }
  return true
}
