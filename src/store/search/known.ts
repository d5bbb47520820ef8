// The search parameters that one search knows: those of R4, and those that were defined here and are ready. docs/decisions/0022-custom-search-parameters.md
import type { Json, JsonObject } from '../../fhir/json-value.js'
import { FhirError, notReady } from '../../fhir/outcome.js'
import { ExpressionError } from '../../fhir/fhirpath/expression.js'
import { SEARCH_PARAMETERS } from '../../generated/search-parameters.js'
import type { CustomParameters } from '../custom/registry.js'
import type { CustomParameter, KnownParameter } from '../custom/parameter.js'
import { partsOf, typeIn, type Part } from '../index/folded.js'
import { extractorOf } from '../index/plan.js'

export type { KnownParameter } from '../custom/parameter.js'

const GENERAL: ReadonlySet<string> = new Set(['_id', '_lastUpdated', '_profile', '_security', '_source', '_tag'])

/** The parameters of all resources that are asked of every type. */
export const generalParameters = (): readonly string[] => [...GENERAL]

/** The parameter that R4 has for a type, or for all; undefined when there is none. */
export function parameterOf (type: string, code: string): KnownParameter | undefined {
  const own = SEARCH_PARAMETERS[typeIn(type)]
  return own !== undefined && Object.hasOwn(own, code) ? own[code] : GENERAL.has(code) ? SEARCH_PARAMETERS['Resource']?.[code] : undefined
}

/** Under which type's name the rows of a parameter stand. */
export const homeOf = (type: string, code: string): string => GENERAL.has(code) ? 'Resource' : type

/** Where the rows of a parameter stand. */
export const partsIn = (type: string, { code, stored }: KnownParameter): readonly Part[] =>
  stored === undefined ? partsOf(homeOf(type, code), code) : [{ code: stored }]

/** A parameter that is asked for and not answered yet. */
export class NotReady extends FhirError {
  override name = 'NotReady'
  readonly parameter: CustomParameter
  constructor (parameter: CustomParameter) {
    const { status, issues } = notReady(`${parameter.definition.code} cannot be asked for yet: SearchParameter/${parameter.id} is being indexed`)
    super(status, issues)
    this.parameter = parameter
  }
}

/** As one search knows them, from its beginning to its end. */
export class KnownParameters {
  readonly #custom: CustomParameters
  readonly #asked = new Set<number>()

  constructor (custom: CustomParameters) {
    this.#custom = custom
  }

  /** The numbers of those that were defined here and that this search has used. */
  get asked (): readonly number[] {
    return [...this.#asked]
  }

  /** The parameter of a type; undefined when there is none. Throws NotReady where it cannot answer yet. */
  of (type: string, code: string): KnownParameter | undefined {
    const published = parameterOf(type, code)
    if (published !== undefined) return published
    const own = this.#custom.readyOf(type, code)
    if (own !== undefined) {
      this.#asked.add(own.number)
      return own.row
    }
    const coming = this.#custom.comingOf(type, code)
    if (coming !== undefined) throw new NotReady(coming)
    return undefined
  }

  /** The codes of a type, those of all resources among them. */
  codesOf (type: string): readonly string[] {
    return [...Object.keys(SEARCH_PARAMETERS[type] ?? {}), ...GENERAL, ...this.#custom.allReadyOf(type).map(({ definition }) => definition.code)].sort()
  }

  /** All parameters of a type itself that are of one kind. */
  referencesOf (type: string): readonly string[] {
    const rows: readonly KnownParameter[] = [...Object.values(SEARCH_PARAMETERS[type] ?? {}), ...this.#custom.allReadyOf(type).map(({ row }) => row)]
    return rows.filter(row => row.type === 'reference').map(({ code }) => code)
  }

  /** Hands over the values of a parameter of a resource. What fails has none. */
  extract (type: string, code: string, resource: object, take: (kind: string, value: Json) => void): void {
    const own = this.#custom.readyOf(type, code)
    if (own === undefined) return extractorOf(type, code)?.(resource, take)
    try {
      own.extract(type, resource as JsonObject, take)
    } catch (thrown) {
      if (!(thrown instanceof ExpressionError)) throw thrown
    }
  }
}
