import type { Knex } from 'knex'

// Who saw or wrote what: compact, append-only rows. A writer (one process) numbers its rows; a link seals a set of them
// into the writer's hash chain. Reads are sealed by the flush that stores them; a write's row is stored in the write's
// own transaction and sealed by the writer's next flush. docs/decisions/0008-audit.md
export const up = (db: Knex) => db.raw(`
  create table karta.audit_writer (
    writer  int8 generated always as identity primary key,
    started timestamptz not null default karta.clock(),
    process text not null
  );

  create table karta.audit (
    at          timestamptz not null,
    writer      int8 not null,
    seq         int8 not null,
    owner       int8 not null,          -- 0: concerns no patient
    actor       int8 not null,
    caller      int2 not null,          -- 1 operator, 2 self, 3 treating
    interaction int2 not null,
    type        int2 not null,          -- 0: the whole system
    status      int2 not null,
    client      text not null,
    query       text,
    owners      int8[],                 -- all, where several patients' data was shown
    shown       int8[]                  -- rids of the versions shown or written
  ) partition by range (at);
  create index audit_writer_seq on karta.audit (writer, seq);
  create index audit_owner on karta.audit (owner, at);
  create table karta.audit_rest partition of karta.audit default;

  create table karta.audit_link (
    writer   int8 not null,
    link     int8 not null,             -- 1, 2, 3 ... per writer
    at       timestamptz not null,
    seqs     int8multirange not null,   -- the rows it seals
    hash     bytea not null,            -- sha256(hash of the link before || the rows' text, in order)
    primary key (writer, link)
  );

  -- The text of a row as it is hashed. Fixed for ever: a new column gets a new function.
  create function karta.audit_text(a karta.audit) returns text language sql stable as $$
    select concat_ws('|', extract(epoch from a.at), a.writer, a.seq, a.owner, a.actor, a.caller, a.interaction, a.type,
      a.status, a.client, coalesce(a.query, ''), coalesce(a.owners::text, ''), coalesce(a.shown::text, ''))
  $$;

  -- The hash of a link over its rows.
  create function karta.audit_hash(p_before bytea, p_writer int8, p_seqs int8multirange) returns bytea language sql stable as $$
    select sha256(p_before || convert_to(coalesce(string_agg(karta.audit_text(a), E'\\n' order by a.seq), ''), 'UTF8'))
    from karta.audit a
    where a.writer = p_writer and a.seq >= lower(p_seqs) and a.seq < upper(p_seqs) and p_seqs @> a.seq
  $$;

  -- Stores a flush's rows and seals them, with the writes committed since the last flush, into the chain.
  -- Answers the new head, which the writer keeps for the next call.
  create function karta.audit_flush(
    p_writer int8, p_link int8, p_before bytea, p_sealed int8[],
    p_seq int8[], p_owner int8[], p_actor int8[], p_caller int2[], p_interaction int2[], p_type int2[], p_status int2[],
    p_client text[], p_query text[], p_owners text[], p_shown text[]
  ) returns bytea language plpgsql as $$
  declare
    v_seqs int8multirange;
    v_hash bytea;
  begin
    insert into karta.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, query, owners, shown)
      select karta.clock(), p_writer, x.seq, x.owner, x.actor, x.caller, x.interaction, x.type, x.status, x.client, x.query,
             x.owners::int8[], x.shown::int8[]
      from unnest(p_seq, p_owner, p_actor, p_caller, p_interaction, p_type, p_status, p_client, p_query, p_owners, p_shown)
        as x(seq, owner, actor, caller, interaction, type, status, client, query, owners, shown);
    select range_agg(int8range(s, s + 1)) into v_seqs from unnest(p_seq || p_sealed) s;
    v_hash := karta.audit_hash(p_before, p_writer, v_seqs);
    insert into karta.audit_link (writer, link, at, seqs, hash) values (p_writer, p_link, karta.clock(), v_seqs, v_hash);
    return v_hash;
  end $$;

  -- Makes the partitions of the next days and months, ahead of the rows that need them.
  create function karta.make_partitions() returns void language plpgsql as $$
  declare
    v_day date; v_month date; v_lo int8; v_hi int8;
  begin
    for i in 0..3 loop
      v_day := (karta.clock() at time zone 'UTC')::date + i;
      execute format('create table if not exists karta.audit_%s partition of karta.audit for values from (%L) to (%L)',
        to_char(v_day, 'YYYYMMDD'), v_day::text || ' 00:00:00+00', (v_day + 1)::text || ' 00:00:00+00');
    end loop;
    for i in 0..1 loop
      v_month := (date_trunc('month', karta.clock() at time zone 'UTC') + make_interval(months => i))::date;
      v_lo := (extract(epoch from v_month::timestamp at time zone 'UTC') * 1000)::int8 << 20;
      v_hi := (extract(epoch from (v_month + interval '1 month')::timestamp at time zone 'UTC') * 1000)::int8 << 20;
      execute format('create table if not exists karta.change_%s partition of karta.change for values from (%s) to (%s)',
        to_char(v_month, 'YYYYMM'), v_lo, v_hi);
    end loop;
  end $$;
  select karta.make_partitions();
`)

export const down = (db: Knex) => db.raw(`
  drop function karta.make_partitions();
  drop function karta.audit_flush(int8, int8, bytea, int8[], int8[], int8[], int8[], int2[], int2[], int2[], int2[], text[], text[], text[], text[]);
  drop function karta.audit_hash(bytea, int8, int8multirange);
  drop function karta.audit_text(karta.audit);
  drop table karta.audit_link, karta.audit, karta.audit_writer;
`)
