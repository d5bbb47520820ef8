// PostgreSQL refuses to run as root. Started by root, it runs under an account without rights, which must be able to reach
// the binaries and the data: below root's home (mode 0700) it cannot.
import { readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { StartError } from '../start-error.js'

export interface Account { readonly name: string, readonly uid: number, readonly gid: number }

// A dedicated account if the operator made one, then PostgreSQL's own, then the one that every system has.
const WANTED = ['karta', 'postgres', 'nobody']

const accounts = (): Account[] =>
  readFileSync('/etc/passwd', 'utf8').split('\n').map(line => line.split(':')).filter(fields => fields.length > 3)
    .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))

/**
 * The account that PostgreSQL must run under, or undefined when this process may run it itself.
 * @param folder the data folder, when there is one already: its owner stays the account
 */
export function accountFor (folder: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const known = accounts()
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid ?? 0
  const found = owner === 0
    ? WANTED.map(name => known.find(account => account.name === name)).find(account => account !== undefined)
    : known.find(account => account.uid === owner)
  if (found === undefined) {
    throw new StartError(owner === 0
      ? `PostgreSQL does not run as root, and there is no account named ${WANTED.join(', ')} to run it under. Create one: useradd --system karta`
      : `${folder} belongs to account number ${owner}, which /etc/passwd does not name; PostgreSQL needs a named account. Give the folder to one: chown -R postgres ${folder}`)
  }
  return found
}

/** True when the account can enter every folder above `path`, by their owner, group and mode. */
export function reaches (account: Account | undefined, path: string): boolean {
  const parent = dirname(path)
  if (account === undefined || parent === path) return true
  const found = statSync(parent, { throwIfNoEntry: false })
  if (found === undefined) return reaches(account, parent)
  const bit = found.uid === account.uid ? 0o100 : found.gid === account.gid ? 0o010 : 0o001
  return (found.mode & bit) !== 0 && reaches(account, parent)
}

/** What spawn needs to run a process as this account. */
export const credentials = (account: Account | undefined): { uid?: number, gid?: number } =>
  account === undefined ? {} : { uid: account.uid, gid: account.gid }
