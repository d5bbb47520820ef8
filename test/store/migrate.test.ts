import pg from 'pg'
import t from 'tap'
import { migrate, pendingMigrations } from '../../src/store/migrate.js'
import { testDatabase } from '../database.js'

t.test('a migrated database has nothing to migrate', async t => {
  const url = await testDatabase(t)

  const done = await migrate(url)

  t.same(done, [])
})

t.test('two processes that start at once migrate once', async t => {
  const url = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(async () => { await client.end() })
  await client.query('drop schema karta cascade')

  const both = await Promise.all([migrate(url), migrate(url)])

  t.same(both.map(done => done.length > 0).sort(), [false, true])
  t.same(await pendingMigrations(client), [])
})

t.test('a lock that a killed process left behind does not stop the next one', async t => {
  const url = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(async () => { await client.end() })
  await client.query('drop schema karta cascade; create schema karta')
  await client.query('create table karta.migration_lock (index serial primary key, is_locked int); insert into karta.migration_lock values (0, 1)')

  const done = await migrate(url)

  t.match(done[0], /^\d{4}_[a-z_]+$/, 'a name has no extension')
  t.same(await pendingMigrations(client), [])
})

t.test('a database of a newer release is refused by name', async t => {
  const url = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  t.teardown(async () => { await client.end() })
  await client.query("insert into karta.migration (name) values ('9999_future')")

  await t.rejects(migrate(url), { name: 'StartError', message: /9999_future/ })
})
