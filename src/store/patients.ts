// What this process knows of Patients' surrogates. Only a hint: a write checks the surrogate and the id together.
import { isServerId, type Ids } from './id.js'

const CAPACITY = 100_000

/** Surrogates by Patient id: read out of ids that the server made, remembered for those that a client chose. */
export class Patients {
  readonly #ids: Ids
  readonly #known = new Map<string, string>()

  constructor (ids: Ids) {
    this.#ids = ids
  }

  /** The surrogate that probably belongs to this Patient. */
  ownerOf (id: string): string | undefined {
    return this.#known.get(id) ?? (isServerId(id) ? this.#ids.ownerIn(id) : undefined)
  }

  /** Remembers what the database said. */
  learn (id: string, owner: string): void {
    if (this.#known.size >= CAPACITY) {
      const [oldest] = this.#known.keys()
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    this.#known.set(id, owner)
  }

  forget (id: string): void {
    this.#known.delete(id)
  }
}
