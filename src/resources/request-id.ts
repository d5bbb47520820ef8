// The name of a request in the log, so that a client and an operator can speak of the same one.
// https://hl7.org/fhir/R4/http.html#custom
import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const PROCESS = randomBytes(6).toString('base64url').replaceAll('_', '-')
let count = 0

const FIT = /^[A-Za-z0-9._-]{1,64}$/

/** The client's own X-Request-Id, where it is fit to be written to a log; else one of ours. */
export function requestId ({ headers }: IncomingMessage): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && FIT.test(given) ? given : `${PROCESS}.${(++count).toString(36)}`
}
