import type { Knex } from 'knex'

// The policy is rows, read in the statement that reads the data, so that a change holds from the next request on, in
// every process. docs/decisions/0005-policy-columns.md
export const up = (db: Knex) => db.raw(`
  create table karta.rule (
    owner   int8 not null,
    effect  text not null check (effect in ('permit', 'deny')),
    actor   int8 not null,   -- 0: anyone
    label   text,            -- null: any security label
    valid   tstzrange not null
  );
  create index rule_owner on karta.rule (owner, actor, effect);
  create index rule_actor on karta.rule (actor, owner);

  -- Whether this actor treats this owner now: what a write asks. Reading asks the same in consent/scoped.ts.
  create function karta.treats(p_actor int8, p_owner int8) returns boolean language sql stable as $$
    select exists (select from karta.rule p where p.owner = p_owner and p.actor = p_actor
                   and p.effect = 'permit' and p.valid @> karta.clock())
  $$;
`)

export const down = (db: Knex) => db.raw('drop function karta.treats(int8, int8); drop table karta.rule')
