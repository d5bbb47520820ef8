// What a write answers. https://hl7.org/fhir/R4/http.html#create https://hl7.org/fhir/R4/http.html#ops
import { notSupported, outcome } from '../fhir/outcome.js'
import type { Answer, Asked } from './exchange.js'
import { laidOut, versionText, wantedBy, type Wanted } from './representation.js'
import type { Server } from './server.js'
import type { Written } from './write.js'

/** What a write will be answered with, settled before anything is written: a bad parameter must not be told afterwards. */
export function wantedByWrite (asked: Asked): Wanted {
  const wanted = wantedBy(asked)
  if (wanted.summary === 'count') throw notSupported('_summary=count counts the entries of a Bundle: a write has none')
  return wanted
}

/** Whether the answer to a write shows the resource. */
export const isShown = ({ prefer }: Wanted): boolean => prefer.return !== 'minimal' && prefer.return !== 'OperationOutcome'

/** The answer to a create, an update or a patch: the resource, unless the client prefers less. */
export function writtenAnswer (server: Server, wanted: Wanted, written: Written): Answer {
  const { status, type, id, rid } = written
  const location = `${server.base}/${type}/${id}/_history/${rid}`
  return {
    status,
    contentType: wanted.contentType,
    rid,
    ...(status === 201 ? { location } : { headers: { 'content-location': location } }),
    ...bodyOf(wanted, written)
  }
}

function bodyOf (wanted: Wanted, written: Written): { body?: string } {
  switch (wanted.prefer.return) {
    case 'minimal': return {}
    case 'OperationOutcome': return { body: laidOut(told(saying(written)), wanted) }
    default: return { body: laidOut(versionText(written, wanted), wanted) }
  }
}

const saying = ({ type, id, rid, status, changed }: Written): string =>
  `${type}/${id} ${status === 201 ? 'was created' : changed ? 'was updated' : 'was already so'}: version ${rid}`

/** An OperationOutcome that says how it went. */
export const told = (diagnostics: string): string =>
  JSON.stringify(outcome([{ severity: 'information', code: 'informational', diagnostics }]))
