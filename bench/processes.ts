// The servers under measurement, each a process of its own, started here and stopped here.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Target } from './driver.js'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PATIENCE = 60_000
const children = new Set<ChildProcess>()

// What `npm start` gives to Node.
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { readonly scripts: { readonly start: string } }
const DELIVERED = scripts.start.match(/(?<= )--\S+/g) ?? []

export interface Running {
  readonly base: string
  readonly pid: number
  readonly stop: (signal?: NodeJS.Signals) => Promise<void>
}

export interface KartaOptions {
  readonly dataDir: string
  /** undefined: the server starts the embedded PostgreSQL in its data folder. */
  readonly databaseUrl?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly nodeArguments?: readonly string[]
  readonly port?: number
}

/** Ends what still runs, without ceremony: for when the benchmark itself is being stopped. */
export const endAll = (): void => children.forEach(child => child.kill('SIGKILL'))

function followed<Child extends ChildProcess> (child: Child): Child {
  children.add(child.once('exit', () => children.delete(child)))
  return child
}

async function stopped (child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}

/** A port that was free a moment ago. */
export async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const environmentOf = ({ dataDir, databaseUrl, environment }: KartaOptions): NodeJS.ProcessEnv => ({
  ...process.env, DATA_DIR: dataDir, KARTA_DEMO: 'off', ...(databaseUrl !== undefined && { DATABASE_URL: databaseUrl }), ...environment
})

/** Starts Karta as it is delivered, with its defaults and its log, and waits until it is ready. */
export async function startKarta (options: KartaOptions): Promise<Running> {
  const port = options.port ?? await freePort()
  const path = join(options.dataDir, 'server.log')
  const log = openSync(path, 'a')
  const child = followed(spawn(process.execPath, [...DELIVERED, ...options.nodeArguments ?? [], join(ROOT, 'dist/cli.js'), 'start'], {
    cwd: ROOT, env: { ...environmentOf(options), PORT: String(port) }, stdio: ['ignore', log, log]
  }))
  await answers(`http://127.0.0.1:${port}/readyz`, child, path)
  return { base: `http://127.0.0.1:${port}/fhir`, pid: child.pid ?? 0, stop: async signal => await stopped(child, signal) }
}

async function answers (url: string, child: ChildProcess, log: string): Promise<void> {
  const until = Date.now() + PATIENCE
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}: ${readFileSync(log, 'utf8').slice(-2000)}`)
    const ready = await fetch(url).then(async reply => { await reply.arrayBuffer(); return reply.ok }, () => false)
    if (ready) return
    await new Promise(resolve => setTimeout(resolve, 10))
  }
  throw new Error('the server does not become ready')
}

/** Runs a command of the `karta` program and answers what it prints. */
export const karta = (options: KartaOptions, ...command: readonly string[]): string =>
  execFileSync(process.execPath, [join(ROOT, 'dist/cli.js'), ...command], { cwd: ROOT, env: environmentOf(options), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 28 })

/** The token that `karta token` prints last. */
export const token = (options: KartaOptions, ...command: readonly string[]): string =>
  karta(options, 'token', '--minutes', '720', ...command).trim().split('\n').at(-1) ?? ''

export interface BaselineOptions {
  readonly kind: 'same' | 'ideal'
  readonly url: string
  readonly items: string
  readonly reads: string
  readonly writes: string
}

/** Starts one of the frozen baselines. */
export const startBaseline = async ({ kind, url, items, reads, writes }: BaselineOptions): Promise<Running> =>
  await started('bench/raw/server.ts', { KIND: kind, URL: url, ITEMS: items, READS: reads, WRITES: writes })

/** Starts the baseline of searches. */
export const startSearchBaseline = async ({ url, items, reads }: Pick<BaselineOptions, 'url' | 'items' | 'reads'>): Promise<Running> =>
  await started('bench/raw/search.ts', { URL: url, ITEMS: items, READS: reads })

/** Starts a program that is measured beside Karta; it prints where it answers. */
export async function started (program: string, environment: Readonly<Record<string, string>>): Promise<Running> {
  const child = followed(spawn(process.execPath, ['--import', 'tsx', join(ROOT, program)], {
    cwd: ROOT, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit']
  }))
  const line = await Promise.race([once(createInterface({ input: child.stdout }), 'line'), once(child, 'exit').then(() => undefined)])
  if (line === undefined) throw new Error(`${program} does not start`)
  return { base: `${String(line[0])}/fhir`, pid: child.pid ?? 0, stop: async () => await stopped(child) }
}

/** A running process as the driver needs it. */
export const targetOf = ({ base }: Running, bearer?: string): Target => ({ base, token: bearer })
