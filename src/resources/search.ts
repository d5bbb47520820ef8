// A search among the resources of a type, or of several. https://hl7.org/fhir/R4/http.html#search
import type { Place } from '../consent/search/order.js'
import type { OfType } from '../consent/search/several.js'
import type { Caller } from '../auth/caller.js'
import { hasOtherStore } from '../consent/stores.js'
import { invalid, outcome, type FhirError, type Issue } from '../fhir/outcome.js'
import type { SearchContext } from '../store/search/build.js'
import { inCompartment } from '../store/search/compartment.js'
import type { Condition } from '../store/search/condition.js'
import { bundleText, type Entry, type Link } from './bundle.js'
import { settledAll, type Asker } from './chain-names.js'
import { accurateTotal, followedPage, followedTotal, type Each } from './chain-walk.js'
import { containedAsked, containedPage, containedSearched, containedText, containedTotal, type ContainedSearch, type Hit, type HitPlace } from './contained.js'
import { conditionsOfEach } from './conditions.js'
import { explanation, refuseToExplain } from './explain.js'
import { resourceTypeOf, type Answer, type Asked, type Handler } from './exchange.js'
import { included } from './include.js'
import { contextOf, knowing, refuseOutdated } from './search-context.js'
import { laidOut, one, versionText, wantedBy, type Wanted } from './representation.js'
import { isOurs, searchQuery, type SearchQuery } from './search-query.js'
import { commonParameters, isOfTypes, ofOneType, typesQuery, type TypesQuery } from './search-types.js'
import type { Server } from './server.js'

// An estimate is exact up to here, and left out beyond.
const MOST_ESTIMATED = 10_000

/** 200 with a Bundle of type searchset: of a type, or of several, among all resources or in a compartment. */
export const search: Handler = async (server, caller, asked) => await knowing(server, async context => await prepared(server, caller, asked, context)())

/** A search that is ready to run. Throws FhirError 400 for whatever of it can be refused without looking at data. */
export function searching (server: Server, caller: Caller, asked: Asked): () => Promise<Answer> {
  prepared(server, caller, asked, contextOf(server))
  return async () => await search(server, caller, asked)
}

function prepared (server: Server, caller: Caller, asked: Asked, context: SearchContext): () => Promise<Answer> {
  const wanted = wantedBy(asked, Object.keys(asked.query))
  const query = isOfTypes(asked) ? typesQuery(caller, asked, context) : ofOneType(searchQuery(resourceTypeOf(asked), asked.query, context))
  if (query.unknown.length > 0 && wanted.prefer.handling === 'strict') throw unknownParameter(query)
  const cursor = one(asked.query, '_cursor')
  const after: unknown = cursor === undefined ? undefined : JSON.parse(server.cursors.open(cursor, { caller, query: filterOf(asked, query) }))
  const contained = containedAsked(asked, query, wanted)
  const within = query.queries.map(({ type }) => asked.compartment === undefined ? [] : [inCompartment(type, asked.compartment)])
  const run = async (on: Server): Promise<Answer> => {
    if (query.unknown.length > 0) await refuseOutdated(on)
    const conditions = await conditionsOfEach(on, caller, query.queries, context)
    const [first, ...others] = query.queries
    const of = ({ type, order }: SearchQuery, place: number): OfType => ({ type, order, conditions: [...within[place] ?? [], ...conditions[place] ?? []] })
    if (contained !== undefined) {
      const settled = await settledAll({ server: on, caller, context }, conditions[0] ?? [])
      return await foundContained(on, caller, asked, { query, wanted, after: after as HitPlace | undefined, asked: contained, conditions: settled, context })
    }
    return await found(on, caller, asked, { context, query, wanted, after: after as Place | undefined, each: [of(first, 0), ...others.map((other, place) => of(other, place + 1))] })
  }
  if (query.explain) refuseToExplain(caller)
  return async () => query.explain ? await explanation(server, wanted, run) : await run(server)
}

interface Prepared { readonly context: SearchContext, readonly query: TypesQuery, readonly wanted: Wanted, readonly after: Place | undefined, readonly each: Each }

async function found (server: Server, caller: Caller, asked: Asked, { context, query, wanted, after, each }: Prepared): Promise<Answer> {
  const asker: Asker = { server, caller, context }
  if (wanted.summary === 'count' || query.count === 0) return await totalOnly(asker, asked, query, each, wanted)
  const [page, counted] = await Promise.all([followedPage(asker, each, after, query.count), countedTotal(asker, asked, query, each)])
  const { rows, more } = await included(server, caller, query, page.rows)
  const proven = after === undefined && page.next === undefined && query.total !== 'none' ? page.rows.length : undefined
  const total = counted ?? proven
  return {
    status: 200,
    contentType: wanted.contentType,
    body: laidOut(bundleText({
      type: 'searchset',
      ...(total !== undefined && { total }),
      links: linksOf(server, caller, asked, query, page),
      entries: [
        ...page.rows.map(row => entryOf(server.base, 'match', versionText(row, wanted), row)),
        ...rows.map(row => entryOf(server.base, 'include', versionText(row, wanted), row)),
        ...warnings(query, more)
      ]
    }), wanted),
    shown: [...page.rows, ...rows]
  }
}

interface PreparedContained extends Pick<ContainedSearch, 'asked' | 'conditions' | 'context'> { readonly query: TypesQuery, readonly wanted: Wanted, readonly after: HitPlace | undefined }

// https://hl7.org/fhir/R4/search.html#contained
async function foundContained (server: Server, caller: Caller, request: Asked, { query, wanted, after, asked, conditions, context }: PreparedContained): Promise<Answer> {
  const [{ type, criteria, order }] = query.queries
  const search: ContainedSearch = { type, asked, conditions, context, query: { order, count: query.count }, contained: await containedSearched(server, caller, { type, criteria }, context) }
  const counts = wanted.summary === 'count' || query.count === 0
  const counted = counts || query.total === 'accurate' ? await containedTotal(server, caller, search) : query.total === 'estimate' ? await containedTotal(server, caller, search, MOST_ESTIMATED) : undefined
  const { hits, next } = counts ? { hits: [], next: undefined } : await containedPage(server, caller, search, after)
  const matches = [...new Map(hits.map(({ row }) => [row.rid, row])).values()]
  const { rows, more } = await included(server, caller, query, matches)
  const total = counted ?? (after === undefined && next === undefined && query.total !== 'none' ? hits.length : undefined)
  const match = (hit: Hit): Entry => hit.place === 0 ? entryOf(server.base, 'match', versionText(hit.row, wanted), hit.row) : insideOf(server.base, hit)
  return {
    status: 200,
    contentType: wanted.contentType,
    body: laidOut(bundleText({
      type: 'searchset',
      ...(total !== undefined && { total }),
      links: linksOf(server, caller, request, query, { next }),
      entries: [...hits.map(match), ...rows.map(row => entryOf(server.base, 'include', versionText(row, wanted), row)), ...warnings(query, more)]
    }), wanted),
    shown: [...matches, ...rows]
  }
}

// By its container, and its id in that.
function insideOf (base: string, hit: Hit): Entry {
  const { id, text } = containedText(hit)
  return { fullUrl: `${base}/${hit.row.type}/${hit.row.id}${id === undefined ? '' : `#${id}`}`, resource: text, search: 'match' }
}

export function unknownParameter (query: TypesQuery): FhirError {
  const [{ type }, ...others] = query.queries
  const who = others.length === 0 ? `${type} has no such search parameter. It has` : 'not all types that are searched have such a parameter. They have'
  return invalid(`${query.unknown.join(', ')}: ${who} ${commonParameters(query).join(', ')}. With Prefer: handling=lenient what is not known is passed over.`)
}

export const entryOf = (base: string, search: 'match' | 'include', resource: string, { type, id }: { readonly type: string, readonly id: string }): Entry =>
  ({ fullUrl: `${base}/${type}/${id}`, resource, search })

// https://hl7.org/fhir/R4/search.html#total
async function countedTotal (asker: Asker, { compartment }: Asked, { total: asked }: TypesQuery, each: Each): Promise<number | undefined> {
  const ofOne = asked === undefined && (compartment?.type === 'Patient' || each.every(({ conditions }) => conditions.some(isOfOne)))
  if (asked === 'accurate') return await accurateTotal(asker, each)
  if (ofOne) return await followedTotal(asker, each)
  if (asked !== 'estimate') return undefined
  const total = await followedTotal(asker, each, MOST_ESTIMATED)
  return total === undefined || total > MOST_ESTIMATED ? undefined : total
}

// A patient's own, as by `subject`. Whom a chain has found is known by his surrogate, too: how many those are is not said by what was asked.
const isOfOne = (condition: Condition): boolean =>
  (condition.kind === 'owned' && condition.patients.length === 1 && condition.patients.every(({ owner }) => owner === undefined)) || (condition.kind === 'or' && condition.of.some(each => each.kind === 'owned') && condition.of.every(each => isOfOne(each) || (each.kind === 'tokens' && each.sparse)))

async function totalOnly (asker: Asker, asked: Asked, query: TypesQuery, each: Each, wanted: Wanted): Promise<Answer> {
  const total = await accurateTotal(asker, each)
  const links: readonly Link[] = [{ relation: 'self', url: urlOf(asker.server, asked, query) }]
  return { status: 200, contentType: wanted.contentType, body: laidOut(bundleText({ type: 'searchset', total, links, entries: warnings(query, []) }), wanted), shown: [] }
}

// What was not done is said where nobody who reads the entries can miss it.
export function warnings ({ queries, named, unknown }: TypesQuery, more: readonly string[]): Entry[] {
  const others = named ? queries.filter(({ type }) => hasOtherStore(type)) : []
  const issues: Issue[] = [
    ...others.map(({ type }): Issue => ({ severity: 'warning', code: 'incomplete', diagnostics: `${type} resources that the server makes itself are not searched yet: these are those that clients wrote` })),
    ...unknown.map((name): Issue => ({ severity: 'warning', code: 'not-supported', diagnostics: `${name} is no search parameter here and was passed over: there may be more results than were asked for` })),
    ...more.map((url): Issue => ({ severity: 'warning', code: 'incomplete', diagnostics: `there is more than was included: ${url}` }))
  ]
  return issues.length === 0 ? [] : [{ resource: JSON.stringify(outcome(issues)), search: 'outcome' }]
}

function linksOf (server: Server, caller: Caller, asked: Asked, query: TypesQuery, { next }: { readonly next: Place | HitPlace | undefined }): readonly Link[] {
  const self: Link = { relation: 'self', url: urlOf(server, asked, query, one(asked.query, '_cursor')) }
  if (next === undefined) return [self]
  const cursor = server.cursors.seal(JSON.stringify(next), { caller, query: filterOf(asked, query) })
  return [self, { relation: 'next', url: urlOf(server, asked, query, cursor) }]
}

// What a page link is bound to: the rows and their order, not their number or form, which the client may change as it goes.
const isOfForm = (name: string): boolean => isOurs(name) && !OF_ROWS.includes(name)
const OF_ROWS: readonly string[] = ['_sort', '_contained', '_containedType']
const filterOf = ({ type, compartment }: Asked, { used }: TypesQuery): string => JSON.stringify([compartment ?? null, type, used.filter(([name]) => !isOfForm(name))])

function urlOf (server: Server, { type, compartment }: Asked, { used }: TypesQuery, cursor?: string): string {
  const parameters = new URLSearchParams(used.map(([name, value]): [string, string] => [name, value]))
  if (cursor !== undefined) parameters.append('_cursor', cursor)
  const text = parameters.toString()
  const path = compartment === undefined ? type : `${compartment.type}/${compartment.id}/${type}`
  return `${server.base}${path === '' ? '' : `/${path}`}${text === '' ? '' : `?${text}`}`
}
