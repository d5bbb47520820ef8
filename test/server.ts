// The one way in which a test of HTTP gets a server: the real application over a fresh copy of the migrated template.
import { randomBytes } from 'node:crypto'
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify'
import { pino } from 'pino'
import type { Test } from 'tap'
import { appOn } from '../src/app.js'
import { mintToken, verifier, type Subject } from '../src/auth/token.js'
import { readConfig, type Config } from '../src/config.js'
import { grantTreating, newActor, ownerOf } from '../src/consent/grant.js'
import { openServer } from '../src/resources/open-server.js'
import type { Server } from '../src/resources/server.js'
import pg from 'pg'
import { testDatabase } from './database.js'

export interface TestServer {
  readonly app: FastifyInstance
  readonly server: Server
  /** A connection beside the server's, to look at rows and to be in the way. */
  readonly pool: pg.Pool
  readonly url: string
  /** The lines of the log so far. */
  readonly lines: string[]
  /** Headers of callers. */
  readonly as: Callers
  /** Asks, as the operator unless the headers say otherwise. An object is sent as FHIR JSON. */
  readonly ask: (method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS', path: string, body?: object | string, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
  /** Asks another process on the same database, as the operator; `settings`: where its configuration differs. */
  readonly beside: (settings?: Partial<Config>) => Promise<{ readonly ask: TestServer['ask'], readonly server: Server, readonly close: () => Promise<void> }>
  /** Puts resources under their ids, as the operator. */
  readonly put: (...resources: readonly Resource[]) => Promise<void>
}

export interface Resource { readonly resourceType: string, readonly id: string, readonly [member: string]: unknown }

interface Callers {
  (kind: 'operator', scope?: string): Promise<Record<string, string>>
  /** The patient himself. */
  self: (patient: string, scope?: string) => Promise<Record<string, string>>
  /** Somebody who treats these patients, from whom a label is withheld: PSY. */
  treating: (patients: readonly string[], scope?: string, denied?: string) => Promise<Record<string, string>>
}

/** `bounds`: what the server has of itself, smaller than it is delivered with. */
export async function server (t: Pick<Test, 'teardown'>, settings: Partial<Config> = {}, bounds: Partial<Pick<Server, 'named' | 'followed'>> = {}): Promise<TestServer> {
  const url = await testDatabase(t)
  const config: Config = { ...readConfig({}), publicUrl: 'http://karta.test', readers: 1, writers: 2, ...settings }
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => { lines.push(line) } })
  const { close, ...opened } = await openServer(config, url, error => log.error({ err: error }, 'store'))
  const server = { ...opened, ...bounds }
  const secret = randomBytes(32).toString('base64url')
  const app = appOn(server, { authenticate: verifier(secret), log })
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  pool.on('error', () => {})
  t.teardown(async () => {
    await app.close()
    await close()
    await pool.end()
  })

  const bearer = async (subject: Subject, scope: string): Promise<Record<string, string>> =>
    ({ authorization: `Bearer ${await mintToken(secret, { subject, client: 'test', scope, lifetime: 600 })}` })
  const owner = async (patient: string): Promise<string> => await ownerOf(pool, patient) ?? '0'
  const operator = await bearer({ kind: 'operator', actor: '1' }, 'system/*.cruds')
  const as: Callers = Object.assign(
    async (_kind: 'operator', scope = 'system/*.cruds') => await bearer({ kind: 'operator', actor: '1' }, scope),
    {
      self: async (patient: string, scope = 'patient/*.rs') => await bearer({ kind: 'self', patient, owner: await owner(patient) }, scope),
      treating: async (patients: readonly string[], scope = 'user/*.cruds', denied = 'PSY') => {
        const actor = await newActor(pool)
        await grantTreating(pool, { owners: await Promise.all(patients.map(owner)), actor, until: Date.now() + 600_000, denied })
        return await bearer({ kind: 'treating', actor }, scope)
      }
    })

  const askOf = (app: FastifyInstance): TestServer['ask'] => async (method, path, body, headers = {}) => await app.inject({
    method,
    url: path,
    headers: { ...operator, ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) })
  } satisfies InjectOptions)
  const ask = askOf(app)

  const beside: TestServer['beside'] = async (settings = {}) => {
    const { close, ...other } = await openServer({ ...config, ...settings }, url, error => log.error({ err: error }, 'store'))
    const otherApp = appOn(other, { authenticate: verifier(secret), log })
    let closed: Promise<void> | undefined
    const end = async (): Promise<void> => {
      await otherApp.close()
      await close()
    }
    t.teardown(async () => await (closed ??= end()))
    return { ask: askOf(otherApp), server: other, close: async () => await (closed ??= end()) }
  }

  const put: TestServer['put'] = async (...resources) => {
    for (const resource of resources) {
      const { statusCode, body } = await ask('PUT', `/fhir/${resource.resourceType}/${resource.id}`, resource)
      if (statusCode >= 300) throw new Error(`${resource.resourceType}/${resource.id}: ${statusCode} ${body}`)
    }
  }
  return { app, server, pool, url, lines, as, ask, beside, put }
}
