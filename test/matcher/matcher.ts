// A search in memory, written from the page for the tests and nothing else: slow, plain, and of nothing in src. Where the page leaves room it does what
// docs/decisions/0018-search.md says. https://hl7.org/fhir/R4/search.html
import { componentOf, instancesOf, parameterOf, referencesOf, valuesOf, type Member, type Parameter, type Resource } from './definitions.js'
import { isDate, isNear, isNumeric, isQuantity, isString, isToken, isUri, parts, plain, sortKeys, type Context } from './values.js'

/** What is stored, oldest first. */
export interface World extends Context { readonly resources: readonly Resource[] }

export const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`

/** Whether a resource meets one parameter of a search. Throws where the type has no such parameter. */
export function meets (world: World, resource: Resource, name: string, value: string): boolean {
  if (name.startsWith('_has:')) return isReferredTo(world, resource, name, value)
  const dot = name.indexOf('.')
  if (dot !== -1) return leadsTo(world, resource, name.slice(0, dot), name.slice(dot + 1), value)
  const [code = '', modifier] = name.split(':')
  if (code === '_id') return parts(value, ',').map(plain).includes(resource.id)
  if (code === '_lastUpdated') return parts(value, ',').some(each => isDate((resource['meta'] as { lastUpdated?: string } | undefined)?.lastUpdated, each, world))
  const parameter = parameterOf(resource.resourceType, code)
  if (parameter === undefined) throw new Error(`${code} is no parameter of ${resource.resourceType}`)
  if (modifier === 'missing') return (countOf(resource, parameter) === 0) === (value === 'true')
  const any = parts(value, ',').some(each => has(world, resource, parameter, modifier === 'not' ? undefined : modifier, each))
  return modifier === 'not' ? !any : any
}

const countOf = (resource: Resource, parameter: Parameter): number => parameter.type === 'composite'
  ? instancesOf(resource, parameter).filter(components => components.every(values => values.length > 0)).length
  : valuesOf(resource, parameter).length

function has (world: World, resource: Resource, parameter: Parameter, modifier: string | undefined, asked: string): boolean {
  if (parameter.type !== 'composite') return valuesOf(resource, parameter).some(value => is(world, parameter, modifier, value, asked))
  const pieces = parts(asked, '$')
  return instancesOf(resource, parameter).some(components => components.every((values, place) => {
    const component = parameter.component?.[place]
    return component !== undefined && values.some(value => is(world, componentOf(component), undefined, value, pieces[place] ?? ''))
  }))
}

function is (world: World, parameter: Parameter, modifier: string | undefined, value: unknown, asked: string): boolean {
  switch (parameter.type) {
    case 'string': return isString(value, asked, modifier)
    case 'token': return isToken(value, asked, modifier)
    case 'date': return isDate(value, asked, world)
    case 'number': return isNumeric(value, asked)
    case 'quantity': return isQuantity(value, asked)
    case 'uri': return isUri(value, asked, modifier)
    case 'special': return isNear(value, asked)
    case 'reference': return isReference(world, parameter, modifier, value, asked)
    default: throw new Error(`${parameter.code} is of type ${parameter.type}`)
  }
}

// https://hl7.org/fhir/R4/search.html#reference

const textOf = (value: unknown): string => typeof value === 'object' && value !== null ? String((value as Member)['reference'] ?? '') : String(value)
const relative = (text: string, base: string): string => text.startsWith(`${base}/`) ? text.slice(base.length + 1) : text

function isReference ({ base }: World, { target = [] }: Parameter, modifier: string | undefined, value: unknown, raw: string): boolean {
  if (modifier === 'identifier') return typeof value === 'object' && value !== null && 'identifier' in value && isToken(value.identifier, raw, undefined)
  const [stored, asked] = [relative(textOf(value), base), relative(plain(raw), base)]
  if (asked.includes('/')) return stored === asked && (modifier === undefined || asked.startsWith(`${modifier}/`))
  return (modifier === undefined ? target : [modifier]).some(type => stored === `${type}/${asked}`)
}

/** What a resource refers to by a parameter, as far as it is there. */
const targetsOf = (world: World, resource: Resource, parameter: Parameter): Resource[] => {
  const names = valuesOf(resource, parameter).map(value => relative(textOf(value), world.base))
  return world.resources.filter(each => names.includes(nameOf(each)))
}

// https://hl7.org/fhir/R4/search.html#chaining
function leadsTo (world: World, resource: Resource, step: string, rest: string, value: string): boolean {
  const [code = '', type] = step.split(':')
  const parameter = parameterOf(resource.resourceType, code)
  if (parameter === undefined) return false
  return targetsOf(world, resource, parameter).some(target => (type === undefined ? parameter.target?.includes(target.resourceType) === true && knows(target, rest) : target.resourceType === type) &&
    meets(world, target, rest, value))
}

// Of several types that a chain may lead to, those that have not what is asked at its end lead nowhere.
const knows = ({ resourceType }: Resource, rest: string): boolean => rest.startsWith('_') || parameterOf(resourceType, rest.split(/[.:]/)[0] ?? '') !== undefined

// https://hl7.org/fhir/R4/search.html#has
function isReferredTo (world: World, resource: Resource, name: string, value: string): boolean {
  const [, type = '', code = '', ...rest] = name.split(':')
  const parameter = parameterOf(type, code)
  return parameter !== undefined && world.resources.some(each => each.resourceType === type && targetsOf(world, each, parameter).includes(resource) && meets(world, each, rest.join(':'), value))
}

/** All that meets a search, the newest first unless `_sort` says otherwise. */
export function found (world: World, type: string, query: URLSearchParams): Resource[] {
  const asked = [...query].filter(([name]) => !/^_(sort|count|total|include|revinclude)(:|$)/.test(name))
  const matches = world.resources.filter(each => each.resourceType === type && asked.every(([name, value]) => meets(world, each, name, value)))
  return sorted(matches, query.get('_sort') ?? '-_lastUpdated')
}

// https://hl7.org/fhir/R4/search.html#sort
function sorted (matches: readonly Resource[], sort: string): Resource[] {
  const keys = sort.split(',').map(key => ({ code: key.replace(/^-/, ''), sign: key.startsWith('-') ? -1 : 1 }))
  const stored = new Map(matches.map((each, place) => [each, place]))
  const placed = (resource: Resource): number => stored.get(resource) ?? 0
  return [...matches].sort((a, b) => {
    for (const { code, sign } of keys) {
      const difference = code === '_lastUpdated' ? sign * (placed(a) - placed(b)) : compared(first(a, code, sign), first(b, code, sign), sign)
      if (difference !== 0) return difference
    }
    return (keys.at(-1)?.sign ?? 1) * (placed(a) - placed(b))
  })
}

// The date that says when it happened: of several, and of a span, the beginning counts in both directions.
const MAIN: readonly string[] = ['Observation.date', 'Encounter.date', 'DiagnosticReport.date', 'Condition.onset-date', 'RiskAssessment.date', 'Appointment.date', 'DocumentReference.date', 'List.date']

type Key = string | number | undefined

// What has no value stands last, in either direction.
function compared (a: Key, b: Key, sign: number): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? 1 : -1
  return a === b ? 0 : sign * (a < b ? -1 : 1)
}

function first (resource: Resource, code: string, sign: number): Key {
  const keys = keysOf(resource, code, sign)
  return keys.reduce<Key>((best, key) => best === undefined || (key !== undefined && sign * (key < best ? -1 : 1) < 0) ? key : best, undefined)
}

function keysOf (resource: Resource, code: string, sign: number): Key[] {
  if (code === '_id') return [resource.id]
  const parameter = parameterOf(resource.resourceType, code)
  if (parameter === undefined) throw new Error(`${code} is no parameter of ${resource.resourceType}`)
  const keys = valuesOf(resource, parameter).flatMap(value => sortKeys(parameter.type, value, MAIN.includes(`${resource.resourceType}.${code}`) ? 1 : sign))
  // docs/decisions/0018-search.md: without the date of a type a resource stands where the beginning of time does.
  return keys.length === 0 && MAIN.includes(`${resource.resourceType}.${code}`) ? [-Infinity] : keys
}

/** What comes along with these matches, by name, without them. https://hl7.org/fhir/R4/search.html#include */
export function included (world: World, matches: readonly Resource[], query: URLSearchParams): string[] {
  const names = new Set(matches.map(nameOf))
  const along = new Set<string>()
  const asked = [...query].filter(([name]) => /^_(rev)?include(:iterate)?$/.test(name))
  for (let [latest, round] = [matches, 0]; latest.length > 0; round++) {
    const fresh = asked.filter(([name]) => round === 0 || name.endsWith(':iterate')).flatMap(([name, value]) => stepped(world, latest, name.startsWith('_rev'), value))
      .filter((each, place, all) => !names.has(nameOf(each)) && all.indexOf(each) === place)
    for (const each of fresh) {
      names.add(nameOf(each))
      along.add(nameOf(each))
    }
    latest = fresh
  }
  return [...along].sort()
}

function stepped (world: World, from: readonly Resource[], back: boolean, value: string): Resource[] {
  const [type = '', code = '', target] = value === '*' ? [undefined, '*'] : value.split(':')
  const parameters = (of: string): readonly Parameter[] => code === '*' ? referencesOf(of) : [parameterOf(of, code)].filter(each => each !== undefined)
  const leads = (each: Resource): Resource[] => parameters(each.resourceType).flatMap(parameter => targetsOf(world, each, parameter))
  if (back) return world.resources.filter(each => each.resourceType === type && leads(each).some(to => from.includes(to) && (target === undefined || to.resourceType === target)))
  return from.filter(each => type === '' || each.resourceType === type).flatMap(leads).filter(each => target === undefined || each.resourceType === target)
}
