// How the entries of one Bundle refer to each other, and what their references become.
// https://hl7.org/fhir/R4/bundle.html#references https://hl7.org/fhir/R4/http.html#transaction
import type { Caller } from '../auth/caller.js'
import type { ScannedResource } from '../fhir/json.js'
import { rewriteLinks } from '../fhir/text/rewrite.js'
import { invalid } from '../fhir/outcome.js'
import { conditionalTargets } from './conditional-reference.js'
import type { EntryWrite } from './entry-write.js'
import type { Server } from './server.js'

/** An entry and the id that it has or gets. */
export interface Placed {
  readonly entry: EntryWrite
  readonly type: string
  readonly id: string
}

// `http://example.org/fhir/Patient/1`: the base is what relative references of the same entry are resolved against.
const RESTFUL = /^(https?:\/\/.+)\/([A-Za-z]+\/[A-Za-z0-9\-.]{1,64})$/

/** The links of one Bundle. Throws FhirError 400 where two entries share a fullUrl, 412 where a conditional reference does not match once. */
export async function bundleLinks (server: Server, caller: Caller, placed: readonly Placed[]): Promise<BundleLinks> {
  const conditional = new Set<string>()
  for (const { entry } of placed) {
    for (const { key, value } of entry.resource?.links ?? []) if (key === 'reference' && value.includes('?')) conditional.add(value)
  }
  return new BundleLinks(placed, await conditionalTargets(server, caller, [...conditional]))
}

export class BundleLinks {
  readonly #byUrl = new Map<string, Placed>()
  readonly #bases = new Map<EntryWrite, string>()
  readonly #conditional: ReadonlyMap<string, string>

  constructor (placed: readonly Placed[], conditional: ReadonlyMap<string, string>) {
    this.#conditional = conditional
    for (const target of placed) {
      const { entry, type, id } = target
      if (entry.method === 'DELETE') continue
      if (id !== '') this.#byUrl.set(`${type}/${id}`, target)
      if (entry.fullUrl === undefined) continue
      if (this.#byUrl.has(entry.fullUrl)) throw invalid(`two entries have the fullUrl of Bundle.entry[${entry.index}]`, `Bundle.entry[${entry.index}].fullUrl`)
      this.#byUrl.set(entry.fullUrl, target)
      const base = RESTFUL.exec(entry.fullUrl)?.[1]
      if (base !== undefined) this.#bases.set(entry, base)
    }
  }

  /** The entry of this Bundle that a reference in `from` means. */
  entryOf (from: EntryWrite, reference: string): EntryWrite | undefined {
    return this.#placedOf(from, reference)?.entry
  }

  /** What a reference is once conditional ones have been looked up. */
  resolved<T extends string | undefined> (reference: T): T | string {
    return reference === undefined ? reference : this.#conditional.get(reference) ?? reference
  }

  /** The resource with its links to other entries written as what those entries have become. */
  rewritten (entry: EntryWrite, resource: ScannedResource): ScannedResource {
    if (resource.links.length === 0) return resource
    return { ...resource, ...rewriteLinks(resource, value => this.#become(entry, value)) }
  }

  #become (from: EntryWrite, value: string): string | undefined {
    const conditional = this.#conditional.get(value)
    if (conditional !== undefined) return conditional
    const hash = value.indexOf('#')
    const [url, fragment] = hash > 0 ? [value.slice(0, hash), value.slice(hash)] : [value, '']
    const target = this.#placedOf(from, url)
    return target === undefined ? undefined : `${target.type}/${target.id}${fragment}`
  }

  #placedOf (from: EntryWrite, reference: string): Placed | undefined {
    const base = this.#bases.get(from)
    return this.#byUrl.get(reference) ?? (base === undefined ? undefined : this.#byUrl.get(`${base}/${reference}`))
  }
}
