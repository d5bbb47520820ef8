// Which units a load has finished, kept in the database that they were written to, so that the next load goes on from there.
import type pg from 'pg'

export interface Done {
  readonly resources: number
  /** The entries or lines that were refused: only these are tried again. */
  readonly failed: readonly number[]
}

/** What an earlier load has made of this unit. */
export async function done (pool: pg.Pool, key: string): Promise<Done | undefined> {
  const { rows: [row] } = await pool.query<Done>({ name: 'load-done', text: 'select resources, failed from karta.loaded where key = $1', values: [key] })
  return row
}

/** Remembers a unit as done. */
export async function remember (pool: pg.Pool, key: string, { resources, failed }: Done): Promise<void> {
  await pool.query({
    name: 'load-remember',
    text: `insert into karta.loaded (key, resources, failed) values ($1, $2, $3)
           on conflict (key) do update set resources = excluded.resources, failed = excluded.failed, at = excluded.at`,
    values: [key, resources, failed]
  })
}
