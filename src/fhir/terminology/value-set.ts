// A value set's definition, in the form in which it is expanded. https://hl7.org/fhir/R4/valueset.html#compositions
import type { ValueSet as Definition, ValueSetComposeInclude, ValueSetExpansionContains } from '@medplum/fhirtypes'
import { listed, type Codes, type CodeSet } from './code-set.js'
import type { ConceptFilter } from './concept-filter.js'
import { unanswerable } from './terminology-error.js'

/** What of a ValueSet resource is read. */
export type ValueSetDefinition = Pick<Definition, 'url' | 'compose' | 'expansion'>

export interface Include {
  readonly system: string | undefined
  readonly version: string | undefined
  /** The codes it lists; undefined where it lists none. */
  readonly codes: Codes | undefined
  readonly filters: readonly ConceptFilter[]
  /** Value sets, in all of which a code must be. */
  readonly valueSets: readonly string[]
}

export interface ValueSet {
  /** For messages. */
  readonly name: string
  readonly includes: readonly Include[]
  readonly excludes: readonly Include[]
  /** Whether codes that are no longer for use are left out. */
  readonly onlyActive: boolean
  /** The day as of which the systems are meant. */
  readonly lockedDate: string | undefined
  /** What the resource says that it expands to, where it has no definition. */
  readonly expansion: CodeSet | undefined
}

/** Throws TerminologyError for an expansion that is not all of one. */
export function valueSetOf (name: string, { compose, expansion }: ValueSetDefinition): ValueSet {
  return {
    name,
    includes: (compose?.include ?? []).map(includeOf),
    excludes: (compose?.exclude ?? []).map(includeOf),
    onlyActive: compose?.inactive === false,
    lockedDate: compose?.lockedDate,
    expansion: compose === undefined ? expanded(name, expansion) : undefined
  }
}

const includeOf = ({ system, version, concept, filter, valueSet }: ValueSetComposeInclude): Include => ({
  system,
  version,
  codes: concept === undefined ? undefined : listed(concept.map(({ code }) => code ?? '')),
  filters: (filter ?? []).map(({ property = '', op = '', value = '' }) => ({ property, op, value })),
  valueSets: valueSet ?? []
})

// By these an expansion says that it is a part. https://hl7.org/fhir/R4/valueset.html#expansion
const PARTIAL: readonly string[] = ['limitedExpansion', 'offset', 'count', 'filter']
const OPEN: readonly string[] = ['http://hl7.org/fhir/StructureDefinition/valueset-toocostly', 'http://hl7.org/fhir/StructureDefinition/valueset-unclosed']

function expanded (name: string, expansion: Definition['expansion']): CodeSet {
  if (expansion === undefined) throw unanswerable(`the value set ${name} says neither what it includes nor what it expands to`)
  const { total, offset, parameter, extension, contains } = expansion
  const codes = new Map<string, Set<string>>()
  let count = 0
  const due: ValueSetExpansionContains[] = [...contains ?? []]
  for (let next = due.pop(); next !== undefined; next = due.pop()) {
    // One that is abstract may not be chosen, but what says so all the same is meant.
    const { system = '', code, contains: below } = next
    if (below !== undefined) for (const each of below) due.push(each)
    if (code === undefined) continue
    count++
    const known = codes.get(system)
    if (known === undefined) codes.set(system, new Set([code]))
    else known.add(code)
  }
  const partial = (offset ?? 0) > 0 || (total !== undefined && total > count) || parameter?.some(({ name = '' }) => PARTIAL.includes(name)) === true || extension?.some(({ url = '' }) => OPEN.includes(url)) === true
  if (partial) throw unanswerable(`the value set ${name} has no definition, and its expansion is a part of one`)
  return new Map(Array.from(codes, ([system, each]) => [system, listed(each)]))
}
