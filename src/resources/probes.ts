// Whether the process lives, whether it can serve, and what it counts: for those who operate it.
// Probes are for anybody. The metrics are for who holds an operator's token, or asks on this machine itself, past no proxy.
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Authenticate } from '../auth/token.js'
import { forbidden, unavailable } from '../fhir/outcome.js'
import { pendingMigrations } from '../store/migrate.js'
import type { Metrics } from './metrics.js'
import type { Server } from './server.js'

const PATIENCE = 2000
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])
const PROXIED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

export interface ProbeOptions { readonly server: Server, readonly metrics: Metrics, readonly authenticate: Authenticate }

export function probes (app: FastifyInstance, { server, metrics, authenticate }: ProbeOptions): void {
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    done()
  })
  app.get('/livez', (_request, reply) => reply.type('text/plain').send('alive\n'))
  app.get('/readyz', async (_request, reply) => {
    await refuseUnready(server)
    return await reply.type('text/plain').send('ready\n')
  })
  app.get('/metrics', async (request, reply) => {
    if (!isOnThisMachine(request)) await refuseOthers(request, authenticate)
    return await reply.type(metrics.contentType).send(await metrics.text())
  })
}

async function refuseOthers ({ headers }: FastifyRequest, authenticate: Authenticate): Promise<void> {
  const { kind } = await authenticate(headers.authorization)
  if (kind !== 'operator') throw forbidden('the metrics are for the operator')
}

function isOnThisMachine ({ socket, headers }: FastifyRequest): boolean {
  return LOOPBACK.has(socket.remoteAddress ?? '') && PROXIED.every(name => headers[name] === undefined)
}

// Ready: the database answers in time and has every migration that this release needs.
async function refuseUnready ({ readers }: Server): Promise<void> {
  const database = {
    query: async (sql: string) => ({ rows: await readers.query<{ name: string }>({ name: `ready: ${sql}`.slice(0, 60), text: sql, values: [] }) })
  }
  const stop = new AbortController()
  try {
    const pending = await Promise.race([pendingMigrations(database), pause(PATIENCE, undefined, { signal: stop.signal })])
    if (pending === undefined) throw unavailable('the database does not answer in time')
    if (pending.length > 0) throw unavailable('the database is not migrated yet')
  } finally {
    stop.abort()
  }
}
