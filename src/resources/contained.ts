// `_contained` and `_containedType`: resources that others contain. https://hl7.org/fhir/R4/search.html#contained
// docs/decisions/0018-search.md
//
// The index says which resources may contain one that meets all that is asked; each of these is looked at. So a page looks at a bounded number of
// them, and one that has not found enough in it leads on to the next.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { searchPage, searchTotal } from '../consent/search/page.js'
import { searchSeveral } from '../consent/search/several.js'
import type { VersionRow } from '../consent/visible.js'
import type { JsonObject } from '../fhir/json-value.js'
import { invalid, tooCostly } from '../fhir/outcome.js'
import { numberOf, RESOURCE_TYPES, type ResourceType } from '../fhir/resource-types.js'
import { memberOf, parseTree, treeText } from '../fhir/text/tree.js'
import type { SearchContext } from '../store/search/build.js'
import type { Condition } from '../store/search/condition.js'
import { containedConditions, containedIn, type ContainedConditions } from '../store/search/contained.js'
import { wayFor } from './chain.js'
import type { Asked } from './exchange.js'
import { one, versionText, WHOLE, type Wanted } from './representation.js'
import type { SearchQuery } from './search-query.js'
import { isOfTypes, type TypesQuery } from './search-types.js'
import type { Server } from './server.js'

/** `as`: what is returned of a match. */
export interface ContainedAsked { readonly which: 'true' | 'both', readonly as: 'container' | 'contained' }

/** What is asked of contained resources; undefined: nothing. Throws FhirError 400 for what is not asked together with it. */
export function containedAsked (asked: Asked, query: TypesQuery, wanted: Wanted): ContainedAsked | undefined {
  const [which, as] = [one(asked.query, '_contained') ?? 'false', one(asked.query, '_containedType') ?? 'container']
  if (which !== 'true' && which !== 'false' && which !== 'both') throw invalid(`_contained=${which} is none of true, false, both`)
  if (as !== 'container' && as !== 'contained') throw invalid(`_containedType=${as} is neither container nor contained`)
  if (which === 'false') return undefined
  const [{ order, filters }] = query.queries
  const with_ = `_contained=${which}`
  if (isOfTypes(asked) || asked.compartment !== undefined) throw invalid(`${with_} is asked of one type, and in no compartment`)
  if (filters.length > 0) throw invalid(`${with_} is not asked together with _filter`)
  if (order.length !== 1 || order[0]?.by !== 'updated') throw invalid(`${with_} is sorted by _lastUpdated, or -_lastUpdated, of what is stored`)
  if (as === 'container') return { which, as }
  if (query.includes.length + query.revincludes.length > 0) throw invalid('_containedType=contained is not asked together with _include or _revinclude')
  if (wanted.elements !== undefined || (wanted.summary !== 'false' && wanted.summary !== 'count')) throw invalid('_containedType=contained is not asked together with _elements or _summary: contained resources are given whole')
  return { which, as }
}

/** One that was found: a resource that is stored (0), or the so many-th that it contains. */
export interface Hit { readonly row: VersionRow, readonly place: number }

/** Behind which hit a page begins. */
export interface HitPlace { readonly rid: string, readonly place: number }

export interface ContainedSearch {
  readonly type: ResourceType
  readonly asked: ContainedAsked
  readonly contained: ContainedConditions
  /** What is asked of resources that are not contained. */
  readonly conditions: readonly Condition[]
  readonly query: Pick<SearchQuery, 'order' | 'count'>
  readonly context: SearchContext
}

/** What the criteria ask of contained resources. Throws FhirError 400 for what is not asked of them. */
export async function containedSearched (server: Server, caller: Caller, { type, criteria }: Pick<SearchQuery, 'type' | 'criteria'>, context: SearchContext): Promise<ContainedConditions> {
  const { terminology } = wayFor(server, caller, context)
  return await containedConditions(type, criteria, async (name, criterion) => await terminology.contextOf(name, criterion, context))
}

// Candidates that are read at once, that a page looks at, and that are counted.
const CHUNK = 250
const MOST_READ = 2000
const MOST_COUNTED = 20_000

/** One page, and where the next begins. A page may hold fewer than asked, or nothing, and lead on. */
export async function containedPage (server: Server, caller: Caller, search: ContainedSearch, after: HitPlace | undefined): Promise<{ readonly hits: readonly Hit[], readonly next: HitPlace | undefined }> {
  const { query: { order, count }, asked } = search
  const descending = order[0]?.descending ?? true
  const [inside, own] = await Promise.all([
    containedHits(server, caller, search, after),
    asked.which === 'both' ? searchPage(server.searches, caller, { type: search.type, conditions: search.conditions, order, after: after === undefined ? undefined : [after.rid], count: count + 1 }) : { rows: [], next: undefined }
  ])
  const { end } = inside
  const within = (hit: Hit): boolean => end === undefined || isNotBehind(hit.row.rid, end, descending)
  const all = distinct([...own.rows.map((row): Hit => ({ row, place: 0 })), ...inside.hits]).filter(within).sort((left, right) => compare(left, right, descending))
  const hits = all.slice(0, count)
  const last = hits.at(-1)
  if (all.length > count && last !== undefined) return { hits, next: { rid: last.row.rid, place: last.place } }
  return { hits, next: end === undefined ? undefined : { rid: end, place: Number.MAX_SAFE_INTEGER } }
}

// As many as a page needs and one more; `end`: the last candidate that was looked at, where there are more of them.
async function containedHits (server: Server, caller: Caller, search: ContainedSearch, after: HitPlace | undefined): Promise<{ readonly hits: readonly Hit[], readonly end: string | undefined }> {
  const { query: { order, count } } = search
  const descending = order[0]?.descending ?? true
  const hits: Hit[] = []
  // What the last page ended in may contain more.
  let place = after === undefined ? undefined : [String(BigInt(after.rid) + (descending ? 1n : -1n))]
  // Most of them are matches, as a rule; where they are not, more are read at once.
  let size = Math.min(CHUNK, count + 1)
  for (let read = 0; ; size = Math.min(CHUNK, size * 2)) {
    const page = await candidates(server, caller, search, place, size)
    read += page.rows.length
    for (const row of page.rows) hits.push(...hitsIn(row, search).filter(hit => after === undefined || row.rid !== after.rid || hit.place > after.place))
    if (page.next === undefined) return { hits, end: undefined }
    if (hits.length > count || read >= MOST_READ) return { hits, end: page.rows.at(-1)?.rid }
    place = [...page.next].map(String)
  }
}

const candidates = async ({ searches }: Server, caller: Caller, { contained: { rows }, query: { order } }: ContainedSearch, after: readonly string[] | undefined, count: number): ReturnType<typeof searchSeveral> =>
  await searchSeveral(searches, caller, {
    // Parts of what the caller's scopes leave out are left out with it.
    each: RESOURCE_TYPES.filter(type => allows(caller, type, 'search-type')).map(type => ({ type, conditions: rows, order })), after, count
  })

function hitsIn (row: VersionRow, { type, asked, contained: { own }, context }: ContainedSearch): Hit[] {
  const places = containedIn(JSON.parse(versionText(row, WHOLE)) as JsonObject, type, own, context)
  if (asked.as === 'contained') return places.map(place => ({ row, place }))
  return places.length === 0 ? [] : [{ row, place: 0 }]
}

const distinct = (hits: readonly Hit[]): Hit[] => [...new Map(hits.map(hit => [`${hit.row.rid} ${hit.place}`, hit])).values()]

function compare (left: Hit, right: Hit, descending: boolean): number {
  const [first, second] = [BigInt(left.row.rid), BigInt(right.row.rid)]
  if (first === second) return left.place - right.place
  return (first < second) === descending ? 1 : -1
}

const isNotBehind = (rid: string, end: string, descending: boolean): boolean => descending ? BigInt(rid) >= BigInt(end) : BigInt(rid) <= BigInt(end)

/** How many there are; undefined: more than `most`. Throws FhirError 400 where too many had to be looked at to tell. */
export async function containedTotal (server: Server, caller: Caller, search: ContainedSearch, most?: number): Promise<number | undefined> {
  const { type, asked, conditions } = search
  let [place, read, total]: [readonly string[] | undefined, number, number] = [undefined, 0, 0]
  const containers: string[] = []
  do {
    const page: Awaited<ReturnType<typeof candidates>> = await candidates(server, caller, search, place, CHUNK)
    for (const row of page.rows) {
      const found = hitsIn(row, search).length
      total += found
      if (found > 0 && row.type === type) containers.push(row.id)
    }
    read += page.rows.length
    place = page.next?.map(String)
    if (place !== undefined && read >= (most ?? MOST_COUNTED)) {
      if (most !== undefined) return undefined
      throw tooCostly(`more than ${MOST_COUNTED} resources may contain what is asked for: ask something narrower, or without a total`)
    }
  } while (place !== undefined)
  if (asked.which === 'both') {
    total += await searchTotal(server.searches, caller, { type, conditions })
    // A container that is a match itself is one entry.
    if (asked.as === 'container' && containers.length > 0) total -= await searchTotal(server.searches, caller, { type, conditions: [...conditions, { kind: 'ids', type: numberOf(type), ids: containers }] })
  }
  return most !== undefined && total > most ? undefined : total
}

/** The text of a contained resource, its tokens as they are stored, and its id. */
export function containedText ({ row, place }: Hit): { readonly id: string | undefined, readonly text: string } {
  const tree = parseTree(versionText(row, WHOLE))
  const contained = tree.kind === 'object' ? memberOf(tree, 'contained')?.tree : undefined
  const item = contained?.kind === 'array' ? contained.items[place - 1] : undefined
  if (item?.kind !== 'object') throw new RangeError('what was found is there')
  const id = memberOf(item, 'id')?.tree
  return { id: id?.kind === 'leaf' ? String(id.value) : undefined, text: treeText(item) }
}
