// Writes that say what they mean by a search. https://hl7.org/fhir/R4/http.html#ccreate https://hl7.org/fhir/R4/http.html#cond-update
// Only what the caller may see is found. The look and the write are one step for all who ask the same: two creates that race make one resource.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { searchPage } from '../consent/search/page.js'
import type { VersionRow } from '../consent/visible.js'
import { FhirError, forbidden, invalid } from '../fhir/outcome.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { conditionsOf } from './chain.js'
import { resourceTypeOf, type Asked } from './exchange.js'
import { formOf } from './representation.js'
import { isOurs, searchQuery, NEWEST, type SearchQuery } from './search-query.js'
import type { Server } from './server.js'

/** What a conditional write asks for: the criteria as they were said, taken apart. */
export interface Criteria { readonly type: ResourceType, readonly query: SearchQuery, readonly text: string }

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
  const query = searchQuery(type, given, { zone: server.zone, base: server.base, now: Date.now() })
  // A criterion that is passed over would mean another resource.
  if (query.unknown.length > 0) throw invalid(`${query.unknown.join(', ')}: ${type} has no such search parameter`)
  if (query.criteria.length === 0) throw invalid(`without criteria every ${type} would be meant: say which, such as ${type}?identifier=system|value`)
  return { type, query, text: JSON.stringify(query.used.map(pair => pair.join('=')).sort()) }
}

/** The one resource that the criteria mean; undefined: there is none. Throws FhirError 412 where there are several. */
async function matched (server: Server, caller: Caller, { type, query }: Criteria): Promise<VersionRow | undefined> {
  const conditions = await conditionsOf(server, caller, query, { zone: server.zone, base: server.base, now: Date.now() })
  const { rows: [row], next } = await searchPage(server.searches, caller, { type, conditions, order: NEWEST, after: undefined, count: 1 })
  if (next !== undefined) {
    throw new FhirError(412, [{ severity: 'error', code: 'multiple-matches', diagnostics: `the criteria are not selective enough: more than one ${type} meets them` }])
  }
  return row
}

/** Finds what the criteria mean and acts on it, while nobody else acts on the same criteria. */
export const onMatch = async <Result>(server: Server, caller: Caller, asked: Criteria, act: (match: VersionRow | undefined) => Promise<Result>): Promise<Result> =>
  await server.locks.hold(`conditional ${asked.type} ${asked.text}`, async () => await act(await matched(server, caller, asked)))
