import type { Knex } from 'knex'

// The one clock and the numbers that come from it. All SQL says karta.clock(); a test's template database replaces
// the function, and nothing a client or a setting can reach moves it. docs/decisions/0007-clock.md
export const up = (db: Knex) => db.raw(`
  create schema if not exists karta;

  create function karta.clock() returns timestamptz language sql stable parallel safe
    as 'select statement_timestamp()';

  create function karta.clock_ms() returns int8 language sql stable parallel safe
    as 'select (extract(epoch from karta.clock()) * 1000)::int8';

  -- rid: the milliseconds of the clock, then node and sequence bits. On one machine the node bits are 0; where a
  -- sequence counts in a range of its own per node they are the node's. docs/decisions/0003-ids.md
  create sequence karta.rid_sequence;

  -- Surrogates of owners and of actors; a process takes them a thousand at a time.
  create sequence karta.owner_block increment 1000 start 1000;
  create sequence karta.actor_sequence start 1000;

  -- What must be secret and the same for every process on this database.
  create table karta.secret (
    name  text primary key,
    value bytea not null
  );
  insert into karta.secret
    select name, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
    from unnest(array['id-mask', 'cursor']) name;
`)

export const down = (db: Knex) => db.raw('drop schema karta cascade')
