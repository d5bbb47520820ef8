// What each entry of a transaction comes to, before it is known whose it is. https://hl7.org/fhir/R4/http.html#trules
import type { Caller } from '../auth/caller.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import { unreadResource, type UnreadResource } from '../fhir/json.js'
import { FhirError, gone, invalid, multipleMatches, notFound, ofEntry, preconditionFailed, unmatched } from '../fhir/outcome.js'
import { isId, referenceTo } from '../fhir/reference.js'
import { isResourceType, type ResourceType } from '../fhir/resource-types.js'
import { outlined } from '../store/links.js'
import type { BundleMatches } from './bundle-matches.js'
import { keyOf, severalMatch } from './conditional.js'
import { claim } from './entry.js'
import type { EntryWrite } from './entry-write.js'
import { owningReferences, type Owning, type OwningReferences } from './owning.js'
import type { Server } from './server.js'
import { checkMatch, mayChooseIds, patchedText, refuseOtherName } from './write.js'

/** An entry with what it replaces and what it becomes. */
export interface Planned {
  readonly entry: EntryWrite
  readonly type: ResourceType
  /** `nothing`: there is nothing to delete, or what was to be made is there. */
  readonly does: 'put' | 'end' | 'nothing'
  readonly current: VersionRow | undefined
  readonly resource: UnreadResource | undefined
  /** What says whose it is. */
  readonly owning: OwningReferences
  /** The entry that makes what this one would make as well. */
  readonly as?: Planned
  /** Whether somebody is shown what is stored. */
  shown: boolean
  /** Its surrogate, where it is its own owner and has one. */
  own?: string | undefined
  owned?: Owning
  owner?: string
  id: string
  /** `Type/id`; empty while there is no id. */
  reference: string
}

/** The plans of all entries: one for each, or of a deletion one for each resource. Throws FhirError that names the entry. */
export async function planned (server: Server, caller: Caller, entries: readonly EntryWrite[], matches: BundleMatches): Promise<Planned[]> {
  const named = entries.flatMap(entry => {
    const id = entry.id ?? (entry.criteria === undefined ? undefined : chosenId(entry))
    return id === undefined || !isId(id) ? [] : { entry, type: entry.type, id }
  })
  const rows = await readMany(server.readers, caller, named)
  const currents = new Map(named.map(({ entry }, place) => [entry, rows[place]]))
  const plans: Planned[] = []
  const makers = new Map<string, Planned>()
  for (const entry of entries) {
    const made = within(entry, () => entry.criteria === undefined
      ? [plan(caller, entry, entry.id, currents.get(entry))]
      : conditional(server, caller, entry, matches.ofEntry(entry), currents.get(entry), makers))
    plans.push(...made)
  }
  if (entries.some(({ criteria }) => criteria !== undefined)) refuseOverlaps(plans)
  return plans
}

/** The id in the resource of an update. */
function chosenId ({ method, resource }: EntryWrite): string | undefined {
  const id = method === 'PUT' ? resource?.outline.id : undefined
  return typeof id === 'string' ? id : undefined
}

function plan (caller: Caller, entry: EntryWrite, id: string | undefined, current: VersionRow | undefined): Planned {
  const { type, method, ifMatch } = entry
  if (!isResourceType(type)) throw invalid(`${type} is not a resource type`)
  const shown = entry.shown === true
  if (id === undefined) return { entry, type, id: '', reference: '', does: 'put', current: undefined, resource: entry.resource, owning: owningReferences(type, entry.resource?.outline), shown }
  if (method !== 'DELETE' || current !== undefined) checkMatch(type, id, current, ifMatch)
  if (method === 'PUT' && current === undefined && !mayChooseIds(caller)) throw notFound(type, id)
  const about = { entry, type, id, reference: referenceTo(type, id), current, shown }
  if (method === 'DELETE') return { ...about, does: current === undefined || current.deleted ? 'nothing' : 'end', resource: undefined, owning: owningReferences(type, undefined) }
  if (method !== 'PATCH') return { ...about, does: 'put', resource: entry.resource, owning: owningReferences(type, entry.resource?.outline) }
  if (current === undefined) throw notFound(type, id)
  if (current.deleted) throw gone(type, id)
  const resource = unreadResource(patchedText(type, id, current, entry.edit ?? (text => text)), outlined)
  refuseOtherName(type, id, resource.outline)
  return { ...about, does: 'put', resource, owning: owningReferences(type, resource.outline) }
}

/** The plans of an entry that says what it means by criteria. `named`: what has the id that its resource has. */
function conditional (
  server: Server, caller: Caller, entry: EntryWrite, rows: readonly VersionRow[], named: VersionRow | undefined, makers: Map<string, Planned>
): Planned[] {
  const { type, method, ifMatch } = entry
  if (method === 'DELETE') return ends(server, caller, entry, rows)
  const [match, ...others] = rows
  if (others.length > 0) throw severalMatch(type)
  if (method === 'POST') return [match === undefined ? made(caller, entry, makers) : found(caller, entry, match)]
  if (method === 'PATCH' && match === undefined) throw unmatched(type)
  const chosen = chosenId(entry)
  if (match !== undefined) {
    if (chosen !== undefined && chosen !== match.id) throw invalid(`the criteria mean ${type}/${match.id}, but the resource's id is ${chosen}`, `${type}.id`)
    return [plan(caller, entry, match.id, match)]
  }
  if (chosen === undefined && ifMatch !== undefined) throw preconditionFailed(`no ${type} meets the criteria, so none has version ${ifMatch}`)
  if (chosen !== undefined && !isId(chosen)) throw invalid(`${JSON.stringify(chosen)} is not an id: 1 to 64 letters, digits, "-" and "."`, `${type}.id`)
  return [chosen === undefined ? made(caller, entry, makers) : plan(caller, entry, chosen, named)]
}

function ends ({ config }: Server, caller: Caller, entry: EntryWrite, rows: readonly VersionRow[]): Planned[] {
  const { type } = entry
  if (rows.length > config.conditionalDeletes) throw tooManyToDelete(type, config.conditionalDeletes)
  if (rows.length > 0) return rows.map(row => plan(caller, entry, row.id, row))
  return [{ ...plan(caller, entry, undefined, undefined), does: 'nothing' }]
}

/** The refusal of a deletion that would end more than it may. */
export const tooManyToDelete = (type: string, most: number): FhirError => most === 1
  ? severalMatch(type)
  : multipleMatches(`more than ${most} resources of type ${type} meet the criteria, and nothing was deleted: narrow them until ${most} or fewer do`)

const found = (caller: Caller, entry: EntryWrite, current: VersionRow): Planned => ({
  ...plan(caller, entry, undefined, undefined), does: 'nothing', current, resource: undefined, id: current.id, reference: referenceTo(current.type, current.id)
})

// Of entries that would make the same thing twice the first makes it, and the others mean it, where they say the same.
function made (caller: Caller, entry: EntryWrite, makers: Map<string, Planned>): Planned {
  const own = plan(caller, entry, undefined, undefined)
  const key = entry.criteria === undefined ? '' : keyOf(entry.criteria)
  const before = makers.get(key)
  if (before === undefined) {
    makers.set(key, own)
    return own
  }
  if (before.entry.method !== 'POST' || entry.method !== 'POST' || before.resource?.read().tail !== own.resource?.read().tail) {
    throw invalid(`the criteria are those of entry ${before.entry.index} too, which would make another resource that meets them`)
  }
  before.shown ||= own.shown
  return { ...own, does: 'nothing', as: before, resource: undefined }
}

// https://hl7.org/fhir/R4/http.html#trules: if any resource identities overlap, those that criteria have led to as well, the transaction fails.
function refuseOverlaps (plans: readonly Planned[]): void {
  const targets = new Map<string, number>()
  for (const { does, reference, entry } of plans) if (does !== 'nothing' && reference !== '') claim(targets, reference, entry.index)
  // What was to be made and is there may be meant by several, as long as none of them changes it.
  for (const { does, reference, current, entry } of plans) if (does === 'nothing' && current !== undefined && entry.method === 'POST') claim(new Map(targets), reference, entry.index)
}

/** Runs a step of one entry; what it throws names the entry. */
export function within<T> (entry: EntryWrite, step: () => T): T {
  try {
    return step()
  } catch (error) {
    throw error instanceof FhirError ? ofEntry(error, entry.index) : error
  }
}
