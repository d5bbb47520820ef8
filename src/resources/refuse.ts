// A refusal as a reply: the one place that sends an OperationOutcome. https://hl7.org/fhir/R4/http.html#Status-Codes
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { FhirError, malformed, outcome, tooLarge, unknownRoute, unsupportedMediaType } from '../fhir/outcome.js'
import { asRefusal } from '../store/refusal.js'
import { FHIR_JSON } from './media-type.js'

/** Any thrown value as what the client is told. */
export function refusalOf (thrown: unknown, bodyLimit: number): FhirError {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return tooLarge(`the body is larger than ${bodyLimit} bytes`)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return unsupportedMediaType('the Content-Type is not a media type')
  // Longer than any id, so it is the id of nothing.
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return unknownRoute('there is nothing at this path')
  if (code.startsWith('FST_ERR_') && thrown instanceof Error && (thrown as FastifyError).statusCode === 400) return malformed(thrown.message)
  // A body that ended before its length: Node says so with a status.
  if (thrown instanceof Error && 'statusCode' in thrown && thrown.statusCode === 400 && !(thrown instanceof FhirError)) return malformed('the body could not be read to its end')
  return asRefusal(thrown)
}

/** Sends a refusal, and keeps for the log what the client is not told. */
export function refuse (thrown: unknown, request: FastifyRequest, reply: FastifyReply, { log, bodyLimit }: { log: Logger, bodyLimit: number }): FastifyReply {
  const error = refusalOf(thrown, bodyLimit)
  if (error.status >= 500) log.error({ request: request.id, err: error.cause ?? error }, 'request failed')
  return reply
    .code(error.status)
    .headers({ ...error.headers, 'content-type': FHIR_JSON, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': request.id })
    .send(JSON.stringify(outcome(error.issues)))
}

const CLIENT_ERRORS: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** What came over a connection was no HTTP: answered in FHIR's words all the same, and the connection is closed. */
export function refuseConnection (error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status = CLIENT_ERRORS[error.code ?? ''] ?? 400
  const body = JSON.stringify(outcome([{ severity: 'error', code: 'structure', diagnostics: 'this is not an HTTP request that can be read' }]))
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\ncontent-type: ${FHIR_JSON}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`)
}
