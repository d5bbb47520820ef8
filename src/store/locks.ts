// Locks by name that hold across all processes on one database, for what is decided by a look and done by a write.
// https://www.postgresql.org/docs/18/explicit-locking.html#ADVISORY-LOCKS docs/decisions/0019-conditional-bundles.md
import { createHash } from 'node:crypto'
import type pg from 'pg'
import { numbers } from './binary.js'
import { Lanes } from './lanes.js'

/** What is locked: one name of a kind, such as some criteria of a type. */
export interface LockName { readonly kind: string, readonly name: string }

// PostgreSQL keeps all locks in a table of a fixed size: whoever asks for more names of one kind than this takes the whole kind.
const MOST_NAMES = 256

/** Locks over connections of their own, so that who holds one still has connections for his work. */
export class Locks {
  readonly #pool: pg.Pool
  readonly #lanes: Lanes
  /** Who waits in this process for the same name waits here, with no connection. */
  readonly #last = new Map<string, Promise<void>>()

  constructor (pool: pg.Pool) {
    this.#pool = pool
    this.#lanes = new Lanes(pool.options.max)
  }

  /**
   * Does some work while nobody else does any under one of the same names. It waits for all of them at once and takes them in one order, so
   * that no two wait for each other; the work must not ask for more. Throws what the work throws, or what the database says while it waits.
   */
  async hold<Result> (names: readonly LockName[], work: () => Promise<Result>): Promise<Result> {
    const keys = [...new Set(names.map(({ kind, name }) => `${kind} ${name}`))]
    const before = keys.flatMap(key => this.#last.get(key) ?? [])
    const mine = Promise.all(before).then(async () => await this.#lanes.run(async () => await this.#locked(locksOf(names), work)))
    const ended = mine.then(() => {}, () => {})
    for (const key of keys) this.#last.set(key, ended)
    try {
      return await mine
    } finally {
      for (const key of keys) if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }

  async #locked<Result> (locks: readonly Lock[], work: () => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect()
    // A connection that is lost while the work is done says so here, and nowhere else. Closing one gives its locks back.
    let lost: Error | undefined
    const onError = (error: Error): void => { lost = error }
    client.on('error', onError)
    try {
      await client.query({ name: 'lock', text: LOCK, values: [numbers(locks.map(({ key }) => String(key))), `{${locks.map(({ share }) => share).join(',')}}`] })
      try {
        return await work()
      } finally {
        if (lost === undefined) await client.query('select pg_advisory_unlock_all()').catch(onError)
      }
    } catch (thrown) {
      // After a lock was asked for and not given, nobody knows what is held.
      if (thrown instanceof Error && 'severity' in thrown) lost ??= thrown
      throw thrown
    } finally {
      client.removeListener('error', onError)
      client.release(lost)
    }
  }
}

/** Keys in the one order in which everybody takes them. `share`: of a kind it is held together with whoever else holds names of it. */
interface Lock { readonly key: bigint, readonly share: boolean }

// A function's rows come in the order of its arrays, and each is locked when it comes.
const LOCK = `
  select case when k.share then pg_advisory_lock_shared(k.key) else pg_advisory_lock(k.key) end
  from unnest($1::int8[], $2::bool[]) k(key, share)`

function locksOf (names: readonly LockName[]): Lock[] {
  const kinds = new Map<string, Set<string>>()
  for (const { kind, name } of names) kinds.set(kind, (kinds.get(kind) ?? new Set()).add(name))
  const locks = [...kinds].flatMap(([kind, of]): Lock[] => of.size > MOST_NAMES
    ? [{ key: keyOf(kind), share: false }]
    : [{ key: keyOf(kind), share: true }, ...[...of].map(name => ({ key: keyOf(`${kind} ${name}`), share: false }))])
  return locks.sort((a, b) => a.key < b.key ? -1 : a.key > b.key ? 1 : 0)
}

const keyOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigInt64BE()
