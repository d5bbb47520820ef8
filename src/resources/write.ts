// Create, update, patch and delete of one resource: what is settled before the one statement that stores it.
// https://hl7.org/fhir/R4/http.html#create https://hl7.org/fhir/R4/http.html#update
import type { Caller } from '../auth/caller.js'
import type { Interaction } from '../consent/audit.js'
import { labelsOf } from '../consent/labels.js'
import { otherStore } from '../consent/stores.js'
import { readCurrent, type VersionRow } from '../consent/visible.js'
import { resourceText, scanResource, type ScannedResource } from '../fhir/json.js'
import { conflict, type FhirError, forbidden, gone, invalid, notFound, notValid, preconditionFailed, unprocessable } from '../fhir/outcome.js'
import { parseReference } from '../fhir/reference.js'
import { numberOf, type ResourceType } from '../fhir/resource-types.js'
import { validate } from '../fhir/validate.js'
import { definitionOf } from '../store/custom/definition.js'
import { indexRows } from '../store/index-rows.js'
import { lastUpdatedOf } from '../store/rid.js'
import { TYPES } from '../store/types.js'
import type { Put, WriteGroup } from '../store/version.js'
import { CodeTaken, OwnerHasData, OwnerRefused, ParametersChanged, WriteConflict } from '../store/writer.js'
import { finder, owning, owningReferences, type Owning } from './owning.js'
import type { Server } from './server.js'

/** A resource as it stands after a write. `changed` false: the body was the same, so the version is too. */
export interface Written {
  readonly status: 200 | 201
  readonly type: string
  readonly id: string
  readonly rid: string
  /** Its stored text; empty in a transaction where nobody is shown it. */
  readonly tail: string
  readonly changed: boolean
  readonly deleted: boolean
}

// A write that lost a race is decided again on what won it, this often.
const ATTEMPTS = 5

/** Stores a new resource under an id that the server gives. Throws FhirError 400, 422, 409. */
export async function createResource (server: Server, caller: Caller, type: ResourceType, resource: ScannedResource): Promise<Written> {
  refuseUnlessWriter(caller, type)
  checkResource(type, resource)
  return await settled(server, caller, type, resource, async owned => {
    const own = owned.owner ?? await server.surrogates.next()
    return { ...await store(server, caller, 'create', 201, type, server.ids.next(own), resource, owned, own, undefined), status: 201 }
  })
}

/** Stores a version of a resource under an id that the client names. Throws FhirError 400, 404, 409, 412, 422. */
export async function updateResource (
  server: Server, caller: Caller, type: ResourceType, id: string, resource: ScannedResource, ifMatch: string | undefined
): Promise<Written> {
  refuseUnlessWriter(caller, type, id)
  checkType(type, resource)
  if (resource.id !== id) throw invalid(`${type}.id must be the id in the URL, ${id}`, `${type}.id`)
  return await raced(type, id, ifMatch, async () => {
    const current = await readCurrent(server.readers, caller, type, id)
    checkMatch(type, id, current, ifMatch)
    if (current === undefined && !mayChooseIds(caller)) throw notFound(type, id)
    // What is stored already was found valid when it came.
    if (!isUnchanged(current, resource)) checkValid(type, resource)
    return await replace(server, caller, 'update', type, id, resource, current)
  })
}

/** Edits the text of a resource and stores what comes out. Throws FhirError 400, 404, 409, 410, 412, 422. */
export async function patchResource (
  server: Server, caller: Caller, type: ResourceType, id: string, edit: (text: string) => string, ifMatch: string | undefined
): Promise<Written> {
  refuseUnlessWriter(caller, type, id)
  return await raced(type, id, ifMatch, async () => {
    const current = await readCurrent(server.readers, caller, type, id)
    if (current === undefined) throw notFound(type, id)
    checkMatch(type, id, current, ifMatch)
    if (current.deleted) throw gone(type, id)
    return await replace(server, caller, 'patch', type, id, patched(type, id, current, edit), current)
  })
}

/** The resource that an edit makes of a version. A patch may change neither type nor id. */
function patched (type: ResourceType, id: string, current: VersionRow, edit: (text: string) => string): ScannedResource {
  const resource = scanResource(patchedText(type, id, current, edit))
  refuseOtherName(type, id, resource)
  checkResource(type, resource)
  return resource
}

/** The text that an edit makes of a version. */
export const patchedText = (type: string, id: string, current: VersionRow, edit: (text: string) => string): string =>
  edit(resourceText(type, id, current.rid, lastUpdatedOf(current.rid), current.tail))

/** Throws FhirError 422 where a patch has made another resource of it. */
export function refuseOtherName (type: string, id: string, patched: { readonly resourceType?: unknown, readonly id?: unknown }): void {
  if (patched.resourceType !== type || patched.id !== id) throw unprocessable('a patch may not change resourceType or id', type)
}

/** Ends a resource. undefined: there was none, or none that the caller may see. Throws FhirError 409, 412. */
export async function deleteResource (server: Server, caller: Caller, type: ResourceType, id: string, ifMatch: string | undefined): Promise<Written | undefined> {
  refuseUnlessWriter(caller, type, id)
  return await raced(type, id, ifMatch, async () => {
    const current = await readCurrent(server.readers, caller, type, id)
    if (ifMatch !== undefined && current !== undefined) checkMatch(type, id, current, ifMatch)
    if (current === undefined || current.deleted) {
      await server.audit.record(caller, { interaction: 'delete', type, status: 204, rows: current === undefined ? [] : [current] })
      return current === undefined ? undefined : { status: 200, type, id, rid: current.rid, tail: '', changed: false, deleted: true }
    }
    const audit = server.audit.row(caller, { interaction: 'delete', type, status: 204, rows: [current] })
    const [rid = ''] = await server.writer.commit({
      versions: [tombstone(current)], newOwners: [], revived: [], needed: [], treated: treatedBy(caller, current.class, current.owners ?? [current.owner]),
      audit: { ...audit, shown: [] }
    })
    server.audit.committed(audit)
    if (type === 'Patient') server.patients.forget(id)
    return { status: 200, type, id, rid, tail: '', changed: true, deleted: true }
  })
}

/** The end of a version, as it is written. */
export const tombstone = (current: VersionRow): WriteGroup['versions'][number] => ({
  op: 'delete', type: numberOf(current.type), id: current.id, owner: current.owner, ver: current.ver + 1, old: { rid: current.rid, owner: current.owner }
})

/** Only the operator chooses ids; registered systems come with accounts. access.md's section 11 */
export const mayChooseIds = (caller: Caller): boolean => caller.kind === 'operator'

/** A person is registered, not written by whoever treats him: here, by the operator. */
const REGISTERED: ReadonlySet<string> = new Set(['Patient', 'RelatedPerson', 'Practitioner', 'Organization'])

/** Whether this caller may write this type at all; decided without touching data. */
export const mayWrite = (caller: Caller, type: ResourceType): boolean =>
  caller.kind === 'operator' || (caller.kind === 'treating' && TYPES[type].class === 'patient-data' && !REGISTERED.has(type))

/** Throws FhirError 403 where this caller may not write this type, or nobody what a store of its own makes, such as the audit trail. */
export function refuseUnlessWriter (caller: Caller, type: ResourceType, id = ''): void {
  if (!mayWrite(caller, type)) throw forbidden(`this caller may not write ${type}`)
  if (otherStore(type, id) !== undefined) throw forbidden(`${type}/${id} is made by the server: nobody writes it`)
}

/** Throws FhirError 400 where the body is another type, 422 with all that validation finds. */
export function checkResource (type: ResourceType, resource: ScannedResource): void {
  checkType(type, resource)
  checkValid(type, resource)
}

function checkType (type: ResourceType, resource: ScannedResource): void {
  if (resource.resourceType === undefined) throw invalid('the body must be a resource: resourceType is missing', 'resourceType')
  if (resource.resourceType !== type) throw invalid(`resourceType must be ${type}, as in the URL, not ${resource.resourceType}`, 'resourceType')
}

function checkValid (type: ResourceType, resource: ScannedResource): void {
  const issues = validate(type, resource.value)
  if (issues.some(issue => issue.severity === 'error')) throw notValid(issues)
}

/** Throws FhirError 412 unless the version is the one that If-Match names. */
export function checkMatch (type: string, id: string, current: VersionRow | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined || current?.rid === ifMatch) return
  throw preconditionFailed(`${type}/${id} does not have version ${ifMatch}`)
}

async function raced<T> (type: string, id: string, ifMatch: string | undefined, attempt: () => Promise<T>): Promise<T> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof OwnerHasData) throw conflict(`${type}/${id} cannot be deleted while it has data`)
      if (!(error instanceof WriteConflict)) throw error
      if (ifMatch === undefined && left > 1) continue
      throw ifMatch === undefined
        ? conflict(`${type}/${id} is being written by others; try again`)
        : preconditionFailed(`${type}/${id} does not have version ${ifMatch} any more`)
    }
  }
}

async function replace (
  server: Server, caller: Caller, interaction: Interaction, type: ResourceType, id: string, resource: ScannedResource, current: VersionRow | undefined
): Promise<Written> {
  if (current !== undefined && isUnchanged(current, resource)) {
    await server.audit.record(caller, { interaction, type, status: 200, rows: [current] })
    return { status: 200, type, id, rid: current.rid, tail: current.tail, changed: false, deleted: false }
  }
  const status = current === undefined || current.deleted ? 201 : 200
  return await settled(server, caller, type, resource, async owned => {
    const own = owned.owner ?? ownSurrogate(type, current) ?? await server.surrogates.next()
    return { ...await store(server, caller, interaction, status, type, id, resource, owned, own, current), status }
  })
}

/** The same body is the same version; what nobody owned may have found its owner since. */
export const isUnchanged = (current: VersionRow | undefined, resource: ScannedResource): boolean =>
  current !== undefined && !current.deleted && current.class !== 0 && current.tail === resource.tail

// How often a write is made again since somebody has changed a SearchParameter meanwhile.
export const CHANGES = 20

export const parametersChanging = (): FhirError => conflict('search parameters are being changed all the time; try again')

/** The refusal of a SearchParameter whose code another one has. */
export const codeTaken = ({ other }: CodeTaken): FhirError =>
  unprocessable(`SearchParameter/${other} has this code for one of these types: take another code, or retire that one`, 'SearchParameter.code')

/** A resource that is its own owner keeps its surrogate; what a patient owned before does not. */
export const ownSurrogate = (type: ResourceType, current: VersionRow | undefined): string | undefined =>
  current !== undefined && (type === 'Patient' || current.class !== 1) ? current.owner : undefined

// Trusts what is known of the owners first, and asks the database where a write was refused on it. One refused since the search parameters have
// changed is made again, too.
async function settled (
  server: Server, caller: Caller, type: ResourceType, resource: ScannedResource, write: (owned: Owning) => Promise<Written>
): Promise<Written> {
  const references = owningReferences(type, resource.value)
  for (let [trust, changes] = [true, CHANGES]; ;) {
    const owned = owning(type, references, caller, await finder(server, caller, [...references.owners, ...references.participants], { trust }))
    try {
      return await write(owned)
    } catch (error) {
      if (error instanceof CodeTaken) throw codeTaken(error)
      if (error instanceof ParametersChanged && changes-- > 0) continue
      if (error instanceof ParametersChanged) throw parametersChanging()
      if (!(error instanceof OwnerRefused)) throw error
      if (!trust) throw unprocessable(`${type} names a patient that is not known here`, type)
      trust = false
    }
  }
}

async function store (
  server: Server, caller: Caller, interaction: Interaction, status: number, type: ResourceType, id: string,
  resource: ScannedResource, owned: Owning, owner: string, current: VersionRow | undefined
): Promise<Written> {
  const put = putOf(server, type, id, resource, owned, owner, current)
  const audit = server.audit.row(caller, { interaction, type, status, rows: [{ rid: '', owner, owners: owned.owners, class: put.class }] })
  const [rid = ''] = await server.writer.commit({
    versions: [put], ...patientOf(put, current), needed: owned.needed, treated: treatedBy(caller, put.class, owned.owners ?? [owner]),
    audit: { ...audit, shown: [] }
  })
  server.audit.committed(audit)
  return { status: 200, type, id, rid, tail: resource.tail, changed: true, deleted: false }
}

/** The version that a resource becomes, with its index values. */
export function putOf (
  server: Server, type: ResourceType, id: string, resource: ScannedResource, owned: Owning, owner: string, current: VersionRow | undefined
): Put {
  const moved = current !== undefined && current.owner !== owner
  return {
    op: 'put',
    type: numberOf(type),
    id,
    owner,
    // A move leaves a version of its own under the owner before.
    ver: (current?.ver ?? 0) + (moved ? 2 : 1),
    old: current === undefined ? undefined : { rid: current.rid, owner: current.owner },
    class: owned.class,
    ...labelsOf(resource.value),
    author: undefined,
    tail: resource.tail,
    owners: owned.owners,
    participants: owned.participants,
    refs: patientDataReferences(server, resource.references),
    rows: indexRows(type, id, resource.value, { zone: server.zone, base: server.base, ownerless: owned.class === 0, known: server.writer.dictionary }),
    ...(type === 'SearchParameter' && { defines: definitionOf(resource.value) })
  }
}

/** What a Patient's own write does to the table of owners. */
export function patientOf (put: Put, current: VersionRow | undefined): Pick<WriteGroup, 'newOwners' | 'revived'> {
  if (put.type !== numberOf('Patient')) return { newOwners: [], revived: [] }
  if (current === undefined) return { newOwners: [{ owner: put.owner, id: put.id }], revived: [] }
  return { newOwners: [], revived: current.deleted ? [put.owner] : [] }
}

/** What a write by someone who treats these owners must find true. */
export const treatedBy = (caller: Caller, dataClass: number, owners: readonly string[]): WriteGroup['treated'] =>
  caller.kind === 'treating' && dataClass === 1 ? owners.map(owner => ({ owner, actor: caller.actor })) : []

// Outgoing references to patient data other than the patient, who is a column, with the numbers of their types: '44/a 40/b'.
function patientDataReferences (server: Server, references: readonly string[]): string | undefined {
  let targets: string[] | undefined
  for (const reference of references) {
    const target = parseReference(reference, server.base)
    if (target.kind !== 'literal' || target.type === 'Patient' || TYPES[target.type].class !== 'patient-data') continue
    const name = `${numberOf(target.type)}/${target.id}`
    if (targets === undefined) targets = [name]
    else if (!targets.includes(name)) targets.push(name)
  }
  return targets?.join(' ')
}
