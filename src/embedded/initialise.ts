import { spawnSync } from 'node:child_process'
import { appendFileSync, chownSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf, onPath, StartError } from '../start-error.js'
import { type Account, credentials } from './account.js'
import type { Binaries } from './binaries.js'

/** What PostgreSQL's programs get from the environment: nothing of ours, and messages in English, which we read. */
export const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

const owned = (path: string, account: Account | undefined): void => {
  if (account !== undefined) chownSync(path, account.uid, account.gid)
}

/**
 * Makes the database folder, with the database `karta` of the role `karta`: under another name first, so that a folder that exists is a
 * whole one. When two processes do this at once, the second one's is thrown away.
 */
export function initialise (folder: string, password: string, binaries: Binaries, account: Account | undefined): void {
  if (existsSync(join(folder, 'PG_VERSION'))) return
  const fresh = `${folder}.new-${process.pid}`
  onPath(folder, () => {
    mkdirSync(dirname(folder), { recursive: true, mode: 0o711 })
    mkdirSync(fresh, { mode: 0o700 })
    owned(fresh, account)
  })
  try {
    fill(fresh, password, binaries, account)
    rename(fresh, folder)
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

function fill (folder: string, password: string, { initdb, postgres }: Binaries, account: Account | undefined): void {
  const passwordFile = `${folder}.password`
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  owned(passwordFile, account)
  try {
    // No collation of this database depends on a library's version: https://www.postgresql.org/docs/18/locale.html
    run(initdb, ['--pgdata', folder, '--username', 'karta', '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8',
      '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--no-instructions'], folder, account)
  } finally {
    rmSync(passwordFile)
  }
  run(postgres, ['--single', '-D', folder, 'template1'], folder, account, 'create database karta\n')
  // Read last, so that the operator's own lines win over ours.
  appendFileSync(join(folder, 'postgresql.conf'), "\n# Karta writes karta.conf at every start; settings of your own belong into local.conf.\ninclude_if_exists = 'karta.conf'\ninclude_if_exists = 'local.conf'\n")
  const own = join(folder, 'local.conf')
  writeFileSync(own, '# Settings of your own: they win over karta.conf and take effect when PostgreSQL starts.\n', { mode: 0o600 })
  owned(own, account)
}

function run (program: string, args: string[], folder: string, account: Account | undefined, input = ''): void {
  const { status, stdout, stderr, error } = spawnSync(program, args, { ...credentials(account), cwd: folder, env: ENVIRONMENT, input, encoding: 'utf8' })
  const said = `${stdout ?? ''}${stderr ?? ''}`
  if (error !== undefined) throw new StartError(`Cannot run ${program}: ${error.message}`, { cause: error })
  if (status !== 0 || /^FATAL|ERROR:/m.test(said)) throw new StartError(failed(`Making the database in ${folder} failed`, said))
}

/** A failure of PostgreSQL in the operator's words, with what it said last. */
export function failed (what: string, said: string): string {
  const reason = /No space left on device/.test(said) ? ': no space left on the disk' : ''
  return `${what}${reason}. PostgreSQL said:\n${said.trim().split('\n').slice(-12).join('\n')}`
}

function rename (fresh: string, folder: string): void {
  try {
    renameSync(fresh, folder)
  } catch (thrown) {
    const other = codeOf(thrown) === 'ENOTEMPTY' || codeOf(thrown) === 'EEXIST'
    if (!other || !existsSync(join(folder, 'PG_VERSION'))) throw thrown
  }
}
