// Searches with steps over many resources: the rows come in the order of the page, a few at a time, and of these it is asked whether what they refer to,
// or what refers to them, is as it shall be. What half of the city has costs no more than what few have. docs/decisions/0018-search.md
// https://hl7.org/fhir/R4/search.html#chaining https://hl7.org/fhir/R4/search.html#has
import type { Place } from '../consent/search/order.js'
import { searchNames, searchPage, searchTotal, type SearchPage } from '../consent/search/page.js'
import { searchReferred } from '../consent/search/referred.js'
import { searchSeveral, severalTotal, type OfType } from '../consent/search/several.js'
import type { VersionRow } from '../consent/row.js'
import type { FhirError } from '../fhir/outcome.js'
import { numberOf, type ResourceType } from '../fhir/resource-types.js'
import { flat, hasLink, isNever, linksIn, NEVER, withoutLinks, type Condition, type Link, type ResourceName } from '../store/search/condition.js'
import { referencesIn } from '../store/search/references.js'
import { named, owningParameter, refusal, settled, toAny, type Asker } from './chain-names.js'
import { versionText, WHOLE } from './representation.js'
import { NEWEST } from './search-query.js'

/** What is asked of each type of a search. */
export type Each = readonly [OfType, ...OfType[]]

// What is in memory at a time.
const LARGEST = 2000
const WIDE = 25
const PAGE = 1000
// So many patients can drive a statement.
const MOST_PATIENTS = 200

// After so many rows that are looked at, so many resources on the way are named: shares of the most of both.
const STAGES = [{ rows: 0.1, names: 0.25 }, { rows: 1, names: 1 }]

/** How many rows are looked at next. */
function sizeOf (each: Each, wanted: number): number {
  // Each of them has many that refer to it, of which each is looked at.
  const isWide = each.some(({ conditions }) => conditions.flatMap(linksIn).some(({ way, of }) => way === 'from' && hasLink(of)))
  return Math.min(wanted, isWide ? WIDE : LARGEST)
}

/** One page. Throws FhirError 400 where too many rows were looked at and too many resources are on the way to name them. */
export async function followedPage (asker: Asker, each: Each, after: Place | undefined, count: number): Promise<SearchPage> {
  if (!leadsOverMany(each)) return await pageOf(asker, each, after, count)
  const { first, most } = asker.server.followed
  const walk = walkFor(asker)
  const [rows, places]: [VersionRow[], Place[]] = [[], []]
  const add = (page: SearchPage, isMet: (row: VersionRow) => boolean): void => page.rows.forEach((row, index) => {
    if (!isMet(row)) return
    rows.push(row)
    places.push(page.places[index] ?? [])
  })
  let [at, looked, size]: [Place | undefined, number, number] = [after, 0, sizeOf(each, Math.max(first, count + 1))]
  do {
    const batch = await pageOf(asker, withoutLinked(each), at, size)
    const met = await metBy(walk, each, batch.rows)
    const before = looked
    if (met !== undefined) {
      add(batch, ({ rid }) => met.has(rid))
      looked += batch.rows.length
      at = batch.next
      if (at === undefined || rows.length > count) break
    }
    // Where that does not fill the page soon, fewer and fewer meet it, and it may be time to name who is on the way.
    for (const { names: bound } of STAGES.filter(one => met === undefined || (before < one.rows * most && looked >= one.rows * most))) {
      const names = await settledEach(asker, each, Math.floor(bound * most))
      if (names !== undefined) {
        add(await pageOf(asker, names, at, count + 1 - rows.length), () => true)
        return cut(rows, places, count)
      }
    }
    if (met === undefined || looked >= most) throw refusalOf(asker, each)
    size = sizeOf(each, rows.length === 0 ? LARGEST : Math.max(first, Math.ceil(1.5 * looked * (count + 1 - rows.length) / rows.length)))
  } while (at !== undefined)
  return cut(rows, places, count)
}

/** `left`: how many more of the resources that refer to what is looked at may be looked at. */
interface Walk extends Asker { left: number }

const walkFor = (asker: Asker): Walk => ({ ...asker, left: asker.server.followed.most * 5 })

const cut = (rows: readonly VersionRow[], places: readonly Place[], count: number): SearchPage =>
  ({ rows: rows.slice(0, count), places: places.slice(0, count), next: rows.length > count ? places[count - 1] : undefined })

/** How many resources there are. Throws FhirError 400 where it takes too much to tell. */
export async function accurateTotal (asker: Asker, each: Each): Promise<number> {
  const total = await followedTotal(asker, each)
  if (total === undefined) throw refusalOf(asker, each)
  return total
}

/** How many resources there are; counted up to `most` where that is given. undefined where it takes too much to tell. */
export async function followedTotal (asker: Asker, each: Each, most?: number): Promise<number | undefined> {
  if (!leadsOverMany(each)) return await totalOf(asker, each, most)
  const { followed } = asker.server
  const walk = walkFor(asker)
  let [at, looked, total]: [Place | undefined, number, number] = [undefined, 0, 0]
  do {
    const batch = await pageOf(asker, withoutLinked(each), at, Math.min(LARGEST, Math.max(1, followed.most / 10)))
    const met = await metBy(walk, each, batch.rows)
    if (met === undefined) break
    total += met.size
    looked += batch.rows.length
    at = batch.next
    if (at === undefined) return total
  } while (looked < followed.most / 10)
  const names = await settledEach(asker, each, followed.most)
  return names && await totalOf(asker, names, most)
}

const refusalOf = ({ server: { followed } }: Asker, each: Each): FhirError => refusal(each.flatMap(({ conditions }) => conditions), followed.most)

const leadsOverMany = (each: Each): boolean => each.some(({ conditions }) => conditions.some(hasLink))

const pageOf = async ({ server: { searches }, caller }: Asker, each: Each, after: Place | undefined, count: number): Promise<SearchPage> => each.length === 1
  ? await searchPage(searches, caller, { ...each[0], after, count })
  : await searchSeveral(searches, caller, { each, after, count })

const totalOf = async ({ server: { searches }, caller }: Asker, each: Each, most?: number): Promise<number> => each.length === 1
  ? await searchTotal(searches, caller, each[0], most)
  : await severalTotal(searches, caller, each, most)

const mapped = ([first, ...others]: Each, act: (one: OfType) => OfType): Each => [act(first), ...others.map(act)]

/** What is asked of the rows themselves: that drives, and finds less to look at. */
const withoutLinked = (each: Each): Each => mapped(each, one => ({ ...one, conditions: flat(one.conditions).filter(condition => !hasLink(condition)) }))

async function settledEach (asker: Asker, each: Each, most: number): Promise<Each | undefined> {
  const conditions = await Promise.all(each.map(async one => await Promise.all(one.conditions.map(async condition => await settled(asker, condition, most)))))
  if (conditions.flat().includes(undefined)) return undefined
  return mapped(each, one => ({ ...one, conditions: (conditions[each.indexOf(one)] ?? []).flatMap(condition => condition ?? []) }))
}

/** The rids of those rows that meet all that is asked of their type; undefined where it takes too much to tell. */
async function metBy (walk: Walk, each: Each, rows: readonly VersionRow[]): Promise<ReadonlySet<string> | undefined> {
  try {
    const rids = await Promise.all(each.map(async ({ type, conditions }) => {
      const own = rows.filter(row => row.type === type)
      const met = await meeting(walk, type, conditions, own)
      return own.filter(({ id }) => met.has(id)).map(({ rid }) => rid)
    }))
    return new Set(rids.flat())
  } catch (thrown) {
    if (thrown instanceof TooMany) return undefined
    throw thrown
  }
}

/** So many rows were looked at that naming them is the better way. */
class TooMany extends Error {}

const idsOf = (type: ResourceType, rows: ReadonlyArray<Pick<VersionRow, 'id'>>): Condition => ({ kind: 'ids', type: numberOf(type), ids: rows.map(({ id }) => id) })

/** The ids of those rows of a type that meet these conditions, of which whatever is asked of the rows themselves is known to be so. */
async function meeting (walk: Walk, type: ResourceType, conditions: readonly Condition[], rows: readonly VersionRow[]): Promise<ReadonlySet<string>> {
  const linked = flat(conditions).filter(hasLink)
  if (rows.length === 0 || linked.length === 0) return new Set(rows.map(({ id }) => id))
  const asked = (await Promise.all(linked.map(async each => await withoutLinks(each, async link => await among(walk, link, rows))))).flatMap(each => each ?? [])
  if (asked.every(isOfIds)) return metByIds({ kind: 'and', of: asked }, rows.map(({ id }) => id))
  const { server: { searches }, caller } = walk
  return new Set((await searchNames(searches, caller, type, [idsOf(type, rows), ...asked], rows.length)).map(({ id }) => id))
}

/** Whether a condition asks for ids only. */
const isOfIds = (condition: Condition): boolean =>
  condition.kind === 'ids' || (condition.kind === 'not' ? isOfIds(condition.of) : (condition.kind === 'and' || condition.kind === 'or') && condition.of.every(isOfIds))

function metByIds (condition: Condition, ids: readonly string[]): ReadonlySet<string> {
  switch (condition.kind) {
    case 'ids': return new Set(condition.ids)
    case 'not': {
      const met = metByIds(condition.of, ids)
      return new Set(ids.filter(id => !met.has(id)))
    }
    case 'and': return condition.of.reduce<ReadonlySet<string>>((left, each) => {
      const met = metByIds(each, ids)
      return new Set([...left].filter(id => met.has(id)))
    }, new Set(ids))
    case 'or': return new Set(condition.of.flatMap(each => [...metByIds(each, ids)]))
    default: throw new RangeError(`${condition.kind} is not known by an id`)
  }
}

/** A link as it is for these rows: a condition that holds for those of them for which the link does. */
async function among (walk: Walk, link: Link, rows: readonly VersionRow[]): Promise<Condition> {
  if (link.way === 'to') return owningParameter(walk.context, link) === undefined ? await referringRows(walk, link, rows) : await ownedRows(walk, link, rows)
  const tokens = rows.map(row => tokensTo(walk, link, row))
  if (hasLink(link.of) || tokens.includes(undefined)) return await referredRows(walk, link, rows)
  const { server: { searches }, caller } = walk
  const places = await searchReferred(searches, caller, link.other, [link.of], tokens.map(each => each ?? []))
  return idsOf(link.type, rows.filter((_, place) => places.has(place)))
}

// What they refer to stands in their bodies.
async function referringRows (walk: Walk, { type, code, other, of }: Link, rows: readonly VersionRow[]): Promise<Condition> {
  const targets = rows.map(row => referred(walk, type, code, other, row))
  const met = await thoseMeeting(walk, other, [...new Set(targets.flat())], of)
  return idsOf(type, rows.filter((_, place) => targets[place]?.some(id => met.has(id))))
}

const referred = ({ context, server }: Asker, type: string, code: string, target: string, row: VersionRow): string[] =>
  referencesIn(context.parameters, type, code, JSON.parse(versionText(row, WHOLE)) as object, server.base).flatMap(key => key.type === target ? key.id : [])

/** Which of these resources there are that meet a condition. */
async function thoseMeeting (walk: Walk, type: ResourceType, ids: readonly string[], of: Condition): Promise<ReadonlySet<string>> {
  const { server: { searches }, caller } = walk
  if (ids.length === 0) return new Set()
  const asked: Condition = { kind: 'ids', type: numberOf(type), ids }
  if (!hasLink(of)) return new Set((await searchNames(searches, caller, type, [asked, of], ids.length)).map(({ id }) => id))
  const { rows } = await searchPage(searches, caller, { type, conditions: [asked, ...ownOf(of)], order: NEWEST, after: undefined, count: ids.length })
  return await meeting(walk, type, [of], rows)
}

const ownOf = (of: Condition): readonly Condition[] => flat([of]).filter(each => !hasLink(each))

// Whose they are is told by the owner columns, also where a reference has only an identifier.
async function ownedRows (walk: Walk, { type, code, other, of }: Link, rows: readonly VersionRow[]): Promise<Condition> {
  const { server: { searches }, caller, context } = walk
  const owners = [...new Set(rows.flatMap(({ owner, owners }) => owners ?? owner))]
  const names = await Promise.all(inParts(owners).map(async part => {
    const asked: Condition = { kind: 'owner', owners: part }
    if (!hasLink(of)) return await searchNames(searches, caller, other, [asked, of], part.length)
    const { rows: people } = await searchPage(searches, caller, { type: other, conditions: [asked, ...ownOf(of)], order: NEWEST, after: undefined, count: part.length })
    const met = await meeting(walk, other, [of], people)
    return people.filter(({ id }) => met.has(id))
  }))
  return toAny(context, type, code, other, names.flat().map(({ id, owner }) => ({ id, owner })))
}

/** The tokens by which a row is referred to; undefined where the owner columns tell it. */
function tokensTo ({ context }: Asker, { type, code, other }: Link, { id }: VersionRow): readonly string[] | undefined {
  const condition = toAny(context, other, code, type, [{ id }])
  return condition.kind === 'tokens' ? condition.any : isNever(condition) ? [] : undefined
}

/** Those of the rows that are referred to from one that meets what leads on itself: first those that do are found. */
async function referredRows (walk: Walk, link: Link, rows: readonly VersionRow[]): Promise<Condition> {
  const ids: string[] = []
  for (const part of inParts(rows)) ids.push(...await referringIds(walk, link, part))
  return ids.length === 0 ? NEVER : await named(walk, { ...link, of: { kind: 'ids', type: numberOf(link.other), ids } }, walk.server.followed.most) ?? fail()
}

function fail (): never {
  throw new TooMany()
}

/** The ids of resources that refer to these rows and meet what the link asks: of each row one at least, where there is one. */
async function referringIds (walk: Walk, { type, code, other, of }: Link, rows: readonly VersionRow[]): Promise<string[]> {
  const { server: { searches }, caller, context } = walk
  const ids: string[] = []
  let [left, after]: [readonly VersionRow[], Place | undefined] = [rows, undefined]
  do {
    const asked = toAny(context, other, code, type, left.map(({ id, owner }): ResourceName => type === 'Patient' ? { id, owner } : { id }))
    const page: SearchPage = await searchPage(searches, caller, { type: other, conditions: [asked, ...ownOf(of)], order: NEWEST, after, count: PAGE })
    const met = await meeting(walk, other, [of], page.rows)
    const passing = page.rows.filter(({ id }) => met.has(id))
    ids.push(...passing.map(({ id }) => id))
    const found = new Set(passing.flatMap(row => referred(walk, other, code, type, row)))
    left = left.filter(({ id }) => !found.has(id))
    after = page.next
    walk.left -= page.rows.length
    if (walk.left < 0) fail()
  } while (after !== undefined && left.length > 0)
  return ids
}

const inParts = <One>(all: readonly One[]): One[][] =>
  Array.from({ length: Math.ceil(all.length / MOST_PATIENTS) }, (_, part) => all.slice(part * MOST_PATIENTS, (part + 1) * MOST_PATIENTS))
