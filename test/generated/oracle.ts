// fhirpath.js as the oracle of the compiled extractors: both give the values of each search parameter of one resource.
import fhirpath, { type Compile, type Model, type OptionVariants } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import * as path from '../../src/fhir/path.js'
import { typeNamed } from '../../src/fhir/reference.js'
import { extractors } from '../../src/generated/extractors.js'
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../src/generated/search-parameters.js'

export interface Difference { readonly type: string, readonly id: string, readonly code: string, readonly compiled: string, readonly oracle: string }
interface Resource { readonly resourceType: string, readonly id?: string, readonly contained?: readonly Resource[] }

const EXTRACTORS = extractors(path)
const compiledPaths = new Map<string, Compile<OptionVariants>>()

// Nothing is fetched: what a reference itself says of its target is enough for `resolve() is Patient`.
let current: Resource = { resourceType: '' }
const userInvocationTable = {
  resolve: {
    fn: (inputs: ReadonlyArray<{ reference?: string, type?: string } | string>) => inputs.flatMap(input => {
      const url = typeof input === 'string' ? input : input.reference
      if (url?.startsWith('#')) return current.contained?.find(each => each.id === url.slice(1)) ?? []
      const resourceType = (url === undefined ? undefined : typeNamed(url)) ?? (typeof input === 'string' ? undefined : input.type)
      return resourceType === undefined ? [] : [{ resourceType }]
    }),
    arity: { 0: [] }
  }
}

// A function added to fhirpath.js gives plain objects, whose FHIR type it does not know.
// fhirpath.js refuses `as` and `.as()` on several items, where R4's parameters mean each item that is of the type.
const eachItem = (expression: string): string => expression
  .replaceAll(/\(([\w.]+) as (\w+)\)/g, '$1.ofType($2)').replaceAll('.as(', '.ofType(').replaceAll('(DateTime)', '(dateTime)')
  .replaceAll(/resolve\(\) is (\w+)/g, "resolve().resourceType = '$1'")

// Unions branch by branch: comparing the branches' items with each other, fhirpath.js throws on a Quantity with a comparator.
const evaluate = (base: object, at: string | undefined, expression: string): unknown[] =>
  expression.split(' | ').flatMap(branch => evaluateBranch(base, at, branch.trim()))

function evaluateBranch (base: object, at: string | undefined, expression: string): unknown[] {
  const text = eachItem(expression)
  const key = `${at ?? ''} ${text}`
  let compiled = compiledPaths.get(key)
  if (!compiled) {
    compiled = fhirpath.compile(at === undefined ? text : { base: at, expression: text }, r4 as Model, { userInvocationTable } as OptionVariants) as Compile<OptionVariants>
    compiledPaths.set(key, compiled)
  }
  return compiled(base, { resource: current, rootResource: current }) as unknown as unknown[]
}

/** Values as a set of texts, so that two collections can be compared. */
const texts = (values: readonly unknown[]): string => JSON.stringify([...new Set(values.filter(value => value != null).map(value => JSON.stringify(value)))].sort())

type Composite = ReadonlyArray<readonly unknown[]>

/** The values of one parameter as the compiled extractor gives them. */
export function compiledValues (type: string, row: SearchParameterRow, resource: object): string {
  const found: unknown[] = []
  EXTRACTORS[type]?.[row.code]?.(resource, (kind, value: unknown) => {
    found.push(row.components ? (value as Composite).map(pairs => texts(pairs.filter((_, index) => index % 2 === 1))) : value)
  })
  return texts(found)
}

/** The values of a parameter that is no composite, as fhirpath.js finds them. */
export function oracleItems (row: SearchParameterRow, resource: object): unknown[] {
  current = resource as Resource
  return evaluate(resource, undefined, row.expression).filter(value => value != null)
}

/** The components of a composite, for each element that has them all, as fhirpath.js finds them. */
export function oracleComponents (type: string, row: SearchParameterRow, resource: object): unknown[][][] {
  current = resource as Resource
  return row.expression.split(' | ').map(part => part.trim()).flatMap(base => evaluate(resource, undefined, base).flatMap(instance => {
    const parts = row.components?.map(({ expression }) => evaluate(instance as object, base.replace(/^Resource/, type), expression).filter(value => value != null)) ?? []
    return parts.some(part => part.length === 0) ? [] : [parts]
  }))
}

/** The same by fhirpath.js. */
export function oracleValues (type: string, row: SearchParameterRow, resource: object): string {
  current = resource as Resource
  const values = evaluate(resource, undefined, row.expression)
  if (!row.components) return texts(values)
  const bases = row.expression.split(' | ').map(part => part.trim())
  return texts(bases.flatMap(base => evaluate(resource, undefined, base).flatMap(instance => {
    const parts = row.components?.map(({ expression }) => texts(evaluate(instance as object, base.replace(/^Resource/, type), expression))) ?? []
    return parts.some(part => part === '[]') ? [] : [parts]
  })))
}

/** Compares all parameters of a resource's type, and those of all resources. */
export function compare (resource: Resource): { readonly evaluations: number, readonly differences: readonly Difference[] } {
  const differences: Difference[] = []
  let evaluations = 0
  for (const type of ['Resource', resource.resourceType]) {
    for (const row of Object.values(SEARCH_PARAMETERS[type] ?? {})) {
      if (row.expression === '') continue
      evaluations++
      const [compiled, oracle] = [compiledValues(type, row, resource), oracleValues(type, row, resource)]
      if (compiled !== oracle) differences.push({ type: resource.resourceType, id: resource.id ?? '', code: row.code, compiled, oracle })
    }
  }
  return { evaluations, differences }
}
