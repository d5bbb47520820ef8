// Goes over what is stored when a search parameter is defined, and again when it has ended: one process of all that share a database does, while
// everybody reads and writes. What it has done stands in the database, so that another goes on where it was. docs/decisions/0022-custom-search-parameters.md
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import { numberOf, type ResourceType } from '../../fhir/resource-types.js'
import type { Dictionary } from '../dictionary.js'
import type { CustomParameter } from './parameter.js'
import type { Registry } from './registry.js'
import type { CustomContext } from './rows.js'
import { forgetStep, indexStep, totalOf, type Step, type Walking } from './walk.js'

// Any number that nobody else takes an advisory lock with.
const LOCK = 5_527_010
/** Milliseconds after which a process looks whether others have changed something, or left something undone. */
const EVERY = 2000
// Between two steps it rests as long as the step took, so that half a connection's worth of the database stays for others.
const REST = 1
const AGAIN = 10

export interface IndexerOptions {
  /** Connections of its own, without a limit to what a statement takes; nothing is held while there is nothing to do. */
  readonly pool: pg.Pool
  readonly registry: Registry
  readonly context: Pick<CustomContext, 'zone' | 'base'>
  readonly dictionary: Dictionary
  readonly onError: (error: unknown) => void
}

export class Indexer {
  readonly #options: IndexerOptions
  readonly #timer: NodeJS.Timeout
  readonly #ending = new AbortController()
  #running: Promise<void> | undefined
  #again = false

  /** Looks at once, whenever the registry changes, and from time to time. */
  constructor (options: IndexerOptions) {
    this.#options = options
    options.registry.onChange = () => this.#look()
    this.#timer = setInterval(() => { options.registry.refresh().then(() => this.#look(), () => {}) }, EVERY).unref()
    this.#look()
  }

  /** Ends after the step that is under way. */
  async end (): Promise<void> {
    clearInterval(this.#timer)
    this.#options.registry.onChange = () => {}
    this.#ending.abort()
    await this.#running
  }

  #look (): void {
    if (this.#ending.signal.aborted || !this.#options.registry.current.unfinished) return
    if (this.#running !== undefined) {
      this.#again = true
      return
    }
    this.#again = false
    this.#running = this.#work().catch(this.#options.onError).finally(() => {
      this.#running = undefined
      if (this.#again) this.#look()
    })
  }

  // One for all processes: the lock is the connection's, and everything is written on that connection, so with it goes the right to write.
  async #work (): Promise<void> {
    const client = await this.#options.pool.connect()
    let lost: Error | undefined
    const onError = (error: Error): void => { lost = error }
    client.on('error', onError)
    try {
      const { rows: [row] } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK])
      if (row?.mine !== true) return
      for (let next = await this.#next(); next !== undefined; next = await this.#next()) await this.#finish(client, next)
    } catch (thrown) {
      // What failed on this connection may have left its lock there.
      lost ??= thrown instanceof Error ? thrown : new Error(String(thrown))
      if (!this.#ending.signal.aborted) throw thrown
    } finally {
      client.removeListener('error', onError)
      // The lock goes with the connection, and an idle server holds none.
      client.release(lost ?? true)
    }
  }

  /** What is to be done next: rows that are waited for before rows that nobody asks for. */
  async #next (): Promise<CustomParameter | undefined> {
    const { registry } = this.#options
    await registry.refresh()
    if (this.#ending.signal.aborted) return undefined
    const { all } = registry.current
    return all.find(({ state }) => state === 'pending' || state === 'indexing') ?? all.find(({ state }) => state === 'ended')
  }

  async #finish (client: pg.PoolClient, parameter: CustomParameter): Promise<void> {
    const { context, dictionary } = this.#options
    const walking: Walking = { client, parameter, context: { ...context, known: dictionary }, counted: 0 }
    await this.#barrier(client)
    walking.counted = performance.now()
    const ended = parameter.state === 'ended'
    const types = [...parameter.definition.base].sort((left, right) => numberOf(left) - numberOf(right))
    const { rows: [begun] } = await client.query<Begun>(BEGIN, [parameter.number])
    if (begun === undefined) return
    if (begun.total === null) await client.query('update karta.search_parameter set total = $2 where number = $1', [parameter.number, await totalOf(client, types)])
    for (const type of types.filter(type => numberOf(type) >= begun.place_type)) {
      const after = numberOf(type) === begun.place_type ? begun.place : '0'
      if (!await this.#over(type, after, async after => ended ? await forgetStep(walking, type, after) : await indexStep(walking, type, after))) return
    }
    await client.query(ended ? 'delete from karta.search_parameter where number = $1 and state = \'ended\'' : 'select karta.finish_search($1)', [parameter.number])
  }

  /** Goes over one type. False: it has to stop. */
  async #over (type: ResourceType, from: string, step: (after: string) => Promise<Step>): Promise<boolean> {
    for (let after = from; ;) {
      if (this.#ending.signal.aborted) return false
      const begun = performance.now()
      const { last, left } = await step(after)
      if (left < 0) return false
      if (last === undefined) return true
      if (left === 0) after = last
      // What others are writing is theirs for a moment; what they did not write in the end comes again.
      await wait(left === 0 ? (performance.now() - begun) * REST : AGAIN, undefined, { signal: this.#ending.signal }).catch(() => {})
    }
  }

  /**
   * Waits until every transaction that may have looked at the registry before it was changed has ended: those that come later write rows by what it is
   * now, and what the others have written can be seen.
   */
  async #barrier (client: pg.PoolClient): Promise<void> {
    const { rows: [row] } = await client.query<{ mine: string }>('select pg_current_xact_id() as mine')
    for (let pause = 1; ; pause = Math.min(pause * 2, 1000)) {
      const { rows: [answer] } = await client.query<{ past: boolean }>('select pg_snapshot_xmin(pg_current_snapshot()) > $1::xid8 as past', [row?.mine])
      if (answer?.past === true) return
      await wait(pause, undefined, { signal: this.#ending.signal })
    }
  }
}

interface Begun { readonly total: string | null, readonly place_type: number, readonly place: string }

const BEGIN = `
  update karta.search_parameter set state = case state when 'pending' then 'indexing' else state end, changed = karta.clock()
  where number = $1 returning total, place_type, place`
