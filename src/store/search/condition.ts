// What a search asks of a current row, as data: consent/search.ts makes SQL of it. Keys and tokens are the decimal texts of int8.
// docs/decisions/0010-index-rows.md
import type { ResourceType } from '../../fhir/resource-types.js'
import type { Comparison } from '../../fhir/search/comparison.js'

export type Condition =
  /** It has one of these tokens. `sparse`: of a kind that few resources share. */
  | { readonly kind: 'tokens', readonly any: readonly string[], readonly sparse: boolean }
  /** It has the token of a text in the dictionary `key`: that text, or one that begins with it; not counted are the tokens `except`, and texts that end with `ending`. */
  | { readonly kind: 'terms', readonly key: string, readonly text: string, readonly except?: readonly string[], readonly ending?: string }
  /** `type`: undefined where each of several types is asked for these ids. */
  | { readonly kind: 'ids', readonly type: number | undefined, readonly ids: readonly string[] }
  /** Its rid is in [from, before). */
  | { readonly kind: 'rids', readonly from: string, readonly before: string }
  | { readonly kind: 'main-date', readonly comparison: Comparison }
  /** It has a main date at all. */
  | { readonly kind: 'main-date-present' }
  | { readonly kind: 'dates', readonly key: string, readonly comparison: Comparison }
  | { readonly kind: 'numbers', readonly key: string, readonly comparison: Comparison }
  | { readonly kind: 'quantities', readonly family: string, readonly unit: UnitAsked, readonly comparison: Comparison }
  /** A composite's two numbers: the first and the second are compared each on its own. */
  | { readonly kind: 'window', readonly key: string, readonly start: Comparison, readonly end: Comparison }
  /** A text begins with `text`, or is otherwise to it; `start` is what of it stands in the index. */
  | { readonly kind: 'words', readonly keys: readonly string[], readonly text: string, readonly start: string, readonly how: TextTest }
  /** The words of its narrative, or of all of it, are what PostgreSQL's `query` asks. */
  | { readonly kind: 'full-text', readonly of: 'narrative' | 'content', readonly query: string }
  /** It is near enough: kilometres from a place. */
  | { readonly kind: 'near', readonly latitudes: string, readonly longitudes: string, readonly place: Place }
  /** It belongs to one of these patients. `indirect`: the token that says that the owner columns do not tell; of several types the token of each. */
  | { readonly kind: 'owned', readonly patients: readonly ResourceName[], readonly indirect: readonly string[], readonly references: readonly string[] }
  /** It is the resource of one of these surrogates: a Patient. */
  | { readonly kind: 'owner', readonly owners: readonly string[] }
  /** It belongs to a Patient who meets this. */
  | { readonly kind: 'owner-meets', readonly of: Condition }
  /** It is a Patient to whom a resource of a type belongs that meets this. */
  | { readonly kind: 'owns', readonly type: ResourceType, readonly of: Condition }
  /** It refers to a resource of another type that meets something, or one that does refers to it, and it is not known which these are: no SQL is made of it, but of what is found of a few rows at a time. */
  | { readonly kind: 'link', readonly link: Link }
  | { readonly kind: 'and' | 'or', readonly of: readonly Condition[] }
  /** `others`: what whoever meets it has instead, where that is known. */
  | { readonly kind: 'not', readonly of: Condition, readonly others?: Others }

/** A step of a chain, from a type by a parameter (`to`), or of `_has`, by a parameter of the other type (`from`). `name`: as it was asked, for messages. */
export interface Link { readonly way: 'to' | 'from', readonly type: ResourceType, readonly code: string, readonly other: ResourceType, readonly of: Condition, readonly name: string }

/** The tokens of rows that lack some codes of a parameter: all others of its dictionary (asked by their tokens, or of any system by how their texts end), and those for having no code. */
export interface Others { readonly dictionary: string, readonly asked: readonly string[], readonly endings: readonly string[], readonly besides: readonly string[] }

/** How a text is to the one that is asked; `gt` and the like by the code points of their letters. */
export type TextTest = 'starts' | 'contains' | 'ends' | 'is' | 'is-not' | 'gt' | 'lt' | 'ge' | 'le'

/** A resource by its id, and by its surrogate where that is known. */
export interface ResourceName { readonly id: string, readonly owner?: string }

export interface Place { readonly latitude: number, readonly longitude: number, readonly kilometres: number }

/** The unit of a quantity: any, one of UCUM's, or one as it was sent. */
export type UnitAsked =
  | { readonly kind: 'any' }
  | { readonly kind: 'dimension', readonly dimension: string, readonly factor: number, readonly shift: number }
  | { readonly kind: 'as-sent', readonly system: string | undefined, readonly code: string }

export const and = (of: readonly Condition[]): Condition => of.length === 1 && of[0] !== undefined ? of[0] : { kind: 'and', of }
/** Any of these. Those of one kind become one condition with several values: five hundred codes are one array, not five hundred questions. */
export function or (of: readonly Condition[]): Condition {
  const possible = merged(of.filter(each => !isNever(each)))
  return possible.length === 1 && possible[0] !== undefined ? possible[0] : { kind: 'or', of: possible }
}

function merged (of: readonly Condition[]): Condition[] {
  const tokens = of.flatMap(each => each.kind === 'tokens' ? each : [])
  const owned = new Map<string, Extract<Condition, { kind: 'owned' }>>()
  const words = new Map<string, Extract<Condition, { kind: 'words' }>>()
  for (const each of of) {
    // One text in several parameters is one question: a name among given names and family names.
    if (each.kind === 'words') {
      const name = `${each.how} ${each.text}`
      words.set(name, { ...each, keys: [...words.get(name)?.keys ?? [], ...each.keys] })
    }
    if (each.kind !== 'owned') continue
    const name = each.indirect.join()
    const before = owned.get(name)
    owned.set(name, before === undefined ? each : { ...each, patients: [...before.patients, ...each.patients], references: [...before.references, ...each.references] })
  }
  return [
    ...(tokens.length === 0 ? [] : [{ kind: 'tokens', any: tokens.flatMap(({ any }) => any), sparse: tokens.every(({ sparse }) => sparse) } as const]),
    ...owned.values(), ...words.values(), ...of.filter(each => !['tokens', 'owned', 'words'].includes(each.kind))
  ]
}

/** Whether it is known that no row meets it. */
export const isNever = (condition: Condition): boolean => condition.kind === 'or' && condition.of.length === 0
export const not = (of: Condition, others?: Others): Condition => of.kind === 'not' ? of.of : { kind: 'not', of, ...(others !== undefined && { others }) }

/** These conditions, and those that are put together in them. */
export const flat = (conditions: readonly Condition[]): readonly Condition[] => conditions.flatMap(each => each.kind === 'and' ? flat(each.of) : each)
/** No row. */
export const NEVER: Condition = { kind: 'or', of: [] }

/** The links in a condition. */
export function linksIn (condition: Condition): readonly Link[] {
  switch (condition.kind) {
    case 'link': return [condition.link]
    case 'not':
    case 'owner-meets':
    case 'owns': return linksIn(condition.of)
    case 'and':
    case 'or': return condition.of.flatMap(linksIn)
    default: return []
  }
}

export const hasLink = (condition: Condition): boolean => linksIn(condition).length > 0

/** The same condition with something else in the place of each link; undefined where for one of them there is nothing. */
export async function withoutLinks (condition: Condition, replace: (link: Link) => Promise<Condition | undefined>): Promise<Condition | undefined> {
  switch (condition.kind) {
    case 'link': return await replace(condition.link)
    case 'not': {
      if (!hasLink(condition)) return condition
      const of = await withoutLinks(condition.of, replace)
      return of && not(of)
    }
    case 'and':
    case 'or': {
      const each = await Promise.all(condition.of.map(async one => await withoutLinks(one, replace)))
      const of = each.flatMap(one => one ?? [])
      return of.length < each.length ? undefined : condition.kind === 'and' ? and(of) : or(of)
    }
    default: return condition
  }
}
