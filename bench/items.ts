// The rows that the server has written for a piece of work, read from its own tables: what the same-rows baseline writes.
import { writeFileSync } from 'node:fs'
import pg from 'pg'
import { RESOURCE_TYPES, numberOf } from '../src/fhir/resource-types.js'
import type { RowSet } from './raw/rows.js'

export interface Key { readonly type: string, readonly id: string }

interface Row extends Omit<RowSet, 'typeName' | 'codes' | 'quantities' | 'strings' | 'dates'> {
  readonly id: string
  readonly codes: readonly string[] | null
  readonly quantities: RowSet['quantities'] | null
  readonly strings: RowSet['strings'] | null
  readonly dates: RowSet['dates'] | null
}

const ROWS = `
  select v.id, v.type, v.owner::text, v.class, v.rank, c.dlo::text, c.dhi::text, c.c1::text, c.tokens::text, v.owners::text, v.participants::text,
         v.labels::text, v.refs, v.body,
         (select json_agg(x.key::text) from karta.code_value x where x.rid = v.rid) as codes,
         (select json_agg(json_build_object('key', x.key::text, 'value', x.value)) from karta.quantity_value x where x.rid = v.rid) as quantities,
         (select json_agg(json_build_object('key', x.key::text, 'value', x.value)) from karta.string_value x where x.rid = v.rid) as strings,
         (select json_agg(json_build_object('key', x.key::text, 'lo', x.lo::text, 'hi', x.hi::text)) from karta.date_value x where x.rid = v.rid) as dates
  from unnest($1::int2[], $2::text[]) as k(type, id)
  join karta.version v on v.type = k.type and v.id = k.id
  join karta.current c on c.type = v.type and c.rid = v.rid`

/** The row sets of these resources, in this order. */
export async function rowSets (url: string, keys: readonly Key[]): Promise<RowSet[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const found = new Map<string, RowSet>()
    for (let at = 0; at < keys.length; at += 1000) {
      const page = keys.slice(at, at + 1000)
      const { rows } = await client.query<Row>(ROWS, [page.map(({ type }) => numberOf(type)), page.map(({ id }) => id)])
      for (const row of rows) found.set(`${row.type}/${row.id}`, rowSet(row))
    }
    return keys.map(({ type, id }) => {
      const rows = found.get(`${numberOf(type)}/${id}`)
      if (rows === undefined) throw new Error(`${type}/${id} is not in the database`)
      return rows
    })
  } finally {
    await client.end()
  }
}

const rowSet = ({ id, codes, quantities, strings, dates, ...row }: Row): RowSet => ({
  ...row, typeName: NAMES.get(row.type) ?? '', codes: codes ?? [], quantities: quantities ?? [], strings: strings ?? [], dates: dates ?? []
})

const NUMBERS = Object.fromEntries(RESOURCE_TYPES.map(type => [type, numberOf(type)]))
const NAMES = new Map(Object.entries(NUMBERS).map(([type, number]) => [number, type]))

/** Writes the file that the baselines read, and answers its items. */
export async function writeItems (url: string, file: string, items: readonly (readonly Key[])[]): Promise<RowSet[][]> {
  const flat = await rowSets(url, items.flat())
  const next = flat.values()
  const sets = items.map(item => item.flatMap(() => next.next().value ?? []))
  writeFileSync(file, JSON.stringify({ types: NUMBERS, items: sets }))
  return sets
}
