import pg from 'pg'
import t from 'tap'
import { numberOf, RESOURCE_TYPES } from '../../src/fhir/resource-types.js'
import { currentTable } from '../../src/store/current.js'
import { testDatabase } from '../database.js'

t.test('the table of each type is the one in which the database keeps its rows', async t => {
  const client = new pg.Client({ connectionString: await testDatabase(t) })
  await client.connect()
  t.teardown(async () => { await client.end() })
  const { rows } = await client.query<{ name: string, bound: string }>(`
    select 'karta.' || c.relname as name, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = 'karta.current'::regclass`)
  const tables = new Map(rows.flatMap(({ name, bound }) => [...bound.matchAll(/'(\d+)'/g)].map(([, number]): [number, string] => [Number(number), name])))
  const rest = rows.find(({ bound }) => bound === 'DEFAULT')?.name

  t.ok(tables.size > 10)
  for (const type of RESOURCE_TYPES) {
    const own = tables.get(numberOf(type))
    t.same(currentTable(type), own === undefined ? { name: rest, only: `type = ${numberOf(type)}` } : { name: own, only: undefined }, type)
  }
})
