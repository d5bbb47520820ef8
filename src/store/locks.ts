// Locks by name that hold across all processes on one database, for what is decided by a look and done by a write.
// https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS
import { createHash } from 'node:crypto'
import type pg from 'pg'

/** Locks over connections of their own, so that who holds one still has connections for his work. */
export class Locks {
  readonly #pool: pg.Pool
  /** Who waits in this process for the same name waits here, with no connection. */
  readonly #last = new Map<string, Promise<void>>()

  constructor (pool: pg.Pool) {
    this.#pool = pool
  }

  /** Does some work while nobody else does any under the same name. Throws what the work throws, or what the database says while it waits. */
  async hold<Result> (name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(name)
    const mine = (before ?? Promise.resolve()).then(async () => await this.#locked(name, work))
    const ended = mine.then(() => {}, () => {})
    this.#last.set(name, ended)
    try {
      return await mine
    } finally {
      if (this.#last.get(name) === ended) this.#last.delete(name)
    }
  }

  async #locked<Result> (name: string, work: () => Promise<Result>): Promise<Result> {
    const key = String(createHash('sha256').update(name).digest().readBigInt64BE())
    const client = await this.#pool.connect()
    // A connection that is lost while the work is done says so here, and nowhere else. Closing one gives its lock back.
    let lost: Error | undefined
    const onError = (error: Error): void => { lost = error }
    client.on('error', onError)
    try {
      await client.query('select pg_advisory_lock($1::int8)', [key])
      try {
        return await work()
      } finally {
        if (lost === undefined) await client.query('select pg_advisory_unlock($1::int8)', [key]).catch(onError)
      }
    } catch (thrown) {
      // After the lock was asked for and not given, nobody knows whether it is held.
      if (thrown instanceof Error && 'severity' in thrown) lost ??= thrown
      throw thrown
    } finally {
      client.removeListener('error', onError)
      client.release(lost)
    }
  }
}
