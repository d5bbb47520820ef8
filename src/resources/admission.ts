// How many requests are worked on at once, and how many may wait; one more is turned away before anything is done for it.
// https://www.rfc-editor.org/rfc/rfc6585#section-4
import type { onRequestHookHandler } from 'fastify'
import { tooManyRequests } from '../fhir/outcome.js'

export interface Limits { readonly inFlight: number, readonly queue: number }

const RETRY_SECONDS = 2

/** Slots for requests. What waits is let in, in order, as others leave. */
export class Admission {
  readonly #limits: Limits
  // A set keeps the order, and lets those who hang up leave from the middle.
  readonly #waiting = new Set<() => void>()
  #inside = 0
  /** Requests turned away so far. */
  refused = 0

  constructor (limits: Limits) {
    this.#limits = limits
  }

  get inside (): number {
    return this.#inside
  }

  get waiting (): number {
    return this.#waiting.size
  }

  /** Lets a request in, makes it wait, or refuses it with FhirError 429. A slot is free again when its connection is done with. */
  readonly hook: onRequestHookHandler = (_request, reply, done) => {
    const { raw } = reply
    if (this.#inside < this.#limits.inFlight) {
      this.#inside++
      raw.once('close', this.#leave)
      return done()
    }
    if (this.#waiting.size >= this.#limits.queue) {
      this.refused++
      return done(tooManyRequests('the server is busy: try again later', RETRY_SECONDS))
    }
    const hangUp = (): void => { this.#waiting.delete(enter) }
    const enter = (): void => {
      raw.off('close', hangUp)
      raw.once('close', this.#leave)
      done()
    }
    this.#waiting.add(enter)
    raw.once('close', hangUp)
  }

  readonly #leave = (): void => {
    const [next] = this.#waiting
    if (next === undefined) {
      this.#inside--
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
