// What the criteria in a transaction mean, those of its entries and those of its references: looked up together, before anything is written.
// https://hl7.org/fhir/R4/http.html#trules docs/decisions/0019-conditional-bundles.md
import type { Caller } from '../auth/caller.js'
import type { VersionRow } from '../consent/visible.js'
import { FhirError, invalid, notSupported, ofEntry } from '../fhir/outcome.js'
import { parseReference } from '../fhir/reference.js'
import { criteriaIn, keyOf, lookUp, type Criteria, type Look, type Meant } from './conditional.js'
import type { EntryWrite } from './entry-write.js'
import type { Server } from './server.js'

/** A reference that is a search: the first entry that has it, its criteria and what they came to. */
export interface ConditionalReference extends Meant { readonly reference: string, readonly criteria: Criteria, readonly index: number }

export interface BundleMatches {
  /** What the criteria of an entry mean; one more than may be is told of those that mean too many. */
  readonly ofEntry: (entry: EntryWrite) => readonly VersionRow[]
  readonly references: readonly ConditionalReference[]
}

// Of what references mean, some may be written by the Bundle itself, and then others count. More than this is not asked for.
const MOST_MEANT = 1000

/** Throws FhirError that names the entry: 400 for what is no search, 403 without the scope for one. */
export async function bundleMatches (server: Server, caller: Caller, entries: readonly EntryWrite[]): Promise<BundleMatches> {
  const references = conditionalReferences(server, caller, entries)
  const looks = new Map<string, Look>()
  for (const entry of entries) {
    if (entry.criteria === undefined) continue
    const most = entry.method === 'DELETE' ? server.config.conditionalDeletes : 1
    add(looks, { criteria: entry.criteria, most, texts: entry.method !== 'DELETE' && (entry.method !== 'POST' || entry.shown === true) })
  }
  const changed = changes(entries)
  for (const { criteria } of references.values()) add(looks, { criteria, most: Math.min(MOST_MEANT, 1 + (changed.get(criteria.type) ?? 0)), texts: false })
  if (looks.size === 0) return { ofEntry: () => [], references: [] }
  refuseOwnNames(entries, references.values())
  const meant = await lookUp(server, caller, [...looks.values()])
  const found = new Map([...looks.keys()].map((key, place) => [key, meant[place] ?? NOTHING]))
  return {
    ofEntry: ({ criteria }) => criteria === undefined ? [] : found.get(keyOf(criteria))?.rows ?? [],
    references: [...references.values()].map(each => ({ ...each, ...found.get(keyOf(each.criteria)) ?? NOTHING }))
  }
}

const NOTHING: Meant = { conditions: [], rows: [] }

// The same criteria are looked up once, for all who have them.
function add (looks: Map<string, Look>, look: Look): void {
  const key = keyOf(look.criteria)
  const before = looks.get(key)
  looks.set(key, before === undefined ? look : { ...look, most: Math.max(look.most, before.most), texts: look.texts || before.texts })
}

/** How many entries of each type may change what is there. */
function changes (entries: readonly EntryWrite[]): ReadonlyMap<string, number> {
  const changed = new Map<string, number>()
  for (const { type, method } of entries) if (method !== 'POST') changed.set(type, (changed.get(type) ?? 0) + 1)
  return changed
}

type Referred = Pick<ConditionalReference, 'reference' | 'criteria' | 'index'>

function conditionalReferences (server: Server, caller: Caller, entries: readonly EntryWrite[]): ReadonlyMap<string, Referred> {
  const references = new Map<string, Referred>()
  for (const { index, resource } of entries) {
    for (const reference of resource?.searches ?? []) {
      if (!references.has(reference)) references.set(reference, { reference, index, criteria: atReference(index, reference, () => criteriaOfReference(server, caller, reference)) })
    }
  }
  return references
}

function criteriaOfReference (server: Server, caller: Caller, reference: string): Criteria {
  const target = parseReference(reference)
  if (target.kind !== 'conditional') throw notSupported('it is no search, such as Practitioner?identifier=system|value')
  return criteriaIn(server, caller, target.type, target.query)
}

/** What `act` gives; what it refuses is refused of a reference in that entry. */
export function atReference<Result> (index: number, reference: string, act: () => Result): Result {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof FhirError)) throw error
    throw ofEntry(new FhirError(error.status, error.issues.map(issue => ({ ...issue, diagnostics: `the reference ${reference}: ${issue.diagnostics}` }))), index)
  }
}

// What is made by the Bundle cannot be meant by a search for what is there: it would never be found, and made again each time.
function refuseOwnNames (entries: readonly EntryWrite[], references: Iterable<Referred>): void {
  const names = new Set(entries.flatMap(({ fullUrl }) => fullUrl?.startsWith('urn:') === true ? fullUrl : []))
  if (names.size === 0) return
  for (const { index, criteria } of [...entries, ...references]) {
    const named = Object.values(criteria?.given ?? {}).flat().flatMap(value => value?.split(',') ?? []).find(value => names.has(value))
    if (named !== undefined) throw ofEntry(invalid(`the criteria name ${named}, an entry of this Bundle: they are looked up before it is written; name an identifier`), index)
  }
}
