// A code system or value set by its canonical url, as a caller may see it. https://hl7.org/fhir/R4/references.html#canonical
import type { Caller } from '../auth/caller.js'
import { numberOf } from '../fhir/resource-types.js'
import { numbers } from '../store/binary.js'
import { currentTable } from '../store/current.js'
import type { Reads } from '../store/pool.js'
import { canonicalTokens, type TerminologyType } from '../store/search/canonical.js'
import { columns, versionRow, type RawRow, type VersionRow } from './row.js'
import { prepared } from './visible.js'

export interface Canonical { readonly row: VersionRow, readonly active: boolean, readonly complete: boolean }

/**
 * The one that is meant by a url: complete before a part, active before a draft and that before what is retired, then by its date, then what was
 * stored last. `known`: the rid of a version that the process has; where that is the one, its text stays in the database.
 */
export async function readCanonical (db: Reads, caller: Caller, type: TerminologyType, url: string, version: string | undefined, known: string | undefined): Promise<Canonical | undefined> {
  const { must, complete, active, retired } = canonicalTokens(type, url, version)
  const values = [numberOf(type), numbers(must), numbers(complete), numbers(active), numbers(retired), known ?? null]
  const [found] = await db.query<RawRow & { readonly complete: boolean, readonly active: boolean }>(prepared(caller, 'canonical', values, allowed => `
    select ${columns("case when v.rid = $6::int8 then '' else v.body end as body")}, c.tokens @> $3::int8[] as complete, c.tokens @> $4::int8[] as active
    from (select * from ${currentTable(type).name} t where t.type = $1::int2 and t.tokens @> $2::int8[] offset 0) c, karta.version v
    where v.owner = c.owner and v.rid = c.rid and ${allowed}
    order by c.tokens @> $3::int8[] desc, c.tokens @> $4::int8[] desc, c.tokens @> $5::int8[], c.dlo desc, c.rid desc limit 1`))
  return found === undefined ? undefined : { row: versionRow(found), active: found.active, complete: found.complete }
}
