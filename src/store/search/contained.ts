// What is asked of contained resources: of each by its own rows, and of the current rows of what may contain one that meets it, in which the values of all
// contained ones stand together. https://hl7.org/fhir/R4/search.html#contained docs/decisions/0018-search.md
import { isObject, type JsonObject } from '../../fhir/json-value.js'
import { invalid } from '../../fhir/outcome.js'
import type { ResourceType } from '../../fhir/resource-types.js'
import type { Criterion } from '../../fhir/search/parameter.js'
import { SEARCH_PARAMETERS } from '../../generated/search-parameters.js'
import { KIND } from '../index/rows.js'
import { conditionOf, keyOf, UnknownParameter, type SearchContext } from './build.js'
import { flat, or, type Condition } from './condition.js'
import { aloneOf, holds } from './holds.js'
import { generalParameters } from './known.js'

/** All of `own` must hold of one contained resource; only rows of which `all` of `rows` hold can have one. */
export interface ContainedConditions { readonly own: readonly Condition[], readonly rows: readonly Condition[] }

/** Under which name the rows of contained resources of a type stand. */
export const containedName = (type: ResourceType): string => `#${type}`

/**
 * What these criteria ask of contained resources of a type. Throws FhirError 400 for what is not asked of them, or where nothing of it is found by an index.
 * `contextOf`: with what each is read.
 */
export async function containedConditions (type: ResourceType, criteria: readonly Criterion[], contextOf: (type: string, criterion: Criterion) => Promise<SearchContext>): Promise<ContainedConditions> {
  const own = await Promise.all(criteria.map(async criterion => {
    refuse(criterion)
    return conditionIn(type, criterion, await contextOf(containedName(type), criterion))
  }))
  const rows = flat(own.flatMap((each, place) => generalParameters().includes(criteria[place]?.code ?? '') ? [] : inRow(type, each) ?? []))
  if (rows.length === 0) throw invalid(`_contained needs a parameter by which contained resources are found: one of ${type} itself, without :missing, :not or :not-in`)
  return { own, rows }
}

function refuse ({ name, steps, code }: Criterion): void {
  if (steps.length > 0) throw invalid(`${name}: chains and _has are not asked of contained resources`)
  if (code === '_lastUpdated') throw invalid(`${name}: contained resources have no versions of their own`)
  if (REFUSED.includes(code)) throw invalid(`${name}: ${code} is not asked of contained resources`)
}

const REFUSED: readonly string[] = ['_list', '_text', '_content']

function conditionIn (type: ResourceType, criterion: Criterion, context: SearchContext): Condition {
  try {
    return conditionOf(containedName(type), criterion, context)
  } catch (thrown) {
    if (thrown instanceof UnknownParameter) throw invalid(`${criterion.name} was defined here: contained resources are searched by the parameters of R4 only`)
    throw thrown
  }
}

/** What a condition of a contained resource says of the row of its container; undefined: nothing. */
function inRow (type: ResourceType, condition: Condition): Condition | undefined {
  switch (condition.kind) {
    case 'not':
    case 'ids': return undefined
    // What only the rows of a resource by itself have.
    case 'tokens': return condition.any.some(token => presenceOf(type).has(token)) ? undefined : condition
    case 'and': {
      const of = condition.of.flatMap(each => inRow(type, each) ?? [])
      return of.length === 0 ? undefined : { kind: 'and', of }
    }
    case 'or': {
      const of = condition.of.map(each => inRow(type, each))
      return of.includes(undefined) ? undefined : or(of.flatMap(each => each ?? []))
    }
    default: return condition
  }
}

const presences = new Map<string, ReadonlySet<string>>()

function presenceOf (type: ResourceType): ReadonlySet<string> {
  let found = presences.get(type)
  if (found === undefined) {
    presences.set(type, found = new Set(Object.keys(SEARCH_PARAMETERS[type] ?? {}).map(code => keyOf({ type: containedName(type), part: { code } }, KIND.present))))
  }
  return found
}

/** The places, from 1, of the contained resources of a type that meet all conditions. `resource`: parsed. */
export function containedIn (resource: JsonObject, type: ResourceType, own: readonly Condition[], context: Pick<SearchContext, 'zone' | 'base'>): number[] {
  const { contained } = resource
  if (!Array.isArray(contained)) return []
  return contained.flatMap((each, place) => {
    if (!isObject(each) || each['resourceType'] !== type) return []
    const alone = aloneOf(type, each, context)
    return own.every(condition => holds(condition, alone)) ? [place + 1] : []
  })
}
