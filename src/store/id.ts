// Ids of resources. https://hl7.org/fhir/R4/datatypes.html#id, https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8
// 48 bits time, 26 random bits, 48 bits of owner XOR AES(secret, the other bits): sorts by time, cannot be guessed or
// linked, and tells the server (only a hint, never a decision) whose it is. docs/decisions/0003-ids.md
import { createCipheriv, randomFillSync, type Cipher } from 'node:crypto'

/** Bytes of an id, and where those begin that are masked. */
const BLOCK = 16
const MASKED = 10

const POOL = Buffer.allocUnsafe(4096)
let used = POOL.length

/** 32 random bits. */
function random (): number {
  if (used === POOL.length) {
    randomFillSync(POOL)
    used = 0
  }
  used += 4
  return POOL.readUInt32BE(used - 4)
}

/** Makes and reads ids under one secret (32 bytes, kept in the database; its first half is the key). */
export class Ids {
  readonly #cipher: Cipher

  constructor (secret: Buffer) {
    this.#cipher = createCipheriv('aes-128-ecb', secret.subarray(0, 16), null).setAutoPadding(false)
  }

  /** A new id for a resource of this owner (surrogate, below 2^48). */
  next (owner: string, now?: number): string {
    return this.many([owner], now)[0] ?? ''
  }

  /** New ids for resources of these owners, in order. */
  many (owners: readonly string[], now: number = Date.now()): string[] {
    const ids = Buffer.alloc(owners.length * BLOCK)
    const blocks = Buffer.alloc(ids.length)
    // Of the 26 bits, thousands made at once would meet: 10,000 of one owner every second time.
    const taken = new Set<number>()
    for (let place = 0, at = 0; place < owners.length; place++, at += BLOCK) {
      ids.writeUIntBE(now, at, 6)
      let drawn = stamped(random())
      while (taken.has(drawn)) drawn = stamped(random())
      taken.add(drawn)
      ids.writeUInt32BE(drawn, at + 6)
      ids.copy(blocks, at, at, at + MASKED)
    }
    const masks = owners.length === 0 ? blocks : this.#cipher.update(blocks)
    return owners.map((owner, place) => {
      const at = place * BLOCK
      ids.writeUIntBE(Number(owner), at + MASKED, 6)
      for (let i = at + MASKED; i < at + BLOCK; i++) ids[i] = (ids[i] ?? 0) ^ (masks[i] ?? 0)
      return text(ids.toString('hex', at, at + BLOCK))
    })
  }

  /** The owner that an id of ours names; any other UUIDv8 names one at random. undefined: not of this form. */
  ownerIn (id: string): string | undefined {
    if (!UUID8.test(id)) return undefined
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
    const block = Buffer.alloc(BLOCK)
    bytes.copy(block, 0, 0, MASKED)
    const mask = this.#cipher.update(block)
    for (let i = MASKED; i < BLOCK; i++) bytes[i] = (bytes[i] ?? 0) ^ (mask[i] ?? 0)
    return String(bytes.readUIntBE(MASKED, 6))
  }
}

/** 26 of these 32 bits, and between them the version and the variant of a UUIDv8. */
const stamped = (bits: number): number => ((bits & 0x0fff3fff) | 0x80008000) >>> 0

const UUID8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether an id has the form that the server gives. */
export const isServerId = (id: string): boolean => UUID8.test(id)

const text = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
