// Searches that tell how they are run: each statement is explained first, then asked as always, since what it finds may lead to the next.
import type pg from 'pg'
import type { Density } from './density.js'
import type { Query, Searches } from './pool.js'

/** A statement that was run, and PostgreSQL's plan of it; undefined where it has not come to its end. */
export interface Explained { readonly query: Query, plan: unknown }

export class ExplainingSearches implements Searches {
  readonly #searches: Searches
  /** In the order in which they were asked. */
  readonly statements: Explained[] = []

  constructor (searches: Searches) {
    this.#searches = searches
  }

  get trips (): number {
    return this.#searches.trips
  }

  densityOf (table: string): Density | undefined {
    return this.#searches.densityOf(table)
  }

  async explain (query: Query): Promise<unknown> {
    return await this.#searches.explain(query)
  }

  async query<Row extends pg.QueryResultRow> (query: Query): Promise<Row[]> {
    const statement: Explained = { query, plan: undefined }
    this.statements.push(statement)
    statement.plan = await this.#searches.explain(query)
    return await this.#searches.query<Row>(query)
  }
}
