import { Writable } from 'node:stream'
import pg from 'pg'
import { pino } from 'pino'
import t from 'tap'
import { loggerOptions } from '../src/log.js'
import { testDatabase } from './database.js'

function logged (write: (log: pino.Logger) => void): string {
  let text = ''
  const stream = new Writable({
    write (part, _encoding, done) {
      text += String(part)
      done()
    }
  })
  write(pino(loggerOptions({ logLevel: 'info' }), stream))
  return text
}

t.test('a line is one JSON object with its level in words and a time', async t => {
  const line = JSON.parse(logged(log => log.info({ status: 200 }, 'request')))

  t.match(line, { level: 'info', time: /^\d{4}-\d\d-\d\dT.*Z$/, status: 200, msg: 'request', pid: process.pid })
})

t.test('what PostgreSQL says of a value is not logged, what it is about is', async t => {
  const client = new pg.Client(await testDatabase(t))
  await client.connect()
  t.teardown(async () => { await client.end() })
  await client.query('create table diagnosis (code text primary key)')
  await client.query("insert into diagnosis values ('F20.0')")
  const taken = await client.query("insert into diagnosis values ('F20.0')").catch((thrown: unknown) => thrown)
  const cast = await client.query("select 'schizophrenia'::int4").catch((thrown: unknown) => thrown)

  const text = logged(log => {
    log.error({ err: taken })
    log.error({ err: cast })
    log.error({ err: new Error('a flush failed', { cause: taken }) })
  })

  t.notMatch(text, /F20|schizophrenia/)
  t.match(text, /"code":"23505".*"table":"diagnosis"/)
  t.match(text, /"code":"22P02"/)
  t.match(text, /a flush failed/)
})

t.test('a token is not logged', async t => {
  t.notMatch(logged(log => log.info({ req: { headers: { authorization: 'Bearer geheim' } }, headers: { authorization: 'Bearer geheim' } })), /geheim/)
})
