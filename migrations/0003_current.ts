import type { Knex } from 'knex'

// The current state, one narrow row per live resource, and the values that searches ask for. The numbers are those of
// src/fhir/resource-types.ts. docs/decisions/0009-store.md
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

// A small pending list: every probe reads it, and a long one frightens the planner.
const gin = (table: string): string =>
  `create index ${table}_tokens on karta.${table} using gin (tokens) with (fastupdate = on, gin_pending_list_limit = 128);`

const partition = ([name, number]: [string, number]): string => `
  create table karta.current_${name} partition of karta.current for values in (${number});
  create unique index current_${name}_rid on karta.current_${name} (rid);
  create index current_${name}_owner on karta.current_${name} (owner, dlo);
  create index current_${name}_date on karta.current_${name} (dlo, rid);
  ${gin(`current_${name}`)}`

export const up = (db: Knex) => db.raw(`
  create table karta.current (
    rid          int8 not null,
    owner        int8 not null,
    dlo          int8 not null,               -- main clinical date; never null: -9e15 and 9e15 stand for none
    dhi          int8 not null,
    c1           int8,                        -- first coding of the main code
    author       int8,
    type         int2 not null,
    class        int2 not null,
    rank         int2 not null default 3,
    label_state  int2 not null default 0,
    tokens       int8[] not null,
    owners       int8[],
    participants int8[],
    labels       text[]
  ) partition by list (type);
  -- Resources of several patients are rare; this finds them by any of their owners.
  create index current_owners on karta.current using gin (owners) where owners is not null;
  ${Object.entries(HOT).map(partition).join('')}

  create table karta.current_rest partition of karta.current default;
  create unique index current_rest_rid on karta.current_rest (rid);
  create index current_rest_owner on karta.current_rest (owner, dlo);
  create index current_rest_date on karta.current_rest (type, dlo, rid);
  create index current_rest_order on karta.current_rest (type, rid);
  ${gin('current_rest')}

  create table karta.code_value (key int8 not null, dlo int8 not null, rid int8 not null, owner int8 not null);
  create index code_value_key on karta.code_value (key, dlo, rid);
  create index code_value_rid on karta.code_value (rid);

  -- A point, or with high all of [value, high]; key: the parameter (and a code) with the unit as sent, see quantity_key.
  create table karta.quantity_value (key int8 not null, value float8 not null, high float8, rid int8 not null, owner int8 not null);
  create index quantity_value_key on karta.quantity_value (key, value, rid);
  create index quantity_value_rid on karta.quantity_value (rid);

  -- The beginning of a folded text, and all of it where it is longer.
  create table karta.string_value (key int8 not null, rid int8 not null, owner int8 not null, value text collate "C" not null, whole text collate "C");
  create index string_value_key on karta.string_value (key, value, rid);
  create index string_value_rid on karta.string_value (rid);

  create table karta.date_value (key int8 not null, lo int8 not null, hi int8 not null, rid int8 not null, owner int8 not null);
  create index date_value_key on karta.date_value (key, lo, rid);
  create index date_value_rid on karta.date_value (rid);

  -- Dictionaries, insert-once: which texts a parameter has and the tokens they stand under, and which units its quantities
  -- come in and how those convert. docs/decisions/0010-index-rows.md
  create table karta.term (key int8 not null, token int8 not null, text text collate "C" not null, primary key (key, token));
  create index term_text on karta.term (key, (left(text, 200)) collate "C");
  create table karta.quantity_key (
    family    int8 not null,
    key       int8 not null,
    factor    float8 not null,
    shift     float8 not null,
    dimension text not null,              -- what can be compared: value * factor + shift
    system    text not null,
    code      text not null,
    unit      text not null,
    primary key (family, key)
  );
`)

export const down = (db: Knex) => db.raw(`
  drop table karta.quantity_key, karta.term, karta.date_value, karta.string_value, karta.quantity_value, karta.code_value, karta.current;
`)
