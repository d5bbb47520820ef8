// A resource's text as it is stored: the client's own tokens, without whitespace between them and without what the server owns
// (resourceType, id, meta.versionId, meta.lastUpdated). https://hl7.org/fhir/R4/resource.html#Meta
import { type Key, isLink } from './json-key.js'
import { JsonScanner } from './json-scanner.js'
import type { Json, JsonObject } from './json-value.js'

/** A string token, quotes included, at tail[start, end): a reference, uri, narrative, or a urn: it may have to be rewritten. */
export interface Link { key: string, value: string, start: number, end: number }

export interface ScannedResource {
  resourceType: string | undefined
  id: string | undefined
  /** The whole resource. */
  value: JsonObject
  /** What follows `{"resourceType":"T","id":"I","meta":{"versionId":"V","lastUpdated":"L"` in the stored text. */
  tail: string
  links: Link[]
}

export interface ScannedBundle {
  value: JsonObject
  /** The resource of each entry; undefined where it is absent or no object. */
  resources: Array<ScannedResource | undefined>
}

/** Tokens copied so far, and the links among them. */
interface Copy { text: string, links: Link[] }

const [COMMA, BRACKET, BRACE] = [44, 91, 123] as const

export class ResourceScanner extends JsonScanner {
  #copy: Copy = { text: '', links: [] }
  /** Where the tokens begin that are still to be copied; -1 while nothing is copied. */
  #run = -1

  /** The resource whose brace must stand here. */
  resource (): ScannedResource {
    if (this.text.charCodeAt(this.at) !== BRACE) this.refuse('a resource in braces')
    const meta: Copy = { text: '', links: [] }
    const rest: Copy = { text: '', links: [] }
    const value = this.object((key, start, end) => {
      if (key.name === 'resourceType' || key.name === 'id') return this.value(key)
      return key.name === 'meta' ? this.#meta(meta) : this.#copied(rest, key, start, end)
    })
    const tail = `${meta.text}}${rest.text}}`
    const links = [...meta.links, ...moved(rest.links, meta.text.length + 1)]
    const { resourceType, id } = value
    return { resourceType: textOf(resourceType), id: textOf(id), value, tail, links }
  }

  override skipped (start: number, end: number): void {
    if (this.#run < 0) return
    this.#copy.text += this.text.slice(this.#run, start)
    this.#run = end
  }

  override found (key: Key, value: string, start: number): void {
    if (this.#run < 0 || !isLink(key, value)) return
    const shift = this.#copy.text.length - this.#run
    this.#copy.links.push({ key: key.name, value, start: start + shift, end: this.at + shift })
  }

  /** Members of meta that the server does not own. */
  #meta (meta: Copy): Json {
    if (this.text.charCodeAt(this.at) !== BRACE) this.refuse('a meta in braces')
    return this.object((key, start, end) =>
      key.name === 'versionId' || key.name === 'lastUpdated' ? this.value(key) : this.#copied(meta, key, start, end))
  }

  /** Reads a member's value and copies its tokens, a comma first. */
  #copied (copy: Copy, key: Key, start: number, end: number): Json {
    const { text } = this
    this.#copy = copy
    // Without whitespace the comma, the name, the colon and the value are one run.
    const dense = this.at === end + 1 && text.charCodeAt(start - 1) === COMMA
    if (!dense) copy.text += `,${text.slice(start, end)}:`
    this.#run = dense ? start - 1 : this.at
    const value = this.value(key)
    copy.text += text.slice(this.#run, this.at)
    this.#run = -1
    return value
  }
}

/** Reads a Bundle and, in the same pass, its entries' resources in their stored form. https://hl7.org/fhir/R4/bundle.html */
export class BundleScanner extends ResourceScanner {
  bundle (): ScannedBundle {
    return this.document(() => {
      if (this.text.charCodeAt(this.at) !== BRACE) this.refuse('a Bundle in braces')
      const resources: Array<ScannedResource | undefined> = []
      const value = this.object(key => key.name === 'entry' && this.text.charCodeAt(this.at) === BRACKET
        ? this.array(key, () => this.#entry(key, resources))
        : this.value(key))
      return { value, resources }
    })
  }

  #entry (key: Key, resources: Array<ScannedResource | undefined>): Json {
    const place = resources.push(undefined) - 1
    if (this.text.charCodeAt(this.at) !== BRACE) return this.value(key)
    return this.object(key => {
      if (key.name !== 'resource' || this.text.charCodeAt(this.at) !== BRACE) return this.value(key)
      const resource = this.resource()
      resources[place] = resource
      return resource.value
    })
  }
}

const textOf = (value: Json | undefined): string | undefined => typeof value === 'string' ? value : undefined

function moved (links: Link[], distance: number): Link[] {
  for (const link of links) {
    link.start += distance
    link.end += distance
  }
  return links
}
