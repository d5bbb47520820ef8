// A search among the resources of a type. https://hl7.org/fhir/R4/http.html#search
import type { Place } from '../consent/search/order.js'
import { searchPage, searchTotal, type SearchPage } from '../consent/search/page.js'
import type { Caller } from '../auth/caller.js'
import { hasOtherStore } from '../consent/stores.js'
import { invalid, notSupported, outcome, type Issue } from '../fhir/outcome.js'
import { inCompartment } from '../store/search/compartment.js'
import type { Condition } from '../store/search/condition.js'
import { bundleText, type Entry, type Link } from './bundle.js'
import { conditionsOf } from './chain.js'
import { resourceTypeOf, type Answer, type Asked, type Handler } from './exchange.js'
import { included } from './include.js'
import { laidOut, one, versionText, wantedBy, type Wanted } from './representation.js'
import { isOurs, parametersOf, searchQuery, type SearchQuery } from './search-query.js'
import type { Server } from './server.js'

// An estimate is exact up to here, and left out beyond.
const MOST_ESTIMATED = 10_000

/** 200 with a Bundle of type searchset. */
export const search: Handler = async (server, caller, asked) => await searching(server, caller, asked)()

/** A search that is ready to run. Throws FhirError 400 for whatever of it can be refused without looking at data. */
export function searching (server: Server, caller: Caller, asked: Asked): () => Promise<Answer> {
  const wanted = wantedBy(asked, Object.keys(asked.query))
  if (asked.type === '*') throw notSupported('a search of all types of a compartment is not supported yet: name one, such as Patient/x/Observation')
  const type = resourceTypeOf(asked)
  const context = { zone: server.zone, base: server.base, now: Date.now() }
  const query = searchQuery(type, asked.query, context)
  if (query.unknown.length > 0 && wanted.prefer.handling === 'strict') {
    throw invalid(`${query.unknown.join(', ')}: ${type} has no such search parameter. It has ${parametersOf(type).join(', ')}. With Prefer: handling=lenient what is not known is passed over.`)
  }
  const cursor = one(asked.query, '_cursor')
  const after = cursor === undefined ? undefined : JSON.parse(server.cursors.open(cursor, { caller, query: filterOf(asked, query) })) as Place
  const within = asked.compartment === undefined ? [] : [inCompartment(type, asked.compartment)]
  return async () => await found(server, caller, asked, { query, wanted, after, conditions: [...within, ...await conditionsOf(server, caller, query, context)] })
}

interface Prepared { readonly query: SearchQuery, readonly wanted: Wanted, readonly after: Place | undefined, readonly conditions: readonly Condition[] }

async function found (server: Server, caller: Caller, asked: Asked, { query, wanted, after, conditions }: Prepared): Promise<Answer> {
  if (wanted.summary === 'count' || query.count === 0) return await totalOnly(server, caller, asked, query, conditions, wanted)
  const [page, counted] = await Promise.all([
    searchPage(server.searches, caller, { ...query, conditions, after }),
    countedTotal(server, caller, query, conditions)
  ])
  const whole = { ...wanted, summary: 'false', elements: undefined } as const
  const { rows, more } = await included(server, caller, query, page.rows, whole)
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

const entryOf = (base: string, search: 'match' | 'include', resource: string, { type, id }: { readonly type: string, readonly id: string }): Entry =>
  ({ fullUrl: `${base}/${type}/${id}`, resource, search })

// https://hl7.org/fhir/R4/search.html#total
async function countedTotal ({ searches }: Server, caller: Caller, { type, total: asked }: SearchQuery, conditions: readonly Condition[]): Promise<number | undefined> {
  const ofOne = asked === undefined && conditions.some(isOfOne)
  if (asked === 'accurate' || ofOne) return await searchTotal(searches, caller, { type, conditions })
  if (asked !== 'estimate') return undefined
  const total = await searchTotal(searches, caller, { type, conditions }, MOST_ESTIMATED)
  return total > MOST_ESTIMATED ? undefined : total
}

// A patient's own, as by `subject` or by his compartment.
const isOfOne = (condition: Condition): boolean =>
  (condition.kind === 'owned' && condition.patients.length === 1) || (condition.kind === 'or' && condition.of.some(each => each.kind === 'owned') && condition.of.every(each => isOfOne(each) || (each.kind === 'tokens' && each.sparse)))

async function totalOnly (server: Server, caller: Caller, asked: Asked, query: SearchQuery, conditions: readonly Condition[], wanted: Wanted): Promise<Answer> {
  const total = await searchTotal(server.searches, caller, { type: query.type, conditions })
  const links: readonly Link[] = [{ relation: 'self', url: urlOf(server, asked, query) }]
  return { status: 200, contentType: wanted.contentType, body: laidOut(bundleText({ type: 'searchset', total, links, entries: warnings(query, []) }), wanted), shown: [] }
}

// What was not done is said where nobody who reads the entries can miss it.
function warnings ({ type, unknown }: SearchQuery, more: readonly string[]): Entry[] {
  const issues: Issue[] = [
    ...(hasOtherStore(type) ? [{ severity: 'warning', code: 'incomplete', diagnostics: `${type} resources that the server makes itself are not searched yet: these are those that clients wrote` } as const] : []),
    ...unknown.map((name): Issue => ({ severity: 'warning', code: 'not-supported', diagnostics: `${name} is no search parameter here and was passed over: there may be more results than were asked for` })),
    ...more.map((url): Issue => ({ severity: 'warning', code: 'incomplete', diagnostics: `there is more than was included: ${url}` }))
  ]
  return issues.length === 0 ? [] : [{ resource: JSON.stringify(outcome(issues)), search: 'outcome' }]
}

function linksOf (server: Server, caller: Caller, asked: Asked, query: SearchQuery, { next }: SearchPage): readonly Link[] {
  const self: Link = { relation: 'self', url: urlOf(server, asked, query, one(asked.query, '_cursor')) }
  if (next === undefined) return [self]
  const cursor = server.cursors.seal(JSON.stringify(next), { caller, query: filterOf(asked, query) })
  return [self, { relation: 'next', url: urlOf(server, asked, query, cursor) }]
}

// What a page link is bound to: the rows and their order, not their number or form, which the client may change as it goes.
const isOfForm = (name: string): boolean => isOurs(name) && name !== '_sort'
const filterOf = ({ type, compartment }: Asked, { used }: SearchQuery): string => JSON.stringify([compartment ?? null, type, used.filter(([name]) => !isOfForm(name))])

function urlOf (server: Server, { type, compartment }: Asked, { used }: SearchQuery, cursor?: string): string {
  const parameters = new URLSearchParams(used.map(([name, value]): [string, string] => [name, value]))
  if (cursor !== undefined) parameters.append('_cursor', cursor)
  const text = parameters.toString()
  const path = compartment === undefined ? type : `${compartment.type}/${compartment.id}/${type}`
  return `${server.base}/${path}${text === '' ? '' : `?${text}`}`
}
