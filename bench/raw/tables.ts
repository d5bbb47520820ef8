// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The tables of the baselines: those of the record store as they were measured first, and the ideal one, body and key.

const HOT: Readonly<Record<string, number>> = {
  allergy_intolerance: 4,
  appointment: 5,
  care_plan: 14,
  care_team: 15,
  claim: 19,
  condition: 28,
  coverage: 31,
  diagnostic_report: 40,
  document_reference: 42,
  encounter: 44,
  explanation_of_benefit: 53,
  immunization: 62,
  medication_administration: 76,
  medication_request: 79,
  medication_statement: 80,
  observation: 96,
  patient: 102,
  procedure: 109,
  service_request: 123
}

const tokens = (name: string): string =>
  `create index on raw.${name} using gin (tokens) with (fastupdate = on, gin_pending_list_limit = 128);`

const partition = ([name, number]: [string, number]): string => `
  create table raw.current_${name} partition of raw.current for values in (${number});
  create unique index on raw.current_${name} (rid);
  create index on raw.current_${name} (owner, dlo);
  create index on raw.current_${name} (dlo, rid);
  ${tokens(`current_${name}`)}`

const RECORD = `
  create table raw.owner (owner int8 primary key, id text not null, alive boolean not null default true);

  create table raw.version (
    rid int8 not null, owner int8 not null, xid xid8 not null, dlo int8, dhi int8, author int8, ver int4 not null, origin int4 not null default 0,
    type int2 not null, class int2 not null, state int2 not null default 0, rank int2 not null default 3, label_state int2 not null default 0,
    id text not null, body text not null, owners int8[], participants int8[], labels text[], refs text,
    primary key (owner, rid));
  create unique index on raw.version (id, type, ver, owner);
  create index on raw.version (type, rid);

  create table raw.change (xid xid8 not null, rid int8 not null, owner int8 not null, origin int4 not null default 0, type int2 not null, state int2 not null)
    partition by range (rid);
  create index on raw.change (xid, rid);
  create table raw.change_all partition of raw.change for values from (0) to (maxvalue);

  create table raw.current (
    rid int8 not null, owner int8 not null, dlo int8 not null, dhi int8 not null, c1 int8, author int8, type int2 not null, class int2 not null,
    rank int2 not null default 3, label_state int2 not null default 0, tokens int8[] not null, owners int8[], participants int8[], labels text[])
    partition by list (type);
  create index on raw.current using gin (owners) where owners is not null;
  ${Object.entries(HOT).map(partition).join('')}
  create table raw.current_rest partition of raw.current default;
  create unique index on raw.current_rest (rid);
  create index on raw.current_rest (owner, dlo);
  create index on raw.current_rest (type, dlo, rid);
  create index on raw.current_rest (type, rid);
  ${tokens('current_rest')}

  create table raw.code_value (key int8 not null, dlo int8 not null, rid int8 not null, owner int8 not null);
  create index on raw.code_value (key, dlo, rid);
  create index on raw.code_value (rid);
  create table raw.quantity_value (key int8 not null, value float8 not null, rid int8 not null, owner int8 not null);
  create index on raw.quantity_value (key, value, rid);
  create index on raw.quantity_value (rid);
  create table raw.string_value (key int8 not null, rid int8 not null, owner int8 not null, value text collate "C" not null);
  create index on raw.string_value (key, value, rid);
  create index on raw.string_value (rid);
  create table raw.date_value (key int8 not null, lo int8 not null, hi int8 not null, rid int8 not null, owner int8 not null);
  create index on raw.date_value (key, lo, rid);
  create index on raw.date_value (rid);

  create table raw.audit (
    at timestamptz not null, writer int8 not null, seq int8 not null, owner int8 not null, actor int8 not null, caller int2 not null,
    interaction int2 not null, type int2 not null, status int2 not null, client text not null, query text, owners int8[], shown int8[])
    partition by range (at);
  create index on raw.audit (writer, seq);
  create index on raw.audit (owner, at);
  create table raw.audit_all partition of raw.audit for values from (minvalue) to (maxvalue);
  create table raw.audit_link (
    writer int8 not null, link int8 not null, at timestamptz not null, seqs int8multirange not null, hash bytea not null, primary key (writer, link));`

const IDEAL = 'create table raw.resource (id text primary key, body text not null);'

/** What the server has stored, under the baselines' tables. It reads the server's tables, and follows them when they change. */
const TAKEN = `
  insert into raw.owner select owner, id, alive from karta.owner;
  insert into raw.version (rid, owner, xid, dlo, dhi, author, ver, type, class, state, rank, label_state, id, body, owners, participants, labels, refs)
    select rid, owner, xid, dlo, dhi, author, ver, type, class, state, rank, label_state, id, body, owners, participants, labels, refs
    from karta.version order by rid;
  insert into raw.change (xid, rid, owner, type, state) select xid, rid, owner, type, state from karta.change order by rid;
  insert into raw.current (rid, owner, dlo, dhi, c1, author, type, class, rank, label_state, tokens, owners, participants, labels)
    select rid, owner, dlo, dhi, c1, author, type, class, rank, label_state, tokens, owners, participants, labels from karta.current order by rid;
  insert into raw.code_value select key, dlo, rid, owner from karta.code_value;
  insert into raw.quantity_value select key, value, rid, owner from karta.quantity_value;
  insert into raw.string_value select key, rid, owner, value from karta.string_value;
  insert into raw.date_value select key, lo, hi, rid, owner from karta.date_value;`

const IDEAL_TAKEN = 'insert into raw.resource select v.id, v.body from karta.version v where exists (select from karta.current c where c.type = v.type and c.rid = v.rid);'

/** SQL that turns a copy of the server's database into that of a baseline, with the same data in it. */
export const tablesOf = (kind: 'same' | 'ideal'): string =>
  `create schema raw; ${kind === 'same' ? RECORD + TAKEN : IDEAL + IDEAL_TAKEN} drop schema karta cascade;`
