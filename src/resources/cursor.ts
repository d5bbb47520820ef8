// The place at which the next page begins, sealed. https://hl7.org/fhir/R4/http.html#paging
// Nothing in it can be read or changed outside; it is good for one caller, one query and one hour, and holds no policy:
// every page is decided afresh.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Caller } from '../auth/caller.js'
import { invalid } from '../fhir/outcome.js'

const LIFETIME = 3600 * 1000
const NONCE = 12
const TAG = 16

/** What a cursor is good for: whose it is, and for which pages. */
export interface Bound { readonly caller: Caller, readonly query: string }

/** Seals and opens cursors under a key of its own, derived from the installation's secret, so that all processes share it. */
export class Cursors {
  readonly #key: Buffer

  constructor (secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'karta page cursor', 32))
  }

  seal (place: string, bound: Bound, now: number = Date.now()): string {
    const nonce = randomBytes(NONCE)
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(aad(bound))
    const sealed = Buffer.concat([cipher.update(JSON.stringify({ place, until: now + LIFETIME }), 'utf8'), cipher.final()])
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')
  }

  /** Throws FhirError 400 for a cursor that is not ours, not this caller's, of another query, or too old. */
  open (cursor: string, bound: Bound, now: number = Date.now()): string {
    const { place, until } = this.#opened(Buffer.from(cursor, 'base64url'), bound)
    if (until < now) throw invalid('the page link has expired: begin again with the first page')
    return place
  }

  #opened (bytes: Buffer, bound: Bound): { place: string, until: number } {
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, NONCE))
        .setAAD(aad(bound))
        .setAuthTag(bytes.subarray(NONCE, NONCE + TAG))
      const text = Buffer.concat([decipher.update(bytes.subarray(NONCE + TAG)), decipher.final()]).toString('utf8')
      return JSON.parse(text) as { place: string, until: number }
    } catch {
      throw invalid('the page link is not one that was given for this query')
    }
  }
}

function aad ({ caller, query }: Bound): Buffer {
  const who = caller.kind === 'self' ? caller.owner : caller.actor
  return Buffer.from(JSON.stringify([caller.kind, who, caller.client, query]))
}
