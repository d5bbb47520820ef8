// A code system's concepts and their hierarchy. https://hl7.org/fhir/R4/codesystem.html#hierarchy
import type { CodeSystem as Definition, CodeSystemConcept, CodeSystemConceptProperty } from '@medplum/fhirtypes'
import { contradictory, unanswerable } from './terminology-error.js'

/** What of a CodeSystem resource is read. */
export type CodeSystemDefinition = Pick<Definition, 'url' | 'version' | 'content' | 'hierarchyMeaning' | 'property' | 'concept'>

export interface Concept {
  readonly code: string
  readonly display: string | undefined
  readonly properties: readonly CodeSystemConceptProperty[]
}

/** From a code to those next to it. */
type Links = Map<string, Set<string>>

// https://hl7.org/fhir/R4/codesystem.html#defined-props
const PROPERTIES = 'http://hl7.org/fhir/concept-properties#'

export class CodeSystem {
  readonly url: string
  readonly version: string | undefined
  /** Whether all of its codes are here. */
  readonly isComplete: boolean
  readonly content: string
  readonly concepts: ReadonlyMap<string, Concept>
  /** Codes of the properties that concepts may have. */
  readonly properties: ReadonlySet<string>
  readonly codes: ReadonlySet<string>
  readonly #meaning: string | undefined
  readonly #above: Links = new Map()
  readonly #below: Links = new Map()

  constructor ({ url, version, content, hierarchyMeaning, property, concept }: CodeSystemDefinition) {
    this.url = url ?? ''
    this.version = version
    this.content = content
    this.isComplete = content === 'complete'
    this.#meaning = hierarchyMeaning
    this.properties = new Set((property ?? []).map(({ code }) => code ?? ''))
    // Where the meaning is left out, what stands below a concept is a kind of it: so HL7 publishes its own.
    const nests = hierarchyMeaning === undefined || hierarchyMeaning === 'is-a'
    this.concepts = this.#read(concept ?? [], nests)
    this.codes = new Set(this.concepts.keys())
    this.#readProperties(linkProperties(property ?? [], nests))
  }

  get hasHierarchy (): boolean {
    return this.#above.size > 0
  }

  parents = (code: string): ReadonlySet<string> => this.#above.get(code) ?? NONE
  children = (code: string): ReadonlySet<string> => this.#below.get(code) ?? NONE

  /** A code and all that it subsumes. Throws TerminologyError where that is not known. */
  below (code: string): ReadonlySet<string> {
    return this.#reached(code, this.children)
  }

  /** A code and all that it is subsumed by. Throws TerminologyError where that is not known. */
  above (code: string): ReadonlySet<string> {
    return this.#reached(code, this.parents)
  }

  #reached (code: string, next: (code: string) => ReadonlySet<string>): ReadonlySet<string> {
    this.requireComplete()
    if (!this.hasHierarchy) {
      throw unanswerable(`the code system ${this.url} has no hierarchy of kinds${this.#meaning === undefined || this.#meaning === 'is-a' ? '' : ` (its hierarchyMeaning is ${this.#meaning})`}: no code of it stands above or below another`)
    }
    if (!this.concepts.has(code)) throw contradictory(`the code system ${this.url} has no code ${code}`)
    const found = new Set([code])
    for (const each of found) for (const other of next(each)) found.add(other)
    return found
  }

  /** Throws TerminologyError where the codes that are here are not all. */
  requireComplete (): void {
    if (!this.isComplete) throw unanswerable(`of the code system ${this.url} this server does not hold all codes (its content is ${this.content}), so what is asked of its hierarchy or properties cannot be answered whole`)
  }

  // What is nested is visited without a stack of calls, however deep it is.
  #read (top: readonly CodeSystemConcept[], nests: boolean): Map<string, Concept> {
    const concepts = new Map<string, Concept>()
    const due = [...top].reverse()
    for (let next = due.pop(); next !== undefined; next = due.pop()) {
      const { code = '', display, property = [], concept: below = [] } = next
      if (!concepts.has(code)) concepts.set(code, { code, display, properties: property })
      for (let at = below.length - 1; at >= 0; at--) {
        const each = below[at]
        if (each === undefined) continue
        due.push(each)
        if (nests) this.#link(code, each.code ?? '')
      }
    }
    return concepts
  }

  #readProperties ({ parent, child }: LinkProperties): void {
    if (parent.size + child.size === 0) return
    for (const { code, properties } of this.concepts.values()) {
      for (const { code: name = '', valueCode } of properties) {
        if (valueCode === undefined || !this.concepts.has(valueCode)) continue
        if (parent.has(name)) this.#link(valueCode, code)
        if (child.has(name)) this.#link(code, valueCode)
      }
    }
  }

  #link (above: string, below: string): void {
    add(this.#below, above, below)
    add(this.#above, below, above)
  }
}

const NONE: ReadonlySet<string> = new Set()

function add (links: Links, from: string, to: string): void {
  const known = links.get(from)
  if (known === undefined) links.set(from, new Set([to]))
  else known.add(to)
}

interface LinkProperties { readonly parent: ReadonlySet<string>, readonly child: ReadonlySet<string> }

/** The properties by which a concept names those above and below it. */
function linkProperties (properties: NonNullable<Definition['property']>, nests: boolean): LinkProperties {
  // By its uri, or by its code where the uri is of somebody else's.
  const named = (...names: readonly string[]): string[] => properties
    .filter(({ code = '', uri = '' }) => names.includes(uri.startsWith(PROPERTIES) ? uri.slice(PROPERTIES.length) : code)).map(({ code }) => code ?? '')
  return { parent: new Set(nests ? named('parent', 'subsumedBy') : named('subsumedBy')), child: new Set(nests ? named('child') : []) }
}
