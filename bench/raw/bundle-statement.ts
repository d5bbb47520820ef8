// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// Everything of one Bundle in one statement: a multi-row insert for each table, from arrays.
import { texts, int8s } from './arrays.js'
import type { Item, RowSet } from './rows.js'
import type { AuditValues, Statement } from './statements.js'

/** The arrays of a Bundle that are the same each time it is stored; encoded once. */
export interface Prepared {
  readonly size: number
  readonly values: readonly unknown[]
  readonly spread: readonly (readonly number[])[]
  readonly owner: string
  readonly patients: readonly number[]
}

const numbers = (values: readonly (number | string | null)[]): string => `{${values.map(value => value ?? 'null').join(',')}}`

/** Encodes what does not change: all but ids and rids. */
export function prepare (item: Item): Prepared {
  const each = <T>(list: (row: RowSet) => readonly T[]): { readonly value: T, readonly row: RowSet, readonly place: number }[] =>
    item.flatMap((row, place) => list(row).map(value => ({ value, row, place })))
  const [codes, quantities, strings, dates] = [each(row => row.codes), each(row => row.quantities), each(row => row.strings), each(row => row.dates)]
  return {
    size: item.length,
    owner: item[0]?.owner ?? '0',
    patients: item.flatMap((row, place) => row.typeName === 'Patient' ? [place] : []),
    spread: [codes, quantities, strings, dates].map(list => list.map(({ place }) => place)),
    values: [
      numbers(item.map(row => row.type)), int8s(item.map(row => row.owner)), numbers(item.map(row => row.class)), numbers(item.map(row => row.rank)),
      int8s(item.map(row => row.dlo)), int8s(item.map(row => row.dhi)), numbers(item.map(row => row.c1)), texts(item.map(row => row.tokens)),
      texts(item.map(row => row.body)), texts(item.map(row => row.owners)), texts(item.map(row => row.participants)), texts(item.map(row => row.labels)), texts(item.map(row => row.refs)),
      int8s(codes.map(({ value }) => value)), int8s(codes.map(({ row }) => row.dlo)), int8s(codes.map(({ row }) => row.owner)),
      int8s(quantities.map(({ value }) => value.key)), numbers(quantities.map(({ value }) => value.value)), int8s(quantities.map(({ row }) => row.owner)),
      int8s(strings.map(({ value }) => value.key)), texts(strings.map(({ value }) => value.value)), int8s(strings.map(({ row }) => row.owner)),
      int8s(dates.map(({ value }) => value.key)), int8s(dates.map(({ value }) => value.lo)), int8s(dates.map(({ value }) => value.hi)), int8s(dates.map(({ row }) => row.owner))
    ]
  }
}

// $1 ids, $2 rids, $3 to $6 the rids of codes, quantities, strings and dates; $7 on what is prepared; then the audit and the Patients.
// A Patient's own number is his rid, since the prepared one is taken.
const TEXT = `
  with v as (insert into raw.version (rid, owner, ver, xid, dlo, dhi, type, class, rank, id, body, owners, participants, labels, refs)
      select rid, owner, 1, pg_current_xact_id(), nullif(dlo, -9000000000000000), nullif(dhi, 9000000000000000), type, class, rank, id, body,
             owners::int8[], participants::int8[], labels::text[], refs
      from unnest($1::text[], $2::int8[], $7::int2[], $8::int8[], $9::int2[], $10::int2[], $11::int8[], $12::int8[], $15::text[], $16::text[], $17::text[], $18::text[], $19::text[])
        as x(id, rid, type, owner, class, rank, dlo, dhi, body, owners, participants, labels, refs)),
    ch as (insert into raw.change (xid, rid, owner, type, state)
      select pg_current_xact_id(), rid, owner, type, 0 from unnest($2::int8[], $8::int8[], $7::int2[]) as x(rid, owner, type)),
    c as (insert into raw.current (rid, owner, dlo, dhi, c1, type, class, rank, tokens, owners, participants, labels)
      select rid, owner, dlo, dhi, c1, type, class, rank, tokens::int8[], owners::int8[], participants::int8[], labels::text[]
      from unnest($2::int8[], $7::int2[], $8::int8[], $9::int2[], $10::int2[], $11::int8[], $12::int8[], $13::int8[], $14::text[], $16::text[], $17::text[], $18::text[])
        as x(rid, type, owner, class, rank, dlo, dhi, c1, tokens, owners, participants, labels)),
    cv as (insert into raw.code_value (rid, key, dlo, owner) select * from unnest($3::int8[], $20::int8[], $21::int8[], $22::int8[])),
    qv as (insert into raw.quantity_value (rid, key, value, owner) select * from unnest($4::int8[], $23::int8[], $24::float8[], $25::int8[])),
    sv as (insert into raw.string_value (rid, key, value, owner) select * from unnest($5::int8[], $26::int8[], $27::text[], $28::int8[])),
    dv as (insert into raw.date_value (rid, key, lo, hi, owner) select * from unnest($6::int8[], $29::int8[], $30::int8[], $31::int8[], $32::int8[])),
    ow as (insert into raw.owner (owner, id) select * from unnest($38::int8[], $39::text[]))
  insert into raw.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, shown)
    values (statement_timestamp(), $33::int8, $34::int8, $35::int8, $36::int8, 1, 7, 0, 200, $37::text, $2::int8[])`

/** All rows of a Bundle under new ids and rids. */
export function insertMany ({ values, spread, owner, patients }: Prepared, ids: readonly string[], rids: readonly string[], audit: AuditValues): Statement {
  return {
    name: 'insert-many',
    text: TEXT,
    values: [
      texts(ids), int8s(rids), ...spread.map(places => int8s(places.map(place => rids[place] ?? '0'))), ...values,
      audit.writer, audit.seq, owner, audit.actor, audit.client,
      int8s(patients.map(place => rids[place] ?? '0')), texts(patients.map(place => ids[place] ?? ''))
    ]
  }
}
