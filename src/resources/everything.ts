// All that is known of a patient, or of an encounter, as one Bundle that is made while it is sent.
// https://hl7.org/fhir/R4/patient-operation-everything.html https://hl7.org/fhir/R4/encounter-operation-everything.html
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { searchPage } from '../consent/search/page.js'
import { readCurrent, type VersionRow } from '../consent/visible.js'
import { BEGINNING, dateRange, END } from '../fhir/date-range.js'
import { instantOf, spanOf } from '../fhir/instant.js'
import { forbidden, gone, invalid, notFound, notSupported, tooCostly } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { isResourceType, RESOURCE_TYPES, type ResourceType } from '../fhir/resource-types.js'
import { ridAt } from '../store/rid.js'
import { BEGINNING_OF_CHART, listOf, NOTHING_LISTED, type Chart, type ChartPlace } from './chart.js'
import { chartBundle, type ChartText } from './chart-bundle.js'
import { queryText, type Answer, type Asked, type Handler, type Query } from './exchange.js'
import { operationParameters } from './operation-parameters.js'
import { one, wantedBy } from './representation.js'
import { NEWEST } from './search-query.js'
import type { Server } from './server.js'

const OF_ENCOUNTER = ['_since', '_type', '_count', '_cursor']
const OF_PATIENT = ['start', 'end', ...OF_ENCOUNTER]
const MOST = 1000
// As many patients' charts as one answer holds.
const MOST_PATIENTS = 100

/** 200 with a Bundle of type searchset; 404 for whom there is not, or who is not to be seen; 410 for who was deleted. Without an id: of all Patients that the caller may see. */
export const everything: Handler = async (server, caller, asked) => {
  const parameters = operationParameters(asked, asked.type === 'Patient' ? OF_PATIENT : OF_ENCOUNTER)
  const request = { ...asked, query: parameters }
  const wanted = wantedBy(request, OF_PATIENT)
  if (wanted.summary === 'count') throw notSupported('_summary=count is not offered of $everything: what it holds is counted as it is told')
  const filter = filterIn(server, caller, parameters)
  const count = countIn(one(parameters, '_count'))
  const cursor = one(parameters, '_cursor')
  const place = cursor === undefined ? BEGINNING_OF_CHART : JSON.parse(server.cursors.open(cursor, { caller, query: boundTo(request) })) as ChartPlace
  const found = await subjectsOf(server, caller, asked)
  if ('answer' in found) return found.answer
  const chart: Chart = { subjects: found.rows, filter: filter.of }
  const subjects = found.rows.filter(({ type }) => filter.outside.some(each => each === type))
  const first = subjects.slice(place.told, count === undefined ? undefined : place.told + count)
  const behind = { ...place, told: place.told + first.length }
  const listing = behind.told < subjects.length
    ? Promise.resolve({ list: NOTHING_LISTED, next: behind })
    : listOf(server, caller, chart, behind, count === undefined ? undefined : count - first.length)
  // It is waited for when the beginning is on its way.
  listing.catch(() => {})
  const text: ChartText = {
    server,
    caller,
    chart,
    wanted,
    outside: filter.outside,
    about: { interaction: 'operation', type: asked.type, query: queryText(parameters) },
    linksTo: next => [
      { relation: 'self' as const, url: urlOf(server, request, cursor) },
      ...(next === undefined ? [] : [{ relation: 'next' as const, url: urlOf(server, request, server.cursors.seal(JSON.stringify(next), { caller, query: boundTo(request) })) }])
    ],
    isWhole: cursor === undefined
  }
  return { status: 200, contentType: wanted.contentType, body: chartBundle(text, first, listing), shown: first, parameters }
}

async function subjectsOf (server: Server, caller: Caller, asked: Asked): Promise<{ readonly rows: readonly VersionRow[] } | { readonly answer: Answer }> {
  if (asked.id === '') return { rows: await patientsOf(server, caller) }
  const row = isId(asked.id) ? await readCurrent(server.readers, caller, asked.type, asked.id) : undefined
  if (row === undefined) throw notFound(asked.type, asked.id)
  return row.deleted ? { answer: { status: 410, rid: row.rid, shown: [row], refusal: gone(asked.type, asked.id) } } : { rows: [row] }
}

// What is bounded is told; the records of many are for $export.
async function patientsOf ({ searches }: Server, caller: Caller): Promise<readonly VersionRow[]> {
  const { rows, next } = await searchPage(searches, caller, { type: 'Patient', conditions: [], order: NEWEST, after: undefined, count: MOST_PATIENTS })
  if (next !== undefined) throw tooCostly(`there are more than ${MOST_PATIENTS} Patients whose records you may see: ask for one of them, Patient/[id]/$everything`)
  return [...rows].sort((a, b) => BigInt(a.owner) < BigInt(b.owner) ? -1 : 1)
}

function filterIn ({ zone }: Server, caller: Caller, parameters: Query): { readonly of: Chart['filter'], readonly outside: readonly ResourceType[] } {
  const named = parameters['_type'] === undefined ? undefined : [parameters['_type']].flat().flatMap(value => value.split(',')).map(typeIn)
  const missing = named?.find(type => !allows(caller, type, 'search-type'))
  if (missing !== undefined) throw forbidden(`the token's scope does not cover a search of ${missing}`)
  const since = one(parameters, '_since')
  const moment = since === undefined ? undefined : instantOf(since)
  if (since !== undefined && moment === undefined) throw invalid('_since must be an instant, such as 2026-11-22T10:00:00Z')
  const outside = named ?? RESOURCE_TYPES
  const types = outside.filter(type => allows(caller, type, 'search-type'))
  return {
    of: {
      types: types.length === RESOURCE_TYPES.length ? undefined : types,
      since: moment === undefined ? '0' : ridAt(moment),
      from: dateIn(parameters, 'start', zone)?.[0] ?? BEGINNING,
      before: dateIn(parameters, 'end', zone)?.[1] ?? END
    },
    outside
  }
}

function typeIn (name: string): ResourceType {
  if (!isResourceType(name)) throw invalid(`_type: ${JSON.stringify(name)} is not a resource type of R4`)
  return name
}

function dateIn (parameters: Query, name: 'start' | 'end', zone: string): readonly [from: number, before: number] | undefined {
  const text = one(parameters, name)
  if (text === undefined) return undefined
  const range = spanOf(text) === undefined ? undefined : dateRange(text.replace(' ', '+'), zone)
  if (range === undefined) throw invalid(`${name} must be a date, such as 2026-11-22`)
  return range
}

function countIn (count: string | undefined): number | undefined {
  if (count === undefined) return undefined
  if (!/^[1-9][0-9]{0,8}$/.test(count)) throw invalid('_count must be a whole number, 1 or more')
  return Math.min(Number(count), MOST)
}

// What a page link is bound to: the chart, not the number or form of what is told of it.
const boundTo = ({ path, query }: Asked): string => JSON.stringify([path, ...['start', 'end', '_since', '_type'].map(name => query[name] ?? null)])

function urlOf ({ base }: Server, { path, query: { _cursor: _, _count: count, ...query } }: Asked, cursor: string | undefined): string {
  const parameters = queryText({ ...query, ...(count !== undefined && { _count: String(countIn(String(count))) }), ...(cursor !== undefined && { _cursor: cursor }) })
  return `${base}${path}${parameters === '' ? '' : `?${parameters}`}`
}
