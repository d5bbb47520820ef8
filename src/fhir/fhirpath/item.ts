// What a FHIRPath expression walks over: values that know their FHIR type. https://hl7.org/fhir/R4/fhirpath.html#types
import { type Element, choiceMember, membersOf } from '../elements.js'
import { isObject, type Json, type JsonObject } from '../json-value.js'
import { isResourceType } from '../resource-types.js'

/** One item. `beside`: of a primitive, what stands in `_name` beside it; its value may then be missing. */
export interface Item { readonly type: string, readonly value: Json | undefined, readonly beside?: JsonObject }

const PRIMITIVES: ReadonlySet<string> = new Set([
  'boolean', 'integer', 'string', 'decimal', 'uri', 'url', 'canonical', 'base64Binary', 'instant', 'date', 'dateTime', 'time', 'code', 'oid', 'id', 'markdown',
  'unsignedInt', 'positiveInt', 'uuid', 'xhtml'
])

export const isPrimitive = (type: string): boolean => PRIMITIVES.has(type)

/** What is known of an item only when it is there. */
export const ANY = '*'

// The types that are a kind of another one.
const PARENT: Readonly<Record<string, string>> = {
  Age: 'Quantity', Count: 'Quantity', Distance: 'Quantity', Duration: 'Quantity', MoneyQuantity: 'Quantity', SimpleQuantity: 'Quantity',
  code: 'string', id: 'string', markdown: 'string', url: 'uri', canonical: 'uri', oid: 'uri', uuid: 'uri', positiveInt: 'integer', unsignedInt: 'integer'
}
const NO_DOMAIN: ReadonlySet<string> = new Set(['Binary', 'Bundle', 'Parameters'])

/** Whether a type is another one or a kind of it. */
export function derives (type: string, ancestor: string): boolean {
  if (type === ancestor || PARENT[type] === ancestor) return true
  if (!isResourceType(type) && type !== 'Parameters') return false
  return ancestor === 'Resource' || (ancestor === 'DomainResource' && !NO_DOMAIN.has(type))
}

/** The type that a name means: `FHIR.string`, `string`, `System.Boolean`; undefined where there is none. */
export function typeNamed (text: string): string | undefined {
  const name = text.replace(/^(FHIR|System)\./, '').replaceAll('`', '')
  const lower = name.charAt(0).toLowerCase() + name.slice(1)
  if (isPrimitive(name) || isResourceType(name) || ['Resource', 'DomainResource'].includes(name) || membersOf(name).size > 0 || PARENT[name] !== undefined) return name
  return isPrimitive(lower) ? lower : undefined
}

/** An element by its own name: of a choice, all members that may hold it. */
interface Step { readonly members: ReadonlyArray<{ readonly key: string, readonly type: string }>, readonly element: Element }

const steps = new Map<string, ReadonlyMap<string, Step>>()

function stepsOf (holder: string): ReadonlyMap<string, Step> {
  let found = steps.get(holder)
  if (found === undefined) {
    const made = new Map<string, Step>()
    for (const { element } of membersOf(holder).values()) {
      made.set(element.name, { element, members: element.types.map(type => ({ key: element.choice ? choiceMember(element.name, type) : element.name, type })) })
    }
    steps.set(holder, found = made)
  }
  return found
}

const isOpen = (type: string): boolean => type === ANY || type === 'Resource' || type === 'DomainResource'

/** The types of an element of a holder; undefined where it has none of that name. */
export function typesOf (holder: string, name: string): readonly string[] | undefined {
  if (isOpen(holder)) return [ANY]
  if (isPrimitive(holder)) return name === 'extension' ? ['Extension'] : undefined
  return stepsOf(holder).get(name)?.members.map(({ type }) => isOpen(type) ? ANY : type)
}

/** The items of an element of an item. */
export function children ({ type, value, beside }: Item, name: string): Item[] {
  if (isPrimitive(type)) return name === 'extension' && beside !== undefined ? children({ type: 'Element', value: beside }, name) : []
  if (!isObject(value)) return []
  if (type === 'Element') return each('Extension', value[name], undefined)
  return stepsOf(type).get(name)?.members.flatMap(member => each(member.type, value[member.key], isPrimitive(member.type) ? value[`_${member.key}`] : undefined)) ?? []
}

function each (type: string, value: Json | undefined, beside: Json | undefined): Item[] {
  if (!Array.isArray(value) && !Array.isArray(beside)) return one(type, value, beside)
  const [values, others] = [list(value), list(beside)]
  return Array.from({ length: Math.max(values.length, others.length) }, (_, place) => one(type, values[place], others[place])).flat()
}

const list = (value: Json | undefined): readonly Json[] => Array.isArray(value) ? value : []

function one (type: string, value: Json | undefined, beside: Json | undefined): Item[] {
  const there = value !== undefined && value !== null
  if (!there && !isObject(beside)) return []
  // A resource inside another says itself what it is.
  const own = isOpen(type) && isObject(value) && typeof value['resourceType'] === 'string' ? value['resourceType'] : type
  return [{ type: own, value: there ? value : undefined, ...(isObject(beside) && { beside }) }]
}
