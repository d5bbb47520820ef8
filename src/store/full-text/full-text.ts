// The index of words, kept up beside the writes: no write waits for it, and no search by it is answered before it holds all that was written when the search
// came. docs/decisions/0024-full-text.md
import type pg from 'pg'
import { notReady } from '../../fhir/outcome.js'
import { begin, catchUpStep, followStep, progressOf, walkStep, type Client } from './step.js'

// Any number that nobody else takes an advisory lock with.
const LOCK = 5_527_015
/** Milliseconds after which a process looks what has been written. */
const EVERY = 1000
// After a step it rests for some times as long as that took, so that writes hardly notice it.
const REST = 4
/** Milliseconds for which a search waits for what has been written just before. */
const PATIENCE = 3000

export class FullText {
  readonly #pool: pg.Pool
  readonly #onError: (error: unknown) => void
  readonly #ending = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #catching: Promise<void> | undefined

  /** `pool`: connections of its own, two at least: one for what is done beside, one for what searches wait for. */
  constructor (pool: pg.Pool, onError: (error: unknown) => void) {
    this.#pool = pool
    this.#onError = onError
    this.#later(0)
  }

  /** Ends after the step that is under way. */
  async end (): Promise<void> {
    this.#ending.abort()
    clearTimeout(this.#timer)
    await Promise.all([this.#running, this.#catching?.catch(() => {})])
  }

  /** Waits until everything that was committed before is in the index. Throws FhirError 409 with the progress where that takes too long. */
  async ready (): Promise<void> {
    // Whoever comes while another catches up needs what is looked at after he came.
    await this.#catching?.catch(() => {})
    await (this.#catching ??= this.#catchUp().finally(() => { this.#catching = undefined }))
  }

  async #catchUp (): Promise<void> {
    const progress = await progressOf(this.#pool)
    if (progress === undefined) throw notReady('_text and _content cannot be asked for yet: their index is about to be made')
    if (progress.place !== undefined) {
      const share = progress.total === 0 ? 0 : Math.min(99, Math.floor(progress.done / progress.total * 100))
      throw notReady(`_text and _content cannot be asked for yet: ${share} % of what is stored is indexed`)
    }
    const until = performance.now() + PATIENCE
    while (await catchUpStep(this.#pool)) {
      if (performance.now() > until || this.#ending.signal.aborted) throw notReady('_text and _content cannot be asked for now: what has been written is being indexed; try again')
    }
  }

  #later (milliseconds: number): void {
    if (this.#ending.signal.aborted) return
    this.#timer = setTimeout(() => {
      const begun = performance.now()
      this.#running = this.#step().catch(error => {
        if (!this.#ending.signal.aborted) this.#onError(error)
        return false
      }).then(more => this.#later(more ? (performance.now() - begun) * REST : EVERY))
    }, milliseconds)
    this.#timer.unref()
  }

  // One process of all that share a database does it; another goes on from where it was. True: there is more to do.
  async #step (): Promise<boolean> {
    const client = await this.#pool.connect()
    let failed: Error | undefined
    try {
      await client.query('begin')
      const { rows: [row] } = await client.query<{ mine: boolean }>('select pg_try_advisory_xact_lock($1) as mine', [LOCK])
      const more = row?.mine === true && await stepOf(client)
      await client.query('commit')
      return more
    } catch (thrown) {
      failed = thrown instanceof Error ? thrown : new Error(String(thrown))
      throw thrown
    } finally {
      client.release(failed)
    }
  }
}

async function stepOf (client: Client): Promise<boolean> {
  const progress = await progressOf(client)
  if (progress === undefined) {
    await begin(client)
    return true
  }
  if (progress.place === undefined) return await followStep(client, progress.horizon)
  await walkStep(client, progress.place)
  return true
}
