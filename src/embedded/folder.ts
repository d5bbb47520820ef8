import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf, onPath, StartError } from '../start-error.js'
import { type Account, reaches } from './account.js'
import { SHARED } from './binaries.js'

export const MAJOR = '18'

/**
 * Where the database's files are: `postgres` in the data folder. When the account cannot reach the data folder, that name is a link to a
 * folder which it can reach, and `say` tells which.
 */
export function databaseFolder (dataDir: string, account: Account | undefined, say: (line: string) => void): string {
  const folder = join(dataDir, 'postgres')
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined && !reaches(account, folder)) placeElsewhere(folder)
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return folder

  const target = readlinkSync(folder)
  if (!existsSync(dirname(target))) {
    throw new StartError(`${folder} is a link to ${target}, which is gone. Restore it from a backup, or remove the link to begin anew.`)
  }
  say(`The database's files are in ${target}`)
  return target
}

function placeElsewhere (folder: string): void {
  onPath(SHARED, () => {
    mkdirSync(SHARED, { recursive: true, mode: 0o755 })
    const parent = mkdtempSync(join(SHARED, 'data-'))
    chmodSync(parent, 0o711)
    // Who finds it later can tell whose it is.
    writeFileSync(join(parent, 'origin'), `${folder}\n`)
    try {
      symlinkSync(join(parent, 'postgres'), folder)
    } catch (thrown) {
      rmSync(parent, { recursive: true })
      if (codeOf(thrown) !== 'EEXIST') throw thrown
    }
  })
}

/** Refuses a folder that another major version of PostgreSQL wrote. */
export function checkMajor (folder: string): void {
  const major = majorOf(folder)
  if (major === undefined || major === MAJOR) return
  throw new StartError(`${folder} was written by PostgreSQL ${major}; this release of Karta runs PostgreSQL ${MAJOR}. Nothing was changed.
To move the data to PostgreSQL ${MAJOR}, with the server packages of both versions installed (postgresql-${major}, postgresql-${MAJOR}), run:

  mv ${folder} ${folder}-${major} && /usr/lib/postgresql/${MAJOR}/bin/initdb -D ${folder} -U karta -E UTF8 --locale=C && /usr/lib/postgresql/${MAJOR}/bin/pg_upgrade -U karta -b /usr/lib/postgresql/${major}/bin -B /usr/lib/postgresql/${MAJOR}/bin -d ${folder}-${major} -D ${folder}

as the account that owns the folder (docs/operators.md). Or start PostgreSQL ${major} yourself and set DATABASE_URL to it: 15 to ${MAJOR} are supported.`)
}

function majorOf (folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined
    throw new StartError(`Cannot read ${join(folder, 'PG_VERSION')}: ${codeOf(thrown)}. Start the server with the account that it was first started with.`, { cause: thrown })
  }
}
