// Everything that a transaction writes, in one statement: all of it or nothing. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import { unreadResource, type UnreadResource } from '../fhir/json.js'
import { conflict, FhirError, gone, invalid, notFound, notSupported, ofEntry } from '../fhir/outcome.js'
import { referenceTo } from '../fhir/reference.js'
import { isResourceType, type ResourceType } from '../fhir/resource-types.js'
import { outlined, type Reference } from '../store/links.js'
import type { Put, Tombstone, WriteGroup } from '../store/version.js'
import { OwnerHasData, OwnerRefused, WriteConflict } from '../store/writer.js'
import { bundleLinks, type BundleLinks } from './bundle-links.js'
import { finder, owning, owningReferences, type Find, type Found, type Owning, type OwningReferences } from './owning.js'
import type { EntryWrite } from './entry-write.js'
import type { Server } from './server.js'
import { checkMatch, checkResource, isUnchanged, mayChooseIds, ownSurrogate, patchedText, patientOf, putOf, refuseOtherName, refuseUnlessWriter, tombstone, treatedBy, type Written } from './write.js'

const ATTEMPTS = 3

/** Writes all entries or none: what each came to, by its index; undefined: there was nothing to delete. Throws FhirError that names the entry. */
export async function transact (server: Server, caller: Caller, entries: readonly EntryWrite[]): Promise<ReadonlyMap<number, Written | undefined>> {
  for (const entry of entries) within(entry, () => checkEntry(caller, entry))
  return await stored(server, caller, entries)
}

function checkEntry (caller: Caller, { type, id }: EntryWrite): void {
  if (!isResourceType(type)) throw invalid(`${type} is not a resource type`)
  refuseUnlessWriter(caller, type, id)
}

async function stored (server: Server, caller: Caller, entries: readonly EntryWrite[]): Promise<Map<number, Written | undefined>> {
  if (entries.length === 0) return new Map()
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await attempt(server, caller, entries, { trust: left === ATTEMPTS })
    } catch (error) {
      if (error instanceof OwnerHasData) throw conflict('a Patient of this Bundle cannot be deleted while it has data')
      const lost = error instanceof WriteConflict || error instanceof OwnerRefused
      if (lost && left > 1) continue
      if (error instanceof OwnerRefused) throw conflict('a patient of this Bundle was deleted meanwhile')
      throw error instanceof WriteConflict ? conflict('a resource of this Bundle is being written by others; try again') : error
    }
  }
}

/** An entry with what it replaces and what it becomes. */
interface Planned {
  readonly entry: EntryWrite
  readonly type: ResourceType
  readonly current: VersionRow | undefined
  readonly resource: UnreadResource | undefined
  /** What says whose it is. */
  readonly owning: OwningReferences
  owned?: Owning
  owner?: string
  id: string
  /** `Type/id`; empty while there is no id. */
  reference: string
}

async function attempt (server: Server, caller: Caller, entries: readonly EntryWrite[], how: { trust: boolean }): Promise<Map<number, Written | undefined>> {
  const plans = await planned(server, caller, entries)
  for (const plan of plans) if (plan.type === 'Patient' && plan.current === undefined) plan.owner = await server.surrogates.next()
  const links = await bundleLinks(server, caller, plans)
  const owners = new BundleOwners(plans, links, await outside(server, caller, plans, links, how), caller)
  for (const plan of plans) {
    if (plan.resource === undefined) continue
    plan.owned = within(plan.entry, () => owners.owning(plan))
    plan.owner = plan.owned.owner ?? owners.own.get(plan) ?? await server.surrogates.next()
  }
  giveIds(server, plans.filter(({ entry }) => entry.method === 'POST'))
  return await commit(server, caller, plans, links)
}

function giveIds (server: Server, plans: readonly Planned[]): void {
  const ids = server.ids.many(plans.map(({ owner = '0' }) => owner))
  plans.forEach((plan, place) => {
    plan.id = ids[place] ?? ''
    plan.reference = referenceTo(plan.type, plan.id)
  })
}

async function planned (server: Server, caller: Caller, entries: readonly EntryWrite[]): Promise<Planned[]> {
  const named = entries.filter(({ id }) => id !== undefined)
  const rows = await readMany(server.readers, caller, named.map(({ type, id = '' }) => ({ type, id })))
  const currents = new Map(named.map((entry, place) => [entry, rows[place]]))
  return entries.map(entry => within(entry, () => plan(caller, entry, currents.get(entry))))
}

function plan (caller: Caller, entry: EntryWrite, current: VersionRow | undefined): Planned {
  const { type, id = '', method, ifMatch } = entry
  if (!isResourceType(type)) throw invalid(`${type} is not a resource type`)
  if (method !== 'DELETE' || current !== undefined) checkMatch(type, id, current, ifMatch)
  if (method === 'PUT' && current === undefined && !mayChooseIds(caller)) throw notFound(type, id)
  const reference = id === '' ? '' : referenceTo(type, id)
  if (method !== 'PATCH') return { entry, type, id, reference, current, resource: entry.resource, owning: owningReferences(type, entry.resource?.outline) }
  if (current === undefined) throw notFound(type, id)
  if (current.deleted) throw gone(type, id)
  const resource = unreadResource(patchedText(type, id, current, entry.edit ?? (text => text)), outlined)
  refuseOtherName(type, id, resource.outline)
  return { entry, type, id, reference, current, resource, owning: owningReferences(type, resource.outline) }
}

// References to owners that are not entries of this Bundle, looked up together.
async function outside (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks, how: { trust: boolean }): Promise<Find> {
  const references: Reference[] = []
  for (const { entry, owning: { owners, participants } } of plans) {
    for (const named of participants.length === 0 ? owners : [...owners, ...participants]) {
      if (named.reference === undefined || links.entryOf(entry, named.reference) !== undefined) continue
      references.push({ ...named, reference: links.resolved(named.reference) })
    }
  }
  const find = await finder(server, caller, references, how)
  return reference => find({ ...reference, reference: links.resolved(reference.reference) })
}

/** Whose each entry is, where entries refer to each other. */
class BundleOwners {
  /** Surrogates of entries that are their own owners. */
  readonly own = new Map<Planned, string>()
  readonly #byEntry: ReadonlyMap<EntryWrite, Planned>
  readonly #settled = new Map<Planned, Owning>()
  readonly #open = new Set<Planned>()
  readonly #links: BundleLinks
  readonly #outside: Find
  readonly #caller: Caller

  constructor (plans: readonly Planned[], links: BundleLinks, outside: Find, caller: Caller) {
    this.#byEntry = new Map(plans.map(plan => [plan.entry, plan]))
    this.#links = links
    this.#outside = outside
    this.#caller = caller
    for (const plan of plans) {
      const owner = plan.owner ?? ownSurrogate(plan.type, plan.current)
      if (owner !== undefined) this.own.set(plan, owner)
    }
  }

  /** Throws FhirError 422 naming the element whose owner is unknown. */
  owning (plan: Planned): Owning {
    const known = this.#settled.get(plan)
    if (known !== undefined) return known
    this.#open.add(plan)
    const owned = owning(plan.type, plan.owning, this.#caller, reference => {
      const entry = reference.reference === undefined ? undefined : this.#links.entryOf(plan.entry, reference.reference)
      const target = entry === undefined ? undefined : this.#byEntry.get(entry)
      return target === undefined ? this.#outside(reference) : this.#inside(target)
    })
    this.#open.delete(plan)
    this.#settled.set(plan, owned)
    return owned
  }

  // Entries that own each other in a circle own nothing.
  #inside (target: Planned): Found | undefined {
    if (target.resource === undefined) return undefined
    const own = this.own.get(target)
    if (target.type === 'Patient') return own === undefined ? undefined : { owners: [own], needed: undefined }
    if (this.#open.has(target)) return { owners: [], needed: undefined }
    const owned = this.owning(target)
    return { owners: owned.class === 1 ? owned.owners ?? [owned.owner ?? ''] : [], needed: undefined }
  }
}

// One entry after the other is read, checked and made into what is stored of it: what it is read into does not outlive its turn.
async function commit (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks): Promise<Map<number, Written | undefined>> {
  const results = new Map<number, Written | undefined>()
  const versions: (Put | Tombstone)[] = []
  const writes: Planned[] = []
  const shown: VersionRow[] = []
  const group: Group = { newOwners: [], revived: [], needed: [], treated: [] }
  for (const plan of plans) {
    const version = within(plan.entry, () => versionOf(server, plan, links))
    if (version === undefined) {
      if (plan.resource !== undefined && plan.current !== undefined) shown.push(plan.current)
      results.set(plan.entry.index, unchanged(plan))
      continue
    }
    versions.push(version)
    writes.push(plan)
    addTo(group, caller, plan, version)
  }
  const rids = await commitAudited(server, caller, versions, writes, shown, group)
  writes.forEach((plan, place) => results.set(plan.entry.index, writtenOf(plan, versions[place], rids[place] ?? '')))
  return results
}

interface Group {
  readonly newOwners: WriteGroup['newOwners'][number][]
  readonly revived: string[]
  readonly needed: WriteGroup['needed'][number][]
  readonly treated: WriteGroup['treated'][number][]
}

function addTo (group: Group, caller: Caller, { current, owned }: Planned, version: Put | Tombstone): void {
  if (version.op === 'put') {
    const { newOwners, revived } = patientOf(version, current)
    group.newOwners.push(...newOwners)
    group.revived.push(...revived)
    if (owned !== undefined) group.needed.push(...owned.needed)
  }
  const dataClass = version.op === 'put' ? version.class : current?.class ?? 0
  group.treated.push(...treatedBy(caller, dataClass, (version.op === 'put' ? version.owners : current?.owners) ?? [version.owner]))
}

async function commitAudited (
  server: Server, caller: Caller, versions: readonly (Put | Tombstone)[], writes: readonly Planned[], shown: readonly VersionRow[], group: Group
): Promise<readonly string[]> {
  if (versions.length === 0) {
    await server.audit.record(caller, { interaction: 'transaction', status: 200, rows: shown })
    return []
  }
  const rows = versions.map((version, place) => version.op === 'put'
    ? { rid: '', owner: version.owner, owners: version.owners, class: version.class }
    : { rid: '', owner: version.owner, owners: writes[place]?.current?.owners, class: writes[place]?.current?.class ?? 0 })
  const audit = server.audit.row(caller, { interaction: 'transaction', status: 200, rows: shown.length === 0 ? rows : [...rows, ...shown] })
  const rids = await server.writer.commit({ versions, ...group, audit: { ...audit, shown: shown.map(row => row.rid) } })
  server.audit.committed(audit)
  return rids
}

// undefined: the body is the same, or there is nothing to delete.
function versionOf (server: Server, plan: Planned, links: BundleLinks): Put | Tombstone | undefined {
  const { current, resource, owned, owner, type, id, entry } = plan
  if (resource === undefined || owned === undefined || owner === undefined) {
    return current === undefined || current.deleted ? undefined : tombstone(current)
  }
  const read = resource.read(links.become(entry))
  checkResource(type, read)
  refuseSearches(read.references)
  if (isUnchanged(current, read)) return undefined
  return putOf(server, type, id, read, owned, owner, current)
}

// What was found to be a search when the Bundle was gone over has been looked up; one that hides behind escapes has not.
function refuseSearches (references: readonly string[]): void {
  const search = references.find(reference => reference.includes('?'))
  if (search !== undefined) throw notSupported(`the reference ${search} is no Type?identifier=system|value`)
}

const unchanged = ({ type, id, current, entry }: Planned): Written | undefined => current === undefined
  ? undefined
  : { status: 200, type, id, rid: current.rid, tail: current.tail, changed: false, deleted: entry.method === 'DELETE' }

function writtenOf ({ type, id, current }: Planned, version: Put | Tombstone | undefined, rid: string): Written {
  const created = version?.op === 'put' && (current === undefined || current.deleted)
  return { status: created ? 201 : 200, type, id, rid, tail: version?.op === 'put' ? version.tail : '', changed: true, deleted: version?.op === 'delete' }
}

/** Runs a step of one entry; what it throws names the entry. */
function within<T> (entry: EntryWrite, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof FhirError ? ofEntry(error, entry.index) : error
  }
}
