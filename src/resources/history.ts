// The versions of a resource, of a type, of all. https://hl7.org/fhir/R4/http.html#history
import { readHistory } from '../consent/history.js'
import { readCurrent, type HistoryPage, type HistoryQuery } from '../consent/visible.js'
import type { Caller } from '../auth/caller.js'
import { instantOf, spanOf } from '../fhir/instant.js'
import { invalid, notFound, notSupported } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { bundleText, type Entry, type Link } from './bundle.js'
import type { Answer, Asked, Handler } from './exchange.js'
import { laidOut, one, versionText, wantedBy, type Wanted } from './representation.js'
import type { Server } from './server.js'

const HISTORY_PARAMETERS = ['_since', '_at', '_count', '_cursor']

const DEFAULT_COUNT = 50
const MOST = 1000

/** 200 with a Bundle of versions, newest first; 404 for the history of a resource that there is not, or not to be seen. */
export const history: Handler = async (server, caller, asked) => {
  const wanted = wantedBy(asked, HISTORY_PARAMETERS)
  // It would narrow the answer: not even a lenient client wants more than it asked for.
  if (asked.query._list !== undefined) throw notSupported('_list is not supported yet')
  if (asked.id !== '' && !isId(asked.id)) throw notFound(asked.type, asked.id)
  const query = queryOf(server, caller, asked)
  const onlyTotal = wanted.summary === 'count' || query.count === 0
  const page = await readHistory(server.readers, caller, onlyTotal ? { ...query, count: 1 } : query)
  if (page.rows.length === 0 && asked.id !== '') await refuseUnseen(server, caller, asked)
  if (onlyTotal) return totalOnly(server, asked, wanted, page)
  const links = linksOf(server, caller, asked, page)
  const entries = page.rows.map(row => entryOf(server.base, row, wanted))
  const { total } = page
  return {
    status: 200,
    contentType: wanted.contentType,
    body: laidOut(bundleText({ type: 'history', links, entries, ...(total !== undefined && { total }) }), wanted),
    shown: page.rows
  }
}

function queryOf ({ cursors }: Server, caller: Caller, asked: Asked): HistoryQuery {
  const { type, id, query } = asked
  const since = instantIn(one(query, '_since'))
  const at = spanIn(one(query, '_at'))
  const cursor = one(query, '_cursor')
  return {
    count: countIn(one(query, '_count')),
    ...(type !== '' && { type }),
    ...(id !== '' && { id }),
    ...(since !== undefined && { since }),
    ...(at !== undefined && { at }),
    ...(cursor !== undefined && { before: cursors.open(cursor, { caller, query: filterOf(asked) }) })
  }
}

function instantIn (since: string | undefined): number | undefined {
  if (since === undefined) return undefined
  const milliseconds = instantOf(since)
  if (milliseconds === undefined) throw invalid('_since must be an instant, such as 2026-11-22T10:00:00Z')
  return milliseconds
}

function spanIn (at: string | undefined): readonly [number, number] | undefined {
  if (at === undefined) return undefined
  const span = spanOf(at)
  if (span === undefined) throw invalid('_at must be a date, a dateTime or an instant, such as 2026-11-22')
  return span
}

function countIn (count: string | undefined): number {
  if (count === undefined) return DEFAULT_COUNT
  if (!/^[0-9]{1,9}$/.test(count)) throw invalid('_count must be a whole number, 0 or more')
  return Math.min(Number(count), MOST)
}

// An empty page says 404 only where the resource is not to be seen at all.
async function refuseUnseen ({ readers }: Server, caller: Caller, { type, id }: Asked): Promise<void> {
  if (await readCurrent(readers, caller, type, id) === undefined) throw notFound(type, id)
}

function totalOnly (server: Server, asked: Asked, wanted: Wanted, { total }: HistoryPage): Answer {
  // To count all versions of a type is a walk over all of them.
  if (total === undefined) throw notSupported('a total is known for the history of one resource only')
  const links: readonly Link[] = [{ relation: 'self', url: urlOf(server, asked, asked.query._cursor) }]
  return { status: 200, contentType: wanted.contentType, body: laidOut(bundleText({ type: 'history', total, links, entries: [] }), wanted), shown: [] }
}

const STATUS = { POST: '201 Created', PUT: '200 OK', DELETE: '204 No Content' }

function entryOf (base: string, row: HistoryPage['rows'][number], wanted: Wanted): Entry {
  const { type, id, rid, method, deleted } = row
  return {
    fullUrl: `${base}/${type}/${id}`,
    ...(!deleted && { resource: versionText(row, wanted) }),
    request: { method, url: method === 'POST' ? type : `${type}/${id}` },
    response: { status: STATUS[method], rid }
  }
}

function linksOf (server: Server, caller: Caller, asked: Asked, { rows, more }: HistoryPage): readonly Link[] {
  const self: Link = { relation: 'self', url: urlOf(server, asked, asked.query._cursor) }
  const last = rows.at(-1)
  if (!more || last === undefined) return [self]
  const cursor = server.cursors.seal(last.rid, { caller, query: filterOf(asked) })
  return [self, { relation: 'next', url: urlOf(server, asked, cursor) }]
}

// What a page link is bound to: the rows, not their number or form, which the client may change as it goes.
const filterOf = ({ path, query }: Asked): string => JSON.stringify([path, query._since ?? null, query._at ?? null])

function urlOf (server: Server, { path, query }: Asked, cursor: string | string[] | undefined): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (name !== '_cursor' && typeof value === 'string') parameters.append(name, value)
  }
  if (typeof cursor === 'string') parameters.append('_cursor', cursor)
  const text = parameters.toString()
  return `${server.base}${path}${text === '' ? '' : `?${text}`}`
}
