// A statement under construction: what a client says is bound, never joined into its text.
import type { Query } from '../../store/pool.js'

/** Texts that were prepared, by their shape; a shape that is asked again is not planned again. */
const NAMES = new Map<string, string>()
// Each connection keeps what it has prepared. Beyond so many shapes a statement is planned each time.
const MOST_NAMES = 500
const LONGEST = 16_384

export class Statement {
  readonly #values: unknown[] = []

  /** Binds a value; answers its place in the text. `type` is SQL's. */
  bind (value: unknown, type: string): string {
    this.#values.push(value)
    return `$${this.#values.length}::${type}`
  }

  /** `longest`: so many characters of text are worth a name. */
  query (text: string, longest = LONGEST): Query {
    if (text.length > longest) return { name: '', text, values: this.#values }
    let name = NAMES.get(text)
    if (name === undefined && NAMES.size < MOST_NAMES) NAMES.set(text, name = `search:${NAMES.size}`)
    return { name: name ?? '', text, values: this.#values }
  }
}
