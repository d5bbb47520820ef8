// A change told as a change. https://hl7.org/fhir/R4/http.html#patch
import { notFound, unmatched } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { bodyOf, resourceOf, textOf } from './body.js'
import { criteriaOf, onMatch } from './conditional.js'
import { editOf, jsonPatchEdit, type Edit } from './edit.js'
import { resourceTypeOf, type Asked, type Handler } from './exchange.js'
import { matchOf } from './update.js'
import { patchResource } from './write.js'
import { wantedByWrite, writtenAnswer } from './written.js'

/** 200 with the patched resource; 404 where there is none to be seen. */
export const patch: Handler = async (server, caller, asked) => {
  const type = resourceTypeOf(asked)
  const ifMatch = matchOf(asked)
  const wanted = wantedByWrite(asked)
  if (!isId(asked.id)) throw notFound(type, asked.id)
  const edit = editAsked(asked)
  return writtenAnswer(server, wanted, await patchResource(server, caller, type, asked.id, edit, ifMatch))
}

/** The same of what the criteria in the URL mean; 404 where there is none, 412 where there are several. */
export const conditionalPatch: Handler = async (server, caller, asked) => {
  const ifMatch = matchOf(asked)
  const { type, criteria, plain } = criteriaOf(server, caller, asked)
  const wanted = wantedByWrite(plain)
  const edit = editAsked(asked)
  return writtenAnswer(server, wanted, await onMatch(server, caller, criteria, async match => {
    if (match === undefined) throw unmatched(type)
    return await patchResource(server, caller, type, match.id, edit, ifMatch)
  }))
}

// The content type tells which of the two it is.
function editAsked (asked: Asked): Edit {
  const body = bodyOf(asked)
  return body?.mediaType === 'application/json-patch+json' ? jsonPatchEdit(textOf(body)) : editOf(resourceOf(asked))
}
