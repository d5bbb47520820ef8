// Chains and _has: what is asked of other resources becomes a condition of this one, from the far end to the near one.
// https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has docs/decisions/0018-search.md
// Each resource on the way is decided for the caller: by what he may not see nothing is found.
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { isOften } from '../consent/search/plan.js'
import { FhirError, forbidden, tooCostly } from '../fhir/outcome.js'
import type { ResourceType } from '../fhir/resource-types.js'
import type { Criterion, Step } from '../fhir/search/parameter.js'
import { TerminologyError } from '../fhir/terminology/terminology-error.js'
import { conditionOf, UnknownParameter, type SearchContext } from '../store/search/build.js'
import { hasLink, NEVER, or, type Condition, type Link } from '../store/search/condition.js'
import { named, owningParameter, type Asker } from './chain-names.js'
import { isFullText, withWords } from './full-text.js'
import { LIST, onList } from './list.js'
import { nextTypes } from './search-query.js'
import type { Server } from './server.js'
import { terminologyFor, type Terminology } from './terminology.js'

/** `left`: how many more steps may be taken, over all chains and types of what is asked together. */
export interface Way extends Asker { readonly terminology: Terminology, left: number }

const MOST_WAYS = 200

export const wayFor = (server: Server, caller: Caller, context: SearchContext): Way =>
  ({ server, caller, context, terminology: terminologyFor(server, caller), left: MOST_WAYS })

/** The condition of a criterion, with links where its chain leads over many. Throws FhirError 400 where it leads over too many types, 403 where a scope is missing. */
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
  return await linked(way, { way: step.kind === 'chain' ? 'to' : 'from', type, code: step.code, other: next, of: condition, name })
}

// Few at the other end are named, and drive. Where they are many, or it takes a walk to know who they are, that is asked of the rows that a page comes by.
async function linked (way: Way, link: Link): Promise<Condition> {
  const { searches, named: few } = way.server
  if (hasLink(link.of) || (owningParameter(way.context, link) === undefined && isOften(searches, way.caller, link.other, [link.of], few))) return { kind: 'link', link }
  return await named(way, link, few) ?? { kind: 'link', link }
}

const isTooCostly = ({ issues }: FhirError): boolean => issues.some(({ code }) => code === 'too-costly')
