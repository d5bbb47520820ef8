// A new resource under an id of ours. https://hl7.org/fhir/R4/http.html#create
import { resourceOfType } from './body.js'
import { resourceTypeOf, type Handler } from './exchange.js'
import { criteriaIn, onMatch } from './conditional.js'
import { createResource, type Written } from './write.js'
import { wantedByWrite, writtenAnswer } from './written.js'

/** 201 with Location, ETag and Last-Modified; 200 with what is there already, where `If-None-Exist` finds it, 412 where it finds several. */
export const create: Handler = async (server, caller, asked) => {
  const type = resourceTypeOf(asked)
  const wanted = wantedByWrite(asked)
  const resource = resourceOfType(asked)
  const ifNoneExist = asked.headers['if-none-exist']
  const write = async (): Promise<Written> => await createResource(server, caller, type, resource)
  if (ifNoneExist === undefined) return writtenAnswer(server, wanted, await write())
  return writtenAnswer(server, wanted, await onMatch(server, caller, criteriaIn(server, caller, type, String(ifNoneExist)), async match => {
    if (match === undefined) return await write()
    await server.audit.record(caller, { interaction: 'create', type, status: 200, rows: [match] })
    return { ...match, status: 200, changed: false }
  }))
}
