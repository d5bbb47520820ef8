// https://www.postgresql.org/docs/15/view-pg-stats.html
import t from 'tap'
import { Densities } from '../../src/store/density.js'
import { server } from '../server.js'

const TABLE = 'karta.current_observation'
const INSERT = `
  insert into karta.current_observation (rid, owner, dlo, dhi, type, class, tokens)
    select n, 1, 0, 1, 96, 1, case when n % 2 = 0 then array[7, n + 1000] else array[8, n + 1000] end from generate_series($1::int8, $2::int8) n`

t.test('what an analysis tells of tokens is known until the table has changed too much', async t => {
  const { pool } = await server(t)
  const densities = new Densities(pool, error => { throw error })
  await pool.query(INSERT, [1, 2000])
  await densities.refresh()
  t.equal(densities.of(TABLE), undefined, 'nobody has analysed it')

  await pool.query('analyze karta.current_observation')
  await densities.refresh()

  const known = densities.of(TABLE)
  t.equal(known?.rows, 2000)
  t.ok(Math.abs((known?.share(['7']) ?? 0) - 0.5) < 0.01)
  t.equal(known?.share(['7', '8', '7']), 1, 'no more than all')
  t.ok((known?.share(['1500']) ?? 1) < 0.01, 'what is not among the usual ones is rare')
  t.equal(densities.of('karta.current_patient'), undefined, 'nothing stands in it')

  await pool.query(INSERT, [2001, 4000])
  await pool.query('select pg_stat_force_next_flush()')
  await pool.query('select 1')
  await densities.refresh()
  t.equal(densities.of(TABLE), undefined, 'it has doubled since')
})
