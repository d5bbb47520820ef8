// A chart of ten thousand resources as one Bundle: how soon it begins, how fast it comes, and what of it is in memory.
import { cpuOf, loadOf, rssOf } from './cpu.js'
import { sendAll, type Target } from './driver.js'
import { ask, type Postgres } from './postgres.js'
import { startKarta, started, targetOf, token, type Running } from './processes.js'
import { brief, percent, report, type Report } from './report.js'
import { seed, transactionAsk, transactionText, type Stored } from './seed.js'
import { synthea } from './synthea.js'
import type { JsonObject } from './content.js'

const SIZE = 10_000
const [SHARE, FIRST, GROWTH] = [0.65, 10, 32]

export interface EverythingOptions { readonly rounds: number, readonly times: number, readonly size?: number }

interface Told { readonly first: number, readonly whole: number, readonly bytes: number, readonly growth: number, readonly server: number, readonly database: number, readonly load: number }

interface System { readonly name: string, readonly target: Target, readonly pid: number, readonly told: Told[] }

/** Measures `Patient/[id]/$everything` against the same rows through bare Fastify. */
export async function everything (postgres: Postgres, { rounds, times, size = SIZE }: EverythingOptions): Promise<Report> {
  const options = { dataDir: postgres.folder, databaseUrl: postgres.url('karta') }
  const running: Running[] = []
  try {
    const server = await startKarta(options)
    running.push(server)
    const operator = targetOf(server, token(options, '--client', 'bench'))
    const patient = await chart(operator, size)
    const treating = targetOf(server, token(options, '--treats', patient))
    await ask(postgres.url('karta'), 'vacuum analyze')
    const [row] = await ask<{ owner: string, count: string }>(postgres.url('karta'), 'select v.owner, (select count(*) from karta.current c where c.owner = v.owner) as count from karta.version v where v.id = $1 limit 1', [patient])
    const raw = await started('bench/raw/everything.ts', { URL: postgres.url('karta'), OWNER: row?.owner ?? '' })
    running.push(raw)
    const systems: System[] = [
      { name: 'rows', target: targetOf(raw), pid: raw.pid, told: [] }, { name: 'Karta, operator', target: operator, pid: server.pid, told: [] }, { name: 'Karta, treating', target: treating, pid: server.pid, told: [] }
    ]
    for (const system of systems) for (let time = 0; time < 5; time++) await tell(system, patient, postgres.pid)
    for (let round = 0; round < rounds; round++) {
      for (const system of [...systems, ...[...systems].reverse()]) {
        await ask(postgres.url('postgres'), 'checkpoint')
        for (let time = 0; time < times; time++) system.told.push(await tell(system, patient, postgres.pid))
      }
    }
    return told(postgres.version, systems, { rounds, times, resources: Number(row?.count ?? 0) })
  } finally {
    for (const { stop } of running) await stop()
  }
}

/** Stores one Patient with this many resources: those of a Synthea Bundle over and over. Answers his id. */
async function chart (target: Target, size: number): Promise<string> {
  const bundles = (await synthea(24)).sort((a, b) => b.entries.length - a.entries.length).slice(0, 1)
  const stored: Stored[] = (await seed(target, bundles)).flat()
  const patient = stored.find(({ type }) => type === 'Patient')
  if (patient === undefined) throw new Error('the Bundle has no Patient')
  // As they are resolved, so that copies refer to the same practitioners and visits.
  const own = stored.filter(({ resource, type }) => type !== 'Patient' && JSON.stringify(resource).includes(`"Patient/${patient.id}"`)).map(({ resource }): JsonObject => resource)
  const copies = Array.from({ length: size - own.length - 1 }, (_, place) => own[place % own.length] ?? {})
  const groups = Array.from({ length: Math.ceil(copies.length / 200) }, (_, place) => copies.slice(place * 200, place * 200 + 200))
  await sendAll(target, 4, groups.map(group => transactionAsk(transactionText(group), group.length)))
  return patient.id
}

/** One whole answer, thrown away as it comes. */
async function tell ({ target, pid }: System, patient: string, database: () => number | undefined): Promise<Told> {
  const load = loadOf()
  const before = { rss: rssOf(pid), server: cpuOf(pid), database: cpuOf(database()) }
  let [first, bytes, most, tail] = [Number.NaN, 0, before.rss, '']
  const sampling = setInterval(() => { most = Math.max(most, rssOf(pid)) }, 10)
  const began = performance.now()
  const reply = await fetch(`${target.base}/Patient/${patient}/$everything`, {
    // No side compresses.
    headers: { 'accept-encoding': 'identity', ...(target.token !== undefined && { authorization: `Bearer ${target.token}` }) }
  })
  for await (const part of reply.body ?? []) {
    if (bytes === 0) first = performance.now() - began
    bytes += part.length
    tail = Buffer.from(part.slice(-200)).toString()
  }
  const whole = performance.now() - began
  clearInterval(sampling)
  if (reply.status !== 200 || !tail.endsWith('}')) throw new Error(`the answer is wrong: ${reply.status} ${tail}`)
  return { first, whole, bytes, growth: (most - before.rss) / 1e6, server: cpuOf(pid) - before.server, database: cpuOf(database()) - before.database, load }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN

function told (postgres: string, systems: readonly System[], method: { readonly rounds: number, readonly times: number, readonly resources: number }): Report {
  const figures = systems.map(({ name, told }) => ({
    name,
    megabytes: (told[0]?.bytes ?? 0) / 1e6,
    first: median(told.map(each => each.first)),
    rate: median(told.map(each => each.bytes / each.whole / 1000)),
    cpu: median(told.map(each => (each.server + each.database) / each.bytes * 1e6)),
    growth: Math.max(...told.map(({ growth }) => growth))
  }))
  const [rows] = figures
  return report('everything', postgres, {
    method: { order: 'there and back, a checkpoint before each run', runs: `2 x ${method.rounds} x ${method.times}`, 'resources of the chart': method.resources, 'load of the machine before': systems[0]?.told[0]?.load ?? 0 },
    rows: figures.map(({ name, megabytes, first, rate, cpu, growth }) => ({
      system: name, MB: brief(megabytes), 'first byte p50 ms': brief(first), 'MB/s': brief(rate), 'CPU ms/MB': brief(cpu), 'rate to rows': percent(rate / (rows?.rate ?? Number.NaN)), 'RSS growth MB': brief(growth)
    })),
    results: systems.map(({ name, told }) => ({ system: name, told })),
    verdicts: figures.slice(1).flatMap(({ name, first, rate, growth }) => [
      { floor: `${name} >= ${percent(SHARE)} of the MB/s of rows`, measured: percent(rate / (rows?.rate ?? Number.NaN)), met: rate >= SHARE * (rows?.rate ?? Number.NaN) },
      { floor: `${name}: first byte <= ${FIRST} ms`, measured: `${brief(first)} ms`, met: first <= FIRST },
      { floor: `${name}: RSS grows by <= ${GROWTH} MB in an answer`, measured: `${brief(growth)} MB`, met: growth <= GROWTH }
    ])
  })
}
