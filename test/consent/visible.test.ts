import t from 'tap'
import { grantTreating, newActor } from '../../src/consent/grant.js'
import { readHistory } from '../../src/consent/history.js'
import { readCurrent, readMany, readVersion, readVersions } from '../../src/consent/visible.js'
import { OPERATOR, put, self, treating, world } from '../world.js'

// anna: a pulse, and a mood that is labelled PSY. boris: a pulse of his own. Nobody's: a lost one. A clinic, for everybody.
async function city (t: Parameters<typeof world>[0]) {
  const made = await world(t)
  const { store, patient, surrogates, pool } = made
  const [anna, boris] = [await patient('anna'), await patient('boris')]
  const [pulse = '', mood = ''] = await store([
    put('Observation', 'pulse', anna), put('Observation', 'mood', anna, { labels: ['PSY'] }),
    put('Observation', 'pulse-of-boris', boris),
    put('Observation', 'shared', anna, { owners: [anna, boris] }),
    put('Observation', 'lost', await surrogates.next(), { class: 0 }),
    put('Organization', 'clinic', await surrogates.next(), { class: 2 })
  ])
  const nurse = await newActor(pool)
  await grantTreating(pool, { owners: [anna], actor: nurse, until: Date.now() + 60_000, denied: 'PSY' })
  return { ...made, anna, boris, nurse, pulse, mood }
}

const ALL = ['pulse', 'mood', 'pulse-of-boris', 'shared', 'lost', 'absent'].map(id => ({ type: 'Observation', id })).concat({ type: 'Organization', id: 'clinic' })

t.test('each caller sees what the policy lets him see, by every way of reading', async t => {
  const { readers, anna, boris, nurse } = await city(t)
  const expected = [
    { who: 'the operator', caller: OPERATOR, sees: ['pulse', 'mood', 'pulse-of-boris', 'shared', 'lost', 'clinic'] },
    { who: 'anna', caller: self(anna), sees: ['pulse', 'mood', 'clinic'] },
    { who: 'boris', caller: self(boris), sees: ['pulse-of-boris', 'clinic'] },
    { who: 'who treats anna', caller: treating(nurse), sees: ['pulse', 'clinic'] },
    { who: 'who treats nobody', caller: treating('999'), sees: ['clinic'] }
  ]

  for (const { who, caller, sees } of expected) {
    const many = await readMany(readers, caller, ALL)
    t.same(many.flatMap(row => row === undefined ? [] : [row.id]), sees, `${who}: many`)
    const single = await Promise.all(ALL.map(({ type, id }) => readCurrent(readers, caller, type, id)))
    t.same(single.flatMap(row => row === undefined ? [] : [row.id]), sees, `${who}: one by one`)
    const every = await readHistory(readers, caller, { count: 100 })
    t.same(new Set(every.rows.map(({ id }) => id).filter(id => id !== 'anna' && id !== 'boris')), new Set(sees), `${who}: system history`)
    const typed = await readHistory(readers, caller, { type: 'Observation', count: 100 })
    t.same(new Set(typed.rows.map(({ id }) => id)), new Set(sees.filter(id => id !== 'clinic')), `${who}: type history`)
  }
})

t.test('an old version is judged by the labels it had and those the resource has now', async t => {
  const { store, readers, anna, nurse, pulse, mood } = await city(t)
  const nurseCaller = treating(nurse)
  await store([put('Observation', 'pulse', anna, { ver: 2, old: { rid: pulse, owner: anna }, labels: ['PSY'] })])
  await store([put('Observation', 'mood', anna, { ver: 2, old: { rid: mood, owner: anna } })])

  const closedNow = await readVersion(readers, nurseCaller, 'Observation', 'pulse', pulse)
  const openNow = await readVersion(readers, nurseCaller, 'Observation', 'mood', mood)
  const history = await readHistory(readers, nurseCaller, { type: 'Observation', id: 'mood', count: 10 })

  t.equal(closedNow, undefined)
  t.equal(openNow, undefined)
  t.same({ total: history.total, versions: history.rows.length }, { total: 1, versions: 1 })
})

t.test('a tombstone is seen by who saw what it ended', async t => {
  const { store, readers, anna, boris, nurse, pulse, mood } = await city(t)
  await store([
    { op: 'delete', type: 96, id: 'pulse', owner: anna, ver: 2, old: { rid: pulse, owner: anna } },
    { op: 'delete', type: 96, id: 'mood', owner: anna, ver: 2, old: { rid: mood, owner: anna } }
  ])
  const ask = async (caller: typeof OPERATOR, id: string): Promise<boolean | undefined> => (await readCurrent(readers, caller, 'Observation', id))?.deleted

  t.equal(await ask(treating(nurse), 'pulse'), true)
  t.equal(await ask(treating(nurse), 'mood'), undefined)
  t.equal(await ask(self(anna), 'mood'), true)
  t.equal(await ask(self(boris), 'pulse'), undefined)
})

t.test('an expired permit opens nothing, at the next request', async t => {
  const { readers, pool, anna } = await city(t)
  const visitor = await newActor(pool)
  await grantTreating(pool, { owners: [anna], actor: visitor, until: Date.now() + 3_600_000, denied: 'PSY' })
  t.ok(await readCurrent(readers, treating(visitor), 'Observation', 'pulse'))

  await pool.query("update karta.rule set valid = tstzrange(lower(valid), karta.clock()) where actor = $1 and effect = 'permit'", [visitor])

  t.equal(await readCurrent(readers, treating(visitor), 'Observation', 'pulse'), undefined)
})

t.test('the versions before a move stay with the owner they had', async t => {
  const { store, readers, anna, boris, pulse } = await city(t)
  await store([put('Observation', 'pulse', boris, { ver: 3, old: { rid: pulse, owner: anna } })])

  t.ok(await readCurrent(readers, self(boris), 'Observation', 'pulse'))
  t.equal(await readCurrent(readers, self(anna), 'Observation', 'pulse'), undefined)
  t.ok(await readVersion(readers, self(anna), 'Observation', 'pulse', pulse))
  t.equal(await readVersion(readers, self(boris), 'Observation', 'pulse', pulse), undefined)
})

t.test('many reads are one statement, versions among them a second', async t => {
  const { readers, pulse } = await city(t)

  const before = readers.trips
  const rows = await readVersions(readers, OPERATOR, [...ALL, { type: 'Observation', id: 'pulse', versionId: pulse }, { type: 'Observation', id: 'pulse', versionId: 'no number' }])

  t.equal(readers.trips - before, 2)
  t.same(rows.map(row => row?.id), ['pulse', 'mood', 'pulse-of-boris', 'shared', 'lost', undefined, 'clinic', 'pulse', undefined])
})

t.test('history pages show every version once, newest first, and a moment shows what was current then', async t => {
  const { store, readers, anna } = await city(t)
  let [rid = ''] = await store([put('Observation', 'weight', anna)])
  const rids = [rid]
  for (let ver = 2; ver <= 7; ver++) {
    [rid = ''] = await store([put('Observation', 'weight', anna, { ver, old: { rid, owner: anna } })])
    rids.push(rid)
  }

  const walked: string[] = []
  let page = await readHistory(readers, OPERATOR, { type: 'Observation', id: 'weight', count: 3 })
  t.equal(page.total, 7)
  for (;;) {
    walked.push(...page.rows.map(row => row.rid))
    if (!page.more) break
    page = await readHistory(readers, OPERATOR, { type: 'Observation', id: 'weight', count: 3, before: walked.at(-1) ?? '' })
  }
  const third = Number(BigInt(rids[2] ?? '0') >> 20n)
  const moment = await readHistory(readers, OPERATOR, { type: 'Observation', id: 'weight', at: [third, third + 1], count: 10 })

  t.same(walked, [...rids].reverse())
  t.ok(moment.rows.some(row => row.rid === rids[2]))
  t.notOk(moment.rows.some(row => row.rid === rids[0] || row.rid === rids[6]))
})
