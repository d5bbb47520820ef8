// One line in the log and one count in the metrics for each request. Never content, ids of resources, query values or
// tokens: what was done, by whom, and how it went.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Caller } from '../auth/caller.js'
import { isResourceType } from '../fhir/resource-types.js'
import { tripsOf } from './counted.js'
import type { Metrics } from './metrics.js'

/** Follows a request to its end, whether it is answered or hung up on. */
export function follow (request: FastifyRequest, reply: FastifyReply, { log, metrics }: { log: Logger, metrics: Metrics }): void {
  const started = performance.now()
  reply.raw.once('close', () => {
    const ms = performance.now() - started
    const interaction = request.interaction ?? request.row?.interaction ?? 'none'
    const status = reply.raw.writableEnded ? reply.statusCode : 499
    metrics.observe(interaction, status, ms)
    if (log.isLevelEnabled('info')) log.info(line(request, interaction, status, ms), 'request')
  })
}

function line (request: FastifyRequest, interaction: string, status: number, ms: number): object {
  const { type } = request.params as { readonly type?: string }
  const { id, caller, method, counted } = request
  return {
    request: id,
    method,
    interaction,
    ...(type !== undefined && isResourceType(type) && { type }),
    status,
    ms: Math.round(ms * 100) / 100,
    ...(counted !== undefined && { trips: tripsOf(counted) }),
    ...(caller !== undefined && { caller: caller.kind, actor: actorOf(caller), client: caller.client })
  }
}

const actorOf = (caller: Caller): string => caller.kind === 'self' ? caller.owner : caller.actor
