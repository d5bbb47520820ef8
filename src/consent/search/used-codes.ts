// Which codes of a system are used at all: what the dictionary of terms knows. docs/decisions/0010-index-rows.md
// Of large sets of codes only these are asked for. Nothing of them is shown: what they find is decided row by row.
import { numbers } from '../../store/binary.js'
import type { Reads } from '../../store/pool.js'
import { KIND } from '../../store/index/rows.js'

// Beyond this many it costs less to ask for all of a set.
const MOST = 20_000

/** The codes of a system under some keys of terms; undefined where there are too many. */
export async function usedCodes (db: Pick<Reads, 'query'>, keys: readonly string[], system: string): Promise<readonly string[] | undefined> {
  const beginning = `${KIND.coding}${system}|`
  // What of it stands in the index.
  const start = beginning.slice(0, 100)
  const rows = await db.query<{ readonly code: string }>({
    name: 'used-codes',
    text: `
      select substr(t.text, char_length($2::text) + 1) as code from unnest($1::int8[]) k(key),
        lateral (select t.text from karta.term t where t.key = k.key and left(t.text, 200) >= $3::text and left(t.text, 200) < $4::text and starts_with(t.text, $2::text) limit ${MOST + 1}) t`,
    values: [numbers(keys), beginning, start, `${start}\u{10ffff}`]
  })
  return rows.length > MOST ? undefined : rows.map(({ code }) => code)
}
