// One version of a resource. https://hl7.org/fhir/R4/http.html#vread
import { readVersion } from '../consent/visible.js'
import { notFound } from '../fhir/outcome.js'
import { isId } from '../fhir/reference.js'
import { isRid } from '../store/rid.js'
import type { Handler } from './exchange.js'
import { shownVersion } from './read.js'

/** 200 with that version, 304, 404, or 410 for the version that is the deletion. */
export const vread: Handler = async ({ readers }, caller, asked) => {
  const row = isId(asked.id) && isRid(asked.versionId)
    ? await readVersion(readers, caller, asked.type, asked.id, asked.versionId)
    : undefined
  if (row === undefined) throw notFound(asked.type, `${asked.id}/_history/${asked.versionId}`)
  return shownVersion(asked, row, [row])
}
