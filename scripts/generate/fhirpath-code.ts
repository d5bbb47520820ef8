// Pieces of compiled FHIRPath (https://hl7.org/fhirpath/N1/): a piece of JavaScript, how many items it gives, and of which types.
import { parse } from 'fhirpath'
import { type Model, choiceMember, derives } from './model.js'

export interface Ast { readonly type: string, readonly text?: string, readonly value?: string, readonly unit?: string, readonly children?: readonly Ast[] }

/** The two questions a boolean expression answers; `sure` when one of the two always holds (the result is never empty). */
export interface Bool { readonly yes: string, readonly no: string, readonly sure: boolean }

/** A compiled expression. */
export interface Code {
  /** A JavaScript expression: a value or undefined; an array when `many`. */
  readonly js: string
  readonly many: boolean
  /** FHIR types the items may have; `*`: not known before run time. */
  readonly types: readonly string[]
  /** A variable that holds exactly one item. */
  readonly solid?: boolean
  readonly bool?: Bool
  /** Whether there is an item, where that is cheaper or more exact (an element that has only extensions) than asking `js`. */
  readonly exists?: string
  /** The last step, so that `as` can narrow a choice element. */
  readonly step?: { readonly source: Code, readonly name: string }
  readonly literal?: string | number | boolean
  /** The strings of a union of string literals. */
  readonly literals?: readonly string[]
}

export interface Env {
  readonly model: Model
  readonly focus: Code
  readonly resource: string
  readonly rootResource: string
  readonly context: Code
  /** Compiles a part of the expression; in the environment so that the functions need not import the compiler. */
  readonly compile: (node: Ast, env: Env) => Code
}

/** Thrown for what is not compiled; the caller falls back to fhirpath.js. */
export class NotCompiled extends Error {
  override name = 'NotCompiled'
}

export const EMPTY: Code = { js: 'NONE', many: true, types: [], exists: 'false' }

let counter = 0
/** A variable name that no other part of the emitted code uses. */
export const fresh = (): string => `v${counter++}`
/** Makes the names of the next compilation independent of those before, so that generated files are stable. */
export function resetNames (): void { counter = 0 }

const TRANSPARENT = new Set(['EntireExpression', 'TermExpression', 'ParenthesizedTerm', 'InvocationTerm', 'LiteralTerm'])

/** The node below wrappers that mean nothing. */
export function bare (node: Ast): Ast {
  let at = node
  while (TRANSPARENT.has(at.type) && at.children?.length === 1) at = at.children[0] as Ast
  return at
}

export const child = (node: Ast, index: number): Ast => {
  const found = node.children?.[index]
  if (!found) throw new NotCompiled(`${node.type} without child ${index}`)
  return found
}

export const parsed = (expression: string): Ast => bare(parse(expression) as Ast)

export const isPrimitive = (model: Model, type: string): boolean => model.get(type)?.kind === 'primitive-type'
export const isOpen = (type: string): boolean => type === '*' || type === 'Resource' || type === 'DomainResource' || type === 'Element'

/** Names of a type as FHIRPath writes them: `FHIR.string`, `string`, `System.Boolean`, `Boolean`. */
export function typeName (model: Model, text: string): string {
  const name = text.replace(/^(FHIR|System)\./, '').replaceAll('`', '')
  if (model.has(name)) return name
  const lower = (name[0] ?? '').toLowerCase() + name.slice(1)
  if (model.has(lower)) return lower
  throw new NotCompiled(`unknown type ${text}`)
}

/** Evaluates `code` once under a name: emits `body(item)` or undefined when there is nothing. */
export function bind (code: Code, body: (item: Code) => string): string {
  if (code.solid) return body(code)
  const name = fresh()
  return `apply(${code.js}, ${name} => ${body({ js: name, many: false, types: code.types, solid: true })})`
}

/** An arrow function over the items of a collection. */
export function lambda (code: Code, body: (item: Code) => string): string {
  const name = fresh()
  const result = body({ js: name, many: false, types: code.types, solid: true })
  return `${name} => ${result.startsWith('{') ? `(${result})` : result}`
}

/** JavaScript that is true when the collection has an item. */
export function existsOf (code: Code): string {
  if (code.exists !== undefined) return code.exists
  if (code.bool?.sure || code.solid || code.literal !== undefined) return 'true'
  return code.many ? `(${code.js}).length > 0` : `(${code.js}) != null`
}

/** The collection as an array, whatever it is. */
export const arrayOf = (code: Code): string => code.many ? code.js : code.solid ? `[${code.js}]` : `list(${code.js})`
/** The collection as one value or undefined; more than one item is an error at run time. */
export const oneOf = (code: Code): string => code.many ? `one(${code.js})` : code.js

export function boolCode (bool: Bool): Code {
  const js = bool.sure ? bool.yes : `(${bool.yes} ? true : ${bool.no} ? false : undefined)`
  return { js, many: false, types: ['boolean'], bool }
}
export const sure = (yes: string): Code => boolCode({ yes, no: `!(${yes})`, sure: true })
/** A boolean expression that gives true, false or undefined. */
export const maybe = (js: string): Code => ({ js, many: false, types: ['boolean'] })

/** A collection where a boolean is wanted: a single item that is not a boolean counts as true. */
export function boolOf (code: Code): Bool {
  if (code.bool) return code.bool
  const boolean = code.types.every(type => type === 'boolean')
  if (boolean && !code.many) return { yes: `(${code.js}) === true`, no: `(${code.js}) === false`, sure: false }
  if (!code.many && !code.types.some(type => type === 'boolean' || isOpen(type))) return { yes: `(${existsOf(code)})`, no: 'false', sure: false }
  return { yes: `truth(${code.js}) === true`, no: `truth(${code.js}) === false`, sure: false }
}

interface Found { readonly many: boolean, readonly members: ReadonlyArray<{ key: string, type: string }>, readonly primitive: boolean }

/** What `name` is on a type, with a choice narrowed to `only`. Undefined: no such element; 'open': not known before run time. */
function lookUp (model: Model, type: string, name: string, only: string | undefined): Found | 'open' | undefined {
  const element = model.get(type)?.elements.get(name)
  if (!element) return isOpen(type) ? 'open' : undefined
  const types = element.types.filter(each => only === undefined || derives(model, each, only))
  const members = types.map(each => ({ key: element.choice ? choiceMember(name, each) : name, type: each }))
  return { many: element.many, members, primitive: members.length > 0 && members.every(each => isPrimitive(model, each.type)) }
}

function sameShape (left: Found, right: Found): boolean {
  return left.many === right.many && left.members.map(each => each.key).join() === right.members.map(each => each.key).join()
}

/** `source.name`, where a choice element may be narrowed to the types that derive from `only`. */
export function step (model: Model, source: Code, name: string, only?: string): Code {
  // The extensions of a primitive stand beside it, in `_element`.
  if (name === 'extension' && source.step && source.types.length > 0 && source.types.every(type => isPrimitive(model, type))) {
    return { js: `primitiveExtensions(${arrayOf(source.step.source)}, ${JSON.stringify(source.step.name)})`, many: true, types: ['Extension'] }
  }
  const all = source.types.map(type => lookUp(model, type, name, only))
  const found = all.filter(each => each !== undefined)
  const known = found.filter(each => each !== 'open')
  const first = known[0]
  if (found.length === 0) return EMPTY
  if (known.length < found.length || !first || !known.every(each => sameShape(each, first))) {
    if (only !== undefined && known.length < found.length) throw new NotCompiled(`${name} as ${only} on an element whose type is not known`)
    return { js: `members(${source.js}, ${JSON.stringify(name)})`, many: true, types: [...new Set(known.flatMap(each => each.members.map(member => member.type))), ...(known.length < found.length ? ['*'] : [])], step: { source, name } }
  }
  const types = [...new Set(known.flatMap(each => each.members.map(member => member.type)))]
  if (first.members.length === 0) return EMPTY
  return { ...steps(source, first), types, step: { source, name } }
}

function steps (source: Code, found: Found): Omit<Code, 'types'> {
  const keys = found.members.map(member => member.key)
  const optional = source.solid ? '.' : '?.'
  const exists = presence(source, found, keys)
  if (source.many) {
    const body = lambda(source, item => keys.map(key => `${item.js}.${key}`).join(' ?? '))
    return { js: `flat(${source.js}, ${body})`, many: true, exists }
  }
  if (keys.length === 1) {
    const js = `${source.js}${optional}${keys[0]}`
    return found.many ? { js: `(${js} ?? NONE)`, many: true, exists } : { js, many: false, exists }
  }
  const value = source.solid ? `(${keys.map(key => `${source.js}.${key}`).join(' ?? ')})` : bind(source, item => `(${keys.map(key => `${item.js}.${key}`).join(' ?? ')})`)
  return found.many ? { js: `(${value} ?? NONE)`, many: true, exists } : { js: value, many: false, exists }
}

// A primitive element that has only an id or extensions exists too: it stands in `_name`.
function presence (source: Code, found: Found, keys: readonly string[]): string {
  const has = (item: string): string => keys.flatMap((key, index) => {
    const primitive = PRIMITIVE_FIRST.test(found.members[index]?.type ?? '')
    return primitive ? [`${item}.${key} != null`, `${item}._${key} != null`] : [found.many ? `${item}.${key}?.length > 0` : `${item}.${key} != null`]
  }).join(' || ')
  if (source.many) return `some(${source.js}, ${lambda(source, item => has(item.js))})`
  if (source.solid) return `(${has(source.js)})`
  const name = fresh()
  return `(apply(${source.js}, ${name} => ${has(name)}) === true)`
}
const PRIMITIVE_FIRST = /^[a-z]/

/** Items of `code` that are of a type. */
export function ofType (env: Env, code: Code, type: string): Code {
  const { model } = env
  if (code.step && code.types.length > 1) return step(model, code.step.source, code.step.name, type)
  if (code.types.every(each => derives(model, each, type))) return code
  if (code.types.some(isOpen)) {
    if (model.get(type)?.kind === 'resource') return { js: code.many ? `filter(${code.js}, ${lambda(code, item => isResource(item, type))})` : bind(code, item => `(${isResource(item, type)} ? ${item.js} : undefined)`), many: code.many, types: [type] }
    throw new NotCompiled(`ofType(${type}) of an element whose type is not known`)
  }
  return code.types.some(each => derives(model, each, type)) ? { ...code, types: [type] } : EMPTY
}
const isResource = (item: Code, type: string): string => `isResource(${item.js}, ${JSON.stringify(type)})`

/** `code is type`: empty when there is no item. */
export function isType (env: Env, code: Code, type: string): Code {
  if (code.step && code.types.length > 1 && !code.types.some(isOpen)) {
    const yes = existsOf(ofType(env, code, type))
    return boolCode({ yes, no: `(${existsOf(code)} && !(${yes}))`, sure: false })
  }
  if (code.types.some(isOpen)) return maybe(bind({ ...code, js: oneOf(code), many: false }, item => isResource(item, type)))
  const holds = code.types.length > 0 && code.types.every(each => derives(env.model, each, type))
  return boolCode(holds ? { yes: existsOf(code), no: 'false', sure: false } : { yes: 'false', no: existsOf(code), sure: false })
}

export function literal (value: string | number | boolean): Code {
  const type = typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : Number.isInteger(value) ? 'integer' : 'decimal'
  return {
    js: JSON.stringify(value), many: false, types: [type], literal: value, exists: 'true',
    ...(typeof value === 'string' && { literals: [value] }),
    ...(typeof value === 'boolean' && { bool: { yes: String(value), no: String(!value), sure: true } })
  }
}
