// A search of several types: which they are, and what is asked of each. https://hl7.org/fhir/R4/search.html#all
// Only what all of them have in common is asked.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { forbidden, invalid } from '../fhir/outcome.js'
import { isResourceType, RESOURCE_TYPES, type ResourceType } from '../fhir/resource-types.js'
import type { SortKey } from '../store/search/sort.js'
import type { SearchContext } from '../store/search/build.js'
import { compartmentTypes } from '../store/search/compartment.js'
import { generalParameters } from '../store/search/known.js'
import type { Asked } from './exchange.js'
import { MOST_INCLUDES, searchQuery, type SearchQuery } from './search-query.js'

/** What is asked of one type or of several, and of the answer. */
export interface TypesQuery extends Omit<SearchQuery, 'type' | 'criteria' | 'order'> {
  /** One for each type. What is asked of all types alike stands in the first only. */
  readonly queries: readonly [SearchQuery, ...SearchQuery[]]
  /** Whether the client has said which types. */
  readonly named: boolean
}

/** A search of one type, as it is. */
export const ofOneType = (query: SearchQuery): TypesQuery => ({ ...query, queries: [query], named: true })

/** Whether a search is not of one type: of the whole system, or of all types of a compartment. */
export const isOfTypes = ({ type }: Pick<Asked, 'type'>): boolean => type === '' || type === '*'

/**
 * Reads the query of a search of several types. Those that the caller's scopes leave out are as if there were none of them. Throws FhirError 403
 * where he names one, or has none at all; 400 that names the parameter and what is allowed.
 */
export function typesQuery (caller: Caller, { query: { _type: given, ...query }, compartment }: Asked, context: SearchContext): TypesQuery {
  const named = given === undefined ? undefined : namedIn([given].flat())
  const known = named ?? (compartment === undefined ? RESOURCE_TYPES : compartmentTypes(compartment.type))
  const types = known.filter(type => allows(caller, type, 'search-type'))
  const missing = named?.find(type => !types.includes(type))
  const [first, ...others] = types
  if (missing !== undefined || first === undefined) throw forbidden(`the token's scope does not cover a search of ${missing ?? 'any of these types'}`)
  // What is asked of all types alike is read once.
  const own = Object.fromEntries(Object.entries(query).filter(([name]) => !isGeneral(name)))
  const queries = sortable([searchQuery(first, query, context), ...others.map(type => searchQuery(type, own, context))])
  const unknown = [...new Set(queries.flatMap(each => each.unknown))]
  const [head] = queries
  return {
    ...head,
    ...includesOf(queries),
    queries: mapped(queries, each => ({ ...each, criteria: each.criteria.filter(({ name }) => !unknown.includes(name)) })),
    named: named !== undefined,
    unknown,
    used: [...[given ?? []].flat().map(value => ['_type', value] as const), ...head.used.filter(([name]) => !unknown.includes(name))]
  }
}

/** What all types of a query have, for a message. */
export const commonParameters = ({ queries, parameters }: TypesQuery): readonly string[] =>
  queries.map(({ type }) => parameters.codesOf(type)).reduce((common, own) => common.filter(code => own.includes(code)))

/** Whether a parameter is asked of every type alike. */
const isGeneral = (name: string): boolean => generalParameters().includes(name.split(':')[0] ?? '')

function namedIn (given: readonly string[]): ResourceType[] {
  const names = given.flatMap(value => value.split(','))
  const types = names.filter(isResourceType)
  const wrong = names.find(name => !isResourceType(name))
  if (wrong !== undefined) throw invalid(`_type: ${JSON.stringify(wrong)} is not a resource type of R4`)
  return [...new Set(types)]
}

type Queries = TypesQuery['queries']

const mapped = ([first, ...others]: Queries, act: (query: SearchQuery) => SearchQuery): Queries => [act(first), ...others.map(act)]

// Types are sorted by keys of one kind. What for some is the date that has columns of its own is for others one like any.
function sortable (queries: Queries): Queries {
  const [{ order: first }] = queries
  const isMixed = first.map((_, place) => new Set(queries.map(({ order }) => order[place]?.by)).size > 1)
  if (!isMixed.includes(true)) return queries
  const other = first.findIndex((key, place) => queries.some(({ order }) => VALUES[order[place]?.by ?? 'id'] !== VALUES[key.by]))
  if (other !== -1) throw invalid(`_sort: key ${other + 1} is a parameter of another kind in ${queries.find(({ order }) => VALUES[order[other]?.by ?? 'id'] !== VALUES[first[other]?.by ?? 'id'])?.type ?? ''} than in ${queries[0].type}`)
  return mapped(queries, query => ({ ...query, order: query.order.map((key, place): SortKey => isMixed[place] === true && key.by === 'main-date' ? { ...key, among: true } : key) }))
}

// What the values of a key are.
const VALUES: Readonly<Record<SortKey['by'], string>> = {
  updated: 'updated', 'main-date': 'date', dates: 'date', id: 'id', texts: 'text', terms: 'text', booleans: 'boolean', numbers: 'number', quantities: 'number'
}

function includesOf (queries: Queries): Pick<SearchQuery, 'includes' | 'revincludes'> {
  const distinct = <Each>(all: readonly Each[]): Each[] => [...new Map(all.map(each => [JSON.stringify(each), each])).values()]
  const all = { includes: distinct(queries.flatMap(({ includes }) => includes)), revincludes: distinct(queries.flatMap(({ revincludes }) => revincludes)) }
  const count = all.includes.length + all.revincludes.length
  if (count > MOST_INCLUDES) throw invalid(`_include and _revinclude name ${count} references of these types: at most ${MOST_INCLUDES} are followed`)
  return all
}
