// Which of a few resources are referred to by one that meets conditions. https://hl7.org/fhir/R4/search.html#has
import type { Caller } from '../../auth/caller.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import { numbers } from '../../store/binary.js'
import { currentTable } from '../../store/current.js'
import type { Searches } from '../../store/pool.js'
import type { Condition } from '../../store/search/condition.js'
import { reachable, scoped } from '../scoped.js'
import { isOwned } from './plan.js'
import { predicate } from './predicate.js'
import { Statement } from './statement.js'

/**
 * The places of those that a resource of type `from` refers to that meets all of the conditions and that the caller may see. `tokens`: of each, those by which
 * it is referred to. Each is asked for itself, so that it costs the same however many others are referred to.
 */
export async function searchReferred (db: Searches, caller: Caller, from: ResourceType, conditions: readonly Condition[], tokens: ReadonlyArray<readonly string[]>): Promise<ReadonlySet<number>> {
  const keys = tokens.flatMap((each, place) => each.map(token => ({ place, token })))
  const sql = new Statement(db, caller, `which are referred to by ${from}`)
  const { name, only } = currentTable(from)
  const narrow = isOwned(from) ? reachable('t', caller.kind, sql.subject) : undefined
  const alias = sql.alias()
  const asked = [...conditions.map(each => predicate(sql, alias, each)), scoped(alias, caller.kind, sql.subject)].join(' and ')
  const rows = await db.query<{ readonly place: number }>(sql.query(`
    select distinct k.place from unnest(${sql.bind(numbers(keys.map(({ place }) => place)), 'int4[]')}, ${sql.bind(numbers(keys.map(({ token }) => token)), 'int8[]')}) k(place, token)
    where exists (select from (select * from ${name} t where t.tokens && array[k.token]${only === undefined ? '' : ` and t.${only}`}${narrow === undefined ? '' : ` and ${narrow}`} offset 0) ${alias}
      where ${asked})`))
  return new Set(rows.map(({ place }) => place))
}
