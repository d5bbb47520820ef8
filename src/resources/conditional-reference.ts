// References that say what they mean by a search: `Practitioner?identifier=system|value`. They are resolved last of all, so what a
// transaction makes is meant as well, and what it ends is not. https://hl7.org/fhir/R4/http.html#trules docs/decisions/0019-conditional-bundles.md
import { FhirError, multipleMatches } from '../fhir/outcome.js'
import { referenceTo } from '../fhir/reference.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { validate } from '../fhir/validate.js'
import { hashText } from '../store/binary.js'
import { indexRows } from '../store/index-rows.js'
import type { Condition } from '../store/search/condition.js'
import { atReference, type ConditionalReference } from './bundle-matches.js'
import { keyOf } from './conditional.js'
import type { Planned } from './planned.js'
import type { Server } from './server.js'

/** What a conditional reference means: `Type/id`, or an entry of the Bundle. */
export type Target = string | Planned

/** What each means. Throws FhirError 412 that names entry and reference where one matches none or several of what the caller may see. */
export function conditionalTargets (server: Server, plans: readonly Planned[], references: readonly ConditionalReference[]): ReadonlyMap<string, Target> {
  if (references.length === 0) return new Map()
  const bundle = new InBundle(server, plans)
  return new Map(references.map(each => {
    const { reference, index } = each
    return [reference, atReference(index, reference, () => onlyOf(bundle.targets(each)))]
  }))
}

function onlyOf (targets: readonly Target[]): Target {
  const [target, ...others] = targets
  if (target === undefined) throw new FhirError(412, [{ severity: 'error', code: 'not-found', diagnostics: 'it must match one resource, and matches none' }])
  if (others.length > 0) throw multipleMatches('it must match one resource, and matches several')
  return target
}

/** What the entries of a Bundle make of what references mean. */
class InBundle {
  readonly #server: Server
  readonly #puts = new Map<string, Planned[]>()
  readonly #ended = new Set<string>()
  readonly #changed = new Map<string, Planned>()
  /** What is made under criteria. */
  readonly #made = new Map<string, Planned>()
  readonly #byToken = new Map<string, ReadonlyMap<string, ReadonlySet<Planned>>>()

  constructor (server: Server, plans: readonly Planned[]) {
    this.#server = server
    for (const plan of plans) {
      if (plan.does === 'end') this.#ended.add(plan.reference)
      if (plan.does !== 'put') continue
      const puts = this.#puts.get(plan.type)
      if (puts === undefined) this.#puts.set(plan.type, [plan])
      else puts.push(plan)
      if (plan.reference !== '') this.#changed.set(plan.reference, plan)
      if (plan.current === undefined && plan.entry.criteria !== undefined) this.#made.set(keyOf(plan.entry.criteria), plan)
    }
  }

  targets ({ criteria, conditions, rows }: ConditionalReference): Target[] {
    const stored = rows.map(({ type, id }) => referenceTo(type, id)).filter(reference => !this.#ended.has(reference))
    if (conditions.every(isTokens)) {
      const asked = conditions.map(({ any }) => any)
      return [...stored.filter(reference => !this.#changed.has(reference)), ...this.#meeting(criteria.type, asked)]
    }
    // What only the database can tell is told of what was there before, and of what is made under the same criteria.
    const made = this.#made.get(keyOf(criteria))
    return [...stored.map(reference => this.#changed.get(reference) ?? reference), ...(made === undefined ? [] : [made])]
  }

  // Gone through is what has the rarest of what is asked: a Bundle may ask for thousands, among thousands.
  #meeting (type: ResourceType, asked: ReadonlyArray<readonly string[]>): Planned[] {
    const byToken = this.#tokensOf(type)
    const having = asked.map(any => any.flatMap(token => byToken.get(token) ?? []))
    const count = (sets: ReadonlyArray<ReadonlySet<Planned>>): number => sets.reduce((sum, set) => sum + set.size, 0)
    const [rarest = [], ...others] = having.sort((a, b) => count(a) - count(b))
    return [...new Set(rarest.flatMap(set => [...set]))].filter(plan => others.every(sets => sets.some(set => set.has(plan))))
  }

  #tokensOf (type: ResourceType): ReadonlyMap<string, ReadonlySet<Planned>> {
    let byToken = this.#byToken.get(type)
    if (byToken === undefined) this.#byToken.set(type, byToken = this.#indexed(this.#puts.get(type) ?? []))
    return byToken
  }

  #indexed (plans: readonly Planned[]): ReadonlyMap<string, ReadonlySet<Planned>> {
    const byToken = new Map<string, Set<Planned>>()
    for (const plan of plans) {
      for (const token of tokensOf(this.#server, plan)) {
        const having = byToken.get(token)
        if (having === undefined) byToken.set(token, new Set([plan]))
        else having.add(plan)
      }
    }
    return byToken
  }
}

type Tokens = Extract<Condition, { kind: 'tokens' }>

const isTokens = (condition: Condition): condition is Tokens => condition.kind === 'tokens'

/** The tokens of what an entry writes; of what is not valid, and will be refused, none. */
function tokensOf ({ zone, base }: Server, { type, id, resource }: Planned): string[] {
  const value = resource?.read().value
  if (value === undefined || validate(type, value).some(({ severity }) => severity === 'error')) return []
  const { tokens } = indexRows(type, id, value, { zone, base })
  return Array.from({ length: tokens.length / 2 }, (_, place) => hashText(tokens[2 * place] ?? 0, tokens[2 * place + 1] ?? 0))
}
