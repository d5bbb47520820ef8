// Who runs a PostgreSQL data folder, read from its postmaster.pid: https://www.postgresql.org/docs/18/storage-file-layout.html
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { platform } from 'node:os'
import { join } from 'node:path'

export interface Postmaster {
  readonly pid: number
  readonly port: number
  readonly socketDir: string
  readonly status: 'starting' | 'ready' | 'stopping'
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

// As PostgreSQL asks: a process that has ended but that nobody has waited for counts.
function exists (pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM'
  }
}

/** When a process started, as the system counts; undefined when it is gone (or waits to be reaped); '' where this cannot be known. */
export function startOf (pid: number): string | undefined {
  if (platform() === 'linux') {
    // The name may hold blanks and brackets: the fields begin after the last bracket, with the state.
    const fields = textOf(`/proc/${pid}/stat`)?.replace(/^.*\) /s, '').split(' ')
    return fields === undefined || fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19]
  }
  return exists(pid) ? '' : undefined
}

export const alive = (pid: number): boolean => startOf(pid) !== undefined

/** True when the process is a postmaster of this folder, and not another program that was given the number since. */
function runs (pid: number, folder: string): boolean {
  if (!alive(pid)) return false
  try {
    return platform() === 'linux'
      ? readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder)
      : execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' }).includes('postgres')
  } catch {
    return false
  }
}

/**
 * The postmaster that runs on this data folder, or undefined. A lock file that a crash left behind is no postmaster; when its number
 * now belongs to another program, or to its postmaster's remains, or that has stayed empty, PostgreSQL itself would refuse to start, so the file is taken away.
 */
export function postmasterOf (folder: string): Postmaster | undefined {
  const path = join(folder, 'postmaster.pid')
  const text = textOf(path)
  const [pid, , , port, socketDir = '', , , status = ''] = text?.split('\n') ?? []
  if (text === '') removeRemnant(path)
  // Another process may be writing it in this moment.
  if (text === undefined || pid === undefined || !/^[1-9]\d*$/.test(pid)) return undefined
  if (runs(Number(pid), folder)) {
    const said = status.trim()
    return { pid: Number(pid), port: Number(port), socketDir, status: said === 'ready' || said === 'stopping' ? said : 'starting' }
  }
  if (exists(Number(pid)) && text === textOf(path)) rmSync(path, { force: true })
  return undefined
}

// PostgreSQL writes its lock file as soon as it has made it. One that stays empty is what the machine's own end has left of it: PostgreSQL
// would refuse to start on it for ever.
const WRITTEN_WITHIN = 5000

function removeRemnant (path: string): void {
  try {
    const { size, mtimeMs } = statSync(path)
    if (size === 0 && Date.now() - mtimeMs > WRITTEN_WITHIN) rmSync(path)
  } catch {
    // Another process has taken it away, or starts PostgreSQL meanwhile: the next look will tell.
  }
}
