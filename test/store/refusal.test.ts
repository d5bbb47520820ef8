import pg from 'pg'
import t from 'tap'
import { notFound } from '../../src/fhir/outcome.js'
import { asRefusal } from '../../src/store/refusal.js'

const database = (code: string): Error => Object.assign(new pg.DatabaseError('text with a value in it', 1, 'error'), { code })
const network = (code: string): Error => Object.assign(new Error('connect'), { code })

t.test('a failure of the database is told as what the client can do about it', async t => {
  const told: [unknown, number][] = [
    [database('57P01'), 503], [database('57P02'), 503], [database('57P03'), 503], [database('08006'), 503], [database('53300'), 503],
    [database('53200'), 503], [database('53100'), 503], [database('58030'), 503], [database('57014'), 503], [database('25006'), 503], [database('55P03'), 503],
    [database('40001'), 409], [database('40P01'), 409], [database('23505'), 409],
    [network('ECONNREFUSED'), 503], [network('ECONNRESET'), 503], [network('EPIPE'), 503], [network('ENOENT'), 503],
    [new Error('Connection terminated unexpectedly'), 503], [new Error('timeout exceeded when trying to connect'), 503],
    [database('42703'), 500], [database('22P02'), 500], [new TypeError('x is not a function'), 500], ['text', 500], [undefined, 500]
  ]

  for (const [thrown, status] of told) {
    const refusal = asRefusal(thrown)
    t.equal(refusal.status, status, String(thrown))
    t.notMatch(refusal.issues[0]?.diagnostics, /value in it|connect$|not a function/)
    if (status === 503) t.ok(refusal.headers['retry-after'])
    if (status >= 500) t.equal(refusal.cause, thrown)
  }
})

t.test('what was refused on purpose stays what it is', async t => {
  const refusal = notFound('Patient', 'anna')

  t.equal(asRefusal(refusal), refusal)
})
