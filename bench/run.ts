// npm run bench -- NAME [options]: measures, prints a table, keeps it in bench/results. docs/decisions/0015-benchmark.md
import { Command } from 'commander'
import { compare, elsewhere, type Options } from './compare.js'
import { crash } from './crash.js'
import { disk } from './disk.js'
import { everything } from './everything.js'
import { startPostgres, type Postgres } from './postgres.js'
import { endAll } from './processes.js'
import { coldStart, rss } from './process-figures.js'
import { SEED } from './random.js'
import { brief, report, tell, type Report } from './report.js'
import { ladder } from './search/ladder.js'
import { searches } from './search/run.js'
import { stages } from './stages.js'
import { synthea } from './synthea.js'
import type { Workload } from './workload.js'
import { imports, transactions } from './workloads/bundles.js'
import { crud } from './workloads/crud.js'
import { read, readNotModified } from './workloads/read.js'
import { create, noopUpdate, update } from './workloads/write.js'

const WORKLOADS: readonly Workload[] = [read, readNotModified, create, update, noopUpdate, crud, imports, transactions]

interface Given {
  readonly quick?: true
  readonly seconds?: string
  readonly rounds: string
  readonly modes?: string
  readonly warmUp?: string
  readonly bundles?: string
  readonly users?: string
  readonly base?: string
  readonly token?: string
  readonly reads: string
  readonly writes: string
  readonly set: readonly string[]
  readonly cpuProf?: string
  readonly keep: boolean
}

const optionsOf = (given: Given, workload: Workload): Options => ({
  seconds: given.quick === true ? 1 : Number(given.seconds ?? workload.seconds ?? 2),
  rounds: given.quick === true ? 1 : Number(given.rounds),
  modes: given.modes?.split(','),
  warmUp: given.quick === true ? 0.5 : Number(given.warmUp ?? workload.warmUp ?? 1),
  scale: given.quick === true ? 10 : 1,
  users: given.users?.split(',').map(Number) ?? (given.quick === true ? [16] : undefined),
  reads: given.reads,
  writes: given.writes,
  environment: Object.fromEntries(given.set.map(pair => pair.split('=') as [string, string])),
  nodeArguments: given.cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${given.cpuProf}`]
})

/** On a PostgreSQL of the benchmark's own, stopped and removed afterwards. */
async function onPostgres (work: (postgres: Postgres) => Promise<Report>, keep: boolean): Promise<void> {
  const postgres = await startPostgres()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      endAll()
      void postgres.stop().finally(() => process.exit(1))
    })
  }
  try {
    tell(await work(postgres), keep)
  } finally {
    await postgres.stop()
  }
}

async function run (workload: Workload, given: Given): Promise<void> {
  const bundles = await synthea(given.quick === true ? 3 : Number(given.bundles ?? workload.bundles))
  if (given.base !== undefined) {
    return tell(await elsewhere(workload, bundles, { base: given.base.replace(/\/+$/, ''), token: given.token }, optionsOf(given, workload)), given.keep)
  }
  await onPostgres(async postgres => await compare(workload, bundles, postgres, optionsOf(given, workload)), given.keep && given.quick === undefined && given.modes === undefined)
}

async function crashes (rounds: number, seed: number): Promise<Report> {
  const found = await crash({ rounds, seed, users: 8, say: line => { process.stderr.write(`${line}\n`) } })
  const { losses, recovery, versions, bundles, requests, audit } = found
  return report('crash', '18, embedded', {
    method: { rounds, 'seed of the moments': seed, users: 8, killed: 'with SIGKILL, by turns the server, PostgreSQL, both' },
    rows: [{
      rounds, 'requests acknowledged': requests, 'versions acknowledged': versions, bundles, lost: losses.length,
      'recovery median ms': brief(recovery.median), 'recovery most ms': brief(recovery.most), audit
    }],
    results: found,
    verdicts: [{ floor: 'every acknowledged version is there, every Bundle has all its entries', measured: `${losses.length} lost`, met: losses.length === 0 }]
  })
}

const program = new Command('bench').description('measures Karta against what its work costs at least')

for (const workload of WORKLOADS) {
  program.command(workload.name)
    .option('--quick', 'a smoke test: small, and not kept')
    .option('--seconds <n>', 'measured seconds of each run (2, more where a request is long)')
    .option('--rounds <n>', 'how often there and back: every system has two runs in each', '2')
    .option('--warm-up <n>', 'seconds before each run (1, more where the path of a request is long)')
    .option('--bundles <n>', 'how many Synthea Bundles stand in the server first')
    .option('--users <n,n>', 'how many users')
    .option('--base <url>', 'another FHIR server, which is measured alone')
    .option('--token <token>', 'its bearer token')
    .option('--reads <mode>', 'how the baselines read: pipeline:n or pool:n', 'pipeline:1')
    .option('--writes <mode>', 'how the baselines write', 'pool:32')
    .option('--modes <mode,mode>', 'compare these ways of using pg in the same-rows baseline, instead of measuring Karta')
    .option('--set <name=value...>', 'settings of Karta', [])
    .option('--cpu-prof <folder>', 'profile Karta into this folder')
    .option('--no-keep', 'do not write bench/results')
    .action(async (given: Given) => await run(workload, given))
}

program.command('search').description('searches, class by class, against statements written by hand')
  .option('--patients <n>', 'how many people', '1000').option('--seconds <n>', 'of each run', '0.8').option('--rounds <n>', 'how often there and back', '1')
  .option('--only <class,class>', 'these classes').option('--quick', 'a smoke test: small, and not kept').option('--no-keep', 'do not write bench/results')
  .action(async ({ patients, seconds, rounds, only, quick, keep }: { patients: string, seconds: string, rounds: string, only?: string, quick?: true, keep: boolean }) => {
    const bundles = await synthea(quick === true ? 24 : undefined)
    await onPostgres(async postgres => await searches(bundles, postgres, {
      patients: quick === true ? 24 : Number(patients), seconds: quick === true ? 0.2 : Number(seconds), rounds: Number(rounds), only: only?.split(',')
    }), keep && quick === undefined && only === undefined)
  })
program.command('ladder').description('the same searches over ten times as many people, and again')
  .option('--steps <n,n>', 'how many people', '100,1000,10000').option('--seconds <n>', 'of each case', '0.3').option('--no-keep', 'do not write bench/results')
  .action(async ({ steps, seconds, keep }: { steps: string, seconds: string, keep: boolean }) => {
    const bundles = await synthea()
    await onPostgres(async postgres => await ladder(bundles, postgres, steps.split(',').map(Number), Number(seconds)), keep)
  })
program.command('disk').description('loads all of Synthea with karta load: rate, counts, bytes a resource')
  .action(async () => await onPostgres(disk, true))
program.command('everything').description('a chart of 10,000 resources as one stream: first byte, MB/s, memory')
  .option('--rounds <n>', 'how often there and back', '3').option('--times <n>', 'answers in each run', '5').option('--no-keep', 'do not write bench/results')
  .action(async ({ rounds, times, keep }: { rounds: string, times: string, keep: boolean }) =>
    await onPostgres(async postgres => await everything(postgres, { rounds: Number(rounds), times: Number(times) }), keep))
program.command('cold-start').description('from the start of the program to the first right read')
  .action(async () => await onPostgres(coldStart, true))
program.command('rss').description('memory under load').option('--seconds <n>', 'how long', '50')
  .action(async ({ seconds }: { seconds: string }) => await onPostgres(async postgres => await rss(postgres, Number(seconds)), true))
program.command('validate').description('microseconds of validation for each type')
  .action(async () => tell(await stages('validate', ['validate'], 40), true))
program.command('index').description('microseconds of the index values for each type')
  .action(async () => tell(await stages('index', ['index'], 40), true))
program.command('stages').description('microseconds of every step of a write for each type')
  .action(async () => tell(await stages('stages', ['scan', 'validate', 'index', 'references'], 40), true))
program.command('crash').description('kills server and PostgreSQL under write load')
  .option('--rounds <n>', 'how often', '100').option('--seed <n>', 'of the moments', String(SEED))
  .action(async ({ rounds, seed }: { rounds: string, seed: string }) => tell(await crashes(Number(rounds), Number(seed)), true))

await program.parseAsync()
