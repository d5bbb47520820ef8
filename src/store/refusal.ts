// What a failure of the database means to a client, in one place. https://www.postgresql.org/docs/15/errcodes-appendix.html
import { asFhirError, conflict, FhirError, unavailable } from '../fhir/outcome.js'

const GONE = 'the database cannot be reached: try again'
const NETWORK: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOENT'])

// pg gives these no code.
const LOST = /^(Connection terminated|timeout exceeded when trying to connect|Client (was closed|has encountered a connection error)|Cannot use a pool after|Query read timeout)/

/** Any thrown value as a FhirError: what the database could not do is told as what the client can do about it. */
export function asRefusal (thrown: unknown): FhirError {
  if (thrown instanceof FhirError || !(thrown instanceof Error)) return asFhirError(thrown)
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
  const options = { cause: thrown }
  if (NETWORK.has(code) || (code === '' && LOST.test(thrown.message))) return unavailable(GONE, options)
  return fromSqlState(code, options) ?? asFhirError(thrown)
}

function fromSqlState (code: string, options: ErrorOptions): FhirError | undefined {
  switch (code) {
    // Tried again where it was thrown; still in the way.
    case '40001':
    case '40P01':
    case '23505': return conflict('another write came first: try again')
    case '57014': return unavailable('the database took too long: try again', options)
    case '55P03': return unavailable('the database is busy: try again', options)
    // Reads go on; a write may be tried again once there is room.
    case '53100': return unavailable('the storage is full: nothing can be written', options)
    // A standby that was just promoted, or a primary that just ceased to be one.
    case '25006': return unavailable('the database takes no writes at the moment: try again', options)
  }
  // 08 connection, 53 out of resources, 57P a shutdown or a start, 58 the system below it.
  return /^(08|53|58|57P)/.test(code) ? unavailable(GONE, options) : undefined
}
