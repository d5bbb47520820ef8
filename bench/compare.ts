// A workload on Karta and on the two baselines over copies of its database, or on any other FHIR server.
import { join } from 'node:path'
import { writeItems } from './items.js'
import { measure, type Result, type System, type Timing } from './measure.js'
import { ask, type Postgres } from './postgres.js'
import { startBaseline, startKarta, targetOf, token, type Running } from './processes.js'
import { tablesOf } from './raw/tables.js'
import { brief, percent, report, type Report, type Verdict } from './report.js'
import type { RowSet } from './raw/rows.js'
import type { Bundle } from './synthea.js'
import type { Workload } from './workload.js'

export interface Options extends Timing {
  readonly scale: number
  readonly users: readonly number[] | undefined
  /** How the baselines use pg. */
  readonly reads: string
  readonly writes: string
  /** Compare these for the same-rows baseline, and nothing else. */
  readonly modes: readonly string[] | undefined
  readonly environment: Readonly<Record<string, string>>
  readonly nodeArguments: readonly string[]
}

const sent = (_: number, tail: string): string => tail

/** Measures one workload on Karta as operator and, where it may, as a treating caller, and on the baselines. */
export async function compare (workload: Workload, bundles: readonly Bundle[], postgres: Postgres, options: Options): Promise<Report> {
  const karta = { dataDir: postgres.folder, databaseUrl: postgres.url('karta'), environment: options.environment, nodeArguments: options.nodeArguments }
  const running: Running[] = []
  try {
    const first = await startKarta({ ...karta, nodeArguments: [] })
    running.push(first)
    const operator = token(karta, '--client', 'bench')
    const job = await workload.prepare({ target: targetOf(first, operator), bundles, scale: options.scale })
    const treating = workload.treating ? token(karta, '--treats', job.patients.join(',')) : undefined
    await first.stop()
    const items = join(postgres.folder, 'items.json')
    const sets = await writeItems(postgres.url('karta'), items, job.items)
    await baselineDatabases(postgres)
    const stored = (item: number, tail: string): string => storedTail(sets, item, tail)
    const baseline = async (kind: 'same' | 'ideal', name: string, reads: string, writes: string): Promise<System> => {
      const started = await startBaseline({ kind, url: postgres.url(kind), items, reads, writes })
      running.push(started)
      return { name, run: { kind, expected: stored }, target: targetOf(started), pid: started.pid }
    }
    const systems: System[] = []
    if (options.modes === undefined) {
      const server = await startKarta(karta)
      running.push(server)
      const asServer = { run: { kind: 'server' as const, expected: sent }, pid: server.pid }
      systems.push(
        await baseline('same', 'same rows', options.reads, options.writes),
        { ...asServer, name: 'Karta, operator', target: targetOf(server, operator) },
        ...(treating === undefined ? [] : [{ ...asServer, name: 'Karta, treating', target: targetOf(server, treating) }]),
        await baseline('ideal', 'ideal', options.reads, options.writes)
      )
    } else {
      for (const mode of options.modes) systems.push(await baseline('same', mode, mode, mode))
    }
    const results = await measure(workload, job, systems, options.users ?? workload.users, options, {
      pid: postgres.pid, settle: async () => { await ask(postgres.url('postgres'), 'checkpoint') }
    })
    return compared(workload, results, postgres.version, options, bundles.length)
  } finally {
    for (const { stop } of running) await stop()
  }
}

const storedTail = (sets: readonly (readonly RowSet[])[], item: number, tail: string): string => sets[item]?.[0]?.body ?? tail

async function baselineDatabases (postgres: Postgres): Promise<void> {
  await ask(postgres.url('karta'), 'vacuum analyze')
  for (const kind of ['same', 'ideal'] as const) {
    await postgres.create(kind, 'karta')
    await ask(postgres.url(kind), tablesOf(kind))
    await ask(postgres.url(kind), 'vacuum analyze')
  }
  await ask(postgres.url('postgres'), 'checkpoint')
}

function compared (workload: Workload, results: readonly Result[], postgres: string, options: Options, bundles: number): Report {
  const rows = results.map(result => {
    const against = (name: string): Result | undefined => results.find(({ system, users }) => system === name && users === result.users)
    const [same, ideal] = [against('same rows'), against('ideal')]
    const cpu = result.serverCpu + result.databaseCpu
    return {
      system: result.system,
      users: result.users,
      [`${result.unit}/s`]: brief(result.rate),
      'p50 ms': brief(result.p50),
      'p99 ms': brief(result.p99),
      'server CPU ms': brief(result.serverCpu),
      'database CPU ms': brief(result.databaseCpu),
      'rate to same rows': percent(result.rate / (same?.rate ?? Number.NaN)),
      'rate to ideal': percent(result.rate / (ideal?.rate ?? Number.NaN)),
      'CPU to same rows': percent(cpu / ((same?.serverCpu ?? Number.NaN) + (same?.databaseCpu ?? Number.NaN))),
      'RSS MB': Math.round(result.rss),
      errors: Object.entries(result.errors).map(([kind, count]) => `${kind}: ${count}`).join(', ') || 0
    }
  })
  return report(nameOf(workload, options), postgres, {
    method: {
      order: 'there and back, a checkpoint before each run',
      'warm-up s': options.warmUp,
      'measured s': `${2 * options.rounds} x ${options.seconds}`,
      'Synthea Bundles stored first': bundles,
      'baselines read by': options.reads,
      'and write by': options.writes,
      'load of the machine before': results[0]?.load ?? 0,
      ...(Object.keys(options.environment).length > 0 && { settings: Object.entries(options.environment).map(([name, value]) => `${name}=${value}`).join(' ') })
    },
    rows,
    results,
    verdicts: verdictsOf(workload, results)
  })
}

// More than one process is another server: its figures stand beside those of one.
function nameOf ({ name }: Workload, { environment: { WORKERS: workers = '1' } }: Options): string {
  return workers === '1' ? name : `${name}-${workers}-processes`
}

function verdictsOf ({ floor, unit }: Workload, results: readonly Result[]): Verdict[] {
  const [first] = results
  const measured = results.filter(({ system, users }) => system.startsWith('Karta') && users === first?.users)
  return measured.flatMap(({ system, rate, errors }) => {
    const share = rate / (first?.rate ?? Number.NaN)
    const right = Object.keys(errors).length === 0
    return [
      ...(floor?.share === undefined ? [] : [{ floor: `${system} >= ${percent(floor.share)} of same rows`, measured: percent(share), met: share >= floor.share && right }]),
      ...(floor?.rate === undefined ? [] : [{ floor: `${system} >= ${brief(floor.rate)} ${unit}/s`, measured: `${brief(rate)} ${unit}/s`, met: rate >= floor.rate && right }])
    ]
  })
}

/** Measures one workload on any FHIR server. */
export async function elsewhere (workload: Workload, bundles: readonly Bundle[], target: System['target'], options: Options): Promise<Report> {
  const job = await workload.prepare({ target, bundles, scale: options.scale })
  const system: System = { name: 'given server', run: { kind: 'server', expected: sent }, target, pid: undefined }
  const results = await measure(workload, job, [system], options.users ?? workload.users, options, { pid: () => undefined, settle: async () => {} })
  return compared({ ...workload, name: `${workload.name}-given` }, results, 'of the given server', options, bundles.length)
}
