// The end of all that some criteria mean, together or not at all. https://hl7.org/fhir/R4/http.html#cdelete
import type { Caller } from '../auth/caller.js'
import type { VersionRow } from '../consent/visible.js'
import { conflict, preconditionFailed } from '../fhir/outcome.js'
import { OwnerHasData, WriteConflict } from '../store/writer.js'
import { lockOf, lookUp, type Criteria } from './conditional.js'
import { tooManyToDelete } from './planned.js'
import type { Server } from './server.js'
import { checkMatch, refuseUnlessWriter, tombstone, treatedBy } from './write.js'

// Others may write what was found before it is ended: it is found again, this often.
const ATTEMPTS = 5

/** Ends them and answers what was there. Throws FhirError 412 where they are more than the configuration allows, or not the version of `ifMatch`; 409. */
export async function deleteMatches (server: Server, caller: Caller, criteria: Criteria, ifMatch: string | undefined): Promise<readonly VersionRow[]> {
  refuseUnlessWriter(caller, criteria.type)
  return await server.locks.hold([lockOf(criteria)], async () => {
    for (let left = ATTEMPTS; ; left--) {
      try {
        return await attempt(server, caller, criteria, ifMatch)
      } catch (error) {
        if (error instanceof OwnerHasData) throw conflict(`a ${criteria.type} that meets the criteria cannot be deleted while it has data`)
        if (!(error instanceof WriteConflict)) throw error
        if (ifMatch !== undefined) throw preconditionFailed(`what meets the criteria does not have version ${ifMatch} any more`)
        if (left <= 1) throw conflict('what meets the criteria is being written by others; try again')
      }
    }
  })
}

async function attempt (server: Server, caller: Caller, criteria: Criteria, ifMatch: string | undefined): Promise<readonly VersionRow[]> {
  const { type } = criteria
  const most = server.config.conditionalDeletes
  const [{ rows } = { rows: [] }] = await lookUp(server, caller, [{ criteria, most, texts: false }])
  if (rows.length > most) throw tooManyToDelete(type, most)
  for (const row of rows) checkMatch(type, row.id, row, ifMatch)
  if (rows.length === 0) {
    await server.audit.record(caller, { interaction: 'delete', type, status: 204, rows })
    return rows
  }
  const audit = server.audit.row(caller, { interaction: 'delete', type, status: 204, rows })
  const rids = await server.writer.commit({
    versions: rows.map(tombstone), newOwners: [], revived: [], needed: [],
    treated: rows.flatMap(row => treatedBy(caller, row.class, row.owners ?? [row.owner])), audit: { ...audit, shown: [] }
  })
  server.audit.committed(audit)
  if (type === 'Patient') for (const { id } of rows) server.patients.forget(id)
  return rows.map((row, place) => ({ ...row, rid: rids[place] ?? '' }))
}
