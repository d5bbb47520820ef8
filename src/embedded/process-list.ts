import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onPath } from '../start-error.js'
import { startOf } from './postmaster.js'

const FOLDER = 'processes'

/** Notes that this process uses the database of the data folder: whoever leaves last stops it. */
export function enter (dataDir: string): void {
  const folder = join(dataDir, FOLDER)
  onPath(folder, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, String(process.pid)), startOf(process.pid) ?? '')
  })
}

/** True when no other living process uses the database. */
export function leave (dataDir: string): boolean {
  const folder = join(dataDir, FOLDER)
  rmSync(join(folder, String(process.pid)), { force: true })
  return readdirSync(folder).filter(name => isUsing(folder, name)).length === 0
}

// A process that was killed leaves its note; its number may belong to another program since, which started at another time.
function isUsing (folder: string, name: string): boolean {
  const path = join(folder, name)
  try {
    const started = startOf(Number(name))
    if (started !== undefined && started === readFileSync(path, 'utf8')) return true
    rmSync(path, { force: true })
  } catch {
    // It left in this moment.
  }
  return false
}
