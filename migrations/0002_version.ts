import type { Knex } from 'knex'

// Every version of everything, append-only: no update ever, no history table beside it. The body is the client's own
// text behind the server-owned head. The policy's columns stand on every version, and on tombstones too.
// docs/decisions/0001-body.md 0004-owner.md 0005-policy-columns.md 0006-commit-order.md
export const up = (db: Knex) => db.raw(`
  -- One row per Patient: reserves the surrogate, and is the lock for what must not change while data is written.
  create table karta.owner (
    owner int8 primary key,
    id    text not null,
    alive boolean not null default true
  );

  create table karta.version (
    rid          int8 not null,               -- one per version; also the versionId; its high bits are lastUpdated
    owner        int8 not null,               -- surrogate of the first owner, else of the resource itself
    xid          xid8 not null,               -- what a feed compares with the horizon
    dlo          int8,                        -- clinical interval, ms, half-open; null: none
    dhi          int8,
    author       int8,                        -- organisation that authored it
    ver          int4 not null,               -- dense, per resource: the optimistic lock
    origin       int4 not null default 0,     -- the cluster whose xid this is
    type         int2 not null,
    class        int2 not null,               -- 0 ownerless, 1 patient data, 2 directory, 3 conformance, 4 control
    state        int2 not null default 0,     -- 0 live, 8 moved to another owner, 9 deleted
    rank         int2 not null default 3,     -- confidentiality U0 L1 M2 N3 R4 V5
    label_state  int2 not null default 0,     -- 0 decided, 1 pending
    id           text not null,
    body         text not null,
    owners       int8[],                      -- all owners where there are several
    participants int8[],
    labels       text[],
    refs         text,                        -- outgoing references to patient data, with numbers of types: '44/id 40/id'
    primary key (owner, rid)
  );
  -- id first: ids sort by time, so inserts append; read, vread, history of one resource and the optimistic lock.
  create unique index version_id on karta.version (id, type, ver);
  create index version_type on karta.version (type, rid);

  -- The feed: one row per version, read below pg_snapshot_xmin only. Partitioned by time, so that the past can go.
  create table karta.change (
    xid    xid8 not null,
    rid    int8 not null,
    owner  int8 not null,
    origin int4 not null default 0,
    type   int2 not null,
    state  int2 not null
  ) partition by range (rid);
  -- Versions of one transaction share an entry.
  create index change_order on karta.change (xid);
  create table karta.change_rest partition of karta.change default;
`)

export const down = (db: Knex) => db.raw(`
  drop table karta.change, karta.version, karta.owner;
`)
