// The parameters of karta.write, in its order: groups of versions as arrays. migrations/0006_write.ts
import { hashes, hashText, numbers, texts } from './binary.js'
import type { AuditRow, Put, Tombstone, WriteGroup } from './version.js'

const TYPES = [
  'int2[]', 'int2[]', 'text[]', 'int8[]', 'int4[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int8[]', 'int8[]', 'int8[]', 'int8[]', 'int4[]',
  'text[]', 'text[]', 'text[]', 'text[]', 'text[]',
  'int8[]', 'int4[]', 'int8[]', 'int4[]', 'int8[]', 'float8[]', 'float8[]', 'int4[]', 'int8[]', 'text[]', 'text[]', 'int4[]', 'int8[]', 'int8[]', 'int8[]',
  'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]', 'float8[]', 'float8[]', 'text[]', 'text[]', 'text[]', 'text[]',
  'int8[]', 'text[]', 'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]',
  'int8', 'int8[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int2[]', 'int2[]', 'int4[]', 'int4[]', 'text[]', 'text[]', 'text[]'
]

/** The one statement that writes. */
export const WRITE = `select karta.write(${TYPES.map((type, index) => `$${index + 1}::${type}`).join(', ')}) as rids`

/** Its values for some groups, under the number of the process's audit writer. */
export function parameters (writer: string, groups: readonly WriteGroup[]): unknown[] {
  const versions = groups.flatMap(group => group.versions)
  const puts = versions.flatMap((version, index) => version.op === 'put' ? [{ rows: version.rows, row: index + 1 }] : [])
  return [...versionValues(versions), ...indexValues(puts), ...termValues(puts), ...ownerValues(groups), writer, ...auditValues(groups)]
}

/** Surrogates as an array literal, or null. */
export const literal = (surrogates: readonly string[] | undefined): string | null => surrogates === undefined ? null : `{${surrogates.join(',')}}`

// Labels are any code that a client sent: quotes and backslashes are escaped.
const labelLiteral = (labels: readonly string[] | undefined): string | null =>
  labels === undefined ? null : `{${labels.map(label => `"${label.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

const put = (version: Put | Tombstone): Put | undefined => version.op === 'put' ? version : undefined

function versionValues (versions: readonly (Put | Tombstone)[]): unknown[] {
  let end = 0
  return [
    numbers(versions.map(v => v.op === 'put' ? 1 : 3)),
    numbers(versions.map(v => v.type)),
    texts(versions.map(v => v.id)),
    numbers(versions.map(v => v.owner)),
    numbers(versions.map(v => v.ver)),
    numbers(versions.map(v => v.old?.rid ?? null)),
    numbers(versions.map(v => v.old?.owner ?? null)),
    numbers(versions.map(v => put(v)?.class ?? 0)),
    numbers(versions.map(v => put(v)?.rank ?? 3)),
    numbers(versions.map(v => put(v)?.author ?? null)),
    numbers(versions.map(v => put(v)?.rows.dlo ?? -9e15)),
    numbers(versions.map(v => put(v)?.rows.dhi ?? 9e15)),
    numbers(versions.map(v => c1(put(v)))),
    numbers(versions.map(v => (end += (put(v)?.rows.tokens.length ?? 0) / 2))),
    texts(versions.map(v => put(v)?.tail ?? '')),
    texts(versions.map(v => literal(put(v)?.owners))),
    texts(versions.map(v => literal(put(v)?.participants))),
    texts(versions.map(v => labelLiteral(put(v)?.labels))),
    texts(versions.map(v => put(v)?.refs ?? null))
  ]
}

function c1 (version: Put | undefined): string | null {
  const key = version?.rows.c1
  return key === undefined ? null : hashText(key[0], key[1])
}

/** The index rows of a version, and its place in the statement, counted from 1. */
interface Indexed { readonly rows: Put['rows'], readonly row: number }

function indexValues (puts: readonly Indexed[]): unknown[] {
  const codes = puts.flatMap(({ rows, row }) => rows.codes.map(key => ({ row, key })))
  const quantities = puts.flatMap(({ rows, row }) => rows.quantities.map(value => ({ row, ...value })))
  const strings = puts.flatMap(({ rows, row }) => rows.strings.map(value => ({ row, ...value })))
  const dates = puts.flatMap(({ rows, row }) => rows.dates.map(value => ({ row, ...value })))
  return [
    hashes(puts.map(({ rows }) => rows.tokens)),
    numbers(codes.map(code => code.row)), hashes(codes.map(code => code.key)),
    numbers(quantities.map(q => q.row)), hashes(quantities.map(q => q.key)),
    numbers(quantities.map(q => q.value)), numbers(quantities.map(q => q.high ?? null)),
    numbers(strings.map(s => s.row)), hashes(strings.map(s => s.key)),
    texts(strings.map(s => s.value)), texts(strings.map(s => s.full ?? null)),
    numbers(dates.map(d => d.row)), hashes(dates.map(d => d.key)), numbers(dates.map(d => d.lo)), numbers(dates.map(d => d.hi))
  ]
}

function termValues (puts: readonly Indexed[]): unknown[] {
  const terms = puts.flatMap(({ rows }) => rows.terms)
  const units = puts.flatMap(({ rows }) => rows.quantityKeys)
  return [
    hashes(terms.map(term => term.key)), hashes(terms.map(term => term.token)), texts(terms.map(term => term.text)),
    hashes(units.map(unit => unit.family)), hashes(units.map(unit => unit.key)),
    numbers(units.map(unit => unit.measure.factor)), numbers(units.map(unit => unit.measure.offset)),
    texts(units.map(unit => unit.measure.dimension)), texts(units.map(unit => unit.system)),
    texts(units.map(unit => unit.code)), texts(units.map(unit => unit.unit))
  ]
}

function ownerValues (groups: readonly WriteGroup[]): unknown[] {
  const made = groups.flatMap(group => group.newOwners)
  const treated = groups.flatMap(group => group.treated)
  // Once each: the statement counts them.
  const needed = [...new Map(groups.flatMap(group => group.needed).map(need => [need.owner, need])).values()]
  return [
    numbers(made.map(({ owner }) => owner)), texts(made.map(({ id }) => id)),
    numbers(groups.flatMap(group => group.revived)),
    numbers(needed.map(({ owner }) => owner)), texts(needed.map(({ id }) => id)),
    numbers(treated.map(({ owner }) => owner)), numbers(treated.map(({ actor }) => actor))
  ]
}

function auditValues (groups: readonly WriteGroup[]): unknown[] {
  const rows: readonly AuditRow[] = groups.map(group => group.audit)
  let last = 0
  const ends = groups.map(group => (last += group.versions.length))
  return [
    numbers(rows.map(row => row.seq)), numbers(rows.map(row => row.owner)), numbers(rows.map(row => row.actor)),
    numbers(rows.map(row => row.caller)), numbers(rows.map(row => row.interaction)), numbers(rows.map(row => row.type)),
    numbers(rows.map(row => row.status)),
    numbers(groups.map((group, index) => (ends[index] ?? 0) - group.versions.length + 1)), numbers(ends),
    texts(rows.map(row => row.client)), texts(rows.map(row => literal(row.owners))), texts(rows.map(row => literal(row.shown)))
  ]
}
