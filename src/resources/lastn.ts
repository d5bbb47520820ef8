// The last observations of somebody, so many of each code. https://hl7.org/fhir/R4/observation-operation-lastn.html
import type { Caller } from '../auth/caller.js'
import { searchLatest, type Latest } from '../consent/search/latest.js'
import { invalid, tooCostly } from '../fhir/outcome.js'
import type { Criterion } from '../fhir/search/parameter.js'
import type { SearchContext } from '../store/search/build.js'
import { bundleText } from './bundle.js'
import { conditionsOf } from './conditions.js'
import type { Answer, Asked, Handler } from './exchange.js'
import { included } from './include.js'
import { operationParameters } from './operation-parameters.js'
import { laidOut, one, versionText, wantedBy } from './representation.js'
import { entryOf, unknownParameter, warnings } from './search.js'
import { knowing, refuseOutdated } from './search-context.js'
import { searchQuery, type SearchQuery } from './search-query.js'
import { ofOneType } from './search-types.js'
import type { Server } from './server.js'

const MOST = 1000

// The operation has an order of its own, and is told whole.
const NOT_HERE = ['_sort', '_count', '_total', '_cursor', '_contained', '_containedType']

/** 200 with a Bundle of type searchset, newest first: of each group of codes that mean the same `max` Observations, and those that are as new as the last of them. */
export const lastn: Handler = async (server, caller, asked) => {
  const { max: given, ...query } = operationParameters(asked)
  const request = { ...asked, query }
  return await knowing(server, async context => await answered(server, caller, request, maxIn(one({ max: given }, 'max')), context))
}

async function answered (server: Server, caller: Caller, request: Asked, max: number, context: SearchContext): Promise<Answer> {
  const wanted = wantedBy(request, Object.keys(request.query))
  const foreign = Object.keys(request.query).find(name => NOT_HERE.includes(name))
  if (foreign !== undefined) throw invalid(`${foreign} is not asked of $lastn: it tells all that it finds, newest first`)
  const query = searchQuery('Observation', request.query, context)
  refuseManySubjects(query)
  if (query.unknown.length > 0 && wanted.prefer.handling === 'strict') throw unknownParameter(ofOneType(query))
  if (query.unknown.length > 0) await refuseOutdated(server)
  const conditions = await conditionsOf(server, caller, query, context)
  const found = await searchLatest(server.searches, caller, conditions, { max, most: MOST })
  if (found.length > MOST) throw tooCostly(`these are more than ${MOST} Observations: ask for fewer codes or a smaller max`)
  const latest = newestOf(found, max)
  const counts = wanted.summary === 'count'
  const matches = counts ? [] : latest
  const { rows, more } = await included(server, caller, query, matches)
  return {
    status: 200,
    contentType: wanted.contentType,
    body: laidOut(bundleText({
      type: 'searchset',
      total: latest.length,
      links: [{ relation: 'self', url: `${server.base}${request.path}?${String(new URLSearchParams([['max', String(max)], ...query.used.map(([name, value]): [string, string] => [name, value])]))}` }],
      entries: [
        ...matches.map(row => entryOf(server.base, 'match', versionText(row, wanted), row)),
        ...rows.map(row => entryOf(server.base, 'include', versionText(row, wanted), row)),
        ...warnings(ofOneType(query), more)
      ]
    }), wanted),
    shown: [...matches, ...rows],
    parameters: { max: String(max), ...request.query }
  }
}

function maxIn (max: string | undefined): number {
  if (max === undefined) return 1
  if (!/^[1-9][0-9]{0,8}$/.test(max)) throw invalid('max must be a whole number, 1 or more')
  return Number(max)
}

const isSubject = ({ code, steps, modifier }: Criterion): boolean => (code === 'subject' || code === 'patient') && steps.length === 0 && modifier !== 'missing'

// Observations of different people are never of one group.
function refuseManySubjects ({ criteria }: SearchQuery): void {
  if (!criteria.some(each => isSubject(each) && each.values.length === 1)) throw invalid('$lastn is of one subject: name it by patient=[id] or subject=Type/[id]')
}

/** The newest of each group, newest first. Codes mean the same that stand beside each other somewhere, and what means the same as those. */
export function newestOf<Found extends Latest> (found: readonly Found[], max: number): Found[] {
  const groups = new Map<string, Found[]>()
  const groupOf = groupsOf(found)
  for (const each of found) {
    const name = groupOf(each)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [each])
    else group.push(each)
  }
  return [...groups.values()].flatMap(group => {
    const sorted = group.sort(newestFirst)
    const last = sorted[max - 1]
    return last === undefined ? sorted : sorted.filter((each, place) => place < max || (each.at !== undefined && each.at === last.at))
  }).sort(newestFirst)
}

const newestFirst = (left: Latest, right: Latest): number =>
  (right.at ?? -Infinity) === (left.at ?? -Infinity) ? (BigInt(right.rid) > BigInt(left.rid) ? 1 : -1) : (right.at ?? -Infinity) - (left.at ?? -Infinity)

function groupsOf (found: readonly Latest[]): (each: Latest) => string {
  const parents = new Map<string, string>()
  const rootOf = (coding: string): string => {
    let root = coding
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    // Shorter for who asks next.
    for (let at = coding; at !== root;) {
      const next = parents.get(at) ?? root
      parents.set(at, root)
      at = next
    }
    return root
  }
  for (const { codings: [first = '', ...others] } of found) {
    for (const other of others) {
      const [one, two] = [rootOf(first), rootOf(other)]
      if (one !== two) parents.set(two, one)
    }
  }
  return ({ codings: [first], words }) => first === undefined ? `text ${words ?? ''}` : rootOf(first)
}
