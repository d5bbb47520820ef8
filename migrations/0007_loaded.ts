import type { Knex } from 'knex'

// What karta load has finished, so that the next run goes on from there. A unit is a document, or so many lines of a file.
export const up = (db: Knex) => db.raw(`
  create table karta.loaded (
    key       text primary key, -- path, size and date of the file, member of the archive, first line
    resources int4 not null,
    failed    int4[] not null,  -- entries or lines that were refused and are tried again
    at        timestamptz not null default karta.clock()
  );
`)

export const down = (db: Knex) => db.raw('drop table karta.loaded')
