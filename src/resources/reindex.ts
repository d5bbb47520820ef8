// How far the rows of search parameters that were defined here reach, and their making again. For the operator. docs/decisions/0022-custom-search-parameters.md
// https://hl7.org/fhir/R4/operations.html
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { readCurrent } from '../consent/visible.js'
import { forbidden, invalid, notFound, unknownRoute, unprocessable } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { CustomParameter } from '../store/custom/parameter.js'
import type { Progress } from '../store/custom/registry.js'
import { failedOf } from '../store/custom/walk.js'
import { resourceOf } from './body.js'
import type { Answer, Asked, Handler } from './exchange.js'
import { laidOut, wantedBy } from './representation.js'
import type { Server } from './server.js'

/** `GET $reindex`: all of them, as a Parameters. */
export const reindexAll: Handler = async (server, caller, asked) => {
  refuseOthers(caller)
  return await told(server, asked, 200, await server.registry.progress())
}

/** `GET SearchParameter/x/$reindex`: one of them. Throws FhirError 404 where there is no such SearchParameter, 422 where nothing is searched by it. */
export const reindexing: Handler = async (server, caller, asked) => {
  refuseOthers(caller)
  return await told(server, asked, 200, await ofOne(server, caller, asked))
}

/** `POST SearchParameter/x/$reindex`: starts again; what was ready answers until the new rows are. 202. */
export const reindex: Handler = async (server, caller, asked) => {
  refuseOthers(caller)
  if (!allows(caller, asked.type, 'update')) throw forbidden(`the token's scope does not cover update of ${asked.type}`)
  await ofOne(server, caller, asked)
  wantedBy(asked)
  if (asked.body !== undefined) {
    const { resourceType, value } = resourceOf(asked)
    if (resourceType !== 'Parameters' || value['parameter'] !== undefined) throw invalid('$reindex takes no parameters: no body, or a Parameters without any')
  }
  await server.registry.repeat(server.searches, asked.id)
  return await told(server, asked, 202, await ofOne(server, caller, asked))
}

function refuseOthers (caller: Caller): void {
  if (caller.kind !== 'operator') throw forbidden('$reindex is for the operator')
}

async function ofOne (server: Server, caller: Caller, { type, id }: Asked): Promise<Progress[]> {
  if (type !== 'SearchParameter') throw unknownRoute(`${type} has no operation $reindex: SearchParameter has`)
  const found = (await server.registry.progress()).filter(progress => progress.id === id)
  if (found.length > 0) return found
  const current = isId(id) ? await readCurrent(server.readers, caller, type, id) : undefined
  if (current === undefined || current.deleted) throw notFound(type, id)
  throw unprocessable(`nothing is searched by SearchParameter/${id}: it is not active, or repeats a parameter of R4`)
}

// Nothing of anybody's is shown, and that it was asked is audited all the same.
async function told (server: Server, asked: Asked, status: number, all: readonly Progress[]): Promise<Answer> {
  const wanted = wantedBy(asked)
  const parameter = await Promise.all(all.map(async progress => ({ name: 'searchParameter', part: await parts(server, progress) })))
  const body = laidOut(JSON.stringify({ resourceType: 'Parameters', ...(parameter.length > 0 && { parameter }) }), wanted)
  return { status, contentType: wanted.contentType, body, shown: [] }
}

async function parts (server: Server, { number, id, state, definition, total, done, spent, defined, changed }: Progress): Promise<object[]> {
  const failures = state === 'ended' ? undefined : await failedOf(server.searches, new CustomParameter(number, id, state, definition))
  return [
    { name: 'reference', valueReference: { reference: `SearchParameter/${id}` } },
    { name: 'code', valueCode: definition.code },
    ...definition.base.map(type => ({ name: 'base', valueCode: type })),
    { name: 'state', valueCode: state },
    ...(total === undefined ? [] : [{ name: 'total', valueDecimal: Math.max(total, done) }]),
    { name: 'done', valueDecimal: done },
    ...(spent === 0 ? [] : [{ name: 'rate', valueQuantity: { value: Math.round(done / spent * 1000), unit: 'resources a second' } }]),
    ...(failures === undefined ? [] : [{ name: 'failures', valueDecimal: failures }]),
    { name: 'defined', valueInstant: defined.toISOString() },
    { name: 'changed', valueInstant: changed.toISOString() }
  ]
}
