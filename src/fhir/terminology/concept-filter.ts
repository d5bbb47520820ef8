// The filters of a value set: codes of a system by their place in its hierarchy or by their properties.
// https://hl7.org/fhir/R4/valueset-definitions.html#ValueSet.compose.include.filter https://hl7.org/fhir/R4/valueset-filter-operator.html
import type { CodeSystem, Concept } from './code-system.js'
import { contradictory, unanswerable } from './terminology-error.js'

export interface ConceptFilter { readonly property: string, readonly op: string, readonly value: string }

/** A test of whole texts. */
export type Pattern = (text: string) => boolean

const NEVER: Pattern = () => false

/** The codes that meet a filter. Throws TerminologyError where the system does not say. `pattern` is what a `regex` filter asks. */
export function filtered (system: CodeSystem, filter: ConceptFilter, pattern: Pattern = NEVER): ReadonlySet<string> {
  system.requireComplete()
  const { property, op, value } = filter
  switch (op) {
    case 'is-a': return ofHierarchy(system, filter, () => system.below(value))
    case 'descendent-of': return ofHierarchy(system, filter, () => minus(system.below(value), new Set([value])))
    case 'is-not-a': return ofHierarchy(system, filter, () => minus(system.codes, belowIn(system, value)))
    case 'generalizes': return ofHierarchy(system, filter, () => system.above(value))
    case '=': return those(system, concept => valuesOf(system, concept, property).includes(value))
    case 'in': return those(system, concept => valuesOf(system, concept, property).some(each => listOf(value).includes(each)))
    case 'not-in': return those(system, concept => !valuesOf(system, concept, property).some(each => listOf(value).includes(each)))
    case 'regex': return matching(system, property, pattern)
    case 'exists': return existing(system, property, value)
    default: throw unanswerable(`the filter operator ${op} is none of R4`)
  }
}

const minus = (all: ReadonlySet<string>, less: ReadonlySet<string>): Set<string> => new Set([...all].filter(code => !less.has(code)))

const listOf = (value: string): string[] => value.split(',').map(each => each.trim())

// HL7 itself asks this of a flat system: there nothing but the code itself is a kind of it.
const belowIn = (system: CodeSystem, value: string): ReadonlySet<string> =>
  system.concepts.has(value) && !system.hasHierarchy ? new Set([value]) : system.below(value)

function ofHierarchy (system: CodeSystem, { property, op }: ConceptFilter, found: () => ReadonlySet<string>): ReadonlySet<string> {
  if (property !== 'concept' && property !== 'code') throw unanswerable(`a filter ${op} is of the property concept, not of ${property} (code system ${system.url})`)
  return found()
}

const those = (system: CodeSystem, meets: (concept: Concept) => boolean): Set<string> =>
  new Set([...system.concepts.values()].filter(meets).map(({ code }) => code))

const matching = (system: CodeSystem, property: string, matches: Pattern): Set<string> =>
  those(system, concept => valuesOf(system, concept, property).some(matches))

function existing (system: CodeSystem, property: string, value: string): Set<string> {
  if (value !== 'true' && value !== 'false') throw contradictory(`a filter exists is true or false, not ${value} (code system ${system.url})`)
  return those(system, concept => (valuesOf(system, concept, property).length > 0) === (value === 'true'))
}

// False where a concept does not say. https://hl7.org/fhir/R4/codesystem.html#defined-props
const FALSE_BY_DEFAULT: readonly string[] = ['inactive', 'notSelectable']

/** What a concept has of a property, as text. */
function valuesOf (system: CodeSystem, concept: Concept, property: string): readonly string[] {
  switch (property) {
    case 'code':
    case 'concept': return [concept.code]
    case 'display': return concept.display === undefined ? [] : [concept.display]
    case 'parent': return [...system.parents(concept.code)]
    case 'child': return [...system.children(concept.code)]
  }
  if (!system.properties.has(property) && !FALSE_BY_DEFAULT.includes(property)) throw unanswerable(`the code system ${system.url} has no property ${property}`)
  const values = concept.properties.filter(({ code }) => code === property)
    .map(({ valueCode, valueString, valueInteger, valueBoolean, valueDateTime, valueDecimal, valueCoding }) =>
      String(valueCode ?? valueString ?? valueInteger ?? valueBoolean ?? valueDateTime ?? valueDecimal ?? valueCoding?.code ?? ''))
  return values.length === 0 && FALSE_BY_DEFAULT.includes(property) ? ['false'] : values
}

/** Whether a concept is no longer for use. */
export const isInactive = ({ properties }: Concept): boolean =>
  properties.some(({ code, valueBoolean, valueCode }) => (code === 'inactive' && valueBoolean === true) || (code === 'status' && (valueCode === 'retired' || valueCode === 'inactive')))
