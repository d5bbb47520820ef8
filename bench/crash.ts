// Server and PostgreSQL are killed under write load, again and again: what was acknowledged must be there, whole.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { postmasterOf } from '../src/embedded/postmaster.js'
import { lost, recovered, torn, Writers, type Loss } from './acknowledged.js'
import { placeOf } from './content.js'
import { processesOf } from './cpu.js'
import { sendAll, type Target } from './driver.js'
import { temporaryFolder } from './postgres.js'
import { freePort, karta, startKarta, token, type Running } from './processes.js'
import { random } from './random.js'

export interface CrashOptions {
  readonly rounds: number
  readonly seed: number
  readonly users: number
  readonly say: (line: string) => void
}

export interface CrashReport {
  readonly rounds: number
  readonly killed: Readonly<Record<Victim, number>>
  readonly requests: number
  readonly versions: number
  readonly bundles: number
  readonly losses: readonly Loss[]
  /** What `karta verify-audit` says last. */
  readonly audit: string
  /** Milliseconds until a read was right again. */
  readonly recovery: { readonly median: number, readonly most: number }
}

const VICTIMS = ['server', 'PostgreSQL', 'both'] as const
export type Victim = typeof VICTIMS[number]

/** Kills -9 by turns the server, PostgreSQL, and both; checks after each time, and everything at the end. */
export async function crash ({ rounds, seed, users, say }: CrashOptions): Promise<CrashReport> {
  const dataDir = temporaryFolder('karta-crash')
  const log = join(dataDir, 'acknowledged.ndjson')
  const next = random(seed)
  const port = await freePort()
  const killed = { server: 0, PostgreSQL: 0, both: 0 }
  const times: number[] = []
  const losses: Loss[] = []
  let requests = 0
  let checked = 0
  let running = await startKarta({ dataDir, port })
  try {
    const target: Target = { base: running.base, token: token({ dataDir }, '--client', 'crash') }
    const patient = await newPatient(target)
    for (let round = 0; round < rounds; round++) {
      const victim = VICTIMS[round % VICTIMS.length] ?? 'both'
      const writers = new Writers(target, { patient, log, name: String(round), users })
      await new Promise(resolve => setTimeout(resolve, 200 + next() * 800))
      running = await kill(victim, running, dataDir, port)
      times.push(await recovered(target, patient))
      await writers.stop()
      const found = await lost(target, patient, log, checked)
      killed[victim]++
      requests += writers.acknowledged
      checked += found.checked
      losses.push(...found.losses)
      say(`${round + 1} of ${rounds}: ${victim} killed, ${found.checked} versions acknowledged, ${found.losses.length} lost`)
    }
    const [all, halves] = [await lost(target, patient, log), await torn(target)]
    times.sort((a, b) => a - b)
    return {
      rounds, killed, requests, versions: checked, bundles: halves.bundles, losses: [...losses, ...all.losses, ...halves.losses],
      audit: karta({ dataDir }, 'verify-audit').trim().split('\n').at(-1) ?? '',
      recovery: { median: times[times.length >> 1] ?? 0, most: times.at(-1) ?? 0 }
    }
  } finally {
    await running.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

async function newPatient (target: Target): Promise<string> {
  const [reply] = await sendAll(target, 1, [{
    method: 'POST', path: '/Patient', body: '{"resourceType":"Patient","active":true}', check: ({ status }) => status === 201 ? undefined : `status ${status}`
  }])
  return placeOf(reply?.headers['location'])?.id ?? ''
}

async function kill (victim: Victim, running: Running, dataDir: string, port: number): Promise<Running> {
  if (victim !== 'server') {
    const postmaster = postmasterOf(join(dataDir, 'postgres'))
    if (postmaster === undefined) throw new Error('PostgreSQL does not run')
    for (const pid of processesOf(postmaster.pid)) end(pid)
  }
  if (victim === 'PostgreSQL') return running
  await running.stop('SIGKILL')
  return await startKarta({ dataDir, port })
}

// One that has ended by itself meanwhile is as dead as the others.
function end (pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {}
}
