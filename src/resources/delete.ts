// The end of a resource; its history stays. https://hl7.org/fhir/R4/http.html#delete
import { isId } from '../fhir/reference.js'
import { resourceTypeOf, type Answer, type Asked, type Handler } from './exchange.js'
import { criteriaOf } from './conditional.js'
import { deleteMatches } from './delete-matches.js'
import { laidOut } from './representation.js'
import { matchOf } from './update.js'
import { deleteResource } from './write.js'
import { told, wantedByWrite } from './written.js'

/** 204, or 200 with an OperationOutcome if that is preferred. The same where there is nothing, or nothing to be seen, to delete. */
export const deletion: Handler = async (server, caller, asked) => {
  const type = resourceTypeOf(asked)
  const ifMatch = matchOf(asked)
  wantedByWrite(asked)
  const written = isId(asked.id) ? await deleteResource(server, caller, type, asked.id, ifMatch) : undefined
  return deletedAnswer(asked, written)
}

/**
 * The end of what the criteria in the URL mean: of one resource at most, or of as many as the configuration allows; 412 where there are more.
 * https://hl7.org/fhir/R4/http.html#cdelete
 */
export const conditionalDeletion: Handler = async (server, caller, asked) => {
  const ifMatch = matchOf(asked)
  const { criteria, plain } = criteriaOf(server, caller, asked)
  wantedByWrite(plain)
  const [ended, ...others] = await deleteMatches(server, caller, criteria, ifMatch)
  return deletedAnswer(ended === undefined || others.length > 0 ? plain : { ...plain, id: ended.id }, others.length > 0 ? undefined : ended)
}

/** The answer to a deletion, done or not needed. */
export function deletedAnswer (asked: Asked, written: { readonly rid: string } | undefined): Answer {
  const wanted = wantedByWrite(asked)
  const version = written === undefined ? {} : { rid: written.rid }
  if (wanted.prefer.return !== 'OperationOutcome') return { status: 204, ...version }
  return { status: 200, contentType: wanted.contentType, body: laidOut(told(`${asked.id === '' ? 'what met the criteria' : `${asked.type}/${asked.id}`} is not there any more`), wanted), ...version }
}
