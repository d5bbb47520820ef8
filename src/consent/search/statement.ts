// A statement under construction: what a client says is bound, never joined into its text.
import type { Caller } from '../../auth/caller.js'
import type { Density } from '../../store/density.js'
import type { Query, Searches } from '../../store/pool.js'
import { subjectOf } from '../scoped.js'

/** Texts that were prepared, by their shape; a shape that is asked again is not planned again. */
const NAMES = new Map<string, string>()
// Each connection keeps what it has prepared. Beyond so many shapes a statement is planned each time.
const MOST_NAMES = 500
const LONGEST = 16_384

export class Statement {
  readonly #values: unknown[] = []
  readonly #db: Pick<Searches, 'densityOf'>
  #aliases = 0
  readonly caller: Caller
  #subject: string | undefined
  readonly #what: string
  readonly #drivers: string[] = []

  /** `what` it is for, in words. */
  constructor (db: Pick<Searches, 'densityOf'>, caller: Caller, what: string) {
    this.#db = db
    this.caller = caller
    this.#what = what
  }

  /** Tells what it is driven by, in words that hold no value. */
  drivenBy (driver: string): void {
    this.#drivers.push(driver)
  }

  /** SQL for the caller as the policy knows him. */
  get subject (): string {
    this.#subject ??= this.bind(subjectOf(this.caller), 'int8')
    return this.#subject
  }

  /** A name for a row that no other has in this statement. */
  alias (): string {
    return `r${++this.#aliases}`
  }

  densityOf (table: string): Density | undefined {
    return this.#db.densityOf(table)
  }

  /** Binds a value; answers its place in the text. `type` is SQL's. */
  bind (value: unknown, type: string): string {
    this.#values.push(value)
    return `$${this.#values.length}::${type}`
  }

  /** `longest`: so many characters of text are worth a name. */
  query (text: string, longest = LONGEST): Query {
    const told = { what: this.#what, drivers: this.#drivers }
    if (text.length > longest) return { name: '', text, values: this.#values, told }
    let name = NAMES.get(text)
    if (name === undefined && NAMES.size < MOST_NAMES) NAMES.set(text, name = `search:${NAMES.size}`)
    return { name: name ?? '', text, values: this.#values, told }
  }
}
