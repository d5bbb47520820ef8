// The route table on Fastify: from a request to what is asked, and from what is answered to a reply.
import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { Server as HttpServer } from 'node:http'
import { Readable } from 'node:stream'
import type { Logger } from 'pino'
import type { Caller } from '../auth/caller.js'
import { etag, httpDate } from '../fhir/etag.js'
import { isResourceType } from '../fhir/resource-types.js'
import { asRefusal } from '../store/refusal.js'
import { millisecondsOf } from '../store/rid.js'
import { counted, type Counted } from './counted.js'
import { textOf } from './body.js'
import { compressed, encodingFor, LEAST, type Encoding } from './compress.js'
import { isStreamed, NO_QUERY, queryText, type Answer, type Asked, type Query, type Streamed } from './exchange.js'
import { refuseForbidden } from './gate.js'
import { bodyType, FORM, refuseEncoded } from './media-type.js'
import { find, ownType, unknownPath, type Route } from './route.js'
import type { Store } from './open-server.js'
import { streamOf } from './stream.js'
import type { Server } from './server.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** The row of the table that the request has come to, for its line in the log. */
    row: Route | undefined
    interaction: string | undefined
    bodyType: string
    /** What the handler works with; absent where none was reached. */
    counted: Counted | undefined
  }
}

interface Place {
  readonly Params: { readonly type?: string, readonly id?: string, readonly versionId?: string, readonly member?: string }
  readonly Body: Buffer | undefined
  readonly Querystring: Query
}

/** Everything below the base. `routes` is the table: nothing is served that has no row. */
export function serve (app: FastifyInstance, server: Store, routes: readonly Route[], log: Logger): void {
  app.decorateRequest('row', undefined)
  app.decorateRequest('interaction', undefined)
  app.decorateRequest('bodyType', '')
  app.decorateRequest('counted', undefined)
  app.removeAllContentTypeParsers()
  // What a body may be is settled before it is read; here it is only collected.
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes))
  for (const route of routes) {
    app.route<Place>({
      method: route.method,
      url: route.path,
      config: { public: route.anonymous === true },
      onRequest: gate(server, routes, route, app.prefix),
      handler: async (request, reply) => {
        const asked = askedBy(request, route, app.prefix)
        const own = counted(server)
        request.counted = own
        const answer = await audited(own, route, request.caller, asked)
        request.interaction = answer.interaction ?? route.interaction
        return await send(request, reply, answer, log)
      }
    })
  }
  app.setNotFoundHandler(request => {
    const path = pathOf(request.url, app.prefix)
    find(routes, request.method, path)
    // It has a row, but is written in another way than it is served: with a slash at its end, or too long for an id.
    throw unknownPath(path)
  })
}

// Everything that can be refused before the body is read, and without touching data.
function gate (server: Server, routes: readonly Route[], route: Route, prefix: string): onRequestHookHandler<HttpServer> {
  const hasBody = route.method === 'POST' || route.method === 'PUT' || route.method === 'PATCH'
  return (request, _reply, done) => {
    try {
      request.row = route
      const { type = ownType(route), id = '', member } = request.params as Place['Params']
      // Fastify takes an operation for an id, and metadata for a type; the table does not.
      if ((type !== '' && !isResourceType(type)) || id.startsWith('_') || id.startsWith('$') || member !== undefined) find(routes, request.method, pathOf(request.url, prefix))
      if (route.anonymous !== true) refuseForbidden(request.caller, route, member ?? type)
      if (hasBody && !isEmpty(request)) {
        refuseEncoded(request.headers['content-encoding'])
        request.bodyType = bodyType(request.headers['content-type'], route.interaction, type)
      }
      done()
    } catch (error) {
      refused(server, request, route, error).then(() => done(error as Error), done)
    }
  }
}

async function refused ({ audit }: Server, { caller, params }: FastifyRequest, route: Route, error: unknown): Promise<void> {
  const { type: first = ownType(route), member } = params as Place['Params']
  const { interaction } = route
  const type = member ?? first
  if (asRefusal(error).status !== 403 || interaction === 'capabilities') return
  await audit.record(caller, { interaction, type, status: 403, rows: [] })
}

const isEmpty = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] === undefined && (headers['content-length'] === undefined || headers['content-length'] === '0')

/** The path of a URL below the base, without its query. */
function pathOf (url: string, prefix: string): string {
  const end = url.indexOf('?')
  return (end === -1 ? url.slice(prefix.length) : url.slice(prefix.length, end)) || '/'
}

function askedBy (request: FastifyRequest<Place>, route: Route, prefix: string): Asked {
  const { type = ownType(route), id = '', versionId = '', member } = request.params
  const isForm = request.bodyType === FORM
  const asked: Asked = {
    type,
    id,
    versionId,
    path: pathOf(request.url, prefix),
    query: withForm(request.url.includes('?') ? request.query : NO_QUERY, isForm ? request.body : undefined),
    headers: request.headers,
    body: request.body === undefined || isForm ? undefined : { mediaType: request.bodyType, bytes: request.body }
  }
  return member === undefined ? asked : { ...asked, type: member, id: '', compartment: { type, id } }
}

// The parameters of a search that is posted stand in its body, its URL, or both. https://hl7.org/fhir/R4/http.html#search
function withForm (query: Query, body: Buffer | undefined): Query {
  if (body === undefined) return query
  const all: Record<string, string | string[]> = Object.assign(Object.create(null), query)
  for (const [name, value] of new URLSearchParams(textOf({ mediaType: FORM, bytes: body }))) {
    const before = all[name]
    all[name] = before === undefined ? value : [before, value].flat()
  }
  return all
}

// What a read shows is durable in the audit trail before its first byte leaves, and so is that it was refused.
async function audited (server: Server, route: Route, caller: Caller, asked: Asked): Promise<Answer> {
  const { interaction } = route
  if (interaction === 'capabilities') return await route.handler(server, caller, asked)
  // The empty type is the whole system.
  const about = asked.query === NO_QUERY ? { interaction, type: asked.type } : { interaction, type: asked.type, query: queryText(asked.query) }
  let answer: Answer
  try {
    answer = await route.handler(server, caller, asked)
  } catch (thrown) {
    const { status } = asRefusal(thrown)
    if (status < 500) await server.audit.record(caller, { ...about, status, rows: [] })
    throw thrown
  }
  const { shown, status, refusal, parameters } = answer
  const told = parameters === undefined ? about : { ...about, query: queryText(parameters) }
  if (shown !== undefined) await server.audit.record(caller, { ...told, interaction: answer.interaction ?? interaction, status, rows: shown })
  if (refusal !== undefined) throw refusal
  return answer
}

async function send (request: FastifyRequest, reply: FastifyReply, answer: Answer, log: Logger): Promise<FastifyReply> {
  const { status, body, rid, contentType, location, headers } = answer
  reply.code(status).header('cache-control', 'no-store').header('x-content-type-options', 'nosniff').header('x-request-id', request.id)
  if (contentType !== undefined) reply.header('content-type', contentType)
  if (rid !== undefined) reply.header('etag', etag(rid)).header('last-modified', httpDate(millisecondsOf(rid)))
  if (location !== undefined) reply.header('location', location)
  if (headers !== undefined) reply.headers(headers)
  const accept = request.headers['accept-encoding']
  const encoding = accept !== undefined && (isStreamed(body) || (typeof body === 'string' && body.length >= LEAST)) ? encodingFor(accept) : undefined
  if (isStreamed(body)) return await sendStreamed(request, reply, body, encoding, log)
  return typeof body === 'string' && encoding !== undefined ? await sendEncoded(reply, body, encoding) : reply.send(body)
}

async function sendStreamed (request: FastifyRequest, reply: FastifyReply, body: Streamed, encoding: Encoding | undefined, log: Logger): Promise<FastifyReply> {
  if (encoding !== undefined) encoded(reply, encoding)
  if (request.method === 'HEAD') {
    await body.return()
    // An empty text would say that a GET is empty too.
    return reply.send(Readable.from([]))
  }
  return reply.send(streamOf(body, encoding, error => log.error({ request: request.id, err: error }, 'a stream ended before its end')))
}

const sendEncoded = async (reply: FastifyReply, body: string, encoding: Encoding): Promise<FastifyReply> =>
  encoded(reply, encoding).send(await compressed(body, encoding))

function encoded (reply: FastifyReply, encoding: Encoding): FastifyReply {
  const vary = reply.getHeader('vary')
  return reply.headers({ 'content-encoding': encoding, vary: vary === undefined ? 'accept-encoding' : `${String(vary)}, accept-encoding` })
}
