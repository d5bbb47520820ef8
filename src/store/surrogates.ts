// Surrogates of owners, taken from the database a block at a time, so that a write need not ask for one.
import type pg from 'pg'

const BLOCK = 1000

/** Numbers that no other process on this database gives out. */
export class Surrogates {
  readonly #pool: pg.Pool
  #next = 0
  #end = 0
  #refill: Promise<void> | undefined

  constructor (pool: pg.Pool) {
    this.#pool = pool
  }

  /** A new surrogate, as decimal text. */
  async next (): Promise<string> {
    while (this.#next >= this.#end) await (this.#refill ??= this.#take())
    return String(this.#next++)
  }

  async #take (): Promise<void> {
    try {
      const { rows: [row] } = await this.#pool.query<{ block: string }>("select nextval('karta.owner_block') as block")
      this.#next = Number(row?.block)
      this.#end = this.#next + BLOCK
    } finally {
      this.#refill = undefined
    }
  }
}
