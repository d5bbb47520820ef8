import type { Knex } from 'knex'

// The one write. Any number of versions of any types, with their index values and their audit rows, in one statement
// and so in one transaction; everything arrives as arrays, and nothing is decided per row. docs/decisions/0009-store.md
export const up = (db: Knex) => db.raw(`
  create function karta.write(
    -- one element per version
    p_op int2[],            -- 1 put, 3 delete
    p_type int2[], p_id text[], p_owner int8[], p_ver int4[], p_old int8[], p_old_owner int8[],
    p_class int2[], p_rank int2[], p_author int8[], p_dlo int8[], p_dhi int8[], p_c1 int8[], p_token_end int4[],
    p_body text[], p_owners text[], p_participants text[], p_labels text[], p_refs text[],
    -- index values; each names its version by position
    p_tokens int8[],
    p_code_row int4[], p_code_key int8[],
    p_quantity_row int4[], p_quantity_key int8[], p_quantity_value float8[], p_quantity_high float8[],
    p_string_row int4[], p_string_key int8[], p_string_value text[], p_string_whole text[],
    p_date_row int4[], p_date_key int8[], p_date_lo int8[], p_date_hi int8[],
    -- dictionary entries that the process has not seen stored
    p_term_key int8[], p_term_token int8[], p_term_text text[],
    p_unit_family int8[], p_unit_key int8[], p_unit_factor float8[], p_unit_shift float8[],
    p_unit_dimension text[], p_unit_system text[], p_unit_code text[], p_unit_unit text[],
    -- owners: those made here, those of Patients put again after a delete, those that must be alive, and who must be treating whom
    p_new_owner int8[], p_new_owner_id text[], p_revived int8[], p_need_owner int8[], p_need_id text[], p_treated int8[], p_treating int8[],
    -- one element per audited request; first and last are positions of its versions
    p_writer int8, p_seq int8[], p_audit_owner int8[], p_actor int8[], p_caller int2[], p_interaction int2[], p_audit_type int2[],
    p_status int2[], p_first int4[], p_last int4[], p_client text[], p_audit_owners text[], p_shown text[]
  ) returns int8[] language plpgsql as $$
  declare
    v_ms   int8 := karta.clock_ms();
    v_rids int8[];
    v_xid  xid8 := pg_current_xact_id();
    v_count int;
    v_tombs boolean := 3 = any(p_op);
  begin
    if cardinality(p_new_owner) > 0 then
      insert into karta.owner (owner, id) select * from unnest(p_new_owner, p_new_owner_id);
    end if;

    if cardinality(p_revived) > 0 then
      update karta.owner set alive = true where owner = any(p_revived);
    end if;

    -- The owners stay alive until this commits: a Patient cannot be deleted under its data.
    if cardinality(p_need_owner) > 0 then
      select count(*) into v_count
        from (select from karta.owner o join unnest(p_need_owner, p_need_id) n(owner, id) on n.owner = o.owner and n.id = o.id
              where o.alive for key share of o) s;
      if v_count <> cardinality(p_need_owner) then
        raise exception 'an owner is not alive' using errcode = 'KA001';
      end if;
    end if;
    if cardinality(p_treated) > 0 then
      if exists (select from unnest(p_treated, p_treating) x(owner, actor) where not karta.treats(x.actor, x.owner)) then
        raise exception 'an owner is not treated' using errcode = 'KA001';
      end if;
    end if;

    -- lastUpdated strictly increases per resource: a version is at least a millisecond after the one before.
    select array_agg(greatest(
        ((v_ms + o / 8192) << 20) | (((s >> 48) & 63) << 14) | (s & 16383), coalesce(p_old[o], 0) + (1 << 20)) order by o)
      into v_rids
      from (select o, nextval('karta.rid_sequence') s from generate_series(1, cardinality(p_op)) o) n;

    insert into karta.version (rid, owner, xid, dlo, dhi, author, ver, type, class, rank, id, body, owners, participants, labels, refs)
      select x.rid, x.owner, v_xid, nullif(x.dlo, -9000000000000000), nullif(x.dhi, 9000000000000000), x.author, x.ver, x.type, x.class,
             x.rank, x.id, x.body, x.owners::int8[], x.participants::int8[], x.labels::text[], x.refs
      from unnest(v_rids, p_op, p_type, p_id, p_owner, p_ver, p_class, p_rank, p_author, p_dlo, p_dhi, p_body, p_owners, p_participants, p_labels, p_refs)
        as x(rid, op, type, id, owner, ver, class, rank, author, dlo, dhi, body, owners, participants, labels, refs)
      where x.op = 1;

    insert into karta.change (xid, rid, owner, type, state)
      select v_xid, x.rid, x.owner, x.type, case x.op when 3 then 9 else 0 end
      from unnest(v_rids, p_op, p_owner, p_type) as x(rid, op, owner, type);

    perform karta.unlist(p_old, p_type) where exists (select from unnest(p_old) old where old is not null);

    if v_tombs then
      perform karta.bury(p_op, p_type, p_id, p_owner, p_ver, p_old, v_rids, v_xid);
    end if;
    perform karta.move(p_owner, p_ver, p_old, p_old_owner, v_xid)
      where exists (select from unnest(p_owner, p_old_owner) x(owner, old_owner) where x.owner <> x.old_owner);

    insert into karta.current (rid, owner, dlo, dhi, c1, author, type, class, rank, tokens, owners, participants, labels)
      select x.rid, x.owner, x.dlo, x.dhi, x.c1, x.author, x.type, x.class, x.rank,
             p_tokens[coalesce(p_token_end[x.o - 1], 0) + 1 : x.token_end],
             x.owners::int8[], x.participants::int8[], x.labels::text[]
      from unnest(v_rids, p_op, p_owner, p_dlo, p_dhi, p_c1, p_author, p_type, p_class, p_rank, p_token_end, p_owners, p_participants, p_labels)
        with ordinality as x(rid, op, owner, dlo, dhi, c1, author, type, class, rank, token_end, owners, participants, labels, o)
      where x.op = 1;

    if cardinality(p_code_row) > 0 then
      insert into karta.code_value (key, dlo, rid, owner)
        select x.key, p_dlo[x.o], v_rids[x.o], p_owner[x.o] from unnest(p_code_row, p_code_key) as x(o, key);
    end if;
    if cardinality(p_quantity_row) > 0 then
      insert into karta.quantity_value (key, value, high, rid, owner)
        select x.key, x.value, x.high, v_rids[x.o], p_owner[x.o]
        from unnest(p_quantity_row, p_quantity_key, p_quantity_value, p_quantity_high) as x(o, key, value, high);
    end if;
    if cardinality(p_string_row) > 0 then
      insert into karta.string_value (key, rid, owner, value, whole)
        select x.key, v_rids[x.o], p_owner[x.o], x.value, x.whole
        from unnest(p_string_row, p_string_key, p_string_value, p_string_whole) as x(o, key, value, whole);
    end if;
    if cardinality(p_date_row) > 0 then
      insert into karta.date_value (key, lo, hi, rid, owner)
        select x.key, x.lo, x.hi, v_rids[x.o], p_owner[x.o] from unnest(p_date_row, p_date_key, p_date_lo, p_date_hi) as x(o, key, lo, hi);
    end if;

    if cardinality(p_seq) > 0 then
      insert into karta.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, owners, shown)
        select karta.clock(), p_writer, x.seq, x.owner, x.actor, x.caller, x.interaction, x.type, x.status, x.client, x.owners::int8[],
               v_rids[x.first : x.last] || x.shown::int8[]
        from unnest(p_seq, p_audit_owner, p_actor, p_caller, p_interaction, p_audit_type, p_status, p_first, p_last, p_client, p_audit_owners, p_shown)
          as x(seq, owner, actor, caller, interaction, type, status, first, last, client, owners, shown);
    end if;

    -- Last, and in one order for all, so that two writes that bring the same entries wait for each other only briefly.
    if cardinality(p_term_key) > 0 then
      insert into karta.term (key, token, text)
        select distinct on (x.key, x.token) x.key, x.token, x.text from unnest(p_term_key, p_term_token, p_term_text) as x(key, token, text)
        order by x.key, x.token
        on conflict do nothing;
    end if;
    if cardinality(p_unit_key) > 0 then
      insert into karta.quantity_key (family, key, factor, shift, dimension, system, code, unit)
        select distinct on (x.family, x.key) x.*
        from unnest(p_unit_family, p_unit_key, p_unit_factor, p_unit_shift, p_unit_dimension, p_unit_system, p_unit_code, p_unit_unit)
          as x(family, key, factor, shift, dimension, system, code, unit)
        order by x.family, x.key
        on conflict do nothing;
    end if;
    return v_rids;
  end $$;

  -- Takes the replaced versions out of the current state.
  create function karta.unlist(p_old int8[], p_type int2[]) returns void language plpgsql as $$
  begin
    delete from karta.current c using unnest(p_old, p_type) as x(rid, type) where c.type = x.type and c.rid = x.rid;
    delete from karta.code_value where rid = any(p_old);
    delete from karta.quantity_value where rid = any(p_old);
    delete from karta.string_value where rid = any(p_old);
    delete from karta.date_value where rid = any(p_old);
  end $$;

  -- Tombstones keep the policy's columns of the version they end. A Patient whose data is here is not deleted.
  create function karta.bury(p_op int2[], p_type int2[], p_id text[], p_owner int8[], p_ver int4[], p_old int8[], p_rids int8[], p_xid xid8)
  returns void language plpgsql as $$
  declare
    v_patients int8[];
  begin
    select array_agg(x.owner) into v_patients from unnest(p_op, p_type, p_owner) as x(op, type, owner) where x.op = 3 and x.type = 102;
    if v_patients is not null then
      perform from karta.owner o where o.owner = any(v_patients) order by o.owner for update;
      if exists (select from karta.current c where c.owner = any(v_patients)) or
         exists (select from karta.current c where c.owners && v_patients) then
        raise exception 'a Patient owns data' using errcode = 'KA002';
      end if;
      update karta.owner set alive = false where owner = any(v_patients);
    end if;
    insert into karta.version (rid, owner, xid, dlo, dhi, author, ver, type, class, state, rank, label_state, id, body, owners, participants, labels, refs)
      select x.rid, v.owner, p_xid, v.dlo, v.dhi, v.author, x.ver, v.type, v.class, 9, v.rank, v.label_state, v.id, '', v.owners, v.participants, v.labels, v.refs
      from unnest(p_rids, p_op, p_owner, p_old, p_ver) as x(rid, op, owner, old, ver)
      join karta.version v on v.owner = x.owner and v.rid = x.old
      where x.op = 3;
  end $$;

  -- An owner never changes in place: the old owner's side of the log says that the resource went, one version before.
  create function karta.move(p_owner int8[], p_ver int4[], p_old int8[], p_old_owner int8[], p_xid xid8)
  returns void language plpgsql as $$
  begin
    with moved as (
      insert into karta.version (rid, owner, xid, dlo, dhi, author, ver, type, class, state, rank, label_state, id, body, owners, participants, labels, refs)
        select (karta.clock_ms() << 20) | (nextval('karta.rid_sequence') & 16383), v.owner, p_xid, v.dlo, v.dhi, v.author, x.ver - 1, v.type, v.class, 8,
               v.rank, v.label_state, v.id, x.owner::text, v.owners, v.participants, v.labels, v.refs
        from unnest(p_owner, p_ver, p_old, p_old_owner) as x(owner, ver, old, old_owner)
        join karta.version v on v.owner = x.old_owner and v.rid = x.old
        where x.owner <> x.old_owner
        returning rid, owner, type)
    insert into karta.change (xid, rid, owner, type, state) select p_xid, m.rid, m.owner, m.type, 8 from moved m;
  end $$;
`)

export const down = (db: Knex) => db.raw('drop function karta.write, karta.unlist, karta.bury, karta.move')
