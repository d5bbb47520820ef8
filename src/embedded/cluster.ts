import { spawn } from 'node:child_process'
import { chownSync, closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, readSync, renameSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { platform } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { onPath, StartError } from '../start-error.js'
import { secret } from '../secret.js'
import { type Account, accountFor, credentials } from './account.js'
import { type Binaries, binariesFor } from './binaries.js'
import { checkMajor, databaseFolder } from './folder.js'
import { ENVIRONMENT, failed, initialise } from './initialise.js'
import { alive, type Postmaster, postmasterOf } from './postmaster.js'
import { enter, leave } from './process-list.js'
import { conf, settings } from './settings.js'

export interface ClusterOptions {
  readonly dataDir: string
  /** Settings in place of ours (the tests' database needs no fsync). */
  readonly settings?: Readonly<Record<string, string>>
  readonly say: (line: string) => void
}

/** A PostgreSQL of our own that runs. */
export interface Cluster {
  readonly url: string
  /** Stops PostgreSQL, unless another process uses the same data folder. */
  readonly stop: () => Promise<void>
}

interface Place {
  readonly folder: string
  readonly account: Account | undefined
  readonly binaries: Binaries
  readonly log: string
  readonly say: (line: string) => void
}

// A path of a Unix socket has at most 107 bytes (103 on macOS), and Windows has none that PostgreSQL's clients know.
const socketFits = (folder: string): boolean => platform() !== 'win32' && Buffer.byteLength(join(folder, '.s.PGSQL.5432.lock')) <= 103

const START_PATIENCE = 60_000
const WATCH_EVERY = 250

/**
 * Runs PostgreSQL on the data folder: makes the folder at first, uses a PostgreSQL that runs there already (of another process, or of one
 * that was killed), starts it otherwise, and starts it again whenever it dies.
 */
export async function openCluster ({ dataDir: given, settings: changed = {}, say }: ClusterOptions): Promise<Cluster> {
  const dataDir = resolve(given)
  onPath(dataDir, () => mkdirSync(dataDir, { recursive: true, mode: 0o711 }))
  const account = accountFor(join(dataDir, 'postgres'))
  const folder = databaseFolder(dataDir, account, say)
  checkMajor(folder, dataDir)
  const password = secret(dataDir, 'database-password')
  const binaries = binariesFor(account, dataDir, say)
  enter(dataDir)
  try {
    initialise(folder, password, binaries, account)
    const place = { folder, account, binaries, log: join(dataDir, 'postgres-start.log'), say }
    const postmaster = await running(place, () => configure(place, changed))
    const unwatch = watch(place, postmaster.port)
    return {
      url: urlOf(postmaster, password),
      stop: async () => {
        await unwatch()
        if (leave(dataDir)) await stopPostmaster(folder)
      }
    }
  } catch (thrown) {
    leave(dataDir)
    throw thrown
  }
}

function urlOf ({ port, socketDir }: Postmaster, password: string): string {
  const host = socketDir === '' ? `127.0.0.1:${port}` : `${encodeURIComponent(socketDir)}:${port}`
  return `postgres://karta:${password}@${host}/karta`
}

// A port, once chosen, is kept: the pools of every process know it.
async function configure ({ folder, account }: Place, changed: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const path = join(folder, 'karta.conf')
  const where = socketFits(folder)
    ? { listen_addresses: "''", unix_socket_directories: `'"${folder.replaceAll("'", "''")}"'`, port: '5432' }
    : { listen_addresses: "'127.0.0.1'", unix_socket_directories: "''", port: String(await keptPort(folder)) }
  onPath(path, () => {
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, conf({ ...settings(), ...changed, ...where }), { mode: 0o600 })
    if (account !== undefined) chownSync(fresh, account.uid, account.gid)
    renameSync(fresh, path)
  })
  return []
}

async function keptPort (folder: string): Promise<number> {
  const kept = /^port = (\d+)$/m.exec(textOf(join(folder, 'karta.conf')))?.[1]
  return kept === undefined ? await freePort(0) : await freePort(Number(kept)).catch(async () => await freePort(0))
}

const freePort = async (port: number): Promise<number> => await new Promise((resolve, reject) => {
  const server = createServer().once('error', reject).listen(port, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
  })
})

const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Waits until a postmaster of this folder is ready, starting one when there is none.
 * @param configured prepares a start, and answers further arguments for it
 */
async function running (place: Place, configured: () => Promise<readonly string[]>): Promise<Postmaster> {
  const until = Date.now() + START_PATIENCE
  let noted = false
  while (true) {
    const found = postmasterOf(place.folder)
    if (found?.status === 'ready') return found
    if (found === undefined) {
      const refusal = await start(place, await configured())
      if (refusal !== undefined && Date.now() > until) throw new StartError(failed('PostgreSQL does not start', refusal))
    } else if (Date.now() > until && !noted) {
      noted = true
      place.say(`PostgreSQL is still ${found.status} (it repeats what its log holds since the last checkpoint); waiting`)
    }
    await pause(20)
  }
}

// Another process was quicker, or the helpers of a postmaster that was killed have not noticed yet: both pass.
const PASSING = /lock file ".*" (?:already exists|is empty)|pre-existing shared memory block|could not bind|Address already in use/

// The collector writes what it is told a little later, or never when the machine is busy: then the next try will tell.
const passes = (said: string): boolean => PASSING.test(said) || (said.includes('redirecting log output') && !said.includes('FATAL'))

/** Starts PostgreSQL in a session of its own. Answers undefined when it is ready, what it said when it may be tried again. */
async function start ({ folder, account, binaries, log }: Place, args: readonly string[]): Promise<string | undefined> {
  const out = onPath(log, () => openSync(log, 'a+', 0o600))
  const before = fstatSync(out).size
  // In a session of its own, so that Ctrl-C in the terminal reaches us first and requests can end before the database does.
  const child = spawn(binaries.postgres, ['-D', folder, ...args], { ...credentials(account), cwd: folder, env: ENVIRONMENT, detached: true, stdio: ['ignore', out, out] })
  try {
    const ended = new Promise<void>((resolve, reject) => child.once('exit', () => resolve()).once('error', reject))
    const state = await Promise.race([ended.then(() => 'ended'), ready(folder, child.pid ?? 0)])
    // Not before: nothing else keeps this process waiting for a PostgreSQL that ends at once.
    child.unref()
    if (state !== 'ended') return undefined
    await pause(200)
    const said = tail(out, before) + logged(folder, child.pid ?? 0)
    if (!passes(said)) throw new StartError(failed('PostgreSQL does not start', said))
    return said
  } finally {
    closeSync(out)
  }
}

// Once its collector runs, PostgreSQL says why it ends in its log only: the lock of a socket that a killed one has just left, for instance.
function logged (folder: string, pid: number): string {
  try {
    const log = join(folder, 'log')
    return readdirSync(log).flatMap(name => textOf(join(log, name)).slice(-65_536).split('\n').filter(line => line.includes(` [${pid}] `))).join('\n')
  } catch {
    return ''
  }
}

async function ready (folder: string, pid: number): Promise<'ready'> {
  while (alive(pid)) {
    const found = postmasterOf(folder)
    if (found?.pid === pid && found.status === 'ready') return 'ready'
    await pause(5)
  }
  return await new Promise(() => {})
}

function tail (file: number, from: number): string {
  const size = fstatSync(file).size - from
  const bytes = Buffer.alloc(Math.min(size, 65_536))
  readSync(file, bytes, 0, bytes.length, from + size - bytes.length)
  return bytes.toString('utf8')
}

/** Starts PostgreSQL again when it dies, where it was. Answers a function that ends the watch. */
function watch (place: Place, port: number): () => Promise<void> {
  let failures = 0
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let turning = Promise.resolve()
  const turn = async (): Promise<void> => {
    try {
      if (postmasterOf(place.folder)?.status !== 'ready') {
        place.say('PostgreSQL stopped; starting it again')
        await running(place, async () => ['-c', `port=${port}`])
        place.say('PostgreSQL runs again')
      }
      failures = 0
    } catch (thrown) {
      failures += 1
      place.say(thrown instanceof Error ? thrown.message : String(thrown))
    }
  }
  const schedule = (): void => {
    if (stopped) return
    timer = setTimeout(() => { turning = turn().finally(schedule) }, WATCH_EVERY * 2 ** Math.min(failures, 7)).unref()
  }
  schedule()
  return async () => {
    stopped = true
    clearTimeout(timer)
    await turning
  }
}

/** A fast shutdown: connections are ended, what was acknowledged is on the disk. */
async function stopPostmaster (folder: string): Promise<void> {
  const found = postmasterOf(folder)
  if (found === undefined) return
  process.kill(found.pid, 'SIGINT')
  const until = Date.now() + 30_000
  while (alive(found.pid) && Date.now() < until) await pause(10)
}
