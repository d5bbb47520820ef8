// One step over what is stored: a few resources of a type in the order in which they were written, and what becomes of their index rows. It shows nobody
// anything, so no policy stands in it. docs/decisions/0022-custom-search-parameters.md
import type pg from 'pg'
import { numberOf, type ResourceType } from '../../fhir/resource-types.js'
import { hashText, Int4s, Int8s, numbers } from '../binary.js'
import { currentTable } from '../current.js'
import type { Dictionary } from '../dictionary.js'
import type { IndexRows } from '../index-rows.js'
import type { Key } from '../hash.js'
import type { Searches } from '../pool.js'
import { indexValues, termValues, type Indexed } from '../parameters.js'
import type { CustomParameter } from './parameter.js'
import { customRows, type CustomContext } from './rows.js'

// So many resources are locked for a moment: whoever writes one of them waits for milliseconds.
const STEP = 200

/** What a step works with. */
export interface Walking {
  readonly client: pg.PoolClient
  readonly parameter: CustomParameter
  readonly context: CustomContext & { readonly known: Dictionary }
  /** When the last step ended: what a step took is told with the next one. */
  counted: number
}

/** `last`: up to where it came; undefined: there was nothing more. `left`: how many others were writing just now; -1: there is nothing to do any more. */
export interface Step { readonly last: string | undefined, readonly left: number }

interface Found { readonly rid: string, readonly owner: string, readonly marked: boolean, readonly id: string | null, readonly body: string | null }

const NO_MORE: Step = { last: undefined, left: 0 }

/** Adds the rows of a parameter to the next resources of a type that have none of it. */
export async function indexStep (walking: Walking, type: ResourceType, after: string): Promise<Step> {
  const { client, parameter, context } = walking
  const found = await next(client, parameter, type, after, false)
  const last = found.at(-1)?.rid
  if (last === undefined) return NO_MORE
  const due = found.flatMap(row => row.body === null || row.id === null ? [] : [{ ...row, rows: customRows([parameter], type, row.id, row.body, context) }])
  const versions: readonly Indexed[] = due.map(({ rows }) => ({ op: 'put', rows }))
  const [tokens, ...values] = indexValues(versions)
  const ends = new Int4s(due.length)
  let end = 0
  for (const { rows } of due) ends.add(end += rows.tokens.length / 2)
  const left = await leftBy(client, 'index_search', INDEX, [
    parameter.number, numberOf(type), markers(parameter, type), last, found.length, spentIn(walking),
    numbers(due.map(({ rid }) => rid)), numbers(due.map(({ owner }) => owner)), ends.end(), tokens, ...values, ...termValues(versions)
  ])
  for (const { rows } of due) context.known.learn(rows)
  return { last, left }
}

/** Takes the rows of a parameter that has ended from the next resources of a type that have some. */
export async function forgetStep (walking: Walking, type: ResourceType, after: string): Promise<Step> {
  const { client, parameter, context } = walking
  const found = await next(client, parameter, type, after, true)
  const last = found.at(-1)?.rid
  if (last === undefined) return NO_MORE
  const due = found.flatMap(row => row.body === null || row.id === null ? [] : [{ ...row, rows: customRows([parameter], type, row.id, row.body, context) }])
  const left = await leftBy(client, 'forget_search', FORGET, [
    parameter.number, numberOf(type), markers(parameter, type), last, found.length, spentIn(walking),
    numbers(due.map(({ rid }) => rid)), tokensOf(due.map(({ rows }) => rows)), keysOf(due.map(({ rows }) => rows))
  ])
  return { last, left }
}

// With what it has rested.
function spentIn (walking: Walking): number {
  const now = performance.now()
  const spent = now - walking.counted
  walking.counted = now
  return spent
}

/** What there is to go over, about. */
export async function totalOf (client: pg.PoolClient, types: readonly ResourceType[]): Promise<number> {
  let total = 0
  for (const type of types) {
    const { name, only } = currentTable(type)
    const { rows: [row] } = await client.query<{ count: string }>(`select count(*) from ${name} where ${only ?? 'true'}`)
    total += Number(row?.count ?? 0)
  }
  return total
}

/** How many resources have no rows of a parameter since its expression failed. */
export async function failedOf (searches: Searches, parameter: CustomParameter): Promise<number> {
  let failed = 0
  for (const type of parameter.definition.base) {
    const { name, only } = currentTable(type)
    const [row] = await searches.query<{ count: string }>({
      name: `failed:${name}:${only ?? ''}`, text: `select count(*) from ${name} where ${only ?? 'true'} and tokens @> $1::int8[]`, values: [[hashText(...parameter.markersOf(type).failed)]]
    })
    failed += Number(row?.count ?? 0)
  }
  return failed
}

// Bodies only of those of which there is something to do. `limit` is a literal, so that the walk goes along the index whatever the planner knows.
async function next (client: pg.PoolClient, parameter: CustomParameter, type: ResourceType, after: string, marked: boolean): Promise<Found[]> {
  const { name, only } = currentTable(type)
  const { rows } = await client.query<Found>({
    name: `walk:${marked}:${name}:${only ?? ''}`,
    text: `
      with c as materialized (select t.rid, t.owner, t.tokens && $2::int8[] as marked from ${name} t where ${only ?? 'true'} and t.rid > $1::int8 order by t.rid limit ${STEP})
      select c.rid, c.owner, c.marked, v.id, v.body
      from c left join lateral (select n.id, n.body from karta.version n where n.owner = c.owner and n.rid = c.rid and c.marked = ${marked} offset 0) v on true
      order by c.rid`,
    values: [after, markers(parameter, type)]
  })
  return rows
}

function markers (parameter: CustomParameter, type: ResourceType): string[] {
  const { present, missing, failed } = parameter.markersOf(type)
  return [present, missing, failed].map(key => hashText(...key))
}

async function leftBy (client: pg.PoolClient, name: string, text: string, values: readonly unknown[]): Promise<number> {
  const { rows: [row] } = await client.query<{ left: number }>({ name, text, values: [...values] })
  return row?.left ?? -1
}

const call = (name: string, types: readonly string[]): string => `select karta.${name}(${types.map((type, place) => `$${place + 1}::${type}`).join(', ')}) as left`

const INDEX = call('index_search', [
  'int8', 'int2', 'int8[]', 'int8', 'int4', 'float8', 'int8[]', 'int8[]', 'int4[]', 'int8[]', 'int4[]', 'int8[]',
  'int4[]', 'int8[]', 'float8[]', 'float8[]', 'int4[]', 'int8[]', 'text[]', 'text[]', 'int4[]', 'int8[]', 'int8[]', 'int8[]',
  'int8[]', 'int8[]', 'text[]', 'int8[]', 'int8[]', 'float8[]', 'float8[]', 'text[]', 'text[]', 'text[]', 'text[]'
])
const FORGET = call('forget_search', ['int8', 'int2', 'int8[]', 'int8', 'int4', 'float8', 'int8[]', 'int8[]', 'int8[]'])

function tokensOf (all: readonly IndexRows[]): unknown {
  const tokens = new Int8s(all.reduce((sum, rows) => sum + rows.tokens.length / 2, 0))
  for (const rows of all) for (let at = 0; at < rows.tokens.length; at += 2) tokens.addHalves(rows.tokens[at] ?? 0, rows.tokens[at + 1] ?? 0)
  return tokens.end()
}

function keysOf (all: readonly IndexRows[]): string[] {
  const keys: readonly Key[] = all.flatMap(rows => [...rows.quantities, ...rows.strings, ...rows.dates].map(({ key }) => key))
  return [...new Set(keys.map(key => hashText(...key)))]
}
