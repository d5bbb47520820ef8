// The search parameters that were defined here, as this process knows them. A write by what is not known any more is refused by the database, which is when
// a process learns of it; and it looks from time to time. docs/decisions/0022-custom-search-parameters.md
import type { Reads, Searches } from '../pool.js'
import type { Definition } from './definition.js'
import { CustomParameter, type State } from './parameter.js'

interface Row { readonly generation: string, readonly number: string | null, readonly id: string, readonly state: State, readonly definition: string }

/** All parameters of one generation. It never changes: whoever took one works with it to the end. */
export class CustomParameters {
  readonly generation: string
  readonly all: readonly CustomParameter[]
  readonly #written: ReadonlyMap<string, readonly CustomParameter[]>

  constructor (generation: string, all: readonly CustomParameter[]) {
    this.generation = generation
    this.all = all
    const written = new Map<string, CustomParameter[]>()
    for (const parameter of all) {
      if (parameter.state === 'ended') continue
      for (const type of parameter.definition.base) written.set(type, [...written.get(type) ?? [], parameter])
    }
    this.#written = written
  }

  /** What a write of a type has rows of; undefined where there is nothing, which is the rule. */
  writtenOf (type: string): readonly CustomParameter[] | undefined {
    return this.#written.get(type)
  }

  /** The one that answers searches by a code; undefined where there is none yet. */
  readyOf (type: string, code: string): CustomParameter | undefined {
    return this.#written.get(type)?.find(({ state, definition }) => state === 'ready' && definition.code === code)
  }

  /** The one that will answer searches by a code. */
  comingOf (type: string, code: string): CustomParameter | undefined {
    return this.#written.get(type)?.find(({ state, definition }) => (state === 'pending' || state === 'indexing') && definition.code === code)
  }

  /** Those that answer searches of a type. */
  allReadyOf (type: string): readonly CustomParameter[] {
    return this.#written.get(type)?.filter(({ state }) => state === 'ready') ?? []
  }

  /** Whether there is something to do for whoever goes over what is stored. */
  get unfinished (): boolean {
    return this.all.some(({ state }) => state !== 'ready')
  }
}

const LOAD = `
  select r.generation, s.number, s.id, s.state, s.definition
  from karta.search_registry r left join karta.search_parameter s on true order by s.number`
const PROGRESS = `
  select number, id, state, definition, total, done, spent, defined, changed from karta.search_parameter order by number`
const READY = "select count(*)::int as ready from karta.search_parameter where state = 'ready' and number = any ($1::int8[])"

/** What this process knows, and how it learns more. */
export class Registry {
  readonly #readers: Reads
  #known = new CustomParameters('0', [])
  #asked: Promise<void> | undefined
  /** Called when there is something new. */
  onChange: () => void = () => {}

  constructor (readers: Reads) {
    this.#readers = readers
  }

  /** What is known now. */
  get current (): CustomParameters {
    return this.#known
  }

  /** Looks what there is. True: something has changed. Throws what the database says. */
  async refresh (): Promise<boolean> {
    const before = this.#known
    // Whoever comes while a look is on its way needs one that begins after he came.
    await this.#asked?.catch(() => {})
    await (this.#asked ??= this.#load().finally(() => { this.#asked = undefined }))
    return this.#known.generation !== before.generation || stateOf(this.#known) !== stateOf(before)
  }

  async #load (): Promise<void> {
    const rows = await this.#readers.query<Row & { number: string }>({ name: 'search_parameters', text: LOAD, values: [] })
    const generation = rows[0]?.generation ?? '0'
    const known = new Map(this.#known.all.map(parameter => [`${parameter.number} ${parameter.state}`, parameter]))
    const all = rows.flatMap(row => row.number === null ? [] : known.get(`${row.number} ${row.state}`) ?? new CustomParameter(Number(row.number), row.id, row.state, JSON.parse(row.definition) as Definition))
    const fresh = new CustomParameters(generation, all)
    const changed = generation !== this.#known.generation || stateOf(fresh) !== stateOf(this.#known)
    // An answer that was overtaken tells of the past.
    if (BigInt(generation) < BigInt(this.#known.generation)) return
    if (!changed) return
    this.#known = fresh
    this.onChange()
  }

  /** How far each of them is. */
  async progress (): Promise<Progress[]> {
    const rows = await this.#readers.query<ProgressRow>({ name: 'search_parameters_progress', text: PROGRESS, values: [] })
    return rows.map(({ number, definition, total, done, ...row }) => ({
      ...row, number: Number(number), definition: JSON.parse(definition) as Definition, total: total === null ? undefined : Number(total), done: Number(done)
    }))
  }

  /** Makes the rows of a parameter again under a new number; what is ready answers until they are. */
  async repeat (searches: Searches, id: string): Promise<void> {
    await searches.query({ name: 'search_parameter_repeat', text: 'select karta.repeat_search($1)', values: [id] })
    await this.refresh()
  }

  /** Whether all of these still answer searches: asked after a search, so that it was complete. */
  async areReady (numbers: readonly number[]): Promise<boolean> {
    if (numbers.length === 0) return true
    const [row] = await this.#readers.query<{ ready: number }>({ name: 'search_parameters_ready', text: READY, values: [numbers] })
    return row?.ready === numbers.length
  }
}

/** How far the rows of a parameter reach. */
export interface Progress {
  readonly number: number
  readonly id: string
  readonly state: State
  readonly definition: Definition
  /** Resources to go over; undefined: that has not begun. */
  readonly total: number | undefined
  readonly done: number
  /** Milliseconds that it took so far. */
  readonly spent: number
  readonly defined: Date
  readonly changed: Date
}

interface ProgressRow { number: string, id: string, state: State, definition: string, total: string | null, done: string, spent: number, defined: Date, changed: Date }

const stateOf = ({ all }: CustomParameters): string => all.map(({ number, state }) => `${number} ${state}`).join()
