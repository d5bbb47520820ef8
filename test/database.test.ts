import pg from 'pg'
import t from 'tap'
import { openDatabase } from '../src/database.js'
import { testDatabase } from './database.js'

const open = async (databaseUrl: string) => await openDatabase({ databaseUrl, dataDir: 'nowhere' }, () => {})

t.test('a PostgreSQL of the operator is used as it is', async t => {
  const url = await testDatabase(t)

  const database = await open(url)

  t.equal(database.url, url)
  await database.stop()
})

t.test('a database in another encoding is refused with what to do', async t => {
  const url = await testDatabase(t)
  const client = new pg.Client(url)
  await client.connect()
  const name = `${client.database ?? ''}_ascii`
  await client.query(`create database ${name} encoding 'SQL_ASCII' locale 'C' template template0`)
  t.teardown(async () => {
    await client.query(`drop database ${name}`)
    await client.end()
  })

  await t.rejects(open(url.replace(/\/[^/?]*(\?|$)/, `/${name}$1`)), { name: 'StartError', message: /SQL_ASCII[^]*UTF8/ })
})

t.test('a database that refuses us is named, and why', async t => {
  const url = await testDatabase(t)

  await t.rejects(open(url.replace(/\/[^/?]*(\?|$)/, '/nowhere$1')), { name: 'StartError', message: /nowhere\) does not answer: .*does not exist/ })
})
