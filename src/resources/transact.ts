// Everything that a transaction writes, in one statement: all of it or nothing. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import { unreadResource, type UnreadResource } from '../fhir/json.js'
import { conflict, FhirError, gone, invalid, notFound, notSupported, ofEntry } from '../fhir/outcome.js'
import { referenceTo } from '../fhir/reference.js'
import { isResourceType, type ResourceType } from '../fhir/resource-types.js'
import { outlined, type Reference } from '../store/links.js'
import type { AuditRow, Put, Tombstone, WriteGroup } from '../store/version.js'
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
  return await attempts(server, caller, entries)
}

function checkEntry (caller: Caller, { type, id }: EntryWrite): void {
  if (!isResourceType(type)) throw invalid(`${type} is not a resource type`)
  refuseUnlessWriter(caller, type, id)
}

async function attempts (server: Server, caller: Caller, entries: readonly EntryWrite[]): Promise<Map<number, Written | undefined>> {
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
  /** Its surrogate, where it is its own owner and has one. */
  own?: string | undefined
  owned?: Owning
  owner?: string
  id: string
  /** `Type/id`; empty while there is no id. */
  reference: string
}

interface Settled { readonly plans: readonly Planned[], readonly links: BundleLinks<Planned> }

// Not a function that awaits: such a one keeps what it has named until it ends, and of all this nothing is needed while the database works.
const attempt = (server: Server, caller: Caller, entries: readonly EntryWrite[], how: { trust: boolean }): Promise<Map<number, Written | undefined>> =>
  settled(server, caller, entries, how).then(({ plans, links }) => commit(server, caller, plans, links))

// Who owns what is written, and what it is called.
async function settled (server: Server, caller: Caller, entries: readonly EntryWrite[], how: { trust: boolean }): Promise<Settled> {
  const plans = await planned(server, caller, entries)
  for (const plan of plans) plan.own = plan.type === 'Patient' && plan.current === undefined ? await server.surrogates.next() : ownSurrogate(plan.type, plan.current)
  const links = await bundleLinks(server, caller, plans)
  const owners = new BundleOwners(links, await outside(server, caller, plans, links, how), caller)
  for (const plan of plans) {
    if (plan.resource === undefined) continue
    const owned = within(plan.entry, () => owners.owning(plan))
    plan.owner = owned.owner ?? plan.own ?? await server.surrogates.next()
  }
  giveIds(server, plans.filter(({ entry }) => entry.method === 'POST'))
  return { plans, links }
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
async function outside (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks<Planned>, how: { trust: boolean }): Promise<Find> {
  const references: Reference[] = []
  for (const { entry, owning: { owners, participants } } of plans) {
    for (const named of participants.length === 0 ? owners : [...owners, ...participants]) {
      if (named.reference === undefined || links.placed(entry, named.reference) !== undefined) continue
      references.push({ ...named, reference: links.resolved(named.reference) })
    }
  }
  const find = await finder(server, caller, references, how)
  return reference => find({ ...reference, reference: links.resolved(reference.reference) })
}

/** Whose each entry is, where entries refer to each other. */
class BundleOwners {
  /** Entries on the way from which whose they are is being asked. */
  readonly #open = new Set<Planned>()
  readonly #links: BundleLinks<Planned>
  readonly #outside: Find
  readonly #caller: Caller

  constructor (links: BundleLinks<Planned>, outside: Find, caller: Caller) {
    this.#links = links
    this.#outside = outside
    this.#caller = caller
  }

  /** Throws FhirError 422 naming the element whose owner is unknown. */
  owning (plan: Planned): Owning {
    if (plan.owned !== undefined) return plan.owned
    this.#open.add(plan)
    const owned = owning(plan.type, plan.owning, this.#caller, reference => {
      const target = reference.reference === undefined ? undefined : this.#links.placed(plan.entry, reference.reference)
      return target === undefined ? this.#outside(reference) : this.#inside(target)
    })
    this.#open.delete(plan)
    plan.owned = owned
    return owned
  }

  // Entries that own each other in a circle own nothing.
  #inside (target: Planned): Found | undefined {
    if (target.resource === undefined) return undefined
    if (target.type === 'Patient') return target.own === undefined ? undefined : { owners: [target.own], needed: undefined }
    if (this.#open.has(target)) return { owners: [], needed: undefined }
    const owned = this.owning(target)
    return { owners: owned.class === 1 ? owned.owners ?? [owned.owner ?? ''] : [], needed: undefined }
  }
}

function commit (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks<Planned>): Promise<Map<number, Written | undefined>> {
  const made = madeOf(server, caller, plans, links)
  // What was made goes to the writer: nothing here keeps it.
  return resultsOf(made.outcomes, stored(server, caller, made))
}

/** What an entry comes to when what it writes is stored; `written` has its rid already where it writes nothing. */
interface Outcome { readonly index: number, readonly writes: boolean, readonly written: { -readonly [Member in keyof Written]: Written[Member] } | undefined }

type Touched = Pick<VersionRow, 'rid' | 'owner' | 'owners' | 'class'>

interface Made {
  readonly outcomes: Outcome[]
  readonly versions: (Put | Tombstone)[]
  readonly group: Group
  /** Whose the written versions are, for the audit. */
  readonly touched: Touched[]
  /** Versions that stay as they are. */
  readonly shown: VersionRow[]
}

// One entry after the other is read, checked and made into what is stored of it: what it is read into does not outlive its turn.
function madeOf (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks<Planned>): Made {
  const made: Made = { outcomes: [], versions: [], group: { newOwners: [], revived: [], needed: [], treated: [] }, touched: [], shown: [] }
  for (const plan of plans) {
    const { entry: { index }, current } = plan
    const version = within(plan.entry, () => versionOf(server, plan, links))
    if (version === undefined) {
      if (plan.resource !== undefined && current !== undefined) made.shown.push(current)
      made.outcomes.push({ index, writes: false, written: unchanged(plan) })
      continue
    }
    made.outcomes.push({ index, writes: true, written: writtenOf(plan, version) })
    made.versions.push(version)
    made.touched.push(version.op === 'put'
      ? { rid: '', owner: version.owner, owners: version.owners, class: version.class }
      : { rid: '', owner: version.owner, owners: current?.owners, class: current?.class ?? 0 })
    addTo(made.group, caller, plan, version)
  }
  return made
}

// Not a function that awaits, so that it keeps no versions either.
function stored (server: Server, caller: Caller, { versions, group, touched, shown }: Made): Promise<readonly string[]> {
  if (versions.length === 0) return server.audit.record(caller, { interaction: 'transaction', status: 200, rows: shown }).then(() => [])
  const audit = server.audit.row(caller, { interaction: 'transaction', status: 200, rows: shown.length === 0 ? touched : [...touched, ...shown] })
  return committed(server, audit, server.writer.commit({ versions, ...group, audit: { ...audit, shown: shown.map(row => row.rid) } }))
}

async function committed (server: Server, audit: AuditRow, writing: Promise<readonly string[]>): Promise<readonly string[]> {
  const rids = await writing
  server.audit.committed(audit)
  return rids
}

async function resultsOf (outcomes: readonly Outcome[], storing: Promise<readonly string[]>): Promise<Map<number, Written | undefined>> {
  const rids = await storing
  const results = new Map<number, Written | undefined>()
  let place = 0
  for (const { index, writes, written } of outcomes) {
    if (writes && written !== undefined) written.rid = rids[place++] ?? ''
    results.set(index, written)
  }
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

// undefined: the body is the same, or there is nothing to delete.
function versionOf (server: Server, plan: Planned, links: BundleLinks<Planned>): Put | Tombstone | undefined {
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

function writtenOf ({ type, id, current, entry }: Planned, version: Put | Tombstone): Written {
  const created = version.op === 'put' && (current === undefined || current.deleted)
  return { status: created ? 201 : 200, type, id, rid: '', tail: entry.shown && version.op === 'put' ? version.tail : '', changed: true, deleted: version.op === 'delete' }
}

/** Runs a step of one entry; what it throws names the entry. */
function within<T> (entry: EntryWrite, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof FhirError ? ofEntry(error, entry.index) : error
  }
}
