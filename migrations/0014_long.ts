import type { Knex } from 'knex'

// Spans of more than a day are few: by where they end they are found apart from the others, so that what reaches over a moment is two
// pieces of an index. The literals are those of src/consent/search/span.ts. docs/decisions/0018-search.md
const LONG = 'hi - lo > 90000000'
const MAIN_LONG = 'dhi - dlo > 90000000 and not (dlo = -9000000000000000 and dhi = 9000000000000000)'

const onEachTable = (command: string): string => `
  do $$
  declare
    v_table text;
  begin
    for v_table in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'karta.current'::regclass loop
      ${command}
    end loop;
  end $$;`

export const up = (db: Knex) => db.raw(`
  create index date_value_long on karta.date_value (key, hi, rid) where ${LONG};
  ${onEachTable(`execute format('create index %I on karta.%I (%s dhi, rid) where ${MAIN_LONG}',
        v_table || '_long', v_table, case v_table when 'current_rest' then 'type,' else '' end);`)}
`)

export const down = (db: Knex) => db.raw(`
  ${onEachTable("execute format('drop index karta.%I', v_table || '_long');")}
  drop index karta.date_value_long;
`)
