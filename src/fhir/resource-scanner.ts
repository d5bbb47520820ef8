// A resource's text as it is stored: the client's own tokens, without whitespace between them and without what the server owns
// (resourceType, id, meta.versionId, meta.lastUpdated). https://hl7.org/fhir/R4/resource.html#Meta
import { type Key, isLink } from './json-key.js'
import { JsonScanner, type Within } from './json-scanner.js'
import type { Json, JsonObject } from './json-value.js'
import { linksIn, type To } from './links.js'

export interface ScannedResource {
  resourceType: string | undefined
  id: string | undefined
  /** The whole resource. */
  value: JsonObject
  /** What follows `{"resourceType":"T","id":"I","meta":{"versionId":"V","lastUpdated":"L"` in the stored text. */
  tail: string
  /** The text of every Reference in it. */
  references: readonly string[]
}

const [COMMA, BRACE] = [44, 123] as const

// What nothing has to be escaped in, as in a reference: asking costs less than writing it as JSON.
const PLAIN = /^[\w/.#:-]*$/

/** Reads one resource; `to` says what becomes of its links, in the value and in the tail. */
export class ResourceScanner extends JsonScanner {
  readonly #to: To | undefined
  readonly #references: string[] = []
  /** Tokens copied so far, of meta or of the rest. */
  #copy = ''
  /** Where the tokens begin that are still to be copied; -1 while nothing is copied. */
  #run = -1

  constructor (text: string, to?: To, within?: Within) {
    super(text, within)
    this.#to = to
  }

  /** The resource whose brace must stand here. */
  resource (): ScannedResource {
    if (this.text.charCodeAt(this.at) !== BRACE) this.refuse('a resource in braces')
    let meta = ''
    let rest = ''
    const value = this.object((key, start, end) => {
      if (key.name === 'resourceType' || key.name === 'id') return this.value(key)
      if (key.name === 'meta') {
        this.#copy = ''
        const member = this.#meta()
        meta = this.#copy
        return member
      }
      this.#copy = rest
      const member = this.#copied(key, start, end)
      rest = this.#copy
      return member
    })
    const { resourceType, id } = value
    return { resourceType: textOf(resourceType), id: textOf(id), value, tail: `${meta}}${rest}}`, references: this.#references }
  }

  override skipped (start: number, end: number): void {
    if (this.#run < 0) return
    this.#copy += this.text.slice(this.#run, start)
    this.#run = end
  }

  override found (key: Key, value: string, start: number): string {
    if (this.#run < 0) return value
    const written = this.#to === undefined ? value : linksIn(key, value, this.#to)
    if (key.links === 'reference') this.#references.push(written)
    if (written === value || !isLink(key, value)) return value
    this.#copy += this.text.slice(this.#run, start) + (PLAIN.test(written) ? `"${written}"` : JSON.stringify(written))
    this.#run = this.at
    return written
  }

  /** Members of meta that the server does not own. */
  #meta (): Json {
    if (this.text.charCodeAt(this.at) !== BRACE) this.refuse('a meta in braces')
    return this.object((key, start, end) =>
      key.name === 'versionId' || key.name === 'lastUpdated' ? this.value(key) : this.#copied(key, start, end))
  }

  /** Reads a member's value and copies its tokens, a comma first. */
  #copied (key: Key, start: number, end: number): Json {
    const { text } = this
    // Without whitespace the comma, the name, the colon and the value are one run.
    const dense = this.at === end + 1 && text.charCodeAt(start - 1) === COMMA
    if (!dense) this.#copy += `,${text.slice(start, end)}:`
    this.#run = dense ? start - 1 : this.at
    const value = this.value(key)
    this.#copy += text.slice(this.#run, this.at)
    this.#run = -1
    return value
  }
}

const textOf = (value: Json | undefined): string | undefined => typeof value === 'string' ? value : undefined
