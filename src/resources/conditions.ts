// All that a query asks of the resources, for one caller. https://hl7.org/fhir/R4/search.html
import type { Caller } from '../auth/caller.js'
import type { Criterion } from '../fhir/search/parameter.js'
import type { SearchContext } from '../store/search/build.js'
import type { Condition } from '../store/search/condition.js'
import { joinedFamilies, ofFamily } from '../store/search/joined.js'
import { generalParameters } from '../store/search/known.js'
import { resolved, wayFor } from './chain.js'
import { settledAll } from './chain-names.js'
import { filtered } from './filter.js'
import type { SearchQuery } from './search-query.js'
import type { TypesQuery } from './search-types.js'
import type { Server } from './server.js'

type Resolver = (query: SearchQuery) => Promise<readonly Condition[]>

/**
 * The conditions of a query, its chains and filters resolved. Throws FhirError 400 where a chain leads over too many resources or a filter asks what there is
 * not, 403 where a scope is missing.
 */
export const conditionsOf = async (server: Server, caller: Caller, query: SearchQuery, context: SearchContext): Promise<readonly Condition[]> =>
  await resolver(server, caller, context)(query)

/** The same for many queries, which together may take no more steps than one. */
export function resolver (server: Server, caller: Caller, context: SearchContext): Resolver {
  const resolve = linkedResolver(server, caller, context)
  return async query => await settledAll({ server, caller, context }, await resolve(query))
}

function linkedResolver (server: Server, caller: Caller, context: SearchContext): Resolver {
  const way = wayFor(server, caller, context)
  return async ({ type, criteria, filters }) =>
    await Promise.all([...criteria.map(async each => joined(type, criteria, each, await resolved(way, type, each))), ...filters.map(async each => await filtered(way, type, each))])
}

// A quantity of one code is looked for among those of that code only.
function joined (type: string, criteria: readonly Criterion[], { code, steps, modifier }: Criterion, condition: Condition): Condition {
  const [family, ...more] = steps.length === 0 && modifier === undefined ? joinedFamilies(type, criteria, code) ?? [] : []
  return family === undefined || more.length > 0 ? condition : ofFamily(condition, family)
}

/**
 * The conditions of each of several types, with links where a chain leads over many: for a page of them, or their number (chain-walk.ts). What is asked of all
 * types alike stands with the first query only.
 */
export async function conditionsOfEach (server: Server, caller: Caller, queries: TypesQuery['queries'], context: SearchContext): Promise<ReadonlyArray<readonly Condition[]>> {
  const resolve = linkedResolver(server, caller, context)
  const [{ criteria, ...first }] = queries
  const general = await resolve({ ...first, filters: [], criteria: criteria.filter(isGeneral) })
  return await Promise.all(queries.map(async query => [...general.map(ofAnyType), ...await resolve({ ...query, criteria: query.criteria.filter(each => !isGeneral(each)) })]))
}

const isGeneral = ({ code, steps }: Criterion): boolean => steps.length === 0 && generalParameters().includes(code)

const ofAnyType = (condition: Condition): Condition => condition.kind === 'ids' ? { ...condition, type: undefined } : condition
