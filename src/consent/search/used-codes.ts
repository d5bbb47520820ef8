// Which codes of a system are used at all: what the dictionary of terms knows. docs/decisions/0010-index-rows.md
// Of large sets of codes only these are asked for. Nothing of them is shown: what they find is decided row by row.
import { numbers, texts } from '../../store/binary.js'
import type { Reads } from '../../store/pool.js'
import { KIND } from '../../store/index/rows.js'

// Beyond this many it costs less to ask for all of a set.
const MOST = 20_000

/** The codes of each system under some keys of terms, in one statement; undefined of a system that has too many. */
export async function usedCodes (db: Pick<Reads, 'query'>, keys: readonly string[], systems: readonly string[]): Promise<ReadonlyArray<readonly string[] | undefined>> {
  if (systems.length === 0) return []
  const beginnings = systems.map(system => `${KIND.coding}${system}|`)
  // What of them stands in the index.
  const starts = beginnings.map(beginning => beginning.slice(0, 100))
  const rows = await db.query<{ readonly place: string, readonly codes: readonly string[] }>({
    name: 'used-codes',
    text: `
      select b.place, array(
        select substr(t.text, char_length(b.beginning) + 1) from karta.term t
        where t.key = any ($1::int8[]) and left(t.text, 200) >= b.start and left(t.text, 200) < b.finish and starts_with(t.text, b.beginning) limit ${MOST + 1}) as codes
      from unnest($2::text[], $3::text[], $4::text[]) with ordinality b(beginning, start, finish, place)`,
    values: [numbers(keys), texts(beginnings), texts(starts), texts(starts.map(start => `${start}\u{10ffff}`))]
  })
  const found = systems.map((): readonly string[] | undefined => undefined)
  for (const { place, codes } of rows) if (codes.length <= MOST) found[Number(place) - 1] = codes
  return found
}
