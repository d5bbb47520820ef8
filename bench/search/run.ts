// Searches, class by class, on Karta and by hand in SQL over the very tables, as the operator and as somebody who treats a hundred patients.
// docs/decisions/0026-search-benchmark.md
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RESOURCE_TYPES, numberOf } from '../../src/fhir/resource-types.js'
import { cpuOf, loadOf } from '../cpu.js'
import { drive, percentile, sendAll, type Ask, type Measured, type Reply, type Target } from '../driver.js'
import { people } from '../people.js'
import { ask, type Postgres } from '../postgres.js'
import { startKarta, startSearchBaseline, targetOf, token, type Running } from '../processes.js'
import { brief, percent, report, type Report, type Verdict } from '../report.js'
import { transactionAsk } from '../seed.js'
import type { Bundle } from '../synthea.js'
import { casesOf, type Case } from './classes.js'
import { Hand, type Asker } from './hand.js'
import { valuesOf } from './values.js'

export interface SearchOptions {
  readonly patients: number
  /** Measured seconds of each run. */
  readonly seconds: number
  readonly rounds: number
  /** Names of classes; undefined: all. */
  readonly only: readonly string[] | undefined
}

const [ONE, MANY] = [1, 30]
const TREATED = 100
const WARM_UP = 20
const AUDIT = `
  create schema raw;
  create table raw.audit (
    at timestamptz not null, writer int8 not null, seq int8 not null, owner int8 not null, actor int8 not null, caller int2 not null,
    interaction int2 not null, type int2 not null, status int2 not null, client text not null, query text, owners int8[], shown int8[]);
  create index on raw.audit (writer, seq);
  create index on raw.audit (owner, at);
  create table raw.audit_link (
    writer int8 not null, link int8 not null, at timestamptz not null, seqs int8multirange not null, hash bytea not null, primary key (writer, link));`

/** One who asks a case, at Karta or by hand. */
interface Place { readonly target: Target, readonly ask: Ask, readonly pid: number }
interface Both { readonly of: Case, readonly asker: string, readonly karta: Place, readonly hand: Place }

/** Stores people, and leaves what they are in the database analysed. */
export async function settle (target: Target, bundles: readonly Bundle[], patients: number, from = 0): Promise<void> {
  let group: Ask[] = []
  let place = 0
  for (const { text, size } of people(bundles, patients)) {
    if (place++ < from) continue
    group.push(transactionAsk(text, size))
    if (group.length === 64) await sendAll(target, 4, group.splice(0))
  }
  await sendAll(target, 4, group)
  group = []
}

/** Measures all classes. Throws where Karta and the statement by hand do not find the same. */
export async function searches (bundles: readonly Bundle[], postgres: Postgres, options: SearchOptions): Promise<Report> {
  const karta = { dataDir: postgres.folder, databaseUrl: postgres.url('karta') }
  const url = postgres.url('karta')
  const running: Running[] = []
  try {
    const server = await startKarta(karta)
    running.push(server)
    const operator = token(karta, '--client', 'bench')
    await settle(targetOf(server, operator), bundles, options.patients)
    await ask(url, 'vacuum analyze')
    await ask(url, AUDIT)
    const values = await valuesOf(url)
    const treated = await ask<{ id: string }>(url, `
      (select v.id from karta.version v where v.type = ${numberOf('Patient')} and v.id = $1) union
      (select v.id from karta.current_patient c join karta.version v on v.owner = c.owner and v.rid = c.rid order by v.rid limit ${TREATED})`, [values.patient.id])
    const treating = token(karta, '--treats', treated.map(({ id }) => id).join(','))
    const [actor] = await ask<{ actor: string }>(url, 'select actor from karta.rule group by actor order by count(*) desc limit 1')
    const askers = [{ name: 'operator', bearer: operator, asker: { kind: 'operator' } as Asker }, { name: 'treating', bearer: treating, asker: { kind: 'treating', actor: actor?.actor ?? '' } as Asker }]
    const cases = casesOf(values).filter(({ name }) => options.only === undefined || options.only.includes(name))
    const items = join(postgres.folder, 'searches.json')
    const statements = askers.flatMap(({ asker }) => cases.map(each => { const hand = new Hand(asker); const text = each.hand(hand); return { text, values: hand.values } }))
    writeFileSync(items, JSON.stringify({ types: Object.fromEntries(RESOURCE_TYPES.map(type => [type, numberOf(type)])), statements: statements.map((each, place) => ({ name: `hand-${place}`, ...each })) }))
    const baseline = await startSearchBaseline({ url, items, reads: 'pool:8' })
    running.push(baseline)
    const pairs = askers.flatMap(({ name, bearer }, who) => cases.map((of, place): Both => {
      const path = pathOf(of)
      return {
        of,
        asker: name,
        karta: { target: targetOf(server, bearer), pid: server.pid, ask: { method: 'GET', path, check } },
        hand: { target: targetOf(baseline), pid: baseline.pid, ask: { method: 'GET', path, headers: { 'x-item': String(who * cases.length + place) }, check } }
      }
    }))
    // The server asks what the analysis says now and then.
    await sendAll(targetOf(server, operator), 1, pairs.slice(0, 1).map(({ karta }) => karta.ask))
    await new Promise(resolve => setTimeout(resolve, 300))
    // Both programs are as fast as they become before anything is measured.
    for (let pass = 0; pass < WARM_UP; pass++) for (const { karta, hand } of pairs) for (const { target, ask } of [karta, hand]) await sendAll(target, 1, [ask])
    for (const pair of pairs) await refuseOther(pair)
    const measured = []
    for (const pair of pairs) measured.push(await measureBoth(pair, options, postgres.pid))
    const suite = await drive(targetOf(server, operator), { users: MANY, warmUp: 1, seconds: Math.max(2, options.seconds * 4), turn: inTurn(pairs.filter(({ asker }) => asker === 'operator')) })
    return told(measured, suite, postgres.version, options)
  } finally {
    for (const { stop } of running) await stop()
  }
}

/** What is wrong with an answer to a search. */
export const check = ({ status, text }: Reply): string | undefined => status !== 200 ? `status ${status}` : text.startsWith('{"resourceType":"Bundle"') ? undefined : 'no Bundle'

/** As it stands in a request. */
export const pathOf = ({ path }: Case): string => encodeURI(path).replaceAll('|', '%7C')

const idsIn = (text: string): string[] => {
  const { entry = [] } = JSON.parse(text) as { entry?: ReadonlyArray<{ resource: { resourceType: string, id: string }, search: { mode: string } }> }
  return entry.filter(({ search }) => search.mode !== 'outcome').map(({ resource, search }) => `${search.mode === 'include' ? 'z' : ''}${resource.resourceType}/${resource.id}`)
}

async function refuseOther ({ of, asker, karta, hand }: Both): Promise<void> {
  const [[ours], [theirs]] = await Promise.all([sendAll(karta.target, 1, [karta.ask]), sendAll(hand.target, 1, [hand.ask])])
  // Nobody says in which order what is included stands.
  const [found, expected] = [ours, theirs].map(reply => idsIn(reply?.text ?? '')).map(ids => [...ids.filter(id => !id.startsWith('z')), ...ids.filter(id => id.startsWith('z')).sort()].join())
  if (found !== expected) throw new Error(`${of.name} (${of.density}), ${asker}: ${of.path.slice(0, 200)} finds other resources than the statement by hand: ${found?.slice(0, 300)} and not ${expected?.slice(0, 300)}`)
}

const inTurn = (pairs: readonly Both[]) => {
  let next = 0
  return async (send: (ask: Ask) => Promise<unknown>): Promise<void> => {
    const pair = pairs[next++ % pairs.length]
    if (pair !== undefined) await send(pair.karta.ask)
  }
}

/** `cpu`: milliseconds for each request, of the server and the database. */
interface Side { readonly p50: number, readonly rate: number, readonly cpu: number, readonly errors: number }
interface Compared { readonly of: Case, readonly asker: string, readonly karta: Side, readonly hand: Side, readonly load: number }

// One at a time for how long it takes, many for how many there are in a second; there and back.
async function measureBoth ({ of, asker, karta, hand }: Both, { seconds, rounds }: SearchOptions, database: () => number | undefined): Promise<Compared> {
  const load = loadOf()
  const sides = { karta: [] as Measured[], hand: [] as Measured[] }
  const single = { karta: [] as Measured[], hand: [] as Measured[] }
  const cpu = { karta: 0, hand: 0 }
  for (const which of Array.from({ length: rounds }, () => ['hand', 'karta', 'karta', 'hand'] as const).flat()) {
    const { target, ask, pid } = which === 'karta' ? karta : hand
    const spent = (): number => cpuOf(pid) + cpuOf(database())
    const turn = async (send: (ask: Ask) => Promise<unknown>): Promise<void> => { await send(ask) }
    single[which].push(await drive(target, { users: ONE, warmUp: 0.1, seconds: seconds / 2, turn }))
    sides[which].push(await drive(target, { users: MANY, warmUp: 0.1, seconds: seconds / 2, turn, onEdge: edge => { cpu[which] += edge === 'begin' ? -spent() : spent() } }))
  }
  return { of, asker, karta: sideOf(single.karta, sides.karta, cpu.karta), hand: sideOf(single.hand, sides.hand, cpu.hand), load }
}

function sideOf (single: readonly Measured[], many: readonly Measured[], cpu: number): Side {
  const times = single.flatMap(({ times }) => [...times]).sort((a, b) => a - b)
  const sum = (of: (measured: Measured) => number): number => many.reduce((total, each) => total + of(each), 0)
  const errors = [...single, ...many].reduce((total, each) => total + Object.values(each.errors).reduce((all, count) => all + count, 0), 0)
  return { p50: percentile(times, 0.5), rate: sum(({ ok }) => ok) / sum(({ seconds }) => seconds), cpu: cpu / sum(({ ok }) => ok), errors }
}

function told (measured: readonly Compared[], suite: Measured, postgres: string, { patients, seconds, rounds }: SearchOptions): Report {
  const rows = measured.map(({ of, asker, karta, hand }) => ({
    class: of.name, density: of.density, asker,
    'p50 ms': brief(karta.p50), 'by hand': brief(hand.p50), times: brief(karta.p50 / hand.p50),
    'requests/s': brief(karta.rate), 'by hand/s': brief(hand.rate), rate: percent(karta.rate / hand.rate), 'CPU ms': brief(karta.cpu), 'CPU by hand': brief(hand.cpu), errors: karta.errors + hand.errors
  }))
  const rate = suite.ok / suite.seconds
  const verdicts: Verdict[] = [...new Set(measured.map(({ of }) => of.floor))].flatMap(floor => {
    const of = measured.filter(each => each.of.floor === floor)
    const within = of.filter(({ karta, hand }) => karta.p50 <= floor * hand.p50 && karta.errors === 0)
    return [{ floor: `p50 <= ${floor} x by hand in each of ${of.length} cases`, measured: `${within.length} of ${of.length}`, met: within.length === of.length }]
  })
  const single = measured.filter(({ of }) => of.floor === 1.3)
  const fast = single.filter(({ karta, hand }) => karta.rate >= 0.7 * hand.rate)
  return report('search', postgres, {
    method: {
      patients, 'treated by the treating asker': TREATED, order: 'by hand, Karta, Karta, by hand', 'measured s of each case and side': `${2 * rounds} x ${seconds / 2} with 1 user, as long with ${MANY}`,
      'load of the machine before': measured[0]?.load ?? 0, 'all cases in turn, operator, 30 users': `${brief(rate)} requests/s`
    },
    rows,
    results: { measured: measured.map(({ of: { name, density, floor, path }, ...rest }) => ({ name, density, floor, path, ...rest })), suite: { rate, errors: suite.errors } },
    verdicts: [
      ...verdicts,
      { floor: `>= 70 % of the throughput by hand in each of ${single.length} single-parameter cases`, measured: `${fast.length} of ${single.length}`, met: fast.length === single.length },
      { floor: 'all cases in turn >= 3,000 requests/s', measured: `${brief(rate)} requests/s`, met: rate >= 3000 }
    ]
  })
}
