// The parameters of karta.write, in its order: groups of versions as arrays. migrations/0006_write.ts
import { numberOf } from '../fhir/resource-types.js'
import { asciis, Float8s, Int2s, Int4s, Int8s, numbers, texts } from './binary.js'
import type { Key } from './hash.js'
import type { AuditRow, Put, Tombstone, WriteGroup } from './version.js'

const TYPES = [
  'int2[]', 'int2[]', 'text[]', 'int8[]', 'int4[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int8[]', 'int8[]', 'int8[]', 'int8[]', 'int4[]',
  'text[]', 'text[]', 'text[]', 'text[]', 'text[]',
  'int8[]', 'int4[]', 'int8[]', 'int4[]', 'int8[]', 'float8[]', 'float8[]', 'int4[]', 'int8[]', 'text[]', 'text[]', 'int4[]', 'int8[]', 'int8[]', 'int8[]',
  'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]', 'float8[]', 'float8[]', 'text[]', 'text[]', 'text[]', 'text[]',
  'int8[]', 'text[]', 'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]',
  'int8', 'int8[]', 'int8[]', 'int8[]', 'int2[]', 'int2[]', 'int2[]', 'int2[]', 'int4[]', 'int4[]', 'text[]', 'text[]', 'text[]',
  'int8', 'text[]', 'text[]', 'text[]', 'text[]'
]

/** The one statement that writes. */
export const WRITE = `select karta.write(${TYPES.map((type, index) => `$${index + 1}::${type}`).join(', ')}) as rids`

/** Its values for some groups, under the number of the process's audit writer; `generation`: that of the search parameters that they have rows of. */
export function parameters (writer: string, generation: string, groups: readonly WriteGroup[]): unknown[] {
  const [only] = groups
  const versions = groups.length === 1 && only !== undefined ? only.versions : groups.flatMap(group => group.versions)
  return [...versionValues(versions), ...indexValues(versions), ...termValues(versions), ...ownerValues(groups), writer, ...auditValues(groups), generation, ...definitionValues(versions)]
}

const SEARCH_PARAMETER = numberOf('SearchParameter')
const NOTHING: readonly unknown[] = [[], [], [], []]

/** Whether these versions may change what is searched by. */
export const definesSearch = (versions: readonly (Put | Tombstone)[]): boolean => versions.some(({ type }) => type === SEARCH_PARAMETER)

function definitionValues (versions: readonly (Put | Tombstone)[]): readonly unknown[] {
  if (!definesSearch(versions)) return NOTHING
  const written = versions.filter(({ type }) => type === SEARCH_PARAMETER)
  const definitions = written.map(version => version.op === 'put' ? version.defines : undefined)
  return [
    asciis(written.map(({ id }) => id)), texts(definitions.map(each => each === undefined ? null : JSON.stringify(each))),
    texts(definitions.map(each => each?.code ?? null)), asciis(definitions.map(each => each === undefined ? null : `{${each.base.join(',')}}`))
  ]
}

/** Surrogates as an array literal, or null. */
export const literal = (surrogates: readonly string[] | undefined): string | null => surrogates === undefined ? null : `{${surrogates.join(',')}}`

// Labels are any code that a client sent: quotes and backslashes are escaped.
const labelLiteral = (labels: readonly string[] | undefined): string | null =>
  labels === undefined ? null : `{${labels.map(label => `"${label.replace(/["\\]/g, '\\$&')}"`).join(',')}}`

// What a tombstone has in place of what a version has: its row takes it from the version that it ends.
const [NORMAL, BEGINNING, END] = [3, -9e15, 9e15] as const

function versionValues (versions: readonly (Put | Tombstone)[]): unknown[] {
  const count = versions.length
  const [op, type, dataClass, rank] = [new Int2s(count), new Int2s(count), new Int2s(count), new Int2s(count)]
  const [owner, old, oldOwner, author, dlo, dhi, c1] = [new Int8s(count), new Int8s(count), new Int8s(count), new Int8s(count), new Int8s(count), new Int8s(count), new Int8s(count)]
  const [ver, tokenEnd] = [new Int4s(count), new Int4s(count)]
  let end = 0
  for (const version of versions) {
    const put = version.op === 'put' ? version : undefined
    op.add(put === undefined ? 3 : 1)
    type.add(version.type)
    owner.addText(version.owner)
    ver.add(version.ver)
    addText(old, version.old?.rid)
    addText(oldOwner, version.old?.owner)
    dataClass.add(put?.class ?? 0)
    rank.add(put?.rank ?? NORMAL)
    addText(author, put?.author)
    dlo.add(put?.rows.dlo ?? BEGINNING)
    dhi.add(put?.rows.dhi ?? END)
    addKey(c1, put?.rows.c1)
    tokenEnd.add(end += (put?.rows.tokens.length ?? 0) / 2)
  }
  const told = (tell: (put: Put) => string | null): (string | null)[] => versions.map(version => version.op === 'put' ? tell(version) : null)
  return [
    op.end(), type.end(), asciis(versions.map(version => version.id)), owner.end(), ver.end(), old.end(), oldOwner.end(),
    dataClass.end(), rank.end(), author.end(), dlo.end(), dhi.end(), c1.end(), tokenEnd.end(),
    texts(versions.map(version => version.op === 'put' ? version.tail : '')), asciis(told(put => literal(put.owners))),
    asciis(told(put => literal(put.participants))), texts(told(put => labelLiteral(put.labels))), asciis(told(put => put.refs ?? null))
  ]
}

function addText (column: Int8s, value: string | undefined): void {
  if (value === undefined) column.addNull()
  else column.addText(value)
}

function addKey (column: Int8s, key: Key | undefined): void {
  if (key === undefined) column.addNull()
  else column.addHalves(key[0], key[1])
}

/** A version as far as its index rows go. */
export type Indexed = Pick<Put, 'op' | 'rows'> | Pick<Tombstone, 'op'>

/** How many values all versions together have. */
function total (versions: readonly Indexed[], count: (put: Pick<Put, 'rows'>) => number): number {
  let sum = 0
  for (const version of versions) if (version.op === 'put') sum += count(version)
  return sum
}

/** Does something with each put and its place in the statement, counted from 1. */
function eachPut (versions: readonly Indexed[], act: (put: Pick<Put, 'rows'>, row: number) => void): void {
  versions.forEach((version, index) => { if (version.op === 'put') act(version, index + 1) })
}

/** Tokens, further main codes, quantities, strings and dates, each with the place of its version. */
export function indexValues (versions: readonly Indexed[]): unknown[] {
  return [...tokenValues(versions), ...codeValues(versions), ...quantityValues(versions), ...stringValues(versions), ...dateValues(versions)]
}

function tokenValues (versions: readonly Indexed[]): unknown[] {
  const tokens = new Int8s(total(versions, put => put.rows.tokens.length / 2))
  eachPut(versions, ({ rows }) => { for (let at = 0; at < rows.tokens.length; at += 2) tokens.addHalves(rows.tokens[at] ?? 0, rows.tokens[at + 1] ?? 0) })
  return [tokens.end()]
}

function codeValues (versions: readonly Indexed[]): unknown[] {
  const count = total(versions, put => put.rows.codes.length)
  const [row, key] = [new Int4s(count), new Int8s(count)]
  eachPut(versions, ({ rows }, place) => {
    for (const code of rows.codes) {
      row.add(place)
      addKey(key, code)
    }
  })
  return [row.end(), key.end()]
}

function quantityValues (versions: readonly Indexed[]): unknown[] {
  const count = total(versions, put => put.rows.quantities.length)
  const [row, key, value, high] = [new Int4s(count), new Int8s(count), new Float8s(count), new Float8s(count)]
  eachPut(versions, ({ rows }, place) => {
    for (const quantity of rows.quantities) {
      row.add(place)
      addKey(key, quantity.key)
      value.add(quantity.value)
      if (quantity.high === undefined) high.addNull()
      else high.add(quantity.high)
    }
  })
  return [row.end(), key.end(), value.end(), high.end()]
}

function stringValues (versions: readonly Indexed[]): unknown[] {
  const count = total(versions, put => put.rows.strings.length)
  const [row, key] = [new Int4s(count), new Int8s(count)]
  const [value, whole]: [string[], (string | null)[]] = [[], []]
  eachPut(versions, ({ rows }, place) => {
    for (const string of rows.strings) {
      row.add(place)
      addKey(key, string.key)
      value.push(string.value)
      whole.push(string.full ?? null)
    }
  })
  return [row.end(), key.end(), texts(value), texts(whole)]
}

function dateValues (versions: readonly Indexed[]): unknown[] {
  const count = total(versions, put => put.rows.dates.length)
  const [row, key, lo, hi] = [new Int4s(count), new Int8s(count), new Int8s(count), new Int8s(count)]
  eachPut(versions, ({ rows }, place) => {
    for (const date of rows.dates) {
      row.add(place)
      addKey(key, date.key)
      lo.add(date.lo)
      hi.add(date.hi)
    }
  })
  return [row.end(), key.end(), lo.end(), hi.end()]
}

const keys = (values: readonly Key[]): unknown => {
  const column = new Int8s(values.length)
  for (const value of values) addKey(column, value)
  return column.end()
}

const reals = (values: readonly number[]): unknown => {
  const column = new Float8s(values.length)
  for (const value of values) column.add(value)
  return column.end()
}

/** Entries for the dictionaries. */
export function termValues (versions: readonly Indexed[]): unknown[] {
  const terms = versions.flatMap(version => version.op === 'put' ? version.rows.terms : [])
  const units = versions.flatMap(version => version.op === 'put' ? version.rows.quantityKeys : [])
  return [
    keys(terms.map(term => term.key)), keys(terms.map(term => term.token)), texts(terms.map(term => term.text)),
    keys(units.map(unit => unit.family)), keys(units.map(unit => unit.key)),
    reals(units.map(unit => unit.measure.factor)), reals(units.map(unit => unit.measure.offset)),
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
