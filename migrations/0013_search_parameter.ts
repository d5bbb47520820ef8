import type { Knex } from 'knex'

// Search parameters that were defined here: which there are, and how far the rows of each reach. A write says which generation of them its index rows are
// made for and is refused when that is not the current one, so no process can leave out rows. docs/decisions/0022-custom-search-parameters.md
const TABLES = `
  create table karta.search_registry (generation int8 not null);
  insert into karta.search_registry values (0);

  create table karta.search_parameter (
    number     int8 generated always as identity primary key, -- names its index rows, and is never used again
    id         text not null,                                 -- of the SearchParameter
    code       text not null,
    base       text[] not null,
    definition text not null,                                 -- JSON: src/store/custom/definition.ts
    state      text not null default 'pending' check (state in ('pending', 'indexing', 'ready', 'ended')),
    total      int8,                                          -- resources to go over, as counted when that began; null: not yet
    done       int8 not null default 0,
    spent      float8 not null default 0,                     -- milliseconds
    place_type int2 not null default 0,                       -- all resources up to this one are done
    place      int8 not null default 0,
    defined    timestamptz not null default karta.clock(),
    changed    timestamptz not null default karta.clock()
  );

  -- SearchParameters that are written; a definition of null ends what there is. Everything under the row of the registry: one after the other.
  create function karta.define_search(p_id text[], p_definition text[], p_code text[], p_base text[]) returns void language plpgsql as $$
  declare
    v_other text;
  begin
    if not exists (select from unnest(p_definition) d where d is not null)
       and not exists (select from karta.search_parameter s where s.id = any(p_id) and s.state <> 'ended') then
      return;
    end if;
    update karta.search_registry set generation = generation + 1;
    for v_i in 1 .. cardinality(p_id) loop
      if p_definition[v_i] is null then
        update karta.search_parameter set state = 'ended', total = null, done = 0, spent = 0, place_type = 0, place = 0, changed = karta.clock()
          where id = p_id[v_i] and state <> 'ended';
        continue;
      end if;
      select s.id into v_other from karta.search_parameter s
        where s.id <> p_id[v_i] and s.state <> 'ended' and s.code = p_code[v_i] and s.base && p_base[v_i]::text[] limit 1;
      if found then
        raise exception 'the code is taken' using errcode = 'KA005', detail = v_other;
      end if;
      -- The latest one of it is this already: nothing about search has changed.
      continue when (select s.definition from karta.search_parameter s where s.id = p_id[v_i] and s.state <> 'ended' order by s.number desc limit 1) = p_definition[v_i];
      perform karta.restart_search(p_id[v_i], p_definition[v_i], p_code[v_i], p_base[v_i]::text[]);
    end loop;
  end $$;

  -- A new number that takes the place of the ready one when it is ready itself; one that never became ready ends.
  create function karta.restart_search(p_id text, p_definition text, p_code text, p_base text[]) returns int8 language plpgsql as $$
  declare
    v_number int8;
  begin
    update karta.search_parameter set state = 'ended', total = null, done = 0, spent = 0, place_type = 0, place = 0, changed = karta.clock()
      where id = p_id and state in ('pending', 'indexing');
    insert into karta.search_parameter (id, code, base, definition) values (p_id, p_code, p_base, p_definition) returning number into v_number;
    return v_number;
  end $$;

  -- Starts again, with the definition as it is. Null: there is none that is searched by.
  create function karta.repeat_search(p_id text) returns int8 language plpgsql as $$
  declare
    v_latest karta.search_parameter;
  begin
    update karta.search_registry set generation = generation + 1;
    select * into v_latest from karta.search_parameter s where s.id = p_id and s.state <> 'ended' order by s.number desc limit 1;
    if not found then
      return null;
    end if;
    return karta.restart_search(p_id, v_latest.definition, v_latest.code, v_latest.base);
  end $$;

  -- Every resource has its rows: it is searched from now on, and what it replaces is not. False: it was ended meanwhile.
  create function karta.finish_search(p_number int8) returns boolean language plpgsql as $$
  declare
    v_id text;
  begin
    perform from karta.search_registry for update;
    update karta.search_parameter set state = 'ready', changed = karta.clock() where number = p_number and state = 'indexing' returning id into v_id;
    if v_id is null then
      return false;
    end if;
    update karta.search_parameter set state = 'ended', total = null, done = 0, spent = 0, place_type = 0, place = 0, changed = karta.clock()
      where id = v_id and number < p_number and state <> 'ended';
    -- Writes have its rows already; only what they have to leave out from now on is news to them.
    if found then
      update karta.search_registry set generation = generation + 1;
    end if;
    return true;
  end $$;

  -- Adds the rows of one parameter to current resources of one type. A row that is being written by somebody is left, and is gone afterwards, or
  -- comes again: the answer is how many are left, and only with none left has the place moved. -1: the parameter was ended meanwhile.
  create function karta.index_search(
    p_number int8, p_type int2, p_markers int8[], p_after int8, p_count int4, p_spent float8,
    p_rid int8[], p_owner int8[], p_token_end int4[], p_tokens int8[],
    p_code_row int4[], p_code_key int8[],
    p_quantity_row int4[], p_quantity_key int8[], p_quantity_value float8[], p_quantity_high float8[],
    p_string_row int4[], p_string_key int8[], p_string_value text[], p_string_whole text[],
    p_date_row int4[], p_date_key int8[], p_date_lo int8[], p_date_hi int8[],
    p_term_key int8[], p_term_token int8[], p_term_text text[],
    p_unit_family int8[], p_unit_key int8[], p_unit_factor float8[], p_unit_shift float8[],
    p_unit_dimension text[], p_unit_system text[], p_unit_code text[], p_unit_unit text[]
  ) returns int4 language plpgsql as $$
  declare
    v_locked int8[];
    v_left   int4;
  begin
    perform from karta.search_parameter where number = p_number and state = 'indexing' for update;
    if not found then
      return -1;
    end if;
    select coalesce(array_agg(s.rid), '{}') into v_locked
      from (select c.rid from karta.current c where c.type = p_type and c.rid = any(p_rid) and not c.tokens && p_markers for update skip locked) s;

    with t as materialized (select p_tokens as tokens)
    update karta.current c set tokens = c.tokens || t.tokens[coalesce(p_token_end[x.o - 1], 0) + 1 : p_token_end[x.o]]
      from t, unnest(p_rid) with ordinality as x(rid, o)
      where c.type = p_type and c.rid = x.rid and x.rid = any(v_locked);
    insert into karta.quantity_value (key, value, high, rid, owner)
      select x.key, x.value, x.high, p_rid[x.o], p_owner[x.o]
      from unnest(p_quantity_row, p_quantity_key, p_quantity_value, p_quantity_high) as x(o, key, value, high) where p_rid[x.o] = any(v_locked);
    insert into karta.string_value (key, rid, owner, value, whole)
      select x.key, p_rid[x.o], p_owner[x.o], x.value, x.whole
      from unnest(p_string_row, p_string_key, p_string_value, p_string_whole) as x(o, key, value, whole) where p_rid[x.o] = any(v_locked);
    insert into karta.date_value (key, lo, hi, rid, owner)
      select x.key, x.lo, x.hi, p_rid[x.o], p_owner[x.o]
      from unnest(p_date_row, p_date_key, p_date_lo, p_date_hi) as x(o, key, lo, hi) where p_rid[x.o] = any(v_locked);
    insert into karta.term (key, token, text)
      select distinct on (x.key, x.token) x.key, x.token, x.text from unnest(p_term_key, p_term_token, p_term_text) as x(key, token, text)
      order by x.key, x.token
      on conflict do nothing;
    insert into karta.quantity_key (family, key, factor, shift, dimension, system, code, unit)
      select distinct on (x.family, x.key) x.*
      from unnest(p_unit_family, p_unit_key, p_unit_factor, p_unit_shift, p_unit_dimension, p_unit_system, p_unit_code, p_unit_unit)
        as x(family, key, factor, shift, dimension, system, code, unit)
      order by x.family, x.key
      on conflict do nothing;

    select count(*) into v_left from karta.current c where c.type = p_type and c.rid = any(p_rid) and not c.tokens && p_markers;
    update karta.search_parameter set spent = spent + p_spent, changed = karta.clock(),
        place_type = case v_left when 0 then p_type else place_type end, place = case v_left when 0 then p_after else place end,
        done = done + case v_left when 0 then p_count else 0 end
      where number = p_number;
    return v_left;
  end $$;

  -- The opposite for a parameter that has ended: its tokens and the values under its keys go from these resources.
  create function karta.forget_search(
    p_number int8, p_type int2, p_markers int8[], p_after int8, p_count int4, p_spent float8, p_rid int8[], p_tokens int8[], p_keys int8[]
  ) returns int4 language plpgsql as $$
  declare
    v_locked int8[];
    v_left   int4;
  begin
    select coalesce(array_agg(s.rid), '{}') into v_locked
      from (select c.rid from karta.current c where c.type = p_type and c.rid = any(p_rid) and c.tokens && p_markers for update skip locked) s;
    update karta.current c set tokens = array(select t from unnest(c.tokens) with ordinality as u(t, o) where not t = any(p_tokens) order by o)
      where c.type = p_type and c.rid = any(v_locked);
    delete from karta.quantity_value where rid = any(v_locked) and key = any(p_keys);
    delete from karta.string_value where rid = any(v_locked) and key = any(p_keys);
    delete from karta.date_value where rid = any(v_locked) and key = any(p_keys);
    select count(*) into v_left from karta.current c where c.type = p_type and c.rid = any(p_rid) and c.tokens && p_markers;
    update karta.search_parameter set spent = spent + p_spent, changed = karta.clock(),
        place_type = case v_left when 0 then p_type else place_type end, place = case v_left when 0 then p_after else place end,
        done = done + case v_left when 0 then p_count else 0 end
      where number = p_number and state = 'ended';
    return v_left;
  end $$;
`

// karta.write learns the generation and what is defined. Its transaction has its number before the generation is looked at: whoever changes the registry
// and then waits for all transactions that began before knows that nobody writes by an older one.
const PARAMETERS = ', p_generation bigint, p_search_id text[], p_search_definition text[], p_search_code text[], p_search_base text[]'
const CHECK = `
    if 1 = any(p_op) and p_generation is distinct from (select r.generation from karta.search_registry r) then
      raise exception 'the search parameters have changed' using errcode = 'KA003';
    end if;
`
const DEFINE = `if cardinality(p_search_id) > 0 then
      perform karta.define_search(p_search_id, p_search_definition, p_search_code, p_search_base);
    end if;
    `
// Before the dictionaries, which are waited for in one order by all who hold what is defined.
const [LAST, FIRST, TERMS] = ['p_shown text[])', 'if cardinality(p_new_owner) > 0 then', '-- Last, and in one order for all']
const BEFORE = [LAST, FIRST, TERMS]
const AFTER = [LAST.replace(')', `${PARAMETERS})`), `${CHECK.trim()}\n    ${FIRST}`, `${DEFINE}${TERMS}`]

const edited = async (db: Knex, from: readonly string[], to: readonly string[]): Promise<void> => {
  const { rows: [{ text, name }] } = await db.raw<{ rows: [{ text: string, name: string }] }>(
    "select pg_get_functiondef('karta.write'::regproc) as text, 'karta.write'::regproc::oid::regprocedure::text as name")
  const become = from.reduce((text, part, place) => {
    if (text.split(part).length !== 2) throw new Error(`karta.write is not the one that this migration changes: it should have ${part} once`)
    return text.replace(part, () => to[place] ?? part)
  }, text)
  // It takes more than before, and so is another function. A process of an older release that still runs cannot write any more, as it should be.
  await db.raw(`drop function ${name}`)
  // Not as knex.raw reads it: a question mark would be a parameter.
  await db.raw(become.replaceAll('?', '\\?'))
}

export const up = async (db: Knex): Promise<void> => {
  await db.raw(TABLES)
  await edited(db, BEFORE, AFTER)
}

export const down = async (db: Knex): Promise<void> => {
  await edited(db, AFTER, BEFORE)
  await db.raw(`
    drop function karta.define_search, karta.restart_search, karta.repeat_search, karta.finish_search, karta.index_search, karta.forget_search;
    drop table karta.search_parameter, karta.search_registry;`)
}
