// How the entries of one Bundle refer to each other, and what their references become.
// https://hl7.org/fhir/R4/bundle.html#references https://hl7.org/fhir/R4/http.html#transaction
import type { To } from '../fhir/json.js'
import { invalid } from '../fhir/outcome.js'
import type { Target } from './conditional-reference.js'
import type { EntryWrite } from './entry-write.js'
import type { Planned } from './planned.js'

// `http://example.org/fhir/Patient/1`: the base is what relative references of the same entry are resolved against.
const RESTFUL = /^(https?:\/\/.+)\/([A-Za-z]+\/[A-Za-z0-9\-.]{1,64})$/

const LENGTHS = 256

/** The links of one Bundle. */
export class BundleLinks {
  readonly #byUrl = new Map<string, Planned>()
  readonly #bases = new Map<EntryWrite, string>()
  /** How long the links are that mean something, modulo the size of the table: most uris are as long as none of them. */
  readonly #lengths = new Uint8Array(LENGTHS)
  readonly #conditional: ReadonlyMap<string, Target>

  /** Throws FhirError 400 where two entries share a fullUrl. */
  constructor (plans: readonly Planned[], conditional: ReadonlyMap<string, Target>) {
    this.#conditional = conditional
    for (const plan of plans) {
      const { entry, reference } = plan
      const target = plan.as ?? plan
      if (entry.method === 'DELETE') continue
      if (reference !== '') this.#add(reference, target)
      if (entry.fullUrl === undefined) continue
      if (this.#byUrl.has(entry.fullUrl)) throw invalid(`two entries have the fullUrl of Bundle.entry[${entry.index}]`, `Bundle.entry[${entry.index}].fullUrl`)
      this.#add(entry.fullUrl, target)
      const base = RESTFUL.exec(entry.fullUrl)?.[1]
      if (base !== undefined) this.#bases.set(entry, base)
    }
  }

  /** The entry of this Bundle that a reference in `from` means. */
  placed (from: EntryWrite, reference: string): Planned | undefined {
    const target = this.#placed(reference, this.#bases.get(from)) ?? this.#conditional.get(reference)
    return typeof target === 'string' ? undefined : target
  }

  /** What a reference is once conditional ones have been looked up. */
  resolved<T extends string | undefined> (reference: T): T | string {
    const target = reference === undefined ? undefined : this.#conditional.get(reference)
    return typeof target === 'string' ? target : reference
  }

  /** What the links of an entry become: those to other entries are written as what these have become. */
  become (from: EntryWrite): To {
    const base = this.#bases.get(from)
    return link => {
      const found = this.#placed(link, base)
      if (found !== undefined) return found.reference
      const hash = link.indexOf('#')
      const target = hash > 0 ? this.#placed(link.slice(0, hash), base) : undefined
      if (target !== undefined) return target.reference + link.slice(hash)
      const meant = this.#conditional.get(link)
      return typeof meant === 'object' ? meant.reference : meant
    }
  }

  #add (url: string, target: Planned): void {
    this.#byUrl.set(url, target)
    this.#lengths[url.length % LENGTHS] = 1
  }

  #placed (link: string, base: string | undefined): Planned | undefined {
    const placed = this.#lengths[link.length % LENGTHS] === 1 ? this.#byUrl.get(link) : undefined
    return placed ?? (base === undefined ? undefined : this.#byUrl.get(`${base}/${link}`))
  }
}
