// Chains and _has: what is asked of other resources becomes a condition of this one, from the far end to the near one.
// https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has
// Each resource on the way is decided for the caller: by what he may not see nothing is found.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import type { Place } from '../consent/search/order.js'
import { searchNames, searchOwners, searchPage } from '../consent/search/page.js'
import { FhirError, forbidden, tooCostly } from '../fhir/outcome.js'
import { numberOf, type ResourceType } from '../fhir/resource-types.js'
import type { Criterion, Step } from '../fhir/search/parameter.js'
import { TerminologyError } from '../fhir/terminology/terminology-error.js'
import { ownerParameter, type Part } from '../store/index/folded.js'
import { conditionOf, isIndirect, UnknownParameter, type SearchContext } from '../store/search/build.js'
import { and, isNever, NEVER, not, or, type Condition, type ResourceName } from '../store/search/condition.js'
import { partsIn } from '../store/search/known.js'
import { toResource } from '../store/search/reference.js'
import { referencesIn } from '../store/search/references.js'
import { isFullText, withWords } from './full-text.js'
import { LIST, onList } from './list.js'
import { versionText, WHOLE } from './representation.js'
import { NEWEST, nextTypes } from './search-query.js'
import type { Server } from './server.js'
import { terminologyFor, type Terminology } from './terminology.js'

/** As many resources on the way are followed; beyond, the search is refused: never answered in part. */
const MOST = 20_000
const PAGE = 1000

/** `left`: how many more steps may be taken, over all chains and types of what is asked together. */
export interface Way { readonly server: Server, readonly caller: Caller, readonly context: SearchContext, readonly terminology: Terminology, left: number }

const MOST_WAYS = 200

export const wayFor = (server: Server, caller: Caller, context: SearchContext): Way =>
  ({ server, caller, context, terminology: terminologyFor(server, caller), left: MOST_WAYS })

/** The condition of a criterion, its chain resolved. Throws FhirError 400 where it leads over too many resources, 403 where a scope is missing. */
export async function resolved (way: Way, type: ResourceType, criterion: Criterion): Promise<Condition> {
  const [step, ...steps] = criterion.steps
  if (step === undefined && isFullText(criterion)) return await withWords(way.server, criterion)
  if (step === undefined) return criterion.code === LIST ? await onList(way.server, way.caller, type, criterion) : conditionOf(type, criterion, await way.terminology.contextOf(type, criterion, way.context))
  return await through(way, type, step, criterion.name, async next => await resolved(way, next, { ...criterion, steps }))
}

/** What is asked of the resources at the other end of a step, as a condition of those at its beginning. `name` is for messages. */
export async function through (way: Way, type: ResourceType, step: Step, name: string, asked: (next: ResourceType) => Promise<Condition>): Promise<Condition> {
  const found = await Promise.all(nextTypes(way.context.parameters, type, name, step).map(async next => await stepped(way, type, step, next, name, asked)))
  return or(found)
}

async function stepped (way: Way, type: ResourceType, step: Step, next: ResourceType, name: string, asked: (next: ResourceType) => Promise<Condition>): Promise<Condition> {
  if (!allows(way.caller, next, 'search-type')) {
    // Where the chain names no type, those that the scopes leave out are as if there were none of them.
    if (step.type === undefined) return NEVER
    throw forbidden(`${name}: the token's scope does not cover a search of ${next}`)
  }
  if (way.left-- <= 0) throw tooCostly(`${name} leads over too many types: name them, as in subject:Patient`)
  let condition: Condition
  try {
    condition = await asked(next)
  } catch (thrown) {
    // Another of the types has it, or leads on, or the query would have been refused.
    if (thrown instanceof UnknownParameter || (thrown instanceof FhirError && thrown.status === 400 && !isTooCostly(thrown) && !(thrown instanceof TerminologyError))) return NEVER
    throw thrown
  }
  return step.kind === 'chain' ? await refersTo(way, type, step.code, next, condition, name) : await isReferredTo(way, type, next, step.code, condition, name)
}

const partsFor = ({ parameters }: SearchContext, type: string, code: string): readonly Part[] => {
  const row = parameters.of(type, code)
  return row === undefined ? [] : partsIn(type, row)
}

/** That a resource refers by a parameter to one of a type that meets a condition. */
async function refersTo (way: Way, type: ResourceType, code: string, target: ResourceType, condition: Condition, name: string): Promise<Condition> {
  const { server: { searches, named }, caller, context } = way
  const parts = partsFor(context, type, code).filter(({ only }) => only === undefined || only === target)
  const to = (names: readonly ResourceName[]): Condition => names.length === 0 ? NEVER : or(parts.map(part => toResource({ type, part }, target, names)))
  const owner = target === 'Patient' ? ownerParameter(type) : undefined
  if (owner === undefined || !parts.every(part => part.code === owner)) {
    const names = await searchNames(searches, caller, target, [condition], MOST)
    refuseTooMany(names.length, target, name)
    return to(names)
  }
  // Of few Patients it is known who they are. Of many the owner columns are asked, but for the few resources of which these do not tell.
  const indirect = isIndirect(type, owner)
  const [names, others] = await Promise.all([searchNames(searches, caller, target, [condition], named), readReferences(way, target, type, code, [indirect], name)])
  if (names.length <= named) return to(names)
  const among = isNever(others) ? [] : await searchNames(searches, caller, target, [condition, others], MOST)
  return or([and([not(indirect), { kind: 'owner-meets', of: condition }]), ...among.length === 0 ? [] : [and([indirect, to(among)])]])
}

/** That a resource is referred to, by a parameter, from one of a type that meets a condition. */
async function isReferredTo (way: Way, type: ResourceType, from: ResourceType, code: string, condition: Condition, name: string): Promise<Condition> {
  const owner = ownerParameter(from)
  const byOwner = type === 'Patient' && owner !== undefined && partsFor(way.context, from, code).every(part => part.code === owner)
  if (!byOwner) return await readReferences(way, type, from, code, [condition], name)
  // The owner columns tell it, but for the few resources of which they do not.
  const indirect = isIndirect(from, owner)
  const { server: { searches, named }, caller } = way
  const [owners, others] = await Promise.all([
    searchOwners(searches, caller, from, [condition, not(indirect)], named * 10), readReferences(way, type, from, code, [condition, indirect], name)
  ])
  return or([owners === undefined ? { kind: 'owns', type: from, of: and([condition, not(indirect)]) } : { kind: 'owner', owners }, others])
}

async function readReferences ({ server, caller, context }: Way, type: ResourceType, from: ResourceType, code: string, conditions: readonly Condition[], name: string): Promise<Condition> {
  const ids = new Set<string>()
  let [after, read]: [Place | undefined, number] = [undefined, 0]
  do {
    const page: Awaited<ReturnType<typeof searchPage>> = await searchPage(server.searches, caller, { type: from, conditions, order: NEWEST, after, count: PAGE })
    for (const row of page.rows) {
      for (const target of referencesIn(context.parameters, from, code, JSON.parse(versionText(row, WHOLE)) as object, server.base)) if (target.type === type) ids.add(target.id)
    }
    read += page.rows.length
    after = page.next
    if (after !== undefined) refuseTooMany(read + 1, from, name)
  } while (after !== undefined)
  return ids.size === 0 ? NEVER : { kind: 'ids', type: numberOf(type), ids: [...ids] }
}

function refuseTooMany (count: number, type: ResourceType, name: string): void {
  if (count > MOST) throw tooCostly(`${name} leads over more than ${MOST} resources of type ${type}: ask something narrower of them`)
}

const isTooCostly = ({ issues }: FhirError): boolean => issues.some(({ code }) => code === 'too-costly')
