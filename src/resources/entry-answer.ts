// What an entry of a batch or transaction came to. https://hl7.org/fhir/R4/bundle.html#Bundle.entry.response
import { STATUS_CODES } from 'node:http'
import { outcome } from '../fhir/outcome.js'
import { asRefusal } from '../store/refusal.js'
import type { Entry } from './bundle.js'
import type { EntryRequest } from './entry.js'
import type { Answer } from './exchange.js'
import { prefer } from './prefer.js'

const statusText = (status: number): string => `${status} ${STATUS_CODES[status] ?? ''}`.trim()

/** The entry of a request that was refused. */
export function refusedEntry (thrown: unknown): Entry {
  const { status, issues } = asRefusal(thrown)
  return { response: { status: statusText(status), outcome: JSON.stringify(outcome(issues)) } }
}

/** The entry of a request that was answered. */
export function answeredEntry (base: string, { method, asked }: EntryRequest, answer: Answer): Entry {
  if (answer.refusal !== undefined) return refusedEntry(answer.refusal)
  const { status, rid, body, location, headers } = answer
  const place = location ?? headers?.['content-location']
  const text = typeof body === 'string' && method !== 'HEAD' ? body : undefined
  const isOutcome = method !== 'GET' && prefer(asked.headers.prefer).return === 'OperationOutcome'
  return {
    ...(method === 'GET' && status === 200 && asked.id !== '' && { fullUrl: `${base}/${asked.type}/${asked.id}` }),
    ...(text !== undefined && !isOutcome && { resource: text }),
    response: {
      status: statusText(status),
      ...(place !== undefined && { location: place.slice(base.length + 1) }),
      ...(rid !== undefined && { rid }),
      ...(text !== undefined && isOutcome && { outcome: text })
    }
  }
}
