// Writes that say what they mean by a search. https://hl7.org/fhir/R4/http.html#ccreate https://hl7.org/fhir/R4/http.html#cond-update
// Only what the caller may see is found. The look and the write are one step for all who ask the same: two creates that race make one resource.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { searchMatches } from '../consent/search/matches.js'
import { searchPage } from '../consent/search/page.js'
import type { VersionRow } from '../consent/visible.js'
import { forbidden, invalid, multipleMatches, type FhirError } from '../fhir/outcome.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { Lanes } from '../store/lanes.js'
import type { LockName } from '../store/locks.js'
import type { SearchContext } from '../store/search/build.js'
import type { Condition } from '../store/search/condition.js'
import { conditionsOf, resolver } from './conditions.js'
import { resourceTypeOf, type Asked } from './exchange.js'
import { formOf } from './representation.js'
import { contextOf, knowing } from './search-context.js'
import { isOurs, searchQuery, NEWEST } from './search-query.js'
import type { Server } from './server.js'

/** What a conditional write asks for: the criteria as they were said, taken apart. */
export interface Criteria { readonly type: ResourceType, readonly given: Asked['query'], readonly text: string }

/**
 * The criteria in the URL of an update, patch or delete, and the request without them. Throws FhirError 400 where there are none, or they are no
 * search; 403 without the scope for one.
 */
export function criteriaOf (server: Server, caller: Caller, asked: Asked): { readonly type: ResourceType, readonly criteria: Criteria, readonly plain: Asked } {
  const type = resourceTypeOf(asked)
  const form = formOf(asked.query)
  const said = Object.fromEntries(Object.entries(asked.query).filter(([name]) => !(name in form)))
  return { type, criteria: criteria(server, caller, type, said), plain: { ...asked, query: form } }
}

/** The criteria of `If-None-Exist`: what would stand behind the `?` of a search. */
export function criteriaIn (server: Server, caller: Caller, type: ResourceType, text: string): Criteria {
  const query: Record<string, string[]> = Object.create(null)
  for (const [name, value] of new URLSearchParams(text.replace(/^[^?=&]*\?/, ''))) query[name] = [...query[name] ?? [], value]
  return criteria(server, caller, type, query)
}

function criteria (server: Server, caller: Caller, type: ResourceType, given: Asked['query']): Criteria {
  if (!allows(caller, type, 'search-type')) throw forbidden(`the token's scope does not cover a search of ${type}`)
  const foreign = Object.keys(given).find(isOurs)
  if (foreign !== undefined) throw invalid(`${foreign} says nothing of the resource that is meant`)
  const query = searchQuery(type, given, contextOf(server))
  // A criterion that is passed over would mean another resource.
  if (query.unknown.length > 0) throw invalid(`${query.unknown.join(', ')}: ${type} has no such search parameter`)
  if (query.criteria.length + query.filters.length === 0) throw invalid(`without criteria every ${type} would be meant: say which, such as ${type}?identifier=system|value`)
  return { type, given, text: JSON.stringify(query.used.map(pair => pair.join('=')).sort()) }
}

/** The same for the same criteria of the same type, however they were written. */
export const keyOf = ({ type, text }: Criteria): string => `${type} ${text}`

/** Under which name criteria are locked: those of a type are of one kind. */
export const lockOf = ({ type, text }: Criteria): LockName => ({ kind: `conditional ${type}`, name: text })

/** Criteria to look up: at most so many resources and one more, with what they hold or without. */
export interface Look { readonly criteria: Criteria, readonly most: number, readonly texts: boolean }

/** What criteria came to: the conditions, their chains resolved, and what meets them. */
export interface Meant { readonly conditions: readonly Condition[], readonly rows: readonly VersionRow[] }

const AT_ONCE = 4

/** What many criteria mean, in their order; those of one shape are looked up together. Throws FhirError 400 where they are of too many shapes, or their chains lead too far. */
export async function lookUp (server: Server, caller: Caller, looks: readonly Look[]): Promise<Meant[]> {
  return await knowing(server, async context => await lookedUp(server, caller, looks, context))
}

async function lookedUp (server: Server, caller: Caller, looks: readonly Look[], context: SearchContext): Promise<Meant[]> {
  const resolve = resolver(server, caller, context)
  const lanes = new Lanes(AT_ONCE)
  const asks = await Promise.all(looks.map(async ({ criteria: { type, given }, most, texts }) =>
    ({ type, conditions: await lanes.run(async () => await resolve(searchQuery(type, given, context))), most: most + 1, texts })))
  const rows = await searchMatches(server.searches, caller, asks)
  return asks.map(({ conditions }, place) => ({ conditions, rows: rows[place] ?? [] }))
}

export const severalMatch = (type: string): FhirError => multipleMatches(`the criteria are not selective enough: more than one ${type} meets them`)

/** The one resource that the criteria mean; undefined: there is none. Throws FhirError 412 where there are several. */
async function matched (server: Server, caller: Caller, { type, given }: Criteria, context: SearchContext): Promise<VersionRow | undefined> {
  const conditions = await conditionsOf(server, caller, searchQuery(type, given, context), context)
  const { rows: [row], next } = await searchPage(server.searches, caller, { type, conditions, order: NEWEST, after: undefined, count: 1 })
  if (next !== undefined) throw severalMatch(type)
  return row
}

/** Finds what the criteria mean and acts on it, while nobody else acts on the same criteria. */
export const onMatch = async <Result>(server: Server, caller: Caller, asked: Criteria, act: (match: VersionRow | undefined) => Promise<Result>): Promise<Result> =>
  await server.locks.hold([lockOf(asked)], async () => await act(await knowing(server, async context => await matched(server, caller, asked, context))))
