// The code systems and value sets that a caller's search may ask: those that clients stored, and those that HL7 published with R4.
// https://hl7.org/fhir/R4/references.html#canonical docs/decisions/0021-terminology.md
// The database says at each search which version is meant; only what that version says is kept. So a change is obeyed by the next search of every process.
import type { CodeSystem as CodeSystemResource, ValueSet as ValueSetResource } from '@medplum/fhirtypes'
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { readCanonical } from '../consent/canonical.js'
import { readCurrent, type VersionRow } from '../consent/visible.js'
import { forbidden } from '../fhir/outcome.js'
import { CodeSystem } from '../fhir/terminology/code-system.js'
import { newBudget, type Definitions } from '../fhir/terminology/expand.js'
import { contradictory } from '../fhir/terminology/terminology-error.js'
import { valueSetOf, type ValueSet } from '../fhir/terminology/value-set.js'
import type { TerminologyType } from '../store/search/canonical.js'
import { published } from '../store/terminology/published.js'
import { versionText, WHOLE } from './representation.js'
import type { Server } from './server.js'

type Definition = CodeSystem | ValueSet

/** What a process keeps of a definition: the version that it was read from, and what that says. */
export interface KeptDefinition { readonly rid: string, readonly definition: CodeSystem | ValueSet }

/** What one request asks, each definition once. */
export interface CallerDefinitions extends Definitions {
  /** A value set by its id; undefined: there is none that the caller may see. */
  readonly valueSetById: (id: string) => Promise<ValueSet | undefined>
}

/** Throws FhirError 403, from any of these, where the caller's scopes do not cover what it reads. */
export function definitionsFor (server: Server, caller: Caller): CallerDefinitions {
  const asked = new Map<string, Promise<Definition | undefined>>()
  const once = async <Found extends Definition>(type: TerminologyType, name: string, read: () => Promise<Found | undefined>): Promise<Found | undefined> => {
    if (!allows(caller, type, 'read')) throw forbidden(`the token's scope does not cover ${type}, which the search would read`)
    const key = `${type} ${name}`
    const found = asked.get(key) as Promise<Found | undefined> | undefined ?? read()
    asked.set(key, found)
    return await found
  }
  return {
    budget: newBudget(),
    pattern,
    codeSystem: async (url, version) => await once('CodeSystem', `${url}|${version ?? ''}`, async () => await byCanonical(server, caller, CODE_SYSTEM, url, version)),
    valueSet: async canonical => await once('ValueSet', canonical, async () => {
      const implied = impliedValueSet(canonical)
      if (implied !== undefined) return implied
      const bar = canonical.lastIndexOf('|')
      return await byCanonical(server, caller, VALUE_SET, bar === -1 ? canonical : canonical.slice(0, bar), bar === -1 ? undefined : canonical.slice(bar + 1))
    }),
    valueSetById: async id => await once('ValueSet', `ValueSet/${id}`, async () => {
      const row = await readCurrent(server.readers, caller, 'ValueSet', id)
      return row === undefined || row.deleted ? undefined : VALUE_SET.made(`ValueSet/${id}`, resourceOf(row))
    })
  }
}

/** How a definition of one type is made of its resource. */
interface Kind<Found extends Definition> { readonly type: TerminologyType, readonly made: (name: string, resource: object) => Found, readonly size: (definition: Found) => number, readonly isWhole: (definition: Found) => boolean }

const CODE_SYSTEM: Kind<CodeSystem> = {
  type: 'CodeSystem',
  made: (_name, resource) => new CodeSystem(resource as CodeSystemResource),
  size: ({ codes }) => codes.size + 1,
  isWhole: ({ isComplete }) => isComplete
}
const VALUE_SET: Kind<ValueSet> = {
  type: 'ValueSet',
  made: (name, resource) => valueSetOf(name, resource as ValueSetResource),
  size: ({ includes, excludes, expansion }) => [...includes, ...excludes].reduce((sum, { codes }) => sum + (codes?.listed.size ?? 0) + 1, 1) + [...expansion?.values() ?? []].reduce((sum, { listed }) => sum + listed.size, 0),
  isWhole: () => true
}

const resourceOf = (row: VersionRow): object => JSON.parse(versionText(row, WHOLE)) as object

/** What is stored, active and whole comes before what HL7 published, and that before whatever else is stored. */
async function byCanonical<Found extends Definition> (server: Server, caller: Caller, kind: Kind<Found>, url: string, version: string | undefined): Promise<Found | undefined> {
  const name = version === undefined ? url : `${url}|${version}`
  const kept = (place: string): Kept<Found> | undefined => server.definitions.get(`${place} ${kind.type} ${name}`) as Kept<Found> | undefined
  const keep = (place: string, rid: string, definition: Found): Found => {
    server.definitions.set(`${place} ${kind.type} ${name}`, { rid, definition }, kind.size(definition))
    return definition
  }
  const before = kept('stored')
  const stored = await readCanonical(server.readers, caller, kind.type, url, version, before?.rid)
  const own = (): Found | undefined => stored === undefined
    ? undefined
    : stored.row.rid === before?.rid ? before.definition : keep('stored', stored.row.rid, kind.made(name, resourceOf(stored.row)))
  if (stored?.active === true && stored.complete) return own()
  const hl7 = kept('published')?.definition ?? await read()
  return hl7 !== undefined && (stored?.complete !== true || kind.isWhole(hl7)) ? hl7 : own()

  async function read (): Promise<Found | undefined> {
    const resource = await published(url, version)
    return resource !== undefined && (resource as { resourceType: string }).resourceType === kind.type ? keep('published', '', kind.made(name, resource)) : undefined
  }
}

interface Kept<Found> { readonly rid: string, readonly definition: Found }

// https://hl7.org/fhir/R4/snomedct.html#implicit
const SNOMED = /^(http:\/\/snomed\.info\/sct)\?fhir_vs(?:=isa\/(\d+))?$/

function impliedValueSet (canonical: string): ValueSet | undefined {
  const [, system, value] = SNOMED.exec(canonical) ?? []
  if (system === undefined) return undefined
  return valueSetOf(canonical, { compose: { include: [{ system, ...(value !== undefined && { filter: [{ property: 'concept', op: 'is-a', value }] }) }] } })
}

// Anybody may store a value set: its patterns are matched in time that grows with the text only.
async function pattern (source: string): Promise<(text: string) => boolean> {
  const { RE2JS } = await import('re2js')
  try {
    const compiled = RE2JS.compile(source)
    return text => compiled.matches(text)
  } catch (cause) {
    throw contradictory(`the regular expression ${source} of a value set's filter is none: ${(cause as Error).message}`)
  }
}
