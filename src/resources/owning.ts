// Whose a resource is, settled before it is written: every owner is a Patient that exists, or the write is refused.
// docs/decisions/0004-owner.md 0011-types-table.md
import type { Caller } from '../auth/caller.js'
import { readMany } from '../consent/visible.js'
import type { JsonObject } from '../fhir/json-value.js'
import { unprocessable } from '../fhir/outcome.js'
import { parseReference } from '../fhir/reference.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { ownersOf, participantsOf, type Reference } from '../store/links.js'
import { CLASS_NUMBER, TYPES } from '../store/types.js'
import type { Server } from './server.js'

/** A Patient whose surrogate a write relies on; the write checks both. */
export interface Needed {
  readonly owner: string
  readonly id: string
}

/** What a reference leads to: the owners of what is there, and what the write must check if it relies on them. */
export interface Found {
  readonly owners: readonly string[]
  readonly needed: Needed | undefined
}

export type Find = (reference: Reference) => Found | undefined

/** Whose a resource is. `owner` undefined: no other's, so it has a surrogate of its own. */
export interface Owning {
  readonly class: number
  readonly owner: string | undefined
  readonly owners: readonly string[] | undefined
  readonly participants: readonly string[] | undefined
  readonly needed: readonly Needed[]
}

const OWNERLESS = 0
const OWN: Owning = { class: CLASS_NUMBER['patient-data'], owner: undefined, owners: undefined, participants: undefined, needed: [] }

/**
 * Settles whose a resource is by what `find` finds; a Patient is his own. Throws FhirError 422 naming the element whose owner is unknown, the
 * same for absent and hidden; only the operator may store patient data that is nobody's.
 */
export function owning (type: ResourceType, { owners: references, participants }: OwningReferences, caller: Caller, find: Find): Owning {
  if (type === 'Patient') return OWN
  const row = TYPES[type]
  const found = references.map(reference => find(reference))
  const unknown = references[found.indexOf(undefined)]
  const owners = found.length === 1 ? found[0]?.owners ?? [] : distinct(found.flatMap(target => target?.owners ?? []))
  const lost = row.class === 'patient-data' && (unknown !== undefined || owners.length === 0)
  if (lost && caller.kind !== 'operator') throw unprocessable(refusal(type, unknown, row.owners), unknown?.path ?? `${type}.${row.owners[0] ?? ''}`)
  const [owner] = owners
  return {
    class: lost ? OWNERLESS : CLASS_NUMBER[row.class],
    owner: lost ? undefined : owner,
    owners: owners.length > 1 && !lost ? owners : undefined,
    participants: participants.length === 0 ? undefined : foundOwners(participants, find),
    needed: lost ? [] : found.flatMap(target => target?.needed ?? [])
  }
}

const refusal = (type: string, unknown: Reference | undefined, paths: readonly string[]): string => unknown === undefined
  ? `${type} must name its patient in ${paths.join(' or ')}`
  : `${unknown.path} does not name a patient that is known here`

function foundOwners (participants: readonly Reference[], find: Find): readonly string[] | undefined {
  const owners = distinct(participants.flatMap(reference => find(reference)?.owners ?? []))
  return owners.length === 0 ? undefined : owners
}

const distinct = (values: readonly string[]): readonly string[] => values.length < 2 ? values : [...new Set(values)]

/** The references of a resource that say whose it is: all of what the types table names, or its outline, is looked at. */
export interface OwningReferences { readonly owners: readonly Reference[], readonly participants: readonly Reference[] }

const NOBODY: OwningReferences = { owners: [], participants: [] }

export const owningReferences = (type: ResourceType, value: JsonObject | undefined): OwningReferences =>
  value === undefined ? NOBODY : { owners: ownersOf(type, value), participants: participantsOf(type, value) }

/**
 * Looks up what references lead to, all in one round trip, or none where every one is a Patient whose surrogate is
 * known already. `trust` false asks the database for each: after a write refused what was known.
 */
export async function finder (server: Server, caller: Caller, references: readonly Reference[], { trust }: { trust: boolean }): Promise<Find> {
  const found = new Map<string, Found>()
  const asked = new Map<string, { type: string, id: string }>()
  for (const reference of references) {
    const target = literal(server, reference)
    if (target === undefined) continue
    const key = `${target.type}/${target.id}`
    const owner = trust && target.type === 'Patient' ? server.patients.ownerOf(target.id) : undefined
    if (owner === undefined) asked.set(key, target)
    else found.set(key, { owners: [owner], needed: { owner, id: target.id } })
  }
  const keys = [...asked.values()]
  const rows = await readMany(server.readers, caller, keys)
  rows.forEach((row, index) => {
    const key = keys[index]
    if (row === undefined || key === undefined || row.deleted) return
    const isPatient = key.type === 'Patient'
    if (isPatient) server.patients.learn(key.id, row.owner)
    found.set(`${key.type}/${key.id}`, {
      owners: row.class === CLASS_NUMBER['patient-data'] ? row.owners ?? [row.owner] : [],
      needed: isPatient ? { owner: row.owner, id: key.id } : undefined
    })
  })
  return reference => {
    const target = literal(server, reference)
    return target === undefined ? undefined : found.get(`${target.type}/${target.id}`)
  }
}

function literal (server: Server, { reference }: Reference): { readonly type: string, readonly id: string } | undefined {
  if (reference === undefined) return undefined
  const target = parseReference(reference, server.base)
  return target.kind === 'literal' ? target : undefined
}
