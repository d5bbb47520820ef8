// The codes of a value set. https://hl7.org/fhir/R4/valueset.html#compositions
import { difference, EVERY, intersection, listed, sizeOf, union, type CodeSet } from './code-set.js'
import type { CodeSystem } from './code-system.js'
import { filtered, isInactive, type Pattern } from './concept-filter.js'
import { contradictory, tooCostly, unanswerable, unknown } from './terminology-error.js'
import type { Include, ValueSet } from './value-set.js'

/** The code systems and value sets that are held. */
export interface Definitions {
  /** undefined: none of this url (and version) is held. */
  readonly codeSystem: (url: string, version?: string) => Promise<CodeSystem | undefined>
  /** By `url` or `url|version`; undefined: none is held. */
  readonly valueSet: (canonical: string) => Promise<ValueSet | undefined>
  /** A test of whole texts that takes time in proportion to their length, whatever the source is. */
  readonly pattern: (source: string) => Promise<Pattern>
  readonly budget: Budget
}

/** What one search may still take: a value set can name others that name others. */
export interface Budget { definitions: number, codes: number }

const MOST_DEFINITIONS = 500
const MOST_CODES = 500_000

export const newBudget = (): Budget => ({ definitions: MOST_DEFINITIONS, codes: MOST_CODES })

/** An expansion on its way: the names of the value sets that it is within. */
interface Course { readonly definitions: Definitions, readonly within: readonly string[] }

/** The codes of a value set. Throws TerminologyError where they cannot all be told, naming the system and why. */
export const expand = async (valueSet: ValueSet, definitions: Definitions): Promise<CodeSet> => await expandWithin({ definitions, within: [] }, valueSet)

async function expandWithin (course: Course, valueSet: ValueSet): Promise<CodeSet> {
  if (course.within.includes(valueSet.name)) throw contradictory(`the value set ${valueSet.name} includes itself: ${[...course.within, valueSet.name].join(' includes ')}`)
  if (valueSet.expansion !== undefined) return valueSet.expansion
  const inner: Course = { ...course, within: [...course.within, valueSet.name] }
  const all = async (includes: readonly Include[]): Promise<CodeSet> => {
    const sets = await Promise.all(includes.map(async include => await included(inner, valueSet, include)))
    for (const each of sets) spend(inner, valueSet, sizeOf(each))
    return union(sets)
  }
  const [includes, excludes] = await Promise.all([all(valueSet.includes), all(valueSet.excludes)])
  return difference(includes, excludes)
}

async function included (course: Course, valueSet: ValueSet, include: Include): Promise<CodeSet> {
  const sets = await Promise.all([...ofSystem(course, valueSet, include), ...include.valueSets.map(async canonical => await imported(course, valueSet, canonical))])
  if (sets[0] === undefined) throw contradictory(`the value set ${valueSet.name} includes neither a system nor a value set`)
  return sets.reduce(intersection)
}

async function imported (course: Course, { name }: ValueSet, canonical: string): Promise<CodeSet> {
  lookUp(course, { name })
  const found = await course.definitions.valueSet(canonical)
  if (found === undefined) throw unknown(`the value set ${name} includes ${canonical}, which this server does not hold`)
  const set = await expandWithin(course, found)
  spend(course, found, sizeOf(set))
  return set
}

const ofSystem = (course: Course, valueSet: ValueSet, include: Include): Array<Promise<CodeSet>> =>
  include.system === undefined ? [] : [codesOf(course, valueSet, include, include.system)]

async function codesOf (course: Course, valueSet: ValueSet, include: Include, system: string): Promise<CodeSet> {
  const { name, onlyActive, lockedDate } = valueSet
  const { version, codes, filters } = include
  // Codes that are listed are meant whatever is known of their system.
  if (codes !== undefined && filters.length === 0 && !onlyActive) return new Map([[system, codes]])
  lookUp(course, valueSet)
  const held = await course.definitions.codeSystem(system, version)
  if (version !== undefined && held === undefined) throw unknown(`the value set ${name} takes codes from version ${version} of ${system}, which this server does not hold`)
  // Of a system that nobody lists here, all codes are still all that say so.
  if (codes === undefined && filters.length === 0 && !onlyActive && held?.isComplete !== true) return new Map([[system, EVERY]])
  if (held === undefined) throw unknown(`the value set ${name} asks ${filters.length > 0 ? filters.map(filter => `${filter.property} ${filter.op} ${filter.value}`).join(' and ') : 'which codes are active'} of the code system ${system}, which this server does not hold`)
  if (lockedDate !== undefined && version === undefined) throw unanswerable(`the value set ${name} means ${system} as of ${lockedDate}, without a version: which one that was is not known here`)
  held.requireComplete()
  const sets = await Promise.all(filters.map(async filter => {
    spend(course, valueSet, held.codes.size)
    return filtered(held, filter, filter.op === 'regex' ? await course.definitions.pattern(filter.value) : undefined)
  }))
  const whole: CodeSet = new Map([[system, codes ?? listed(onlyActive ? active(held) : held.codes)]])
  return [...sets.map((set): CodeSet => new Map([[system, listed(set)]])), ...(onlyActive && codes !== undefined ? [new Map([[system, listed(active(held))]])] : [])].reduce(intersection, whole)
}

const active = (system: CodeSystem): Set<string> => new Set([...system.concepts.values()].filter(concept => !isInactive(concept)).map(({ code }) => code))

// Throws TerminologyError where a value set takes more than one search may.
function lookUp ({ definitions: { budget } }: Course, { name }: Pick<ValueSet, 'name'>): void {
  if (--budget.definitions < 0) throw tooCostly(`the value set ${name} leads over more than ${MOST_DEFINITIONS} code systems and value sets`)
}

function spend ({ definitions: { budget } }: Course, { name }: Pick<ValueSet, 'name'>, codes: number): void {
  budget.codes -= codes
  if (budget.codes < 0) throw tooCostly(`the value set ${name} leads over more than ${MOST_CODES} codes`)
}
