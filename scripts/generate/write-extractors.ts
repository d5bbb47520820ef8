// Writes what search knows of its parameters: a table, and for each parameter a function that takes its values out of a resource.
// https://hl7.org/fhir/R4/searchparameter-registry.html
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hash } from '../../src/store/hash.js'
import { type Ast, bare, child, parsed, resetNames } from './fhirpath-code.js'
import { type Env, NotCompiled, environment } from './fhirpath.js'
import { stream } from './fhirpath-stream.js'
import { type Element, type Model, readModel } from './model.js'
import { EXAMPLES, readPublished } from './published.js'

interface Component { readonly definition: string, readonly expression: string }
export interface SearchParameter {
  readonly resourceType: 'SearchParameter'
  readonly url: string
  readonly code: string
  readonly type: string
  readonly base: readonly string[]
  readonly expression?: string
  readonly experimental?: boolean
  readonly target?: readonly string[]
  readonly component?: readonly Component[]
}

/** The parameters of the R4 registry. What the package adds as an example or for an extension is experimental. */
export function searchParameters (): SearchParameter[] {
  return readdirSync(EXAMPLES).sort()
    .filter(file => file.startsWith('SearchParameter-'))
    .map(file => readPublished<SearchParameter>(EXAMPLES, file))
    .filter(parameter => parameter.experimental !== true && parameter.base.length > 0)
}

// R4 published the expressions of these components the wrong way round. https://hl7.org/fhir/R4/documentreference.html#search
const CORRECTED: Readonly<Record<string, readonly string[]>> = { 'http://hl7.org/fhir/SearchParameter/DocumentReference-relationship': ['target', 'code'] }

const expressionsOf = (parameter: SearchParameter): readonly string[] =>
  CORRECTED[parameter.url] ?? (parameter.component ?? []).map(component => component.expression)

/** The part of an expression that speaks of one type: `Patient.name | Person.name` -> `Patient.name`. */
export function expressionFor (type: string, expression: string): string {
  const parts = expression.split(/ \| (?=\(?[A-Z])/)
  const own = parts.filter(part => new RegExp(`^\\(*${type}\\b`).test(part))
  return own.length > 0 ? own.join(' | ') : expression
}

/** The function that hands over the parameter's values. A composite's are, per element instance, the values of each component. */
export function extractor (model: Model, type: string, parameter: SearchParameter): string {
  resetNames()
  const env = environment(model, type, 'r', 'r', 'r')
  const expression = parameter.expression ?? ''
  const body = parameter.type === 'composite'
    ? stream(expression, env, (name, itemType) => together(expressionsOf(parameter), { ...env, focus: { js: name, many: false, types: [itemType], solid: true } }))
    : stream(expression, env, (name, itemType) => `emit('${itemType}', ${name})`)
  return `(r, emit) => {\n${body}}`
}

// Components are collected from the last on: the first is nearly always there, and where another is not there is nothing to do.
function together (expressions: readonly string[], env: Env): string {
  const names = expressions.map((_, index) => `${env.focus.js}c${index}`)
  return expressions.reduce((inner, expression, index) => {
    const name = names[index] ?? ''
    const values = stream(expression, env, (item, type) => `${name}.push('${type}', ${item})`)
    return `const ${name} = []\n${values}if (${name}.length > 0) {\n${inner}}\n`
  }, `emit('composite', [${names.join(', ')}])\n`)
}

/** `narrowed`: the type that `as` chooses at its end. */
interface Path { readonly elements: readonly Element[], readonly plain: boolean, readonly narrowed: string | undefined }

/** The elements that an expression walks through, one list per branch; undefined where it is more than a path. */
function pathsOf (model: Model, type: string, node: Ast): Path[] | undefined {
  const at = bare(node)
  if (at.type === 'UnionExpression') {
    const sides = [pathsOf(model, type, child(at, 0)), pathsOf(model, type, child(at, 1))]
    return sides[0] && sides[1] && [...sides[0], ...sides[1]]
  }
  if (at.type === 'TypeExpression' && at.text === 'as') return pathsOf(model, type, child(at, 0))?.map(path => ({ ...path, narrowed: bare(child(at, 1)).text ?? '' }))
  if (at.type === 'MemberInvocation') return at.text === type || at.text === 'Resource' ? [{ elements: [], plain: true, narrowed: undefined }] : undefined
  if (at.type !== 'InvocationExpression') return undefined
  return pathsOf(model, type, child(at, 0))?.map(path => longer(model, type, path, bare(child(at, 1))))
}

function longer (model: Model, type: string, path: Path, last: Ast): Path {
  const parent = path.elements.at(-1)?.types[0] ?? type
  const element = model.get(parent)?.elements.get(last.text ?? '')
  if (last.type === 'MemberInvocation' && element) return { ...path, elements: [...path.elements, element] }
  return { ...path, plain: false }
}

/** What the registry does not say, but the definitions of the elements do. */
function facts (model: Model, valueSets: ReadonlyMap<string, readonly string[]>, type: string, parameter: SearchParameter): object {
  if (parameter.expression === undefined || parameter.type === 'composite') return {}
  const paths = pathsOf(model, type, parsed(expressionFor(type, parameter.expression)))
  if (!paths) return {}
  const mandatory = paths.some(({ elements, plain, narrowed }) => plain && narrowed === undefined && elements.length > 0 && elements.every(element => element.mandatory))
  const single = paths.length === 1 && paths.every(({ elements }) => elements.every(element => !element.many))
  const last = paths.map(({ elements }) => elements.at(-1))
  const systems = last.flatMap(element => element?.types.includes('code') ? valueSets.get(element.bound ?? '') ?? [] : [])
  const bound = parameter.type === 'token' ? last.flatMap(element => valueSets.get(element?.suggested ?? '') ?? []) : []
  return {
    ...(mandatory && { mandatory }),
    ...(single && { single }),
    ...(systems.length > 0 && { systems: [...new Set(systems)] }),
    ...(bound.length > 0 && { bound: [...new Set(bound)] }),
    ...(parameter.type === 'reference' && { paths: [...new Set(paths.map(({ elements }) => elements.map(element => element.name).join('.')))] })
  }
}

interface ValueSet { readonly url: string, readonly compose?: { readonly include: ReadonlyArray<{ readonly system?: string }> } }

/** The code systems that each published value set takes codes from. */
function systemsOfValueSets (): Map<string, readonly string[]> {
  const files = readdirSync(EXAMPLES).filter(file => file.startsWith('ValueSet-'))
  return new Map(files.map(file => {
    const { url, compose } = readPublished<ValueSet>(EXAMPLES, file)
    return [url, (compose?.include ?? []).flatMap(({ system }) => system ?? [])]
  }))
}

const quoted = (text: string): string => JSON.stringify(text).replaceAll("'", "\\'").replace(/^"|"$/g, "'")

/** The types that have an endpoint, in the order of the alphabet. */
function resourceTypes (model: Model): string[] {
  return [...model.values()].filter(({ kind, abstract, name }) => kind === 'resource' && !abstract && name !== 'Parameters').map(({ name }) => name).sort()
}

/** The table's row: everything that search and the CapabilityStatement ask of a parameter. */
function row (model: Model, valueSets: ReadonlyMap<string, readonly string[]>, urls: ReadonlyMap<string, SearchParameter>, type: string, parameter: SearchParameter): object {
  const expressions = expressionsOf(parameter)
  return {
    code: parameter.code,
    type: parameter.type,
    number: hash(`${type}|${parameter.code}`)[1],
    url: parameter.url,
    expression: expressionFor(type, parameter.expression ?? ''),
    ...(parameter.target && { target: parameter.target }),
    ...(parameter.component && {
      components: parameter.component.map(({ definition }, index) => {
        const found = urls.get(definition)
        return { code: found?.code ?? '', type: found?.type ?? '', expression: expressions[index] ?? '' }
      })
    }),
    ...facts(model, valueSets, type, parameter)
  }
}

/** The parameters of each type, those of all resources under `Resource`. */
export function parametersByType (model: Model, parameters: readonly SearchParameter[]): Map<string, SearchParameter[]> {
  const common = (parameter: SearchParameter): boolean => parameter.base.includes('Resource') || parameter.base.includes('DomainResource')
  return new Map([
    ['Resource', parameters.filter(common)],
    ...resourceTypes(model).map(type => [type, parameters.filter(each => each.base.includes(type))] as const)
  ])
}

const DECLARATIONS = `
export interface SearchComponent { readonly code: string, readonly type: string, readonly expression: string }
export interface SearchParameterRow {
  readonly code: string
  readonly type: 'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special'
  /** Stable 32 bits of the parameter's type and code. */
  readonly number: number
  readonly url: string
  readonly expression: string
  readonly target?: readonly string[]
  readonly components?: readonly SearchComponent[]
  /** Every valid resource has a value. */
  readonly mandatory?: true
  /** A resource has at most one value. */
  readonly single?: true
  /** The code systems that a \`code\` element's value stands for. */
  readonly systems?: readonly string[]
  /** The code systems of the value set to which a token's elements are bound, however strongly. */
  readonly bound?: readonly string[]
  /** The FHIR types of a token parameter's values. */
  readonly of?: readonly string[]
  /** Where a reference parameter's elements are: names joined by dots. */
  readonly paths?: readonly string[]
}
/** type -> code -> row; the parameters of all resources under \`Resource\`. */
export const SEARCH_PARAMETERS: Readonly<Record<string, Readonly<Record<string, SearchParameterRow>>>>
`

const EXTRACTOR_DECLARATIONS = `
/** Hands over the values of one parameter, each with its FHIR type; a composite's components as [type, value, type, value ...] each. */
export type Extract = (resource: object, emit: (type: string, value: never) => void) => void
/** type -> code -> extractor, given the functions of src/fhir/path.ts. */
export const extractors: (path: object) => Readonly<Record<string, Readonly<Record<string, Extract>>>>
/** Parameters ("Type.code") whose expression is left to fhirpath.js. */
export const NOT_COMPILED: readonly string[]
`

/** Compiles one parameter; undefined where that cannot be done. */
function compiled (model: Model, type: string, parameter: SearchParameter): string | undefined {
  try {
    return extractor(model, type === 'Resource' ? 'DomainResource' : type, parameter)
  } catch (error) {
    if (error instanceof NotCompiled) return undefined
    throw new Error(`${type}.${parameter.code}: ${parameter.expression ?? ''}`, { cause: error })
  }
}

/** Which types of values the extractor of a token parameter hands over. */
const kinds = ({ type }: SearchParameter, js: string | undefined): object =>
  type === 'token' && js !== undefined ? { of: [...new Set([...js.matchAll(/\bemit\('(\w+)'/g)].map(([, name]) => name))] } : {}

/** Writes search-parameters.js and extractors.js with their declarations. */
export function generate (outDir: string): void {
  const model = readModel()
  const parameters = searchParameters()
  const urls = new Map(parameters.map(parameter => [parameter.url, parameter]))
  const valueSets = systemsOfValueSets()
  const table: string[] = []
  const code: string[] = []
  const missing: string[] = []
  const used = new Set<string>()
  for (const [type, own] of parametersByType(model, parameters)) {
    const sources = new Map(own.filter(each => each.expression !== undefined).map(each => [each, compiled(model, type, each)]))
    table.push(`${type}: {\n${own.map(each => `${quoted(each.code)}: ${JSON.stringify({ ...row(model, valueSets, urls, type, each), ...kinds(each, sources.get(each)) })}`).join(',\n')}\n}`)
    const functions = [...sources].flatMap(([each, js]) => {
      if (js === undefined) missing.push(`${type}.${each.code}`)
      for (const [, name = ''] of js?.matchAll(/(?<![.\w])([a-zA-Z]+)\(/g) ?? []) used.add(name)
      return js === undefined ? [] : [`${quoted(each.code)}: ${js}`]
    })
    code.push(`${type}: {\n${functions.join(',\n')}\n}`)
  }
  const names = [...used].filter(name => !['emit', 'if', 'for', 'of', 'push'].includes(name)).sort()
  writeFileSync(join(outDir, 'search-parameters.js'), `export const SEARCH_PARAMETERS = {\n${table.join(',\n')}\n}\n`)
  writeFileSync(join(outDir, 'search-parameters.d.ts'), DECLARATIONS.trimStart())
  writeFileSync(join(outDir, 'extractors.js'), `export const extractors = ({ NONE, ${names.join(', ')} }) => ({\n${code.join(',\n')}\n})\nexport const NOT_COMPILED = ${JSON.stringify(missing)}\n`)
  writeFileSync(join(outDir, 'extractors.d.ts'), EXTRACTOR_DECLARATIONS.trimStart())
}
