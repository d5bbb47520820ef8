// How many current rows carry a token, as PostgreSQL's own analysis of a table tells. It decides only which way is taken to the same
// answer: without an analysis, or with one that is out of date, nothing is known and a search finds out while it runs.
// https://www.postgresql.org/docs/15/view-pg-stats.html docs/decisions/0018-search.md
import type pg from 'pg'

/** What is known of one table. */
export interface Density {
  readonly rows: number
  /** The share of the rows that carry one of these tokens (decimal texts of int8), at most 1. */
  readonly share: (tokens: readonly string[]) => number
}

interface Analysed { readonly name: string, readonly rows: number, readonly tokens: readonly string[] | null, readonly shares: readonly number[] | null }

// A table that has changed by more than a fifth since it was analysed is not believed.
const ANALYSED = `
  select 'karta.' || c.relname as name, c.reltuples::float8 as rows, s.most_common_elems::text::text[] as tokens, s.most_common_elem_freqs::float8[] as shares
  from pg_namespace n join pg_class c on c.relnamespace = n.oid join pg_stat_all_tables t on t.relid = c.oid
    left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = 'tokens' and not s.inherited
  where n.nspname = 'karta' and c.relkind = 'r' and c.relname like 'current\\_%' and c.reltuples > 0 and t.n_mod_since_analyze <= c.reltuples / 5`

const KEPT = 20_000

/** The analysis of all tables, asked again now and then while searches go on. */
export class Densities {
  readonly #pool: Pick<pg.Pool, 'query'>
  readonly #onError: (error: Error) => void
  #known: ReadonlyMap<string, Density> = new Map()
  #asked = -Infinity

  constructor (pool: Pick<pg.Pool, 'query'>, onError: (error: Error) => void) {
    this.#pool = pool
    this.#onError = onError
  }

  /** Of a table by its name; undefined where nothing is known yet. */
  of (table: string): Density | undefined {
    const now = performance.now()
    if (now - this.#asked > KEPT) {
      this.#asked = now
      void this.refresh().catch(this.#onError)
    }
    return this.#known.get(table)
  }

  /** Asks now. Throws what the database says. */
  async refresh (): Promise<void> {
    const { rows } = await this.#pool.query<Analysed>({ name: 'densities', text: ANALYSED })
    this.#known = new Map(rows.map(each => [each.name, densityOf(each)]))
  }
}

function densityOf ({ rows, tokens, shares }: Analysed): Density {
  const known = new Map(tokens?.map((token, place) => [token, shares?.[place] ?? 0]))
  // Behind the shares of the tokens stand the least of them, the most, and that of no array. What is not among them is rarer than the least.
  const rare = tokens === null ? 0 : (shares?.[tokens.length] ?? 0) / 10
  return { rows, share: asked => Math.min(1, asked.reduce((sum, token) => sum + (known.get(token) ?? rare), 0)) }
}
