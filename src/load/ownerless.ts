// Patient data that nobody owns: loaded before its patient, or naming none. docs/decisions/0004-owner.md
import type pg from 'pg'
import type { Caller } from '../auth/caller.js'
import { readMany } from '../consent/visible.js'
import { resourceText, unreadResource } from '../fhir/json.js'
import { typeOf, type ResourceType } from '../fhir/resource-types.js'
import { finder, owning, owningReferences } from '../resources/owning.js'
import type { Server } from '../resources/server.js'
import { outlined } from '../store/links.js'
import { lastUpdatedOf } from '../store/rid.js'
import { CLASS_NUMBER } from '../store/types.js'
import { apply } from './apply.js'
import type { Item } from './entries.js'

export interface Ownerless { readonly type: ResourceType, readonly id: string, readonly rid: string }

const PAGE = 256

/** What nobody owns of what was written since a moment: a page, in the order of writing. */
async function page (pool: pg.Pool, after: string): Promise<Ownerless[]> {
  const { rows } = await pool.query<{ type: number, id: string, rid: string }>(`
    select c.type, v.id, c.rid
    from (select type, owner, rid from karta.current where class = 0 and rid > $1 order by rid limit ${PAGE}) c
    join karta.version v on v.owner = c.owner and v.rid = c.rid
    order by c.rid`, [after])
  return rows.map(row => ({ ...row, type: typeOf(row.type) }))
}

/** Everything that nobody owns of what was written since a moment. */
export async function * ownerlessSince (pool: pg.Pool, since: string): AsyncGenerator<Ownerless> {
  for (let after = since; ;) {
    const found = await page(pool, after)
    yield * found
    const last = found.at(-1)
    if (last === undefined || found.length < PAGE) return
    after = last.rid
  }
}

/** Gives what was loaded before its patient to him. Answers how many resources have found an owner. */
export async function settle (server: Server, caller: Caller, pool: pg.Pool, since: string): Promise<number> {
  let settled = 0
  // What leads to an owner by way of another resource may need that one to be settled before it.
  for (let before = -1; before < settled;) {
    before = settled
    for (let after = since, found = await page(pool, after); found.length > 0; found = await page(pool, after)) {
      after = found.at(-1)?.rid ?? after
      settled += await settlePage(server, caller, found)
    }
  }
  return settled
}

async function settlePage (server: Server, caller: Caller, found: readonly Ownerless[]): Promise<number> {
  const rows = await readMany(server.readers, caller, found)
  const read = found.flatMap(({ type, id }, place) => {
    const row = rows[place]
    if (row === undefined || row.deleted) return []
    const resource = unreadResource(resourceText(type, id, row.rid, lastUpdatedOf(row.rid), row.tail), outlined)
    return [{ type, id, resource, references: owningReferences(type, resource.outline) }]
  })
  const find = await finder(server, caller, read.flatMap(({ references: { owners, participants } }) => [...owners, ...participants]), { trust: true })
  const owned = read.filter(({ type, references }) => owning(type, references, caller, find).class === CLASS_NUMBER['patient-data'])
  const items = owned.map(({ type, id, resource }, index): Item => ({ entry: index, line: undefined, type, id, write: { index, method: 'PUT', type, id, fullUrl: undefined, resource } }))
  const applied = await apply(server, caller, { atomic: false, items })
  return applied.filter(({ outcome }) => outcome === 'updated').length
}
