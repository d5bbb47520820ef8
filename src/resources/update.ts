// A new version of a resource, or a resource under an id that its author chose. https://hl7.org/fhir/R4/http.html#update
import { versionToMatch } from '../fhir/etag.js'
import type { ScannedResource } from '../fhir/json.js'
import { invalid, notSupported, preconditionFailed } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { resourceOfType, type Named } from './body.js'
import { criteriaOf, onMatch } from './conditional.js'
import { resourceTypeOf, type Asked, type Handler } from './exchange.js'
import { createResource, updateResource } from './write.js'
import { wantedByWrite, writtenAnswer } from './written.js'

/** 200, or 201 when it was made; 412 when `If-Match` names another version than the current. */
export const update: Handler = async (server, caller, asked) => {
  const ifMatch = matchOf(asked)
  const wanted = wantedByWrite(asked)
  const resource = resourceUnderId(asked)
  return writtenAnswer(server, wanted, await updateResource(server, caller, resourceTypeOf(asked), asked.id, resource, ifMatch))
}

/**
 * An update of what the criteria in the URL mean: 201 where there is none yet, 412 where there are several, 400 where the body has the id of
 * another. https://hl7.org/fhir/R4/http.html#cond-update
 */
export const conditionalUpdate: Handler = async (server, caller, asked) => {
  const ifMatch = matchOf(asked)
  const { type, criteria, plain } = criteriaOf(server, caller, asked)
  const wanted = wantedByWrite(plain)
  const resource = resourceOfType(asked)
  const written = await onMatch(server, caller, criteria, async match => {
    if (match === undefined && resource.id === undefined) {
      if (ifMatch !== undefined) throw preconditionFailed(`no ${type} meets the criteria, so none has version ${ifMatch}`)
      return await createResource(server, caller, type, resource)
    }
    const id = match?.id ?? resource.id ?? ''
    if (resource.id !== undefined && resource.id !== id) throw invalid(`the criteria mean ${type}/${id}, but the resource's id is ${resource.id}`, `${type}.id`)
    refuseNoId({ ...asked, id })
    return await updateResource(server, caller, type, id, { ...resource, id }, ifMatch)
  })
  return writtenAnswer(server, wanted, written)
}

/** The resource of an update. Throws FhirError 400 unless its id is there and the one of the URL. */
export function resourceUnderId (asked: Asked): ScannedResource {
  refuseNoId(asked)
  const resource = resourceOfType(asked)
  refuseOtherId(asked, resource)
  return resource
}

/** Throws FhirError 400 where the URL of an update names no id. */
export function refuseNoId ({ type, id }: Asked): void {
  if (!isId(id)) throw invalid(`${JSON.stringify(id)} is not an id: 1 to 64 letters, digits, "-" and "."`, `${type}.id`)
}

/** Throws FhirError 400 unless a resource has the id of the URL. */
export function refuseOtherId ({ type, id }: Asked, resource: Named): void {
  if (typeof resource.id !== 'string') throw invalid(`the resource has no id: it must be ${id}, as in the URL`, `${type}.id`)
  if (resource.id !== id) throw invalid(`the resource's id is not that of the URL, ${id}`, `${type}.id`)
}

/** The version that a write is meant for, if it says so. Throws FhirError 400 for a condition that is not ours. */
export function matchOf ({ headers }: Asked): string | undefined {
  // R4 gives these no meaning on a write; a client that sends one relies on it.
  if (headers['if-none-match'] !== undefined) throw notSupported('If-None-Match is not supported on a write')
  if (headers['if-unmodified-since'] !== undefined) throw notSupported('If-Unmodified-Since is not supported: use If-Match')
  const ifMatch = headers['if-match']
  return ifMatch === undefined ? undefined : versionToMatch(ifMatch)
}
