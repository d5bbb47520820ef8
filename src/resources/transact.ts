// Everything that a transaction writes, in one statement: all of it or nothing. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import type { VersionRow } from '../consent/visible.js'
import { conflict, gone, invalid, notSupported } from '../fhir/outcome.js'
import { referenceTo } from '../fhir/reference.js'
import { isResourceType } from '../fhir/resource-types.js'
import type { Reference } from '../store/links.js'
import { CLASS_NUMBER } from '../store/types.js'
import type { AuditRow, Put, Tombstone, WriteGroup } from '../store/version.js'
import { CodeTaken, OwnerHasData, OwnerRefused, ParametersChanged, WriteConflict } from '../store/writer.js'
import { BundleLinks } from './bundle-links.js'
import { bundleMatches } from './bundle-matches.js'
import { lockOf } from './conditional.js'
import { conditionalTargets } from './conditional-reference.js'
import { atEntry } from './entry.js'
import type { EntryWrite } from './entry-write.js'
import { finder, owning, type Find, type Found, type Owning } from './owning.js'
import { planned, within, type Planned } from './planned.js'
import type { Server } from './server.js'
import { CHANGES, checkResource, codeTaken, isUnchanged, ownSurrogate, parametersChanging, patientOf, putOf, refuseUnlessWriter, tombstone, treatedBy, type Written } from './write.js'

const ATTEMPTS = 3

/** Writes all entries or none: what each came to, by its index; undefined: there was nothing to delete. Throws FhirError that names the entry. */
export async function transact (server: Server, caller: Caller, entries: readonly EntryWrite[], read: Reading = new Map()): Promise<ReadonlyMap<number, Written | undefined>> {
  for (const entry of entries) within(entry, () => checkEntry(caller, entry))
  const locks = entries.flatMap(({ criteria }) => criteria === undefined ? [] : lockOf(criteria))
  if (locks.length === 0) return await attempts(server, caller, entries, read)
  return await server.locks.hold(locks, async () => await attempts(server, caller, entries, read))
}

/** What other entries read, `Type/id`, with the index of one that does. */
export type Reading = ReadonlyMap<string, number>

function checkEntry (caller: Caller, { type, id }: EntryWrite): void {
  if (!isResourceType(type)) throw invalid(`${type} is not a resource type`)
  refuseUnlessWriter(caller, type, id)
}

async function attempts (server: Server, caller: Caller, entries: readonly EntryWrite[], read: Reading): Promise<Map<number, Written | undefined>> {
  if (entries.length === 0) return new Map()
  for (let [left, changes] = [ATTEMPTS, CHANGES]; ; left--) {
    try {
      return await attempt(server, caller, entries, { trust: left === ATTEMPTS, read })
    } catch (error) {
      if (error instanceof OwnerHasData) throw conflict('a Patient of this Bundle cannot be deleted while it has data')
      if (error instanceof CodeTaken) throw codeTaken(error)
      if (error instanceof ParametersChanged && changes-- > 0) {
        left++
        continue
      }
      if (error instanceof ParametersChanged) throw parametersChanging()
      const lost = error instanceof WriteConflict || error instanceof OwnerRefused
      if (lost && left > 1) continue
      if (error instanceof OwnerRefused) throw conflict('a patient of this Bundle was deleted meanwhile')
      throw lost ? conflict('a resource of this Bundle is being written by others; try again') : error
    }
  }
}

/** `trust`: what is known of owners is not asked of the database. */
interface How { readonly trust: boolean, readonly read: Reading }

/** `meant`: what references mean by a search, for the audit. */
interface Settled { readonly plans: readonly Planned[], readonly links: BundleLinks, readonly meant: readonly VersionRow[] }

// Not a function that awaits: such a one keeps what it has named until it ends, and of all this nothing is needed while the database works.
const attempt = (server: Server, caller: Caller, entries: readonly EntryWrite[], how: How): Promise<Map<number, Written | undefined>> =>
  settled(server, caller, entries, how).then(made => commit(server, caller, made))

// Who owns what is written, and what it is called.
async function settled (server: Server, caller: Caller, entries: readonly EntryWrite[], how: How): Promise<Settled> {
  const matches = await bundleMatches(server, caller, entries)
  const plans = await planned(server, caller, entries, matches)
  refuseEnded(plans, how.read)
  for (const plan of plans) plan.own = plan.type === 'Patient' && plan.current === undefined ? await server.surrogates.next() : ownSurrogate(plan.type, plan.current)
  const links = new BundleLinks(plans, conditionalTargets(server, plans, matches.references))
  const owners = new BundleOwners(links, await outside(server, caller, plans, links, how), caller)
  for (const plan of plans) {
    if (plan.resource === undefined) continue
    const owned = within(plan.entry, () => owners.owning(plan))
    plan.owner = owned.owner ?? plan.own ?? await server.surrogates.next()
  }
  giveIds(server, plans.filter(({ does, id }) => does === 'put' && id === ''))
  return { plans, links, meant: matches.references.flatMap(({ rows }) => rows).filter(isOfPatients) }
}

const isOfPatients = ({ class: number }: VersionRow): boolean => number !== CLASS_NUMBER.directory && number !== CLASS_NUMBER.conformance

// What criteria have ended cannot be read; what an id has ended was refused before.
function refuseEnded (plans: readonly Planned[], read: Reading): void {
  if (read.size === 0) return
  for (const { does, entry, reference, type, id } of plans) {
    const index = does === 'end' && entry.criteria !== undefined ? read.get(reference) : undefined
    if (index !== undefined) atEntry(index, () => { throw gone(type, id) })
  }
}

function giveIds (server: Server, plans: readonly Planned[]): void {
  const ids = server.ids.many(plans.map(({ owner = '0' }) => owner))
  plans.forEach((plan, place) => {
    plan.id = ids[place] ?? ''
    plan.reference = referenceTo(plan.type, plan.id)
  })
}

// References to owners that are not entries of this Bundle, looked up together.
async function outside (server: Server, caller: Caller, plans: readonly Planned[], links: BundleLinks, how: How): Promise<Find> {
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
  readonly #links: BundleLinks
  readonly #outside: Find
  readonly #caller: Caller

  constructor (links: BundleLinks, outside: Find, caller: Caller) {
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
    if (target.does === 'nothing') return target.current === undefined ? undefined : ownersThere(target.current)
    if (target.resource === undefined) return undefined
    if (target.type === 'Patient') return target.own === undefined ? undefined : { owners: [target.own], needed: undefined }
    if (this.#open.has(target)) return { owners: [], needed: undefined }
    const owned = this.owning(target)
    return { owners: owned.class === 1 ? owned.owners ?? [owned.owner ?? ''] : [], needed: undefined }
  }
}

// As of what is found outside of the Bundle.
function ownersThere (row: VersionRow): Found {
  return {
    owners: row.class === CLASS_NUMBER['patient-data'] ? row.owners ?? [row.owner] : [],
    needed: row.type === 'Patient' ? { owner: row.owner, id: row.id } : undefined
  }
}

function commit (server: Server, caller: Caller, settled: Settled): Promise<Map<number, Written | undefined>> {
  const made = madeOf(server, caller, settled)
  // What was made goes to the writer: nothing here keeps it.
  return resultsOf(made.outcomes, stored(server, caller, made))
}

/** What an entry comes to when what it writes is stored; `written` has its rid already where it writes nothing. */
interface Outcome { readonly index: number, readonly as?: number, readonly writes: boolean, readonly written: { -readonly [Member in keyof Written]: Written[Member] } | undefined }

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
function madeOf (server: Server, caller: Caller, { plans, links, meant }: Settled): Made {
  const made: Made = { outcomes: [], versions: [], group: { newOwners: [], revived: [], needed: [], treated: [] }, touched: [], shown: [...meant] }
  for (const plan of plans) {
    const { entry: { index }, current } = plan
    const version = within(plan.entry, () => versionOf(server, plan, links))
    if (version === undefined) {
      if (plan.entry.method !== 'DELETE' && current !== undefined) made.shown.push(current)
      made.outcomes.push({ index, writes: false, written: unchanged(plan), ...(plan.as !== undefined && { as: plan.as.entry.index }) })
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
    // Of a deletion that ended several there is no one version to tell of.
    results.set(index, results.has(index) ? undefined : written)
  }
  for (const { index, as } of outcomes) {
    const same = as === undefined ? undefined : results.get(as)
    if (same !== undefined) results.set(index, { ...same, status: 200, changed: false })
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
function versionOf (server: Server, plan: Planned, links: BundleLinks): Put | Tombstone | undefined {
  const { does, current, resource, owned, owner, type, id, entry } = plan
  if (does === 'end' && current !== undefined) return tombstone(current)
  if (does !== 'put' || resource === undefined || owned === undefined || owner === undefined) return undefined
  const read = resource.read(links.become(entry))
  checkResource(type, read)
  refuseSearches(read.references)
  if (isUnchanged(current, read)) return undefined
  return putOf(server, type, id, read, owned, owner, current)
}

// What was found to be a search when the Bundle was gone over has been looked up; one that hides behind escapes has not.
function refuseSearches (references: readonly string[]): void {
  const search = references.find(reference => reference.includes('?'))
  if (search !== undefined) throw notSupported(`the reference ${search} is not looked up where its name is written with escapes`)
}

const unchanged = ({ type, id, current, entry }: Planned): Written | undefined => current === undefined
  ? undefined
  : { status: 200, type, id, rid: current.rid, tail: current.tail, changed: false, deleted: entry.method === 'DELETE' }

function writtenOf ({ type, id, current, shown }: Planned, version: Put | Tombstone): Written {
  const created = version.op === 'put' && (current === undefined || current.deleted)
  return { status: created ? 201 : 200, type, id, rid: '', tail: shown && version.op === 'put' ? version.tail : '', changed: true, deleted: version.op === 'delete' }
}
