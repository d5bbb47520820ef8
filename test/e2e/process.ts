// The real process, as an operator starts it: built, in a process of its own, on a folder of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Test } from 'tap'
import { alive, postmasterOf } from '../../src/embedded/postmaster.js'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))
export const AS_ROOT = process.getuid?.() === 0
const CLI = join(ROOT, 'dist/cli.js')

export interface Running {
  readonly child: ChildProcess
  /** Where it answers, without `/fhir`. */
  readonly url: string
  readonly output: () => string
}

export interface Ended { readonly code: number | null, readonly output: string }

/** What a process of the server inherits: nothing of the tests' own settings. */
export const environment = (settings: Record<string, string> = {}): Record<string, string> =>
  ({ PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', PORT: '0', KARTA_LOG_LEVEL: 'warn', KARTA_DEMO: 'off', ...settings })

/** A folder that goes with the test: what still runs on it is ended, and what lies elsewhere because of it is removed. */
export function dataFolder (t: Test): string {
  const made = mkdtempSync(join(tmpdir(), 'karta-e2e-'))
  chmodSync(made, 0o711)
  t.teardown(async () => { await remove(made) })
  return join(made, 'data')
}

/** Ends the PostgreSQL that a killed server left in this data folder, and removes the folder's parent. */
export async function remove (parent: string, dataDir = join(parent, 'data')): Promise<void> {
  const place = join(dataDir, 'postgres')
  const linked = existsSync(dataDir) && (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() ?? false)
  const folder = linked ? readlinkSync(place) : place
  for (const name of existsSync(join(dataDir, 'processes')) ? readdirSync(join(dataDir, 'processes')) : []) kill(Number(name))
  for (let found = postmasterOf(folder); found !== undefined; found = postmasterOf(folder)) {
    kill(found.pid)
    await pause(20)
  }
  rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  if (linked) rmSync(dirname(folder), { recursive: true, force: true })
}

function kill (pid: number | undefined): void {
  if (pid !== undefined && pid !== process.pid && alive(pid)) process.kill(pid, 'SIGKILL')
}

export interface Command { readonly file: string, readonly args: readonly string[], readonly cwd?: string }

export const START: Command = { file: process.execPath, args: [CLI, 'start'] }

/** Starts a server and waits until it says where it answers; it is ended with the test. */
export async function start (t: Test, settings: Record<string, string>, command = START): Promise<Running> {
  const running = spawned(t, settings, command)
  const { child, output } = running
  const ended = once(child, 'exit').then(() => { throw new Error(`the server ended:\n${output()}`) })
  ended.catch(() => {})
  await Promise.race([ended, saysWhere(child, output)])
  return { ...running, url: /Karta answers on (\S+)\/fhir/.exec(output())?.[1] ?? '' }
}

function spawned (t: Test, settings: Record<string, string>, { file, args, cwd = ROOT }: Command) {
  const child = spawn(file, args, { cwd, env: environment(settings) })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (part: string) => { text += part })
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  return { child, output: () => text }
}

async function saysWhere (child: ChildProcess, output: () => string): Promise<void> {
  while (!/Karta answers on (\S+)\/fhir.*\n/.test(output())) await once(child.stdout ?? child, 'data')
}

/** Starts a server that is expected to end by itself. */
export async function refused (t: Test, settings: Record<string, string>, command = START): Promise<Ended> {
  const { child, output } = spawned(t, settings, command)
  const [code] = await once(child, 'close')
  return { code, output: output() }
}

/** Sends a signal and waits for the end. */
export async function stopped ({ child }: Running, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  const ended = once(child, 'exit')
  child.kill(signal)
  const [code] = await ended
  return code
}

/** Runs a command of karta and answers what it prints on stdout. */
export async function karta (settings: Record<string, string>, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLI, ...args], { cwd: ROOT, env: environment(settings) })
  return stdout
}

/** The headers of a caller who holds a token that these arguments mint. */
export async function tokenFor (settings: Record<string, string>, ...args: string[]): Promise<{ authorization: string }> {
  const lines = (await karta(settings, 'token', ...args)).trimEnd().split('\n')
  return { authorization: `Bearer ${lines.at(-1)}` }
}

/** One request; the body is parsed when it is JSON. */
export async function ask (url: string, headers: Record<string, string> = {}, method = 'GET', body?: unknown) {
  const reply = await fetch(url, {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-type': 'application/fhir+json' },
    ...(body !== undefined && { body: JSON.stringify(body) })
  })
  const text = await reply.text()
  return { status: reply.status, headers: reply.headers, text, json: /^\s*\{/.test(text) ? JSON.parse(text) : undefined }
}
