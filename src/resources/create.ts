// A new resource under an id of ours. https://hl7.org/fhir/R4/http.html#create
import { notSupported } from '../fhir/outcome.js'
import { resourceOfType } from './body.js'
import { resourceTypeOf, type Handler } from './exchange.js'
import { createResource } from './write.js'
import { wantedByWrite, writtenAnswer } from './written.js'

/** 201 with Location, ETag and Last-Modified. */
export const create: Handler = async (server, caller, asked) => {
  // Conditional create finds its match by search.
  if (asked.headers['if-none-exist'] !== undefined) throw notSupported('If-None-Exist is not supported: there is no search yet')
  const wanted = wantedByWrite(asked)
  const resource = resourceOfType(asked)
  return writtenAnswer(server, wanted, await createResource(server, caller, resourceTypeOf(asked), resource))
}
