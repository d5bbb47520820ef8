import type { FastifyInstance } from 'fastify'
import type { Caller } from './caller.js'
import type { Authenticate } from './token.js'

declare module 'fastify' {
  interface FastifyRequest { caller: Caller }
  interface FastifyContextConfig {
    /** Answered to anybody: metadata and the probes. */
    public?: boolean
  }
}

/** Establishes who is asking, before anything else is looked at. Called on the app itself, so that it holds for every route. */
export function authentication (app: FastifyInstance, authenticate: Authenticate): void {
  // Set before any handler runs, except on public routes, which do not read it.
  app.decorateRequest('caller', undefined as never)
  // With a callback and not a promise: a token that is known costs no turn of the event loop.
  app.addHook('onRequest', (request, _reply, done) => {
    if (request.routeOptions.config.public === true) return done()
    try {
      const caller = authenticate(request.headers.authorization)
      if (!(caller instanceof Promise)) {
        request.caller = caller
        return done()
      }
      caller.then(known => {
        request.caller = known
        done()
      }, done)
    } catch (thrown) {
      done(thrown as Error)
    }
  })
}
