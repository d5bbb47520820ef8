// What a database needs after many rows have come at once.
import type pg from 'pg'

/**
 * Empties the pending lists of the token indexes, which every probe reads and which make an index look dear to the
 * planner, and gathers statistics.
 */
export async function finish (pool: pg.Pool): Promise<void> {
  await pool.query(`
    select gin_clean_pending_list(c.oid)
    from pg_class c join pg_am a on a.oid = c.relam join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'karta' and a.amname = 'gin' and c.relkind = 'i'`)
  const { rows } = await pool.query<{ name: string }>(`
    select format('%I.%I', n.nspname, c.relname) as name
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'karta' and c.relkind in ('r', 'p') and not c.relispartition`)
  for (const { name } of rows) await pool.query(`analyze ${name}`)
}
