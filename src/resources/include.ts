// What comes along with what was found. https://hl7.org/fhir/R4/search.html#include
// Every included resource is decided for the caller, by the policy and by his scopes, as if he had asked for it.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { searchPage } from '../consent/search/page.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import { or, type Condition, type ResourceName } from '../store/search/condition.js'
import { type KnownParameters, partsIn } from '../store/search/known.js'
import { toResource } from '../store/search/reference.js'
import { referencesIn, type ResourceKey } from '../store/search/references.js'
import { versionText, WHOLE } from './representation.js'
import { NEWEST, type Include, type SearchQuery } from './search-query.js'
import type { Server } from './server.js'

export interface Included {
  readonly rows: readonly VersionRow[]
  /** Reverse includes of which there are more than are shown, as searches that lead on. */
  readonly more: readonly string[]
}

/** As many as one reverse include brings for a page. */
const MOST = 1000
const MOST_ROUNDS = 10
const MOST_ROWS = 5000

const nameOf = ({ type, id }: ResourceKey | VersionRow): string => `${type}/${id}`

/** What the includes of a query bring for these matches, each resource once and none of the matches again. */
export async function included (
  server: Server, caller: Caller, { includes, revincludes, parameters }: Pick<SearchQuery, 'includes' | 'revincludes' | 'parameters'>, matches: readonly VersionRow[]
): Promise<Included> {
  const known = new Set(matches.map(nameOf))
  const rows: VersionRow[] = []
  const more: string[] = []
  let latest = matches
  for (let round = 0; latest.length > 0; round++) {
    const due = (include: Include): boolean => round === 0 || include.iterate
    if (![...includes, ...revincludes].some(due)) break
    if (round === MOST_ROUNDS || rows.length > MOST_ROWS) {
      more.push(`what is included was followed for ${round} rounds and ${rows.length} resources: ask for the rest by searches of their own`)
      break
    }
    const [forward, back] = await Promise.all([
      referred(server, caller, parameters, includes.filter(due), latest, known),
      referring(server, caller, parameters, revincludes.filter(due), latest, more)
    ])
    const fresh = [...forward, ...back].filter(row => !row.deleted && !known.has(nameOf(row)) && known.add(nameOf(row)))
    rows.push(...fresh)
    latest = fresh
  }
  return { rows, more }
}

async function referred (
  server: Server, caller: Caller, parameters: KnownParameters, includes: readonly Include[], rows: readonly VersionRow[], known: ReadonlySet<string>
): Promise<VersionRow[]> {
  if (includes.length === 0) return []
  const keys = new Map<string, ResourceKey>()
  for (const row of rows) {
    const own = includes.filter(({ type }) => type === row.type)
    if (own.length === 0) continue
    const resource = JSON.parse(versionText(row, WHOLE)) as object
    for (const { type, code, target } of own) {
      for (const key of referencesIn(parameters, type, code, resource, server.base)) {
        if ((target === undefined || target === key.type) && !known.has(nameOf(key)) && allows(caller, key.type, 'read')) keys.set(nameOf(key), key)
      }
    }
  }
  const found = await readMany(server.readers, caller, [...keys.values()])
  return found.filter(row => row !== undefined)
}

async function referring (server: Server, caller: Caller, parameters: KnownParameters, revincludes: readonly Include[], rows: readonly VersionRow[], more: string[]): Promise<VersionRow[]> {
  const pages = await Promise.all(revincludes.filter(({ type }) => allows(caller, type, 'search-type')).map(async ({ type, code, target }) => {
    const about = rows.filter(row => (target === undefined || row.type === target) && parameters.of(type, code)?.target?.includes(row.type) !== false)
    const conditions = referringTo(parameters, type, code, about)
    if (conditions === undefined) return []
    const page = await searchPage(server.searches, caller, { type, conditions: [conditions], order: NEWEST, after: undefined, count: MOST })
    if (page.next !== undefined) more.push(`${type}?${code}=${about.map(nameOf).join(',')} leads on`)
    return page.rows
  }))
  return pages.flat()
}

/** That a resource of a type refers by a parameter to one of these; undefined where there are none. */
function referringTo (parameters: KnownParameters, type: string, code: string, rows: readonly VersionRow[]): Condition | undefined {
  const row = parameters.of(type, code)
  if (row === undefined) return undefined
  const ids = new Map<string, ResourceName[]>()
  for (const row of rows) ids.set(row.type, [...ids.get(row.type) ?? [], { id: row.id }])
  const conditions = [...ids].flatMap(([target, list]) => partsIn(type, row)
    .filter(({ only }) => only === undefined || only === target).map(part => toResource({ type, part }, target, list)))
  return conditions.length === 0 ? undefined : or(conditions)
}
