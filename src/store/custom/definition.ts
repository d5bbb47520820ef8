// What an active SearchParameter defines, checked when it is written: what is stored of it is what search and the index need.
// https://hl7.org/fhir/R4/searchparameter.html, docs/decisions/0022-custom-search-parameters.md
import { expressionOn, ExpressionError, rootsOf } from '../../fhir/fhirpath/expression.js'
import { ANY, derives } from '../../fhir/fhirpath/item.js'
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { type FhirError, unprocessable } from '../../fhir/outcome.js'
import { isResourceType, RESOURCE_TYPES, type ResourceType } from '../../fhir/resource-types.js'
import { SEARCH_PARAMETERS, type SearchComponent, type SearchParameterRow } from '../../generated/search-parameters.js'

type SearchType = SearchParameterRow['type']

export interface Definition {
  readonly url: string
  readonly code: string
  readonly type: SearchType
  readonly base: readonly ResourceType[]
  readonly expression: string
  /** Of a reference: the types that it may lead to. */
  readonly target?: readonly ResourceType[]
  readonly components?: readonly SearchComponent[]
  /** What a search may use, where the SearchParameter says so. */
  readonly modifiers?: readonly string[]
  readonly comparators?: readonly string[]
  readonly chains?: readonly string[]
  /** Whether several values of one are alternatives, and whether it may be asked several times. */
  readonly multipleOr: boolean
  readonly multipleAnd: boolean
}

/** The FHIR types of which each type of parameter takes values. https://hl7.org/fhir/R4/search.html#ptypes */
const TAKES: Readonly<Partial<Record<string, readonly string[]>>> = {
  token: ['CodeableConcept', 'Coding', 'Identifier', 'ContactPoint', 'boolean', 'integer', 'string', 'uri'],
  date: ['date', 'dateTime', 'instant', 'Period', 'Timing'],
  string: ['string', 'HumanName', 'Address'],
  number: ['integer', 'decimal', 'Range'],
  quantity: ['Quantity', 'Range', 'Money'],
  uri: ['uri'],
  reference: ['Reference', 'uri']
}

/** Of these FHIR types, those of which a parameter of a type takes values. */
export const takenBy = (type: string, types: readonly string[]): string[] =>
  types.filter(each => TAKES[type]?.some(taken => derives(each, taken)) === true)

// What may follow the first component of a composite.
const PAIRS: Readonly<Record<string, readonly string[]>> = {
  token: ['token', 'quantity', 'string', 'date', 'number number'],
  reference: ['token', 'reference']
}

/**
 * What a SearchParameter defines. undefined: nothing, since it is not active, or is what R4 has already.
 * Throws FhirError 422 that names the element.
 */
export function definitionOf (resource: JsonObject): Definition | undefined {
  if (resource['status'] !== 'active') return undefined
  const [code, type] = [text(resource['code']), text(resource['type']) as SearchType]
  const base = typesIn(texts(resource['base']), 'base')
  const expression = expressionIn(resource)
  if (isPublished({ code, type, base, expression })) return undefined
  refuseCode(code, base)
  const components = type === 'composite' ? componentsOf(resource) : undefined
  const definition: Definition = {
    url: text(resource['url']),
    code,
    type,
    base,
    expression,
    ...(type === 'reference' && { target: targetsOf(resource) }),
    ...(components !== undefined && { components }),
    ...limitsOf(resource)
  }
  for (const each of base) check(each, definition)
  return definition
}

const text = (value: Json | undefined): string => typeof value === 'string' ? value : ''
const texts = (value: Json | undefined): string[] => Array.isArray(value) ? value.map(text) : []
const refused = (element: string, message: string): FhirError => unprocessable(`an active SearchParameter is used by searches at once: ${message}`, `SearchParameter.${element}`)

function expressionIn (resource: JsonObject): string {
  const expression = text(resource['expression'])
  if (text(resource['type']) === 'special') throw refused('type', 'one of type special means what no expression says, so it cannot be defined')
  if (expression === '') throw refused('expression', 'it needs an expression in FHIRPath; an xpath is not evaluated')
  const usage = text(resource['xpathUsage'])
  if (usage !== '' && usage !== 'normal') throw refused('xpathUsage', `xpathUsage ${usage} is not supported, only normal`)
  return expression
}

/** Resource and DomainResource stand for all types that are one. */
function typesIn (names: readonly string[], element: string): ResourceType[] {
  const found = names.flatMap(name => isResourceType(name) ? [name] : RESOURCE_TYPES.filter(type => derives(type, name)))
  if (found.length === 0 || names.some(name => !isResourceType(name) && name !== 'Resource' && name !== 'DomainResource')) {
    throw refused(element, `${names.join(', ')} is not served here`)
  }
  return [...new Set(found)].sort()
}

function targetsOf (resource: JsonObject): ResourceType[] {
  const names = texts(resource['target'])
  if (names.length === 0) throw refused('target', 'one of type reference needs the types that it leads to in target')
  return typesIn(names, 'target')
}

const OPEN = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

function refuseCode (code: string, base: readonly ResourceType[]): void {
  if (!OPEN.test(code)) throw refused('code', `the code ${JSON.stringify(code)} cannot stand in a search: it is a letter and up to 63 letters, digits, - and _`)
  const own = base.find(type => Object.hasOwn(SEARCH_PARAMETERS[type] ?? {}, code))
  if (own !== undefined) {
    throw refused('code', `${own} has a parameter ${code} of R4, ${SEARCH_PARAMETERS[own]?.[code]?.url ?? ''}, which is not replaced: take another code, or its type and expression`)
  }
}

/** Whether each type has this very parameter by R4: what profiles repeat of it is what it is. */
function isPublished ({ code, type, base, expression }: Pick<Definition, 'code' | 'type' | 'base' | 'expression'>): boolean {
  const plain = (each: string): string => each.replaceAll(/[\s()]/g, '').replaceAll(/\bas(?=[A-Z])/g, '')
  return base.every(type_ => {
    const row = Object.hasOwn(SEARCH_PARAMETERS[type_] ?? {}, code) ? SEARCH_PARAMETERS[type_]?.[code] : undefined
    if (row === undefined || row.type !== type) return false
    const own = expression.split('|').map(plain).filter(branch => base.length === 1 || branch.startsWith(type_))
    return [...own].sort().join() === row.expression.split('|').map(plain).sort().join()
  })
}

function limitsOf (resource: JsonObject): Pick<Definition, 'modifiers' | 'comparators' | 'chains' | 'multipleOr' | 'multipleAnd'> {
  const [modifiers, comparators, chains] = [texts(resource['modifier']), texts(resource['comparator']), texts(resource['chain'])]
  return {
    ...(modifiers.length > 0 && { modifiers: modifiers.map(name => name === 'ofType' ? 'of-type' : name) }),
    ...(comparators.length > 0 && { comparators }),
    ...(chains.length > 0 && { chains }),
    multipleOr: resource['multipleOr'] !== false,
    multipleAnd: resource['multipleAnd'] !== false
  }
}

function componentsOf (resource: JsonObject): SearchComponent[] {
  const given = Array.isArray(resource['component']) ? resource['component'].filter(isObject) : []
  const components = given.map(component => {
    const url = text(component['definition'])
    const found = Object.values(SEARCH_PARAMETERS).flatMap(rows => Object.values(rows)).find(row => row.url === url)
    if (found === undefined) throw refused('component', `the component ${url} is no parameter of R4`)
    return { code: found.code, type: found.type, expression: text(component['expression']) }
  })
  const [first, ...more] = components.map(({ type }) => type)
  if (first === undefined || PAIRS[first]?.includes(more.join(' ')) !== true) {
    throw refused('component', `components of type ${components.map(({ type }) => type).join(', ')} are not supported together: they are ${Object.entries(PAIRS).flatMap(([one, others]) => others.map(other => `${one} ${other}`)).join('; ')}`)
  }
  return components
}

/** Throws FhirError 422 unless the expression begins at the base, can be evaluated, and gives values that the parameter takes. */
function check (type: ResourceType, { base, expression, components, type: kind }: Definition): void {
  const roots = within('expression', () => rootsOf(expression))
  const foreign = roots.find(root => !base.some(each => derives(each, root)))
  if (foreign !== undefined) throw refused('expression', `the expression begins with ${foreign}, which is not in base`)
  if (!roots.some(root => derives(type, root))) throw refused('expression', `the expression says nothing of ${type}, which is in base`)
  const { types } = within('expression', () => expressionOn(type, expression))
  if (components === undefined) refuseTypes('expression', kind, types)
  else for (const each of components) for (const holder of types) refuseTypes('component', each.type, within('component', () => expressionOn(holder, each.expression)).types)
}

function refuseTypes (element: string, kind: string, types: readonly string[]): void {
  if (types.includes(ANY)) throw refused(element, 'the expression leads to elements whose type is not known: say which with ofType()')
  if (takenBy(kind, types).length === 0) throw refused(element, `the expression gives ${types.slice(0, 5).join(', ') || 'nothing'}, of which one of type ${kind} takes none; it takes ${TAKES[kind]?.join(', ') ?? ''}`)
}

function within<Result> (element: string, act: () => Result): Result {
  try {
    return act()
  } catch (thrown) {
    if (thrown instanceof ExpressionError) throw refused(element, `the expression ${thrown.message}`)
    throw thrown
  }
}
