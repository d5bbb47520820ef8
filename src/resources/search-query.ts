// The parameters of a search: what is asked of the resources, and what of the answer. https://hl7.org/fhir/R4/search.html
import type { Order } from '../consent/search/order.js'
import { FhirError, invalid, notSupported } from '../fhir/outcome.js'
import { isResourceType, type ResourceType } from '../fhir/resource-types.js'
import { parseFilter, testsIn, type Filter } from '../fhir/search/filter.js'
import { criterion, type Criterion, type Step } from '../fhir/search/parameter.js'
import { conditionOf, UnknownParameter, type SearchContext } from '../store/search/build.js'
import type { KnownParameter, KnownParameters } from '../store/search/known.js'
import { joinedFamilies } from '../store/search/joined.js'
import { sortKey } from '../store/search/sort.js'
import type { Asked } from './exchange.js'
import { isFullText, wordsIn } from './full-text.js'
import { LIST, listsIn } from './list.js'
import { flag, GENERAL, one } from './representation.js'

/** `_include=Type:parameter:target`; of `_revinclude` the type is that of what refers. */
export interface Include { readonly type: ResourceType, readonly code: string, readonly target: ResourceType | undefined, readonly iterate: boolean }

export type Total = 'none' | 'estimate' | 'accurate'

export interface SearchQuery {
  readonly type: ResourceType
  /** What is asked of the resources themselves; chains are not resolved yet. */
  readonly criteria: readonly Criterion[]
  readonly filters: readonly Filter[]
  /** Parameters that the type has not; they were passed over. */
  readonly unknown: readonly string[]
  readonly order: Order
  readonly count: number
  readonly total: Total | undefined
  /** Whether it is asked how the search is run, instead of what it finds. */
  readonly explain: boolean
  readonly includes: readonly Include[]
  readonly revincludes: readonly Include[]
  /** What was used, as it was asked: the self link. */
  readonly used: ReadonlyArray<readonly [name: string, value: string]>
  /** What it was read with. */
  readonly parameters: KnownParameters
}

const DEFAULT_COUNT = 20
const MOST_CRITERIA = 50
const MOST_VALUES = 1000
const MOST = 1000

const RESULT: readonly string[] = ['_sort', '_count', '_total', '_include', '_revinclude', '_contained', '_containedType', '_cursor', '_explain']
const INCLUDES: readonly string[] = ['_include', '_revinclude']
const LATER: readonly string[] = ['_query']

/** The names that are the server's own. */
export const isOurs = (name: string): boolean => GENERAL.includes(name) || RESULT.some(ours => name === ours || name.startsWith(`${ours}:`))

/** Reads a query. Throws FhirError 400 that names the parameter and what is allowed. */
export function searchQuery (type: ResourceType, query: Asked['query'], context: SearchContext): SearchQuery {
  const criteria: Criterion[] = []
  const filters: Filter[] = []
  const unknown: string[] = []
  const used: [string, string][] = []
  for (const [name, given] of Object.entries(query)) {
    for (const value of [given ?? ''].flat()) {
      if (name !== '_cursor') used.push([name, name === '_count' ? String(countIn(value)) : value])
      if (isOurs(name)) {
        if (name.includes(':') && !INCLUDES.includes(name.split(':')[0] ?? '')) throw invalid(`${name}: there is no modifier for ${name.split(':')[0] ?? ''}`)
        continue
      }
      if (name === FILTER) {
        filters.push(parseFilter(value))
        continue
      }
      try {
        criteria.push(criterionIn(type, name, value, context))
      } catch (thrown) {
        if (!(thrown instanceof UnknownParameter)) throw thrown
        unknown.push(name)
        used.pop()
      }
    }
  }
  const values = criteria.reduce((sum, each) => sum + each.values.length, 0)
  const asked = filters.reduce((sum, each) => sum + testsIn(each), criteria.length)
  if (asked > MOST_CRITERIA || values > MOST_VALUES) throw invalid(`a search has at most ${MOST_CRITERIA} parameters, the comparisons of a _filter among them, and ${MOST_VALUES} values; this one has ${asked} and ${values}`)
  refuseRepeated(type, criteria, context.parameters)
  return {
    type,
    criteria,
    filters,
    unknown,
    order: orderIn(context.parameters, type, one(query, '_sort'), criteria),
    count: countIn(one(query, '_count')),
    total: totalIn(one(query, '_total')),
    explain: flag(one(query, '_explain'), '_explain'),
    ...includesIn(context.parameters, type, query),
    used,
    parameters: context.parameters
  }
}

const FILTER = '_filter'

function criterionIn (type: ResourceType, name: string, value: string, context: SearchContext): Criterion {
  const asked = criterion(name, value)
  if (asked.code === '_type') throw invalid(`${name}: _type is asked where a search is not of one type already, such as ?_type=Patient,Observation`)
  if (asked.code === FILTER) throw invalid(`${name}: ${FILTER} stands by itself, without modifiers and in no chain`)
  if (LATER.includes(asked.code)) throw notSupported(`${name} is not supported yet`)
  refuseUnknown(type, asked, context)
  return asked
}

// https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.multipleAnd
function refuseRepeated (type: ResourceType, criteria: readonly Criterion[], parameters: KnownParameters): void {
  const own = criteria.filter(({ steps }) => steps.length === 0)
  const repeated = own.find(({ code }, place) => own.findIndex(other => other.code === code) < place && parameters.of(type, code)?.limits?.multipleAnd === false)
  if (repeated !== undefined) throw invalid(`${repeated.name}: ${repeated.code} is defined to be asked once`)
}

/** Throws UnknownParameter where no type at the end of the chain has the parameter, FhirError 400 for whatever else is wrong with it. */
function refuseUnknown (type: ResourceType, asked: Criterion, context: SearchContext, tried = new Map<string, unknown>()): void {
  const [step, ...steps] = asked.steps
  if (step === undefined) {
    if (asked.code === LIST) listsIn(asked)
    else if (isFullText(asked)) wordsIn(asked)
    else conditionOf(type, asked, context)
    return
  }
  // What one of several types has not, another may have.
  const refusals: unknown[] = []
  for (const next of nextTypes(context.parameters, type, asked.name, step)) {
    const name = `${next} ${steps.length}`
    if (!tried.has(name)) tried.set(name, thrownBy(() => refuseUnknown(next, { ...asked, steps }, context, tried)))
    const refusal = tried.get(name)
    if (refusal === undefined) return
    refusals.push(refusal)
  }
  // A bad value is refused even where another type has no such parameter, which a lenient client lets pass.
  throw refusals.find(each => each instanceof FhirError) ?? refusals[0]
}

function thrownBy (act: () => void): unknown {
  try {
    act()
    return undefined
  } catch (thrown) {
    if (!(thrown instanceof UnknownParameter) && !(thrown instanceof FhirError)) throw thrown
    return thrown
  }
}

/** The types to which a step leads. Throws UnknownParameter where it begins with no parameter of the type, FhirError 400 where it leads nowhere. */
export function nextTypes (parameters: KnownParameters, type: ResourceType, name: string, step: Step): readonly ResourceType[] {
  if (step.kind === 'has') {
    if (!isResourceType(step.type)) throw invalid(`${name}: ${step.type} is not a resource type of R4`)
    const row = parameters.of(step.type, step.code)
    if (row?.type !== 'reference' || row.target?.includes(type) !== true) throw invalid(`${name}: ${step.code} of ${step.type} is no reference to ${type}`)
    return [step.type]
  }
  const row = parameters.of(type, step.code)
  if (row === undefined) throw new UnknownParameter(name, type)
  const targets = (row.target ?? []).filter(isResourceType)
  if (row.type !== 'reference' || targets.length === 0) throw invalid(`${name}: ${step.code} of ${type} is no reference, so nothing follows it`)
  refuseChain(name, row)
  if (step.type === undefined) return targets
  if (!targets.some(target => target === step.type)) throw invalid(`${name}: ${step.code} of ${type} leads to ${targets.join(', ')}, not to ${step.type}`)
  return targets.filter(target => target === step.type)
}

// https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.chain
function refuseChain (name: string, { code, limits }: KnownParameter): void {
  const next = /[^.:]+/.exec(name.slice(name.lastIndexOf('.') + 1))?.[0] ?? ''
  if (limits?.chains?.includes(next) === false) throw invalid(`${name}: ${code} is defined to be followed by ${limits.chains.join(', ')} only`)
}

// https://hl7.org/fhir/R4/search.html#sort
function orderIn (parameters: KnownParameters, type: ResourceType, sort: string | undefined, criteria: readonly Criterion[]): Order {
  if (sort === undefined) return NEWEST
  const keys = sort.split(',').map(each => {
    const descending = each.startsWith('-')
    const code = descending ? each.slice(1) : each
    const key = sortKey(parameters, type, code, descending)
    if (key === undefined) {
      throw invalid(`_sort=${sort}: ${type} is not sorted by ${JSON.stringify(code)}, but by ${parameters.codesOf(type).filter(known => sortKey(parameters, type, known, false) !== undefined).join(', ')}, each with - in front for the opposite order`)
    }
    // Of one code's values only these are gone along.
    const families = key.by === 'quantities' ? joinedFamilies(type, criteria, code) : undefined
    return families === undefined ? key : { ...key, by: 'quantities', families } as const
  })
  if (keys.length > MOST_KEYS) throw invalid(`_sort has ${keys.length} keys: at most ${MOST_KEYS} are taken`)
  return keys
}

/** What was stored last comes first. */
export const NEWEST: Order = [{ by: 'updated', descending: true }]

const MOST_KEYS = 5

function countIn (count: string | undefined): number {
  if (count === undefined) return DEFAULT_COUNT
  if (!/^[0-9]{1,9}$/.test(count)) throw invalid('_count must be a whole number, 0 or more')
  return Math.min(Number(count), MOST)
}

function totalIn (total: string | undefined): Total | undefined {
  if (total === undefined || total === 'none' || total === 'estimate' || total === 'accurate') return total
  throw invalid('_total must be none, estimate or accurate')
}

// https://hl7.org/fhir/R4/search.html#include
function includesIn (parameters: KnownParameters, searched: ResourceType, query: Asked['query']): Pick<SearchQuery, 'includes' | 'revincludes'> {
  const found = { includes: [] as Include[], revincludes: [] as Include[] }
  for (const [name, given] of Object.entries(query)) {
    const [word = '', modifier, ...more] = name.split(':')
    if (word !== '_include' && word !== '_revinclude') continue
    if (more.length > 0 || (modifier !== undefined && modifier !== 'iterate')) throw invalid(`${name}: the one modifier of ${word} is :iterate`)
    const into = word === '_include' ? found.includes : found.revincludes
    for (const value of [given ?? ''].flat()) into.push(...includeIn(parameters, name, value === '*' && word === '_include' ? `${searched}:*` : value, modifier === 'iterate'))
  }
  const all = { includes: distinct(found.includes), revincludes: distinct(found.revincludes) }
  if (all.includes.length + all.revincludes.length > MOST_INCLUDES) throw invalid(`_include and _revinclude name ${all.includes.length + all.revincludes.length} references: at most ${MOST_INCLUDES} are followed`)
  return all
}

export const MOST_INCLUDES = 50

const distinct = (includes: readonly Include[]): Include[] => [...new Map(includes.map(each => [JSON.stringify(each), each])).values()]

function includeIn (parameters: KnownParameters, name: string, value: string, iterate: boolean): Include[] {
  const [type = '', code = '', target, ...more] = value.split(':')
  if (!isResourceType(type) || code === '' || more.length > 0) throw invalid(`${name}=${value} is not Type:parameter or Type:parameter:Type, such as Observation:subject`)
  if (target !== undefined && !isResourceType(target)) throw invalid(`${name}=${value}: ${target} is not a resource type of R4`)
  const codes = code === '*' ? parameters.referencesOf(type) : [code]
  return codes.map(each => {
    const row = parameters.of(type, each)
    if (row?.type !== 'reference') throw invalid(`${name}=${value}: ${each} is no reference parameter of ${type}`)
    return { type, code: each, target, iterate }
  })
}
