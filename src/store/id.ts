// Ids of resources. https://hl7.org/fhir/R4/datatypes.html#id, https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8
// 48 bits time, 26 random bits, 48 bits of owner XOR AES(secret, the other bits): sorts by time, cannot be guessed or
// linked, and tells the server (only a hint, never a decision) whose it is. docs/decisions/0003-ids.md
import { createCipheriv, randomFillSync, type Cipher } from 'node:crypto'

const POOL = Buffer.allocUnsafe(4096)
let used = POOL.length

function random (size: number): Buffer {
  if (used + size > POOL.length) {
    randomFillSync(POOL)
    used = 0
  }
  used += size
  return POOL.subarray(used - size, used)
}

/** Makes and reads ids under one secret (32 bytes, kept in the database; its first half is the key). */
export class Ids {
  readonly #cipher: Cipher

  constructor (secret: Buffer) {
    this.#cipher = createCipheriv('aes-128-ecb', secret.subarray(0, 16), null).setAutoPadding(false)
  }

  /** A new id for a resource of this owner (surrogate, below 2^48). */
  next (owner: string, now: number = Date.now()): string {
    const bytes = Buffer.alloc(16)
    bytes.writeUIntBE(now, 0, 6)
    random(4).copy(bytes, 6)
    bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f)
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f)
    bytes.writeUIntBE(Number(owner), 10, 6)
    this.#mask(bytes)
    return text(bytes)
  }

  /** The owner that an id of ours names; any other UUIDv8 names one at random. undefined: not of this form. */
  ownerIn (id: string): string | undefined {
    if (!UUID8.test(id)) return undefined
    const bytes = Buffer.from(id.replaceAll('-', ''), 'hex')
    this.#mask(bytes)
    return String(bytes.readUIntBE(10, 6))
  }

  #mask (bytes: Buffer): void {
    const block = Buffer.alloc(16)
    bytes.copy(block, 0, 0, 10)
    const mask = this.#cipher.update(block)
    for (let i = 10; i < 16; i++) bytes[i] = (bytes[i] ?? 0) ^ (mask[i] ?? 0)
  }
}

const UUID8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Whether an id has the form that the server gives. */
export const isServerId = (id: string): boolean => UUID8.test(id)

function text (bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
