// One workload on several systems, one at a time, there and back (A B C, C B A) and again, so that what drifts falls on all alike.
import { cpuOf, loadOf, rssOf } from './cpu.js'
import { drive, percentile, type Measured, type Target } from './driver.js'
import type { Job, Run, Workload } from './workload.js'

export interface System {
  readonly name: string
  readonly run: Run
  readonly target: Target
  /** Of the server; undefined: it is not on this machine. */
  readonly pid: number | undefined
}

export interface Result {
  readonly system: string
  readonly users: number
  readonly unit: Workload['unit']
  readonly rate: number
  readonly p50: number
  readonly p99: number
  /** Milliseconds of CPU for one unit of work. */
  readonly serverCpu: number
  readonly databaseCpu: number
  /** Megabytes, at most. */
  readonly rss: number
  readonly ok: number
  readonly errors: Readonly<Record<string, number>>
  /** The machine's load when the first run began: what others did. */
  readonly load: number
}

export interface Timing { readonly warmUp: number, readonly seconds: number, readonly rounds: number }

interface Part extends Measured {
  readonly server: number
  readonly database: number
  readonly rss: number
  readonly load: number
}

async function part (system: System, turn: Parameters<typeof drive>[1]['turn'], users: number, { warmUp, seconds }: Timing, database: () => number | undefined): Promise<Part> {
  const load = loadOf()
  const begin = { server: 0, database: 0 }
  const spent = { server: 0, database: 0 }
  let rss = 0
  const measured = await drive(system.target, {
    users,
    warmUp,
    seconds,
    turn,
    onEdge: edge => {
      const now = { server: cpuOf(system.pid), database: cpuOf(database()) }
      if (edge === 'begin') {
        Object.assign(begin, now)
      } else {
        spent.server = now.server - begin.server
        spent.database = now.database - begin.database
        rss = rssOf(system.pid)
      }
    }
  })
  return { ...measured, ...spent, rss, load }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function merged (system: string, unit: Workload['unit'], parts: readonly Part[]): Result {
  const times = parts.flatMap(({ times }) => [...times]).sort((a, b) => a - b)
  const weight = sum(parts.map(({ weight }) => weight))
  const errors: Record<string, number> = {}
  for (const part of parts) for (const [kind, count] of Object.entries(part.errors)) errors[kind] = (errors[kind] ?? 0) + count
  return {
    system,
    unit,
    users: parts[0]?.users ?? 0,
    rate: weight / sum(parts.map(({ seconds }) => seconds)),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    serverCpu: sum(parts.map(({ server }) => server)) / weight,
    databaseCpu: sum(parts.map(({ database }) => database)) / weight,
    rss: Math.max(...parts.map(({ rss }) => rss)) / 1e6,
    ok: times.length,
    errors,
    load: parts[0]?.load ?? 0
  }
}

export interface Database {
  /** The process whose descendants do its work. */
  readonly pid: () => number | undefined
  /** Writes out what the run before has left to be written: nobody is measured while the disk is busy with another's rows. */
  readonly settle: () => Promise<void>
}

/** Measures a prepared workload with each number of users. */
export async function measure (
  workload: Workload, job: Job, systems: readonly System[], users: readonly number[], timing: Timing, database: Database
): Promise<Result[]> {
  const results: Result[] = []
  for (const count of users) {
    const parts = new Map<string, Part[]>(systems.map(({ name }) => [name, []]))
    const thereAndBack = [...systems, ...[...systems].reverse()]
    for (const system of Array.from({ length: timing.rounds }, () => thereAndBack).flat()) {
      await database.settle()
      parts.get(system.name)?.push(await part(system, job.turn(system.run), count, timing, database.pid))
    }
    results.push(...systems.map(({ name }) => merged(name, workload.unit, parts.get(name) ?? [])))
  }
  return results
}
