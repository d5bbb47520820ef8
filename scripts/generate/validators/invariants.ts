// The error-level invariants of the base specification, compiled from FHIRPath to JavaScript ahead of time.
// https://hl7.org/fhir/R4/conformance-rules.html#constraints
import { compile, environment, resetNames } from '../fhirpath.js'
import { boolOf } from '../fhirpath-code.js'
import { readModel } from '../model.js'
import type { ElementDefinition } from '../published.js'
import { TREATMENTS } from './invariant-table.js'

/** One invariant at the place where it is checked: what a schema's `constraint` holds. */
export interface InvariantUse {
  readonly key: string
  readonly human: string
  /** A JavaScript test on the variables `o`, `resource`, `rootResource`: true when the element is as it should be. */
  readonly test: string
}

/** What became of an invariant at one place: `expression` is what it must say, `type` what it was compiled for. */
export interface Fate {
  readonly key: string
  readonly path: string
  readonly type: string
  readonly expression: string
  readonly fate: 'compiled' | 'by hand'
  readonly undecided: boolean
}

/** All invariants at all places: for the report and the tests. */
export const fates: Fate[] = []

const model = readModel()

/** The type on which an element's invariants are evaluated. */
function typeOf ({ path, contentReference, type }: ElementDefinition): string {
  const name = contentReference?.slice(1) ?? (model.has(path) ? path : type?.[0]?.code ?? path)
  const known = name === 'SimpleQuantity' ? 'Quantity' : name
  if (!model.has(known)) throw new Error(`${path}: ${known} is no type`)
  return known
}

/**
 * Every invariant of R4 compiles: one that did not would stop the build (NotCompiled), and be noticed.
 * An invariant holds when its expression is true, as the reference validator has it; for those the table names
 * (comparisons that may be undecided: 2012 <= 2012-03) it is broken only when the expression is false.
 */
function compiled (expression: string, type: string, undecided: boolean): string {
  resetNames()
  const { yes, no } = boolOf(compile(expression, environment(model, type)))
  return undecided ? `!(${no})` : yes
}

function testOf (key: string, published: string, element: ElementDefinition): string | undefined {
  const treatment = TREATMENTS[key]
  const type = typeOf(element)
  if (treatment?.kind === 'by hand') {
    // ele-1 is everywhere; once is enough of what is not compiled.
    if (!fates.some(one => one.key === key)) fates.push({ key, path: element.path, type, expression: published, fate: 'by hand', undecided: false })
    return undefined
  }
  const expression = treatment?.kind === 'corrected' || treatment?.kind === 'rewritten' ? treatment.expression : published
  const undecided = treatment?.kind === 'undecided'
  fates.push({ key, path: element.path, type, expression: treatment?.kind === 'rewritten' ? published : expression, fate: 'compiled', undecided })
  return compiled(expression, type, undecided)
}

const cache = new Map<string, InvariantUse[]>()

/** The invariants to check on an element itself; `X.extension`'s are Extension's own and are left to it. */
export function invariantsOf (element: ElementDefinition): InvariantUse[] {
  const cached = cache.get(element.path)
  if (cached) return cached
  const own = (element.constraint ?? []).filter(({ key, severity }) => severity === 'error' && (key !== 'ext-1' || element.path === 'Extension'))
  const uses = own.flatMap(({ key, human, expression }) => {
    const test = expression === undefined ? undefined : testOf(key, expression, element)
    return test === undefined ? [] : [{ key, human, test }]
  })
  cache.set(element.path, uses)
  return uses
}
