// The newest Observations of each code, decided and found in one pass over what is asked for. https://hl7.org/fhir/R4/observation-operation-lastn.html
import type { Caller } from '../../auth/caller.js'
import { BEGINNING, END } from '../../fhir/date-range.js'
import { hashText } from '../../store/binary.js'
import { KIND, paramOf } from '../../store/index/rows.js'
import type { Searches } from '../../store/pool.js'
import type { Condition } from '../../store/search/condition.js'
import { COLUMNS, versionRow, type RawRow, type VersionRow } from '../row.js'
import { matching, rowsOf } from './plan.js'
import { Statement } from './statement.js'

/** One of the newest among those with the same codings, or without any and with the same text. */
export interface Latest {
  readonly rid: string
  /** When it was: milliseconds; undefined where it does not say. */
  readonly at: number | undefined
  /** The tokens of its codings, each of a system and a code. */
  readonly codings: readonly string[]
  /** The text of its code, where there is no coding. */
  readonly words: string | null
}

// As a stored text continues the head that the server owns: what is before it here makes it JSON again.
const HEAD = '{"meta":{"head":0'

export type LatestRow = Latest & VersionRow

/**
 * Of the Observations that meet the conditions and that the caller may see, the `max` newest of each set of codings, and those that are as new
 * as the last of them; what has no time is older than all that has. At most `most` and one more.
 */
export async function searchLatest (db: Searches, caller: Caller, conditions: readonly Condition[], { max, most }: { readonly max: number, readonly most: number }): Promise<LatestRow[]> {
  const sql = new Statement(db, caller, 'the newest Observations of each code')
  const dictionary = sql.bind(hashText(...paramOf('Observation', 'code').terms), 'int8')
  const found = matching(sql, rowsOf('Observation'), conditions)
  const rows = await db.query<RawRow & Omit<Latest, 'at'> & { readonly at: string | null }>(sql.query(`
    with f as materialized (select m.rid, m.owner, m.tokens, case when not (m.dlo = ${BEGINNING} and m.dhi = ${END}) then m.dlo end as at from (${found}) m),
    g as materialized (
      select f.rid, f.owner, f.at,
        array(select t.token from karta.term t where t.key = ${dictionary} and t.token = any (f.tokens) and left(t.text, 1) = '${KIND.coding}' order by t.token) as codings
      from f),
    h as materialized (
      select g.*, case when cardinality(g.codings) = 0
        then (select ('${HEAD}' || n.body)::json -> 'code' ->> 'text' from karta.version n where n.owner = g.owner and n.rid = g.rid) end as words
      from g)
    select r.at, r.codings, r.words, ${COLUMNS}
    from (
      select r.* from (select h.*, rank() over (partition by h.codings, h.words order by h.at desc nulls last, case when h.at is null then h.rid end desc) as place from h) r
      where r.place <= ${sql.bind(max, 'int4')} limit ${most + 1}) r,
      lateral (select * from karta.version n where n.owner = r.owner and n.rid = r.rid offset 0) v`))
  return rows.map(row => ({ ...versionRow(row), codings: row.codings, words: row.words, at: row.at === null ? undefined : Number(row.at) }))
}
