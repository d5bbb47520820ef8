import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import { pino, type Logger, type LoggerOptions } from 'pino'
import { authentication } from './auth/plugin.js'
import type { Authenticate } from './auth/token.js'
import type { Config } from './config.js'
import { unknownRoute } from './fhir/outcome.js'
import { logDestination } from './log.js'
import { Admission } from './resources/admission.js'
import { makeMetrics } from './resources/metrics.js'
import { openServer, type Store } from './resources/open-server.js'
import { probes } from './resources/probes.js'
import { refuse, refuseConnection } from './resources/refuse.js'
import { requestId } from './resources/request-id.js'
import { follow } from './resources/request-line.js'
import { ROUTES } from './resources/routes.js'
import { serve } from './resources/serve.js'

const EXPOSED = ['ETag', 'Location', 'Content-Location', 'Last-Modified', 'X-Request-Id', 'Retry-After']

/** The server of one process over the database behind `url`: opened here, and closed with the application. */
export async function buildApp ({ config, url, authenticate, logger }: {
  readonly config: Config, readonly url: string, readonly authenticate: Authenticate, readonly logger: LoggerOptions
}): Promise<FastifyInstance> {
  const log = pino(logger, logDestination())
  const { close, ...server } = await openServer(config, url, error => log.error({ err: error }, 'the store has an error that no request waits for'),
    (statement, ms) => log.warn({ statement, ms: Math.round(ms) }, 'a slow statement'))
  return appOn(server, { authenticate, log }).addHook('onClose', close)
}

/** The whole server on one page, in the order in which a request meets it. */
export function appOn (server: Store, { authenticate, log }: { readonly authenticate: Authenticate, readonly log: Logger }): FastifyInstance {
  const { bodyLimit, corsOrigins, inFlight, queue } = server.config
  const admission = new Admission({ inFlight, queue })
  const metrics = makeMetrics(server, admission)
  const app = Fastify({
    bodyLimit,
    genReqId: requestId,
    // Whoever is being served when it stops is served to the end; main.ts has the limit.
    return503OnClosing: false,
    requestTimeout: 300_000,
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => { void refuse(error, request, reply, { log, bodyLimit }) }
  })

  app.addHook('onRequest', (request, reply, done) => {
    follow(request, reply, { log, metrics })
    done()
  })
  if (corsOrigins.length > 0) {
    void app.register(cors, { origin: corsOrigins.includes('*') ? '*' : [...corsOrigins], exposedHeaders: EXPOSED, methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'], maxAge: 600 })
  }
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, { log, bodyLimit }))
  app.setNotFoundHandler(() => { throw unknownRoute('there is nothing at this path; FHIR is at /fhir') })

  void app.register(async app => probes(app, { server, metrics, authenticate }))
  void app.register(async app => {
    app.addHook('onRequest', admission.hook)
    authentication(app, authenticate)
    serve(app, server, ROUTES, log)
  }, { prefix: '/fhir' })
  return app
}
