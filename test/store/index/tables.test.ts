// The questions of docs/decisions/0010-index-rows.md, put to the tables that the rows stand in.
import type pg from 'pg'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../../src/fhir/json.js'
import { UCUM, unitOf } from '../../../src/fhir/unit.js'
import { hashText } from '../../../src/store/binary.js'
import { indexRows } from '../../../src/store/index-rows.js'
import { paramOf, valueKey } from '../../../src/store/index/rows.js'
import { put, world } from '../../world.js'

const key = (name: string, kind: string, text = ''): string => {
  const [type = '', code = ''] = name.split('.')
  return hashText(...valueKey(paramOf(type, code), kind, text))
}

interface Held { readonly pool: pg.Pool, readonly ids: (where: string, values: readonly unknown[]) => Promise<string[]> }

/** Resources in the tables; `ids` answers which of them a condition on `current c` finds. */
async function holding (t: Test, resources: Readonly<Record<string, JsonObject>>): Promise<Held> {
  const { store, patient, pool, writer } = await world(t)
  const anna = await patient('anna')
  for (const [id, resource] of Object.entries(resources)) {
    const type = String(resource['resourceType'])
    await store([put(type, id, anna, { rows: indexRows(type, id, resource, { zone: 'UTC', known: writer.dictionary }) })])
  }
  const ids = async (where: string, values: readonly unknown[]): Promise<string[]> => (await pool.query<{ id: string }>(
    `select v.id from karta.current c join karta.version v on v.owner = c.owner and v.rid = c.rid where ${where} order by v.id`, [...values])).rows.map(({ id }) => id)
  return { pool, ids }
}

const weight = (value: number, code: string, more: JsonObject = {}): JsonObject => ({
  resourceType: 'Observation', status: 'final', code: { coding: [{ system: 'http://loinc.org', code: '29463-7', display: 'Body weight' }] }, valueQuantity: { value, unit: code, system: UCUM, code, ...more }
})

t.test('a weight in pounds finds weights in any unit of mass', async t => {
  const { ids } = await holding(t, { light: weight(60, 'kg'), heavy: weight(75, 'kg'), baby: weight(3500, 'g'), american: weight(160, '[lb_av]'), length: weight(180, 'cm') })
  const pounds = unitOf(UCUM, '[lb_av]', '')

  const found = await ids(`c.rid in (
    select q.rid from karta.quantity_key u join karta.quantity_value q on q.key = u.key and coalesce(q.high, q.value) > ($3::float8 - u.shift) / u.factor
    where u.family = $1::int8 and u.dimension = $2)`, [key('Observation.code-value-quantity', 'f', 'c29463-7'), pounds.dimension, 150 * pounds.factor + pounds.offset])

  t.same(found, ['american', 'heavy'])
})

t.test('a number without a unit is compared with every unit as sent', async t => {
  const { ids } = await holding(t, { kilograms: weight(60, 'kg'), grams: weight(3500, 'g'), below: weight(100, 'g', { comparator: '>' }) })

  const found = await ids(`c.rid in (
    select q.rid from karta.quantity_key u join karta.quantity_value q on q.key = u.key and coalesce(q.high, q.value) > $2 where u.family = $1::int8)`,
  [key('Observation.value-quantity', 'f'), 1000])

  t.same(found, ['below', 'grams'], 'more than 100 may be more than 1000')
})

t.test(':text and system| go through the terms', async t => {
  const pulse = { resourceType: 'Observation', status: 'final', code: { text: 'Пульс' } }
  const { ids } = await holding(t, { weight: weight(60, 'kg'), pulse })
  const byTerm = 'c.tokens && array(select token from karta.term where key = $1::int8 and left(text, 200) collate "C" >= $2 and left(text, 200) collate "C" < $3)'

  t.same(await ids(byTerm, [key('Observation.code', 'k'), 'tbody', 'tbodz']), ['weight'])
  t.same(await ids(byTerm, [key('Observation.code', 'k'), 'tпу', 'tпф']), ['pulse'])
  t.same(await ids(byTerm, [key('Observation.code', 'k'), 'shttp://loinc.org|', 'shttp://loinc.org}']), ['weight'])
})

t.test(':missing is asked of one token', async t => {
  const { ids } = await holding(t, { weight: weight(60, 'kg'), pulse: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, valueString: 'strong' } })

  t.same(await ids('c.tokens @> array[$1::int8]', [key('Observation.value-quantity', 'm')]), ['pulse'], 'value-quantity:missing=true')
  t.same(await ids('c.tokens @> array[$1::int8]', [key('Observation.value-string', 'p')]), ['pulse'], 'value-string:missing=false')
  t.same(await ids('c.type = 96 and c.dlo = -9000000000000000 and c.dhi = 9000000000000000', []), ['pulse', 'weight'], 'date:missing=true')
})

t.test('names begin with, contain, and are exactly', async t => {
  const location = (name: string): JsonObject => ({ resourceType: 'Location', name })
  const long = `Поликлиника ${'№ 1, '.repeat(20)}Ёлочный переулок`
  const { ids } = await holding(t, { long: location(long), short: location('поликлиника') })
  const name = key('Location.name', 'w')

  t.same(await ids('c.rid in (select rid from karta.string_value where key = $1::int8 and value >= $2 and value < $3)', [name, 'поликл', 'поликм']), ['long', 'short'])
  t.same(await ids('c.rid in (select rid from karta.string_value where key = $1::int8 and coalesce(whole, value) like $2)', [name, '%елочный%']), ['long'])
  t.same(await ids('c.tokens @> array[$1::int8]', [key('Location.name', 'x', 'поликлиника')]), ['short'])
})
