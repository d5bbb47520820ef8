// Locks by name that hold across all processes on one database, for what is decided by a look and done by a write.
// https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS
import { createHash } from 'node:crypto'
import type pg from 'pg'

/** Locks over connections of their own, so that who holds one still has connections for his work. */
export class Locks {
  readonly #pool: pg.Pool

  constructor (pool: pg.Pool) {
    this.#pool = pool
  }

  /** Does some work while nobody else does any under the same name. Throws what the work throws, or what the database says while it waits. */
  async hold<Result> (name: string, work: () => Promise<Result>): Promise<Result> {
    const key = String(createHash('sha256').update(name).digest().readBigInt64BE())
    const client = await this.#pool.connect()
    // A connection whose state is not known is closed: that gives the lock back.
    const close = (error: Error): void => client.release(error)
    try {
      await client.query('select pg_advisory_lock($1::int8)', [key])
    } catch (thrown) {
      close(thrown as Error)
      throw thrown
    }
    try {
      return await work()
    } finally {
      await client.query('select pg_advisory_unlock($1::int8)', [key]).then(() => client.release(), close)
    }
  }
}
