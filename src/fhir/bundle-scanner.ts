// A Bundle is gone over first, and its resources are read one by one when it is their turn: what a resource is made of while it is
// worked on need not outlive it, and what it links to is known by then. https://hl7.org/fhir/R4/bundle.html
// docs/decisions/0017-bundle.md
import { type Key, keyOf } from './json-key.js'
import { JsonScanner, REFERENCE } from './json-scanner.js'
import type { Json, JsonObject } from './json-value.js'
import type { To } from './links.js'
import { ResourceScanner, type ScannedResource } from './resource-scanner.js'

/** Which members of a resource its outline has; undefined: its type is not known yet. */
export type Outlined = (resourceType: string | undefined) => ReadonlySet<string>

/** A resource that was found and not yet read. */
export interface UnreadResource {
  /** Those of its members that tell what it is and whose. */
  readonly outline: JsonObject
  /** Its references that are searches. https://hl7.org/fhir/R4/http.html#trules */
  readonly searches: readonly string[]
  /** Reads it, with its links written as `to` says. Throws FhirError 400 for what going over it has not seen, at its place in the whole text. */
  readonly read: (to?: To) => ScannedResource
}

export interface ScannedBundle {
  /** The Bundle, its entries' resources in outline. */
  readonly value: JsonObject
  /** The resource of each entry; undefined where it is absent or no object. */
  readonly resources: ReadonlyArray<UnreadResource | undefined>
}

const [QUOTE, COLON, BRACKET, BRACE] = [34, 58, 91, 123] as const

export class BundleScanner extends JsonScanner {
  readonly #outlined: Outlined
  #searches: string[] = []

  constructor (text: string, outlined: Outlined) {
    super(text)
    this.#outlined = outlined
  }

  /** The whole text as a Bundle. */
  bundle (): ScannedBundle {
    return this.document(() => {
      if (this.units[this.at] !== BRACE) this.refuse('a Bundle in braces')
      const resources: Array<UnreadResource | undefined> = []
      const value = this.object(key => key.name === 'entry' && this.units[this.at] === BRACKET
        ? this.array(key, () => this.#entry(key, resources))
        : this.value(key))
      return { value, resources }
    })
  }

  /** The whole text as a resource. */
  alone (): UnreadResource {
    return this.document(() => {
      if (this.units[this.at] !== BRACE) this.refuse('a resource in braces')
      return this.#resource()
    })
  }

  #entry (key: Key, resources: Array<UnreadResource | undefined>): Json {
    const place = resources.push(undefined) - 1
    if (this.units[this.at] !== BRACE) return this.value(key)
    return this.object(key => {
      if (key.name !== 'resource' || this.units[this.at] !== BRACE) return this.value(key)
      const resource = this.#resource()
      resources[place] = resource
      return resource.outline
    })
  }

  #resource (): UnreadResource {
    const { text, at: start } = this
    const searches: string[] = []
    this.#searches = searches
    let members = this.#outlined(undefined)
    const outline = this.object(key => {
      if (!members.has(key.name)) {
        this.skip(key)
        return undefined
      }
      const value = this.value(key)
      if (key.name === 'resourceType' && typeof value === 'string') members = this.#outlined(value)
      return value
    })
    const end = this.at
    return {
      outline,
      searches,
      read: to => {
        const scanner = new ResourceScanner(text.slice(start, end), to, { text, start })
        return scanner.document(() => scanner.resource())
      }
    }
  }

  override found (key: Key, value: string): string {
    if (key.name === REFERENCE && value.includes('?')) this.#searches.push(value)
    return value
  }

  override passed (start: number, end: number): void {
    if (!this.text.startsWith(REFERENCE, start)) return
    const { at } = this
    this.at = end
    if (this.space() === COLON) {
      this.at++
      if (this.space() === QUOTE) this.found(keyOf(REFERENCE), this.string())
    }
    this.at = at
  }
}
