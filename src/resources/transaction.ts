// A Bundle that happens wholly or not at all. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readVersions, type VersionRow } from '../consent/visible.js'
import type { JsonObject, UnreadResource } from '../fhir/json.js'
import { gone, invalid, malformed, notFound, notSupported, notValid } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { validateEnvelope } from '../fhir/validate.js'
import { isRid } from '../store/rid.js'
import { refuseOtherType } from './body.js'
import { deletedAnswer } from './delete.js'
import { editOf } from './edit.js'
import { atEntry, turnOf, type EntryRequest } from './entry.js'
import type { Answer, Asked } from './exchange.js'
import { shownVersion } from './read.js'
import type { EntryWrite } from './entry-write.js'
import { transact } from './transact.js'
import { matchOf, refuseNoId, refuseOtherId } from './update.js'
import type { Server } from './server.js'
import type { Written } from './write.js'
import { isShown, wantedByWrite, writtenAnswer } from './written.js'

/** What each entry is answered, by its index, and what the reads among them have shown. */
export interface Transaction { readonly answers: ReadonlyMap<number, Answer>, readonly shown: readonly VersionRow[] | undefined }

/** Throws FhirError that names the entry; then nothing has happened. */
export async function transaction (server: Server, caller: Caller, requests: readonly EntryRequest[], bundle: JsonObject): Promise<Transaction> {
  refuseOverlaps(requests)
  refuseInvalid(bundle)
  const inTurn = [...requests].sort((a, b) => turnOf(a.method) - turnOf(b.method))
  const writes = inTurn.filter(isWrite)
  const reads = inTurn.filter(request => !isWrite(request) && atEntry(request.index, () => isRead(request)))
  const read = new Set(reads.map(placeOf))
  const entries = writes.map(request => atEntry(request.index, () => entryWrite(request, read)))
  const targets = new Map(reads.length === 0 ? [] : writes.map(request => [placeOf(request), request]))
  const before = await readBefore(server, caller, reads.filter(request => !targets.has(placeOf(request)) || request.asked.versionId !== ''))
  for (const request of reads) refuseEnded(request, targets.get(placeOf(request)))
  const results = await transact(server, caller, entries)
  const answers = new Map<number, Answer>(before.answers)
  for (const request of writes) answers.set(request.index, writeAnswer(server, request, results.get(request.index)))
  for (const request of reads) {
    const target = targets.get(placeOf(request))
    const result = target && results.get(target.index)
    if (!answers.has(request.index)) answers.set(request.index, shownVersion(request.asked, result, undefined))
  }
  for (const request of inTurn) {
    if (!answers.has(request.index)) answers.set(request.index, await request.route.handler(server, caller, request.asked))
  }
  return { answers, shown: before.shown }
}

// What is around the resources: a misspelt ifMatch is not passed over.
function refuseInvalid (bundle: JsonObject): void {
  const issues = validateEnvelope(bundle)
  if (issues.some(({ severity }) => severity === 'error')) throw notValid(issues)
}

const isWrite = ({ method }: EntryRequest): boolean => turnOf(method) < 3

const placeOf = ({ asked: { type, id } }: EntryRequest): string => `${type}/${id}`

// The capabilities are read too, but of nobody's data; a history would not be that of this moment.
function isRead ({ route: { interaction } }: EntryRequest): boolean {
  if (interaction === 'read' || interaction === 'vread') return true
  if (interaction === 'capabilities') return false
  throw notSupported(`${interaction} is not supported in a transaction: use a batch`)
}

function refuseEnded ({ index, asked }: EntryRequest, write: EntryRequest | undefined): void {
  if (write?.method === 'DELETE' && asked.versionId === '') atEntry(index, () => { throw gone(asked.type, asked.id) })
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

function writeAnswer (server: Server, { asked, method }: EntryRequest, written: Written | VersionRow | undefined): Answer {
  if (method === 'DELETE') return deletedAnswer(asked, written)
  // Every other entry of a transaction that came to its end has written something.
  if (written === undefined || !('status' in written)) throw new TypeError('a transaction has lost the result of an entry')
  return writtenAnswer(server, wantedByWrite(asked), written)
}

function entryWrite (request: EntryRequest, read: ReadonlySet<string>): EntryWrite {
  const { index, method, asked, resource, fullUrl } = request
  const { type, id } = asked
  if (method !== 'POST' && id === '') throw notSupported(`a conditional ${method} is not supported in a transaction yet: use a batch`)
  const shown = isShown(wantedByWrite(asked)) || (read.size > 0 && read.has(placeOf(request)))
  if (method === 'POST') {
    if (asked.headers['if-none-exist'] !== undefined) throw notSupported('ifNoneExist is not supported in a transaction yet: use a batch')
    return { index, method, type, id: undefined, fullUrl, resource: ofType(asked, resource), shown }
  }
  const ifMatch = matchOf(asked)
  if (method === 'PUT') {
    refuseOtherName(fullUrl, `${type}/${id}`)
    refuseNoId(asked)
    const unread = ofType(asked, resource)
    refuseOtherId(asked, unread.outline)
    return { index, method, type, id, fullUrl, resource: unread, ifMatch, shown }
  }
  if (!isId(id)) throw notFound(type, id)
  return method === 'PATCH' && resource !== undefined
    ? { index, method, type, id, fullUrl, edit: editOf(resource.read()), ifMatch, shown }
    : { index, method: 'DELETE', type, id, fullUrl, ifMatch, shown }
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
  for (const { index, method, asked: { type, id }, fullUrl } of requests) {
    if (turnOf(method) < 3 && id !== '') claim(targets, `${type}/${id}`, index)
    if (fullUrl !== undefined && turnOf(method) < 3) claim(names, fullUrl, index)
  }
}

function claim (taken: Map<string, number>, name: string, index: number): void {
  const other = taken.get(name)
  if (other !== undefined) atEntry(index, () => { throw invalid(`${name} is that of entry ${other} too`) })
  taken.set(name, index)
}
