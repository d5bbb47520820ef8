// https://hl7.org/fhir/R4/search.html#prefix
import fc from 'fast-check'
import pg from 'pg'
import t from 'tap'
import { spanPieces, spans } from '../../src/consent/search/span.js'
import { Statement } from '../../src/consent/search/statement.js'
import { BEGINNING, END } from '../../src/fhir/date-range.js'
import type { Comparison } from '../../src/fhir/search/comparison.js'
import { testDatabase } from '../database.js'

const seed = Number(process.env['SEED'] ?? 20_261_127)
const operator = { kind: 'operator', actor: '1', client: 'test', scopes: [], jti: '', expires: Infinity } as const
const HOUR = 3_600_000
const LONG = 25 * HOUR

// Moments that meet one another, and lengths on both sides of what is long.
const moment = fc.oneof({ weight: 4, arbitrary: fc.integer({ min: -3, max: 60 }).map(hours => hours * HOUR) }, { weight: 1, arbitrary: fc.tuple(fc.integer({ min: -3, max: 60 }), fc.constantFrom(-1, 1)).map(([hours, more]) => hours * HOUR + more) })
const length = fc.oneof(fc.constantFrom(1, HOUR, 24 * HOUR, LONG - 1, LONG, LONG + 1, 26 * HOUR), fc.integer({ min: 1, max: 60 * HOUR }))
const span = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(moment, length).map(([lo, long]) => [lo, lo + long] as const) },
  { weight: 1, arbitrary: moment.map(lo => [lo, END] as const) }, { weight: 1, arbitrary: moment.map(hi => [BEGINNING, hi] as const) }
)
const comparison: fc.Arbitrary<Comparison> = fc.tuple(fc.constantFrom('eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap', 'co'), moment, length)
  .map(([prefix, low, long]) => ({ prefix, low, high: low + long, at: low } as Comparison))

/** The page's words: the search value's span is [low, high), the resource's [lo, hi). */
function meets (lo: number, hi: number, { prefix, low, high }: Comparison): boolean {
  const contained = low <= lo && hi <= high
  switch (prefix) {
    case 'eq': return contained
    case 'ne': return !contained
    case 'gt': return hi > high
    case 'lt': return lo < low
    case 'ge': return hi > high || contained
    case 'le': return lo < low || contained
    case 'sa': return lo >= high
    case 'eb': return hi <= low
    case 'ap': return lo < high && hi > low
    case 'co': return lo <= low && high <= hi
  }
}

t.test('spans are found by pieces of an index, each once, as the page says and as each row is asked', async t => {
  const pool = new pg.Pool({ connectionString: await testDatabase(t), max: 1 })
  t.teardown(async () => await pool.end())
  await pool.query('create temp table span (n int8, lo int8, hi int8)')
  const all = fc.sample(span, { seed, numRuns: 400 })
  await pool.query('insert into span select o, lo, hi from unnest($1::int8[], $2::int8[]) with ordinality u(lo, hi, o)', [all.map(([lo]) => lo), all.map(([, hi]) => hi)])
  const columns = { lo: 's.lo', hi: 's.hi' }
  const told = async (sql: Statement, wheres: readonly string[]): Promise<number[]> => {
    const { text, values } = sql.query(`select x.n from (${wheres.map(where => `select s.n from span s where ${where}`).join(' union all ')}) x order by x.n`)
    return (await pool.query<{ readonly n: string }>(text, [...values])).rows.map(({ n }) => Number(n))
  }

  const result = await fc.check(fc.asyncProperty(fc.array(comparison, { minLength: 1, maxLength: 3 }), async asked => {
    const expected = all.flatMap(([lo, hi], place) => asked.every(each => meets(lo, hi, each)) ? place + 1 : [])
    const statement = (): Statement => new Statement({ densityOf: () => undefined }, operator, 'spans')
    const [pieces, rows] = [statement(), statement()]

    const found = await told(pieces, spanPieces(pieces, columns, asked))
    const probed = await told(rows, [asked.map(each => spans(rows, columns, each)).join(' and ')])

    if (String(found) !== String(expected) || String(probed) !== String(expected)) throw new Error(`pieces ${String(found)}; rows ${String(probed)}; expected ${String(expected)}`)
  }), { seed, numRuns: 2000 })

  t.notOk(result.failed, fc.defaultReportMessage(result) ?? `seed ${seed}`)
})
