import { mintToken, type Subject } from '../auth/token.js'
import type { Config } from '../config.js'
import { grantTreating, newActor, ownerOf } from '../consent/grant.js'
import type { Say } from '../main.js'
import { secret } from '../secret.js'
import { StartError } from '../start-error.js'
import type pg from 'pg'
import { withDatabase } from './database.js'

export interface TokenOptions {
  readonly client?: string
  readonly patient?: string
  readonly treats?: string
  readonly denied: string
  readonly scope?: string
  readonly minutes: string
}

// The operator is no person of the record; actors that treat begin at 1000.
const OPERATOR: Subject = { kind: 'operator', actor: '1' }
const SCOPES = { operator: 'system/*.cruds', self: 'patient/*.rs', treating: 'user/*.cruds' }
const CONTEXTS = { operator: 'system', self: 'patient', treating: 'user' }
const MAX_MINUTES = 720

/** Mints the token that the options ask for. Throws StartError, naming what is wrong with them. */
export async function token (config: Config, options: TokenOptions, say: Say): Promise<string> {
  const minutes = Number(options.minutes)
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > MAX_MINUTES) {
    throw new StartError(`--minutes is "${options.minutes}". Allowed: a whole number from 1 to ${MAX_MINUTES}.`)
  }
  if (options.patient !== undefined && options.treats !== undefined) throw new StartError('A token is for --patient or for --treats, not both.')
  const client = options.client ?? (options.patient === undefined && options.treats === undefined ? undefined : 'karta-token')
  if (client === undefined) throw new StartError('Say for whom: --client NAME (the operator), --patient ID, or --treats ID,ID.')

  const kind = options.patient !== undefined ? 'self' : options.treats !== undefined ? 'treating' : 'operator'
  const scope = options.scope ?? SCOPES[kind]
  const other = scope.split(' ').find(part => part !== '' && !part.startsWith(`${CONTEXTS[kind]}/`))
  if (other !== undefined) throw new StartError(`"${other}" does not fit this token: its scopes begin with ${CONTEXTS[kind]}/`)

  const grant = { client, scope, lifetime: minutes * 60 }
  // Refused before anything is written for it.
  await minted(config, { ...grant, subject: OPERATOR })
  return await minted(config, { ...grant, subject: await subjectOf(config, options, minutes, say) })
}

async function minted (config: Config, grant: Parameters<typeof mintToken>[1]): Promise<string> {
  try {
    return await mintToken(secret(config.dataDir, 'token-key'), grant)
  } catch (thrown) {
    throw thrown instanceof RangeError ? new StartError(thrown.message, { cause: thrown }) : thrown
  }
}

async function subjectOf (config: Config, { patient, treats, denied }: TokenOptions, minutes: number, say: Say): Promise<Subject> {
  if (patient !== undefined) {
    return await withDatabase(config, say, async pool => ({ kind: 'self', patient, owner: await knownOwner(pool, patient) }))
  }
  if (treats === undefined) return OPERATOR
  const ids = treats.split(',').map(id => id.trim()).filter(id => id !== '')
  if (ids.length === 0) throw new StartError('--treats needs the ids of Patients, separated by commas.')
  return await withDatabase(config, say, async pool => {
    const owners = await Promise.all(ids.map(id => knownOwner(pool, id)))
    const actor = await newActor(pool)
    await grantTreating(pool, { owners, actor, until: Date.now() + minutes * 60_000, denied })
    return { kind: 'treating', actor }
  })
}

async function knownOwner (pool: pg.Pool, given: string): Promise<string> {
  const id = given.replace(/^Patient\//, '')
  const owner = await ownerOf(pool, id)
  if (owner === undefined) throw new StartError(`There is no Patient ${id} in this database.`)
  return owner
}
