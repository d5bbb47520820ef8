// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The statements of the same-rows baseline. Each writes everything of one request, in one round trip and one transaction;
// values of kinds that a resource does not have are left out of the text.
import type { RowSet } from './rows.js'

export interface Statement { readonly name: string, readonly text: string, readonly values: unknown[] }

/** Collects the parameters of one statement. */
class Parameters {
  readonly values: unknown[] = []

  add (value: unknown, type: string): string {
    this.values.push(value)
    return `$${this.values.length}::${type}`
  }
}

export interface AuditValues {
  readonly writer: string
  readonly seq: number
  readonly actor: string
  readonly client: string
}

const INTERACTION = { create: 8, update: 9, delete: 11, transaction: 7 } as const
const STATUS = { create: 201, update: 200, delete: 204, transaction: 200 } as const

const literal = (values: readonly (string | number)[]): string => `{${values.join(',')}}`
const flags = ({ codes, quantities, strings, dates }: RowSet): string =>
  [codes, quantities, strings, dates].map(list => list.length > 0 ? '1' : '0').join('')

/** A new resource. */
export function insertOne (row: RowSet, id: string, rid: string, audit: AuditValues): Statement {
  const p = new Parameters()
  const names = namesOf(p, row, id, rid)
  const parts = [
    version(p, names, row, 'values', `${names.owner}, 1`),
    `ch as (insert into raw.change (xid, rid, owner, type, state) values (pg_current_xact_id(), ${names.rid}, ${names.owner}, ${names.type}, 0))`,
    ...(row.typeName === 'Patient' ? [`ow as (insert into raw.owner (owner, id) values (${names.owner}, ${names.id}))`] : []),
    current(p, names, row),
    ...indexValues(p, names, row)
  ]
  return { name: `insert-${row.typeName === 'Patient' ? 'p' : ''}${flags(row)}`, text: `with ${parts.join(',\n')}\n${auditInsert(p, names, 'create', audit)}`, values: p.values }
}

/** A new version in place of the newest. Answers no row where there is none. */
export function updateOne (row: RowSet, id: string, rid: string, audit: AuditValues): Statement {
  const p = new Parameters()
  const names = namesOf(p, row, id, rid)
  const parts = [
    `o as (select rid, ver from raw.version where type = ${names.type} and id = ${names.id} order by ver desc limit 1)`,
    version(p, names, row, 'select', `${names.owner}, o.ver + 1`),
    `ch as (insert into raw.change (xid, rid, owner, type, state) values (pg_current_xact_id(), ${names.rid}, ${names.owner}, ${names.type}, 0))`,
    ...removal(names, row),
    current(p, names, row),
    ...indexValues(p, names, row)
  ]
  return { name: `update-${flags(row)}`, text: `with ${parts.join(',\n')}\n${auditInsert(p, names, 'update', audit)}`, values: p.values }
}

/** The end of a resource. */
export function deleteOne (row: RowSet, id: string, rid: string, audit: AuditValues): Statement {
  const p = new Parameters()
  const names = namesOf(p, row, id, rid)
  const parts = [
    `o as (select * from raw.version where type = ${names.type} and id = ${names.id} order by ver desc limit 1)`,
    `v as (insert into raw.version (rid, owner, xid, dlo, dhi, author, ver, type, class, state, rank, id, body, owners, participants, labels, refs)
       select ${names.rid}, o.owner, pg_current_xact_id(), o.dlo, o.dhi, o.author, o.ver + 1, o.type, o.class, 9, o.rank, o.id, '', o.owners, o.participants, o.labels, o.refs from o)`,
    `ch as (insert into raw.change (xid, rid, owner, type, state) values (pg_current_xact_id(), ${names.rid}, ${names.owner}, ${names.type}, 9))`,
    ...(row.typeName === 'Patient' ? ['ow as (update raw.owner set alive = false where owner = (select owner from o))'] : []),
    ...removal(names, row)
  ]
  return { name: `delete-${row.typeName === 'Patient' ? 'p' : ''}${flags(row)}`, text: `with ${parts.join(',\n')}\n${auditInsert(p, names, 'delete', audit)}`, values: p.values }
}

interface Names { readonly rid: string, readonly owner: string, readonly type: string, readonly id: string }

const namesOf = (p: Parameters, row: RowSet, id: string, rid: string): Names =>
  ({ rid: p.add(rid, 'int8'), owner: p.add(row.owner, 'int8'), type: p.add(row.type, 'int2'), id: p.add(id, 'text') })

function version (p: Parameters, n: Names, row: RowSet, form: 'values' | 'select', ownerAndVer: string): string {
  const values = [
    n.rid, ownerAndVer, 'pg_current_xact_id()', `nullif(${p.add(row.dlo, 'int8')}, -9000000000000000)`, `nullif(${p.add(row.dhi, 'int8')}, 9000000000000000)`,
    n.type, p.add(row.class, 'int2'), p.add(row.rank, 'int2'), n.id, p.add(row.body, 'text'), p.add(row.owners, 'int8[]'),
    p.add(row.participants, 'int8[]'), p.add(row.labels, 'text[]'), p.add(row.refs, 'text')
  ].join(', ')
  return `v as (insert into raw.version (rid, owner, ver, xid, dlo, dhi, type, class, rank, id, body, owners, participants, labels, refs)
    ${form === 'values' ? `values (${values})` : `select ${values} from o`})`
}

const current = (p: Parameters, n: Names, row: RowSet): string =>
  `c as (insert into raw.current (rid, owner, dlo, dhi, c1, type, class, rank, tokens, owners, participants, labels) values (${[
    n.rid, n.owner, p.add(row.dlo, 'int8'), p.add(row.dhi, 'int8'), p.add(row.c1, 'int8'), n.type, p.add(row.class, 'int2'), p.add(row.rank, 'int2'),
    p.add(row.tokens, 'int8[]'), p.add(row.owners, 'int8[]'), p.add(row.participants, 'int8[]'), p.add(row.labels, 'text[]')
  ].join(', ')}))`

function indexValues (p: Parameters, n: Names, row: RowSet): string[] {
  const parts: string[] = []
  if (row.codes.length > 0) {
    parts.push(`cv as (insert into raw.code_value (key, dlo, rid, owner) select k, ${p.add(row.dlo, 'int8')}, ${n.rid}, ${n.owner} from unnest(${p.add(literal(row.codes), 'int8[]')}) k)`)
  }
  if (row.quantities.length > 0) {
    parts.push(`qv as (insert into raw.quantity_value (key, value, rid, owner) select k, x, ${n.rid}, ${n.owner}
      from unnest(${p.add(literal(row.quantities.map(q => q.key)), 'int8[]')}, ${p.add(literal(row.quantities.map(q => q.value)), 'float8[]')}) q(k, x))`)
  }
  if (row.strings.length > 0) {
    parts.push(`sv as (insert into raw.string_value (key, rid, owner, value) select k, ${n.rid}, ${n.owner}, x
      from unnest(${p.add(literal(row.strings.map(s => s.key)), 'int8[]')}, ${p.add(row.strings.map(s => s.value), 'text[]')}) s(k, x))`)
  }
  if (row.dates.length > 0) {
    parts.push(`dv as (insert into raw.date_value (key, lo, hi, rid, owner) select k, l, h, ${n.rid}, ${n.owner}
      from unnest(${p.add(literal(row.dates.map(d => d.key)), 'int8[]')}, ${p.add(literal(row.dates.map(d => d.lo)), 'int8[]')}, ${p.add(literal(row.dates.map(d => d.hi)), 'int8[]')}) d(k, l, h))`)
  }
  return parts
}

function removal (n: Names, row: RowSet): string[] {
  const lists = { code: row.codes, quantity: row.quantities, string: row.strings, date: row.dates }
  return [
    `dc as (delete from raw.current where type = ${n.type} and rid = (select rid from o))`,
    ...Object.entries(lists).filter(([, list]) => list.length > 0).map(([name]) => `d${name} as (delete from raw.${name}_value where rid = (select rid from o))`)
  ]
}

const auditInsert = (p: Parameters, n: Names, what: keyof typeof INTERACTION, audit: AuditValues): string =>
  `insert into raw.audit (at, writer, seq, owner, actor, caller, interaction, type, status, client, shown)
   values (statement_timestamp(), ${p.add(audit.writer, 'int8')}, ${p.add(audit.seq, 'int8')}, ${n.owner}, ${p.add(audit.actor, 'int8')}, 1, ${INTERACTION[what]}, ${n.type}, ${STATUS[what]}, ${p.add(audit.client, 'text')}, array[${n.rid}])`
