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

/** Refuses a folder that another major version of PostgreSQL wrote, with the commands that move it. `dataDir` holds the password. */
export function checkMajor (folder: string, dataDir: string): void {
  const major = majorOf(folder)
  if (major === undefined || major === MAJOR) return
  throw new StartError(`${folder} was written by PostgreSQL ${major}; this release of Karta runs PostgreSQL ${MAJOR}. Nothing was changed.
To move the data to PostgreSQL ${MAJOR}, with the server packages of both versions installed (postgresql-${major}, postgresql-${MAJOR}), run this
as the account that owns the folder (docs/operators.md):

${upgrade(folder, dataDir, major).map(line => `  ${line}`).join('\n')}

Or start PostgreSQL ${major} yourself and set DATABASE_URL to it: 15 to ${MAJOR} are supported.`)
}

// pg_upgrade takes two clusters that agree on checksums, which PostgreSQL makes by itself since 18 only. The new one asks for the password
// from its first moment, and reads our settings.
function upgrade (folder: string, dataDir: string, major: string): string[] {
  const [old, fresh, kept] = [`/usr/lib/postgresql/${major}/bin`, `/usr/lib/postgresql/${MAJOR}/bin`, `${folder}-${major}`]
  return [
    "bash -e <<'END'",
    `export PGPASSWORD="\${PGPASSWORD:-$(cat ${join(dataDir, 'database-password')})}" LC_ALL=C`,
    `mv ${folder} ${kept}`,
    `SUMS=$(${old}/pg_controldata ${kept} | grep -q 'checksum version: *0$' && echo --no-data-checksums || true)`,
    `${fresh}/initdb -D ${folder} -U karta -A scram-sha-256 --pwfile=<(printf %s "$PGPASSWORD") -E UTF8 --locale=C $SUMS`,
    `${fresh}/pg_upgrade -U karta -b ${old} -B ${fresh} -d ${kept} -D ${folder}`,
    `grep ^include_if_exists ${kept}/postgresql.conf >> ${folder}/postgresql.conf; cp ${kept}/local.conf ${folder}/`,
    'END'
  ]
}

function majorOf (folder: string): string | undefined {
  try {
    return readFileSync(join(folder, 'PG_VERSION'), 'utf8').trim()
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined
    throw new StartError(`Cannot read ${join(folder, 'PG_VERSION')}: ${codeOf(thrown)}. Start the server with the account that it was first started with.`, { cause: thrown })
  }
}
