// How PostgreSQL runs a statement, with the plan that every execution of it has: one for all values, so that it holds none of them.
// https://www.postgresql.org/docs/15/sql-explain.html
import type pg from 'pg'

const NAME = 'karta_explained'

/**
 * The plan of a statement as EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) gives it, run with its values in a transaction that only reads. Throws what the database
 * says, as where the statement takes too long.
 *
 * A statement that is explained with bound values is planned for these, and tells them. One that is prepared is not, but EXECUTE takes no bound values: they
 * are bound to settings of the transaction, which it reads. No value is joined into a text.
 */
export async function explained (client: Pick<pg.ClientBase, 'query'>, text: string, values: readonly unknown[]): Promise<unknown> {
  const types = typesIn(text, values.length)
  const typeAt = (place: number): string => types[place] ?? 'text'
  const setting = (place: number): string => `karta.value_${place + 1}`
  const bound = values.flatMap((value, place) => value === null ? [] : [{ value, place }])
  await client.query('begin read only')
  try {
    await client.query(`prepare ${NAME} as ${text}`)
  } catch (error) {
    await client.query('rollback')
    throw error
  }
  try {
    if (bound.length > 0) {
      await client.query(`select ${bound.map(({ place }, index) => `set_config('${setting(place)}', ($${index + 1}::${typeAt(place)})::text, true)`).join(', ')}`, bound.map(({ value }) => value))
    }
    const given = values.map((value, place) => value === null ? 'null' : `current_setting('${setting(place)}')::${typeAt(place)}`)
    const { rows: [row] } = await client.query<{ 'QUERY PLAN': readonly unknown[] }>(
      `explain (analyze, buffers, format json) execute ${NAME}${given.length === 0 ? '' : `(${given.join(', ')})`}`)
    return row?.['QUERY PLAN'][0]
  } finally {
    // The settings end with the transaction. What was prepared does not, and in a transaction that has failed nothing is heard but its end.
    await client.query('rollback')
    await client.query(`deallocate ${NAME}`)
  }
}

/** The types of the values of a text: each is cast where it stands, `$1::int8[]`. */
function typesIn (text: string, count: number): string[] {
  const types = new Map([...text.matchAll(/\$(\d+)::(\w+(?:\[\])?)/g)].map(([, place = '', type = '']) => [Number(place), type]))
  return Array.from({ length: count }, (_, index) => types.get(index + 1) ?? 'text')
}
