// Stores groups of versions: one statement, one round trip, one flush of the log for all groups that wait at the same
// time. docs/decisions/0009-store.md
import pg from 'pg'
import { unavailable } from '../fhir/outcome.js'
import { CustomParameters, type Registry } from './custom/registry.js'
import { withCustomRows, type CustomContext } from './custom/rows.js'
import { Dictionary } from './dictionary.js'
import { definesSearch, parameters, WRITE } from './parameters.js'
import { timed, type PoolOptions } from './pool.js'
import type { IndexRows } from './index-rows.js'
import type { Room } from './room.js'
import type { WriteGroup } from './version.js'

/** Another write took the version number or the id: read again, decide again. */
export class WriteConflict extends Error {
  override name = 'WriteConflict'
}

/** An owner is gone, or not treated by the caller: the same answer for both. */
export class OwnerRefused extends Error {
  override name = 'OwnerRefused'
}

/** A Patient whose data is still here cannot be deleted. */
export class OwnerHasData extends Error {
  override name = 'OwnerHasData'
}

/** The search parameters have changed since the rows of a group were made, and it is not here any more: make it again. */
export class ParametersChanged extends Error {
  override name = 'ParametersChanged'
}

/** A SearchParameter has a code that another one, `other`, has for the same type. */
export class CodeTaken extends Error {
  override name = 'CodeTaken'
  readonly other: string
  constructor (other: string, options?: ErrorOptions) {
    super('the code of a search parameter is taken', options)
    this.other = other
  }
}

interface Waiting {
  /** undefined once nobody will ask for it again: it need not be kept while the database works. */
  group: WriteGroup | undefined
  readonly versions: number
  readonly resolve: (rids: readonly string[]) => void
  readonly reject: (error: unknown) => void
}

// A batch is bounded so that one slow group does not hold many: groups, and versions in all.
const MAX_GROUPS = 64
const MAX_VERSIONS = 512

/** Where groups are stored, as the whole process or one request uses it. `trips` counts the statements waited for. */
export interface Writes {
  trips: number
  readonly dictionary: Dictionary
  commit (group: WriteGroup): Promise<readonly string[]>
}

/** The writer as one request uses it, with a count of its own. */
export class RequestWrites implements Writes {
  readonly #shared: Writer
  readonly dictionary: Dictionary
  trips = 0

  constructor (shared: Writer) {
    this.#shared = shared
    this.dictionary = shared.dictionary
  }

  commit (group: WriteGroup): Promise<readonly string[]> {
    this.trips++
    return this.#shared.commit(group)
  }
}

export interface WriterOptions extends Pick<PoolOptions, 'slow'> {
  /** Where the database's files are; undefined: on a disk that is not ours to watch. */
  readonly room?: Room
  /** The search parameters that were defined here, and how values are read into their rows. Without it there are none. */
  readonly custom?: { readonly registry: Registry } & Pick<CustomContext, 'zone' | 'base'>
}

/** Writes groups over a few connections; what waits while they are busy goes together in the next statement. */
export class Writer implements Writes {
  readonly #options: WriterOptions
  readonly #pool: pg.Pool
  readonly #lanes: number
  readonly #writer: string
  readonly #waiting: Waiting[] = []
  /** What index rows need not bring any more. */
  readonly dictionary = new Dictionary()
  #busy = 0
  /** Statements sent and groups stored, for metrics and tests. */
  trips = 0
  groups = 0

  /** `writer`: the audit writer's number, under which the rows of this process are kept. */
  constructor (pool: pg.Pool, lanes: number, writer: string, options: WriterOptions = {}) {
    this.#options = options
    this.#pool = pool
    this.#lanes = lanes
    this.#writer = writer
  }

  get queued (): number {
    return this.#waiting.length
  }

  /** Stores one group. Answers the rid of each version, in order. Throws WriteConflict, OwnerRefused, OwnerHasData, ParametersChanged, CodeTaken, FhirError 503 or what the database says. */
  commit (group: WriteGroup): Promise<readonly string[]> {
    if (this.#options.room?.full === true) return Promise.reject(unavailable('the storage is almost full: nothing can be written'))
    return new Promise((resolve, reject) => {
      this.#waiting.push({ group, versions: group.versions.length, resolve, reject })
      // At the end of this turn of the event loop: what it brings goes together. docs/decisions/0013-together.md
      if (this.#waiting.length === 1) setImmediate(() => { this.#next() })
    })
  }

  #next (): void {
    while (this.#busy < this.#lanes && this.#waiting.length > 0) {
      this.#busy++
      void this.#store(this.#take()).finally(() => {
        this.#busy--
        this.#next()
      })
    }
  }

  #take (): Waiting[] {
    let all = 0
    let count = 0
    for (const { versions } of this.#waiting) {
      all += versions
      if (count > 0 && (all > MAX_VERSIONS || count === MAX_GROUPS)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #store (batch: readonly Waiting[]): Promise<void> {
    try {
      const rids = await this.#sent(batch)
      let at = 0
      for (const { versions, resolve } of batch) resolve(rids.slice(at, at += versions))
    } catch (error) {
      const [first] = batch
      if (first === undefined) return
      if (codeOf(error) === 'KA003') return await this.#learned(batch) ? await this.#store(batch) : batch.forEach(({ reject }) => reject(refusal(error)))
      // One bad group fails the statement for all: each is asked again alone, unless the database itself is the reason.
      if (batch.length === 1) return first.reject(refusal(error))
      if (!isRefusal(error)) return batch.forEach(({ reject }) => reject(error))
      for (const waiting of batch) await this.#store([waiting])
    }
  }

  /** Looks which search parameters there are now. Whether the groups are still here, so that their rows can be made again. */
  async #learned (batch: readonly Waiting[]): Promise<boolean> {
    const learned = await this.#options.custom?.registry.refresh().then(() => true, () => false)
    return learned === true && batch.every(({ group }) => group !== undefined)
  }

  #sent (batch: readonly Waiting[]): Promise<readonly string[]> {
    const { custom } = this.#options
    const known = custom?.registry.current ?? NONE
    const given = batch.flatMap(({ group }) => group ?? [])
    const groups = custom === undefined ? given : given.map(group => this.#withCustomRows(group, known, custom))
    if (batch.length === 1) for (const waiting of batch) waiting.group = undefined
    return this.#send(groups.length, parameters(this.#writer, known.generation, groups), brought(groups), groups.some(({ versions }) => definesSearch(versions)))
  }

  #withCustomRows (group: WriteGroup, known: CustomParameters, custom: Pick<CustomContext, 'zone' | 'base'>): WriteGroup {
    if (known.all.length === 0) return group
    const context = { ...custom, known: this.dictionary }
    return { ...group, versions: group.versions.map(version => version.op === 'put' ? withCustomRows(version, known, context) : version) }
  }

  async #send (groups: number, values: readonly unknown[], rows: readonly IndexRows[], defines: boolean): Promise<readonly string[]> {
    this.trips++
    const { rows: [answer] } = await timed(this.#options, 'write', this.#pool.query<{ rids: string[] }>({ name: 'write', text: WRITE, values: [...values] }))
    this.groups += groups
    for (const one of rows) this.dictionary.learn(one)
    // Who has defined one asks about it next. It is stored, whether this process hears of it or not.
    if (defines) await this.#options.custom?.registry.refresh().catch(() => {})
    return answer?.rids ?? []
  }
}

const NONE = new CustomParameters('0', [])

const codeOf = (error: unknown): string | undefined => error instanceof pg.DatabaseError ? error.code : undefined

/** What brings entries for the dictionaries: little, once a process has seen some data. */
const brought = (groups: readonly WriteGroup[]): IndexRows[] =>
  groups.flatMap(({ versions }) => versions.flatMap(version => version.op === 'put' && version.rows.terms.length + version.rows.quantityKeys.length > 0 ? [version.rows] : []))

const isRefusal = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && (error.code === '23505' || error.code === 'KA001' || error.code === 'KA002' || error.code === 'KA005' || error.code === '40P01')

// What the database refused, in our words; anything else goes on as it is.
function refusal (error: unknown): unknown {
  if (!(error instanceof pg.DatabaseError)) return error
  switch (error.code) {
    case '23505':
    case '40P01': return new WriteConflict('another write came first', { cause: error })
    case 'KA001': return new OwnerRefused('an owner cannot be used', { cause: error })
    case 'KA002': return new OwnerHasData('the Patient owns data', { cause: error })
    case 'KA003': return new ParametersChanged('the search parameters have changed', { cause: error })
    case 'KA005': return new CodeTaken(error.detail ?? '', { cause: error })
    default: return error
  }
}
