// A step of a chain or of _has as a condition that drives: who the resources at its other end are. https://hl7.org/fhir/R4/search.html#chaining
// A reference is found by the hash of `Type/id`, which SQL does not make: they are named, as far as no owner column tells it.
import type { Caller } from '../auth/caller.js'
import type { Place } from '../consent/search/order.js'
import { searchNames, searchOwners, searchPage } from '../consent/search/page.js'
import { tooCostly, type FhirError } from '../fhir/outcome.js'
import { numberOf } from '../fhir/resource-types.js'
import { ownerParameter, type Part } from '../store/index/folded.js'
import { isIndirect, type SearchContext } from '../store/search/build.js'
import { and, isNever, linksIn, NEVER, not, or, withoutLinks, type Condition, type Link, type ResourceName } from '../store/search/condition.js'
import { partsIn } from '../store/search/known.js'
import { toResource } from '../store/search/reference.js'
import { referencesIn } from '../store/search/references.js'
import { versionText, WHOLE } from './representation.js'
import { NEWEST } from './search-query.js'
import type { Server } from './server.js'

/** Who asks, of which server, by which parameters. */
export interface Asker { readonly server: Server, readonly caller: Caller, readonly context: SearchContext }

const PAGE = 1000

/** The condition of a step of which the other end asks for no further one; undefined where more than `most` resources are there. */
export const named = async (asker: Asker, link: Link, most: number): Promise<Condition | undefined> =>
  link.way === 'to' ? await refersTo(asker, link, most) : await isReferredTo(asker, link, most)

/** A condition in which nothing is left to be followed; undefined where more than `most` resources are at the other end of a step. */
export const settled = async (asker: Asker, condition: Condition, most: number): Promise<Condition | undefined> =>
  await withoutLinks(condition, async link => {
    const of = await settled(asker, link.of, most)
    return of && await named(asker, { ...link, of }, most)
  })

/** The same of all that is asked together. Throws FhirError 400 where they are too many: never answered in part. */
export async function settledAll (asker: Asker, conditions: readonly Condition[]): Promise<readonly Condition[]> {
  const { most } = asker.server.followed
  return await Promise.all(conditions.map(async each => {
    const found = await settled(asker, each, most)
    if (found === undefined) throw refusal([each], most)
    return found
  }))
}

/** What is said of conditions that lead over too many resources. */
export function refusal (conditions: readonly Condition[], most: number): FhirError {
  const links = conditions.flatMap(linksIn)
  const names = [...new Set(links.map(({ name }) => name))].join(', ')
  const types = [...new Set(links.map(({ other }) => other))].join(', ')
  return tooCostly(`${names} leads over more than ${most} resources of type ${types}: ask something narrower of them, or of what is searched for`)
}

/** The parts of a reference parameter that may point to a type. */
export function partsTo ({ parameters }: SearchContext, type: string, code: string, target: string): readonly Part[] {
  const row = parameters.of(type, code)
  return row === undefined ? [] : partsIn(type, row).filter(({ only }) => only === undefined || only === target)
}

/** That a resource of a type refers by a parameter to one of these. */
export const toAny = (context: SearchContext, type: string, code: string, target: string, names: readonly ResourceName[]): Condition =>
  names.length === 0 ? NEVER : or(partsTo(context, type, code, target).map(part => toResource({ type, part }, target, names)))

/** Whether the owner columns tell to whom a step leads, or from whom; undefined: they do not, else the parameter that they are of. */
export function owningParameter (context: SearchContext, { way, type, other, code }: Link): string | undefined {
  const [referring, target] = way === 'to' ? [type, other] : [other, type]
  const owner = target === 'Patient' ? ownerParameter(referring) : undefined
  return owner !== undefined && partsTo(context, referring, code, target).every(part => part.code === owner) ? owner : undefined
}

/** That a resource refers by a parameter to one of another type that meets a condition. */
async function refersTo (asker: Asker, link: Link, most: number): Promise<Condition | undefined> {
  const { server: { searches, named: few, followed }, caller, context } = asker
  const { type, code, other, of } = link
  const to = (names: readonly ResourceName[]): Condition => toAny(context, type, code, other, names)
  const owner = owningParameter(context, link)
  if (owner === undefined) {
    const names = await searchNames(searches, caller, other, [of], most)
    return names.length > most ? undefined : to(names)
  }
  // Of few Patients it is known who they are. Of many the owner columns are asked, but for the few resources of which these do not tell.
  const indirect = isIndirect(type, owner)
  const [names, others] = await Promise.all([searchNames(searches, caller, other, [of], few), readReferences(asker, { ...link, type: other, other: type }, [indirect], followed.most)])
  if (names.length <= few) return to(names)
  if (others === undefined) return undefined
  const among = isNever(others) ? [] : await searchNames(searches, caller, other, [of, others], followed.most)
  if (among.length > followed.most) return undefined
  return or([and([not(indirect), { kind: 'owner-meets', of }]), ...among.length === 0 ? [] : [and([indirect, to(among)])]])
}

/** That a resource is referred to, by a parameter of another type, from one that meets a condition. */
async function isReferredTo (asker: Asker, link: Link, most: number): Promise<Condition | undefined> {
  const { other: from, of } = link
  const owner = owningParameter(asker.context, link)
  if (owner === undefined) return await readReferences(asker, link, [of], most)
  // The owner columns tell it, but for the few resources of which they do not.
  const indirect = isIndirect(from, owner)
  const { server: { searches, named: few, followed }, caller } = asker
  const [owners, others] = await Promise.all([searchOwners(searches, caller, from, [of, not(indirect)], few * 10), readReferences(asker, link, [of, indirect], followed.most)])
  return others && or([owners === undefined ? { kind: 'owns', type: from, of: and([of, not(indirect)]) } : { kind: 'owner', owners }, others])
}

/** Which resources of a type those of another that meet conditions refer to; undefined where they are more than `most`. */
async function readReferences ({ server, caller, context }: Asker, { type, other: from, code }: Link, conditions: readonly Condition[], most: number): Promise<Condition | undefined> {
  const ids = new Set<string>()
  let [after, read]: [Place | undefined, number] = [undefined, 0]
  do {
    const page: Awaited<ReturnType<typeof searchPage>> = await searchPage(server.searches, caller, { type: from, conditions, order: NEWEST, after, count: Math.min(PAGE, most + 1 - read) })
    for (const row of page.rows) {
      for (const target of referencesIn(context.parameters, from, code, JSON.parse(versionText(row, WHOLE)) as object, server.base)) if (target.type === type) ids.add(target.id)
    }
    read += page.rows.length
    if (read > most) return undefined
    after = page.next
  } while (after !== undefined)
  return ids.size === 0 ? NEVER : { kind: 'ids', type: numberOf(type), ids: [...ids] }
}
