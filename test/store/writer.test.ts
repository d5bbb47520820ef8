import t from 'tap'
import { readCurrent } from '../../src/consent/visible.js'
import { millisecondsOf } from '../../src/store/rid.js'
import { OwnerHasData, OwnerRefused, WriteConflict } from '../../src/store/writer.js'
import { NOTHING, OPERATOR, put, world } from '../world.js'

t.test('a group is stored together, and its text comes back byte for byte', async t => {
  const { store, patient, readers } = await world(t)
  const anna = await patient('anna')
  const tail = '},"x":"\\u00e9 é \\/ \\"1.10\\" {a,b} \\\\","y":1.10,"z":[null,"null"]}'

  await store([put('Observation', 'pulse', anna, { tail, labels: ['PSY', 'a"b\\c'], refs: 'Encounter/visit' }), put('Observation', 'weight', anna)])

  const pulse = await readCurrent(readers, OPERATOR, 'Observation', 'pulse')
  t.equal(pulse?.tail, tail)
  t.equal(pulse?.owner, anna)
  t.ok(await readCurrent(readers, OPERATOR, 'Observation', 'weight'))
})

t.test('index values stand under the current version only', async t => {
  const { store, patient, pool } = await world(t)
  const anna = await patient('anna')
  const rows = {
    ...NOTHING,
    tokens: Int32Array.from([1, 2, -1, -2]),
    dlo: 1000,
    dhi: 2000,
    c1: [0, 7] as const,
    codes: [[0, 8] as const],
    quantities: [{ key: [0, 9] as const, value: 1.5 }],
    strings: [{ key: [0, 10] as const, value: 'смирнова {,}' }],
    dates: [{ key: [0, 11] as const, lo: 5, hi: 6 }]
  }
  const counts = async (): Promise<unknown> => (await pool.query(`select (select array_agg(tokens) from karta.current where type = 96) as tokens,
    (select count(*) from karta.code_value)::int + (select count(*) from karta.quantity_value)::int + (select count(*) from karta.date_value)::int as values,
    (select array_agg(value) from karta.string_value) as strings`)).rows[0]
  const [rid = ''] = await store([put('Observation', 'pulse', anna, { rows })])
  t.match(await counts(), { tokens: [['4294967298', '-2']], values: 3, strings: ['смирнова {,}'] })

  await store([put('Observation', 'pulse', anna, { ver: 2, old: { rid, owner: anna }, rows: { ...rows, tokens: Int32Array.from([0, 3]), codes: [], strings: [] } })])

  t.match(await counts(), { tokens: [['3']], values: 2, strings: null })
})

t.test('dictionary entries are stored once, and not brought again', async t => {
  const { store, patient, pool, writer } = await world(t)
  const anna = await patient('anna')
  const terms = [{ key: [0, 1] as const, token: [0, 2] as const, text: 'pulse' }]
  const quantityKeys = [{ family: [0, 3] as const, key: [0, 4] as const, system: 'u', code: 'kg', unit: 'kg', measure: { dimension: 'M', factor: 1000, offset: 0 } }]
  const rows = { ...NOTHING, terms, quantityKeys, quantities: [{ key: [0, 4] as const, value: 1, high: Infinity }], strings: [{ key: [0, 5] as const, value: 'a', full: 'a b' }] }

  await Promise.all(Array.from({ length: 20 }, (_, index) => store([put('Observation', `o${index}`, anna, { rows })])))

  t.same((await pool.query('select text from karta.term')).rows, [{ text: 'pulse' }])
  t.same((await pool.query('select factor, code from karta.quantity_key')).rows, [{ factor: 1000, code: 'kg' }])
  t.same((await pool.query('select distinct value, high from karta.quantity_value')).rows, [{ value: 1, high: Infinity }])
  t.same((await pool.query('select distinct value, whole from karta.string_value')).rows, [{ value: 'a', whole: 'a b' }])
  t.ok(writer.dictionary.has(0, 2) && writer.dictionary.has(0, 4))
  t.notOk(writer.dictionary.has(9, 9))
})

t.test('lastUpdated strictly increases per resource, however fast it is written', async t => {
  const { store, patient } = await world(t)
  const anna = await patient('anna')
  let [rid = ''] = await store([put('Observation', 'pulse', anna)])

  const times = [millisecondsOf(rid)]
  for (let ver = 2; ver <= 20; ver++) {
    [rid = ''] = await store([put('Observation', 'pulse', anna, { ver, old: { rid, owner: anna } })])
    times.push(millisecondsOf(rid))
  }

  t.ok(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0)), times.join(' '))
})

t.test('of writes that race for a version one wins and the others are told', async t => {
  const { store, patient } = await world(t)
  const anna = await patient('anna')
  const [rid = ''] = await store([put('Observation', 'pulse', anna)])

  const results = await Promise.allSettled(Array.from({ length: 20 }, () => store([put('Observation', 'pulse', anna, { ver: 2, old: { rid, owner: anna } })])))

  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  t.ok(results.every(result => result.status === 'fulfilled' || result.reason instanceof WriteConflict))
})

t.test('an id that a client chose is taken once, under whatever owner', async t => {
  const { store, patient } = await world(t)
  const [anna, boris] = [await patient('anna'), await patient('boris')]

  const results = await Promise.allSettled([anna, boris, anna, boris].map(owner => store([put('Observation', 'pulse', owner)])))

  t.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
})

t.test('a refused group does not take the groups with it that share its statement', async t => {
  const { store, patient, writer } = await world(t)
  const anna = await patient('anna')
  const before = writer.trips

  const results = await Promise.allSettled(Array.from({ length: 40 }, (_, index) =>
    store([put('Observation', `o${index}`, anna)], { needed: index === 13 ? [{ owner: '424242', id: 'nobody' }] : [{ owner: anna, id: 'anna' }] })))

  t.same(results.flatMap(({ status }, index) => status === 'rejected' ? [index] : []), [13])
  t.ok(results[13]?.status === 'rejected' && results[13].reason instanceof OwnerRefused)
  t.ok(writer.trips - before < 80, 'they were sent together first')
})

t.test('many groups share a statement while the lanes are busy', async t => {
  const { store, patient, writer } = await world(t)
  const anna = await patient('anna')
  const before = writer.trips

  await Promise.all(Array.from({ length: 200 }, (_, index) => store([put('Observation', `o${index}`, anna)])))

  t.ok(writer.trips - before <= 20, `${writer.trips - before} statements for 200 groups`)
})

t.test('a Patient whose data is here is not deleted, and data is not written for one who is', async t => {
  const { store, patient, pool } = await world(t)
  const anna = await patient('anna')
  const { rows: [row] } = await pool.query<{ rid: string }>('select rid from karta.version where id = $1', ['anna'])
  const rid = row?.rid ?? ''
  const [pulse = ''] = await store([put('Observation', 'pulse', anna)], { needed: [{ owner: anna, id: 'anna' }] })
  const remove = () => store([{ op: 'delete', type: 102, id: 'anna', owner: anna, ver: 2, old: { rid, owner: anna } }])

  await t.rejects(remove(), OwnerHasData)
  await store([{ op: 'delete', type: 96, id: 'pulse', owner: anna, ver: 2, old: { rid: pulse, owner: anna } }])
  await remove()

  await t.rejects(store([put('Observation', 'late', anna)], { needed: [{ owner: anna, id: 'anna' }] }), OwnerRefused)
})

t.test('a resource that changes its owner leaves a trace under the one before', async t => {
  const { store, patient, pool } = await world(t)
  const [anna, boris] = [await patient('anna'), await patient('boris')]
  const [rid = ''] = await store([put('Observation', 'pulse', anna)])

  await store([put('Observation', 'pulse', boris, { ver: 3, old: { rid, owner: anna } })])

  const { rows } = await pool.query('select owner, ver, state from karta.version where id = $1 order by ver', ['pulse'])
  t.same(rows, [{ owner: anna, ver: 1, state: 0 }, { owner: anna, ver: 2, state: 8 }, { owner: boris, ver: 3, state: 0 }])
  t.same((await pool.query('select owner from karta.current where type = 96')).rows, [{ owner: boris }])
})

t.test('twenty thousand versions in one statement have rids of their own', async t => {
  const { store, patient } = await world(t)
  const anna = await patient('anna')

  const rids = await store(Array.from({ length: 20_000 }, (_, index) => put('Observation', `o${index}`, anna, { tail: '}}' })))

  t.equal(new Set(rids).size, 20_000)
})
