// npm run bench -- NAME [options]: measures, prints a table, keeps it in bench/results. docs/decisions/0012-benchmark.md
import { Command } from 'commander'
import { compare, elsewhere, type Options } from './compare.js'
import { startPostgres } from './postgres.js'
import { tell } from './report.js'
import { synthea } from './synthea.js'
import type { Workload } from './workload.js'
import { imports, transactions } from './workloads/bundles.js'
import { crud } from './workloads/crud.js'
import { read, readNotModified } from './workloads/read.js'
import { create, noopUpdate, update } from './workloads/write.js'

const WORKLOADS: readonly Workload[] = [read, readNotModified, create, update, noopUpdate, crud, imports, transactions]

interface Given {
  readonly quick?: true
  readonly seconds: string
  readonly warmUp: string
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

const optionsOf = (given: Given): Options => ({
  seconds: given.quick === true ? 1 : Number(given.seconds),
  warmUp: given.quick === true ? 0.5 : Number(given.warmUp),
  scale: given.quick === true ? 10 : 1,
  users: given.users?.split(',').map(Number) ?? (given.quick === true ? [16] : undefined),
  reads: given.reads,
  writes: given.writes,
  environment: Object.fromEntries(given.set.map(pair => pair.split('=') as [string, string])),
  nodeArguments: given.cpuProf === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${given.cpuProf}`]
})

async function run (workload: Workload, given: Given): Promise<void> {
  const bundles = await synthea(given.quick === true ? 3 : Number(given.bundles ?? workload.bundles))
  if (given.base !== undefined) {
    return tell(await elsewhere(workload, bundles, { base: given.base.replace(/\/+$/, ''), token: given.token }, optionsOf(given)), given.keep)
  }
  const postgres = await startPostgres()
  try {
    tell(await compare(workload, bundles, postgres, optionsOf(given)), given.keep && given.quick === undefined)
  } finally {
    await postgres.stop()
  }
}

const program = new Command('bench').description('measures Karta against what its work costs at least')

for (const workload of WORKLOADS) {
  program.command(workload.name)
    .option('--quick', 'a smoke test: small, and not kept')
    .option('--seconds <n>', 'measured seconds of each run; every system has two', '4')
    .option('--warm-up <n>', 'seconds before them', '2')
    .option('--bundles <n>', 'how many Synthea Bundles stand in the server first')
    .option('--users <n,n>', 'how many users')
    .option('--base <url>', 'another FHIR server, which is measured alone')
    .option('--token <token>', 'its bearer token')
    .option('--reads <mode>', 'how the baselines read: pipeline:n or pool:n', 'pipeline:2')
    .option('--writes <mode>', 'how the baselines write', 'pool:32')
    .option('--set <name=value...>', 'settings of Karta', [])
    .option('--cpu-prof <folder>', 'profile Karta into this folder')
    .option('--no-keep', 'do not write bench/results')
    .action(async (given: Given) => await run(workload, given))
}

await program.parseAsync()
