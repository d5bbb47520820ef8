// A Bundle that happens wholly or not at all. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readVersions, type VersionRow } from '../consent/visible.js'
import type { JsonObject, UnreadResource } from '../fhir/json.js'
import { gone, invalid, malformed, notFound, notSupported, notValid, ofEntry } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { validateEnvelope } from '../fhir/validate.js'
import { Lanes } from '../store/lanes.js'
import { asRefusal } from '../store/refusal.js'
import { isRid } from '../store/rid.js'
import { refuseOtherType } from './body.js'
import { criteriaIn, criteriaOf, type Criteria } from './conditional.js'
import { deletedAnswer } from './delete.js'
import { editOf } from './edit.js'
import { atEntry, claim, isWrite, turnOf, type EntryRequest } from './entry.js'
import type { EntryWrite } from './entry-write.js'
import { resourceTypeOf, type Answer, type Asked } from './exchange.js'
import { shownVersion } from './read.js'
import { RoomForAnswers } from './room-for-answers.js'
import { searching } from './search.js'
import type { Server } from './server.js'
import { transact } from './transact.js'
import { matchOf, refuseNoId, refuseOtherId } from './update.js'
import type { Written } from './write.js'
import { isSearch } from './route.js'
import { isShown, wantedByWrite, writtenAnswer } from './written.js'

/** What each entry is answered, by its index, and what the reads among them have shown. */
export interface Transaction { readonly answers: ReadonlyMap<number, Answer>, readonly shown: readonly VersionRow[] | undefined }

/** Throws FhirError that names the entry; then nothing has happened. */
export async function transaction (server: Server, caller: Caller, requests: readonly EntryRequest[], bundle: JsonObject): Promise<Transaction> {
  refuseOverlaps(requests)
  refuseInvalid(bundle)
  const inTurn = [...requests].sort((a, b) => turnOf(a) - turnOf(b))
  const others = inTurn.filter(request => !isWrite(request))
  const reads = others.filter(request => atEntry(request.index, () => isRead(request)))
  const searches = others.filter(({ route }) => isSearch(route.interaction)).map(request => ({ request, run: atEntry(request.index, () => searching(server, caller, request.asked)) }))
  const read = new Map(reads.map(request => [placeOf(request), request.index]))
  const writes = inTurn.filter(isWrite).map(request => atEntry(request.index, () => writing(server, caller, request, read)))
  const targets = new Map(reads.length === 0 ? [] : writes.map(write => [placeOf(write), write.method]))
  const before = await readBefore(server, caller, reads.filter(request => !targets.has(placeOf(request)) || request.asked.versionId !== ''))
  for (const request of reads) refuseEnded(request, targets.get(placeOf(request)))
  const results = await transact(server, caller, writes.map(({ entry }) => entry), read)
  const answers = new Map<number, Answer>(before.answers)
  for (const write of writes) answers.set(write.index, writeAnswer(server, write, results.get(write.index)))
  for (const [index, answer] of readWritten(reads, results.values())) answers.set(index, answer)
  const found = await searched(server, searches, { written: writes.length > 0 })
  for (const [index, answer] of found.answers) answers.set(index, answer)
  for (const request of others) {
    if (!answers.has(request.index)) answers.set(request.index, await request.route.handler(server, caller, request.asked))
  }
  return { answers, shown: before.shown === undefined && searches.length === 0 ? undefined : [...before.shown ?? [], ...found.shown] }
}

// What is around the resources: a misspelt ifMatch is not passed over.
function refuseInvalid (bundle: JsonObject): void {
  const issues = validateEnvelope(bundle)
  if (issues.some(({ severity }) => severity === 'error')) throw notValid(issues)
}

const placeOf = ({ asked: { type, id } }: Pick<EntryRequest, 'asked'>): string => `${type}/${id}`

// The capabilities are read too, but of nobody's data; a history would not be that of this moment.
function isRead ({ route: { interaction } }: EntryRequest): boolean {
  if (interaction === 'read' || interaction === 'vread') return true
  if (interaction === 'capabilities' || isSearch(interaction)) return false
  throw notSupported(`${interaction} is not supported in a transaction: use a batch`)
}

function refuseEnded ({ index, asked }: EntryRequest, write: string | undefined): void {
  if (write === 'DELETE' && asked.versionId === '') atEntry(index, () => { throw gone(asked.type, asked.id) })
}

// What a transaction reads must be there, or all of it fails: so it is read before anything is written. Nothing that it
// writes changes that; what it writes itself is answered from what was written.
async function readBefore (server: Server, caller: Caller, requests: readonly EntryRequest[]): Promise<Transaction> {
  const rows = await readVersions(server.readers, caller, requests.map(({ asked: { type, id, versionId } }) => ({
    type, id: isId(id) ? id : '', ...(versionId !== '' && { versionId: isRid(versionId) ? versionId : '0' })
  })))
  const answers = new Map(requests.map((request, place) => [request.index, atEntry(request.index, () => {
    const answer = shownVersion(request.asked, rows[place], undefined)
    if (answer.refusal !== undefined) throw answer.refusal
    return answer
  })]))
  return { answers, shown: requests.length === 0 ? undefined : rows.filter(row => row !== undefined) }
}

// What is read and was written is shown as it was written, whether an id or criteria have led to it.
function readWritten (reads: readonly EntryRequest[], results: Iterable<Written | undefined>): ReadonlyArray<readonly [number, Answer]> {
  const written = new Map(Array.from(results, result => [result === undefined ? '' : `${result.type}/${result.id}`, result]))
  return reads.flatMap(request => {
    const result = request.asked.versionId === '' ? written.get(placeOf(request)) : undefined
    return result === undefined ? [] : [[request.index, shownVersion(request.asked, result, undefined)] as const]
  })
}

interface Searching { readonly request: EntryRequest, readonly run: () => Promise<Answer> }

/**
 * The answers to searches, which see what was written. What one comes to when it runs is told in its entry where something was written, since that
 * stays; otherwise it fails the whole.
 */
async function searched (server: Server, searches: readonly Searching[], { written }: { written: boolean }): Promise<{ readonly answers: ReadonlyMap<number, Answer>, readonly shown: readonly VersionRow[] }> {
  const lanes = new Lanes(AT_ONCE)
  const room = new RoomForAnswers(server.config.bodyLimit)
  const answers = await Promise.all(searches.map(async ({ request: { index }, run }) => {
    try {
      return [index, await lanes.run(async () => await room.answer(run))] as const
    } catch (error) {
      const refusal = asRefusal(error)
      if (!written) throw ofEntry(refusal, index)
      return [index, { status: refusal.status, refusal }] as const
    }
  }))
  return { answers: new Map(answers), shown: answers.flatMap(([, answer]) => 'shown' in answer ? answer.shown ?? [] : []) }
}

// As many as there are connections that search, by default.
const AT_ONCE = 4

function writeAnswer (server: Server, { asked, method }: Writing, written: Written | undefined): Answer {
  if (method === 'DELETE') return deletedAnswer(written === undefined ? asked : { ...asked, id: written.id }, written)
  // Every other entry of a transaction that came to its end has written something.
  if (written === undefined) throw new TypeError('a transaction has lost the result of an entry')
  return writtenAnswer(server, wantedByWrite(asked), written)
}

/** An entry that writes, with what is asked of the form of its answer: no criteria any more. */
interface Writing { readonly index: number, readonly method: string, readonly asked: Asked, readonly entry: EntryWrite }

function writing (server: Server, caller: Caller, request: EntryRequest, read: ReadonlyMap<string, number>): Writing {
  const { index, method, asked } = request
  const isConditional = method !== 'POST' && asked.id === ''
  const { criteria, plain } = isConditional ? criteriaOf(server, caller, asked) : { criteria: ifNoneExist(server, caller, request), plain: asked }
  // Criteria may lead to what is read.
  const shown = isShown(wantedByWrite(plain)) || (read.size > 0 && (criteria !== undefined || read.has(placeOf(request))))
  const entry = entryWrite(request, isConditional)
  return { index, method, asked: plain, entry: { ...entry, shown, ...(criteria !== undefined && { criteria }) } }
}

function ifNoneExist (server: Server, caller: Caller, { method, asked }: EntryRequest): Criteria | undefined {
  const text = asked.headers['if-none-exist']
  if (text === undefined) return undefined
  if (method !== 'POST') throw invalid(`ifNoneExist is for POST, not for ${method}`)
  return criteriaIn(server, caller, resourceTypeOf(asked), String(text))
}

function entryWrite (request: EntryRequest, isConditional: boolean): EntryWrite {
  const { index, method, asked, resource, fullUrl } = request
  const { type } = asked
  const id = isConditional ? undefined : asked.id
  if (method === 'POST') return { index, method, type, id: undefined, fullUrl, resource: ofType(asked, resource) }
  const ifMatch = matchOf(asked)
  if (method === 'PUT') {
    const unread = ofType(asked, resource)
    if (id !== undefined) {
      refuseOtherName(fullUrl, `${type}/${id}`)
      refuseNoId(asked)
      refuseOtherId(asked, unread.outline)
    }
    return { index, method, type, id, fullUrl, resource: unread, ifMatch }
  }
  if (id !== undefined && !isId(id)) throw notFound(type, id)
  return method === 'PATCH' && resource !== undefined
    ? { index, method, type, id, fullUrl, edit: editOf(resource.read()), ifMatch }
    : { index, method: 'DELETE', type, id, fullUrl, ifMatch }
}

function ofType (asked: Asked, resource: UnreadResource | undefined): UnreadResource {
  if (resource === undefined) throw malformed('the entry has no resource')
  refuseOtherType(asked, resource.outline)
  return resource
}

// https://hl7.org/fhir/R4/bundle.html#Bundle.entry.fullUrl: it does not disagree with the id of the resource.
function refuseOtherName (fullUrl: string | undefined, place: string): void {
  if (fullUrl === undefined || fullUrl.startsWith('urn:') || fullUrl === place || fullUrl.endsWith(`/${place}`)) return
  throw invalid(`fullUrl is that of another resource than ${place}`)
}

// https://hl7.org/fhir/R4/http.html#trules: if any resource identities overlap, the transaction fails.
function refuseOverlaps (requests: readonly EntryRequest[]): void {
  const targets = new Map<string, number>()
  const names = new Map<string, number>()
  for (const request of requests.filter(isWrite)) {
    const { index, asked: { id }, fullUrl } = request
    if (id !== '') claim(targets, placeOf(request), index)
    if (fullUrl !== undefined) claim(names, fullUrl, index)
  }
}
