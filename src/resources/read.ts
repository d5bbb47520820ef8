// The current version of a resource. https://hl7.org/fhir/R4/http.html#read
import { readCurrent, type VersionRow } from '../consent/visible.js'
import { namesVersion, unmodifiedSince, versionNamed } from '../fhir/etag.js'
import { gone, notFound, notSupported } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { isRid, millisecondsOf } from '../store/rid.js'
import { rawBinary } from './binary.js'
import { NO_QUERY, type Answer, type Asked, type Handler, type Version } from './exchange.js'
import { asksForFhir } from './media-type.js'
import { laidOut, versionText, wantedBy } from './representation.js'

/** 200, 304 when the client has it, 404 when there is none to be seen, 410 when it was deleted. */
export const read: Handler = async ({ readers }, caller, asked) => {
  // What cannot be an id is not asked of the database, and is as absent as any other.
  const row = isId(asked.id) ? await readCurrent(readers, caller, asked.type, asked.id, knownVersion(asked)) : undefined
  return currentAnswer(asked, row)
}

/** The answer to a read that has found this, which the audit is to tell of. */
export const currentAnswer = (asked: Asked, row: VersionRow | undefined): Answer => shownVersion(asked, row, row && [row])

/** The answer that shows one version; `shown` as in Answer. Throws FhirError 404 where there is none. */
export function shownVersion (asked: Asked, version: Version | undefined, shown: Answer['shown']): Answer {
  // Any parameter is about the form of a resource.
  const isRaw = asked.type === 'Binary' && asked.query === NO_QUERY && !asksForFhir(asked.headers.accept)
  // The content of a Binary is of a kind that its reader knows already.
  const wanted = wantedBy(isRaw ? { ...asked, headers: { prefer: asked.headers.prefer } } : asked)
  if (wanted.summary === 'count') throw notSupported('_summary=count counts the entries of a Bundle: a read has none')
  if (version === undefined) throw notFound(asked.type, asked.id)
  const { rid, deleted } = version
  if (deleted) return { status: 410, rid, shown, refusal: gone(asked.type, asked.id) }
  if (isKnown(asked, rid)) return { status: 304, rid, shown }
  if (isRaw) return { status: 200, rid, shown, ...rawBinary(version) }
  return { status: 200, contentType: wanted.contentType, body: laidOut(versionText(version, wanted), wanted), rid, shown }
}

// The one version that the client says it has: `isKnown` is then true of it.
function knownVersion ({ headers }: Asked): string | undefined {
  const ifNoneMatch = headers['if-none-match']
  const version = ifNoneMatch === undefined ? undefined : versionNamed(ifNoneMatch)
  return version !== undefined && isRid(version) ? version : undefined
}

// If-Modified-Since counts only without If-None-Match (RFC 9110, 13.1.3). https://hl7.org/fhir/R4/http.html#cread
function isKnown ({ headers }: Asked, rid: string): boolean {
  const ifNoneMatch = headers['if-none-match']
  if (ifNoneMatch !== undefined) return namesVersion(ifNoneMatch, rid)
  const since = headers['if-modified-since']
  return since !== undefined && unmodifiedSince(since, millisecondsOf(rid))
}
