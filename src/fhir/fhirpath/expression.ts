// FHIRPath (https://hl7.org/fhirpath/N1/) as search parameters need it, made of functions that call each other: nothing that a client wrote becomes
// code. What is not in the tables here and in functions.ts is refused by name, so that every expression ends, depends on the resource alone, and takes
// a bounded number of steps: the same in every process, however busy it is. docs/decisions/0022-custom-search-parameters.md
import { createRequire } from 'node:module'
import type { JsonObject } from '../json-value.js'
import * as path from '../path.js'
import { FUNCTIONS, narrowed } from './functions.js'
import { children, derives, type Item, typeNamed, typesOf } from './item.js'
import { type Ast, argumentsOf, bare, boolean, childOf, ExpressionError, type Part, truthOf } from './part.js'

export { ExpressionError } from './part.js'
export type { Item } from './item.js'

/** A compiled expression. */
export interface Expression {
  /** The FHIR types of what it gives; `*`: known only when it is there. */
  readonly types: readonly string[]
  /** What it gives of an item in its resource. Throws ExpressionError where it fails or takes too many steps. */
  readonly itemsOf: (item: Item, resource: JsonObject) => readonly Item[]
}

// One step is one item at one node of the expression: a few tens of nanoseconds.
const MOST_STEPS = 200_000
const LONGEST = 2000

// The parser takes long to load, and few servers need it.
const require = createRequire(import.meta.url)
let loaded: { parse: (text: string) => unknown } | undefined
const parser = (): { parse: (text: string) => unknown } => (loaded ??= require('fhirpath') as { parse: (text: string) => unknown })

/** The syntax tree of an expression. Throws ExpressionError where it is no FHIRPath, or too long. */
export function parsed (text: string): Ast {
  if (text.length > LONGEST) throw new ExpressionError(`is longer than ${LONGEST} characters`)
  try {
    return parser().parse(text) as Ast
  } catch (cause) {
    throw new ExpressionError('is no FHIRPath', { cause })
  }
}

/** Compiles an expression on items of a type. Throws ExpressionError that says what is wrong with it. */
export function expressionOn (type: string, text: string): Expression {
  const part = compile(parsed(text), [type])
  return {
    types: part.types,
    itemsOf: (item, resource) => part.items([item], { resource, left: MOST_STEPS })
  }
}

/** The types with which the branches of an expression begin: `Patient.name | Person.name` -> Patient, Person. Throws ExpressionError where one begins with none. */
export function rootsOf (text: string): string[] {
  const roots = (node: Ast): string[] => {
    const at = bare(node)
    if (at.type === 'UnionExpression') return [...roots(childOf(at, 0)), ...roots(childOf(at, 1))]
    if (at.type === 'MemberInvocation' && /^[A-Z]/.test(nameOf(at))) return [nameOf(at)]
    if (at.type === 'InvocationExpression' || at.type === 'TypeExpression' || at.type === 'IndexerExpression') return roots(childOf(at, 0))
    throw new ExpressionError('begins with no resource type, such as Patient.name')
  }
  return roots(parsed(text))
}

const nameOf = (node: Ast): string => (node.text ?? '').replaceAll('`', '')

/** Compiles a node whose focus is of one of these types. */
function compile (node: Ast, focus: readonly string[]): Part {
  const at = bare(node)
  const compiler = NODES[at.type]
  if (compiler === undefined) throw new ExpressionError(`uses ${WORDS[at.type] ?? at.text ?? at.type}, which a search parameter may not use here`)
  const part = compiler(at, focus)
  return {
    types: part.types,
    items: (items, run) => {
      const found = part.items(items, run)
      run.left -= 1 + items.length + found.length
      if (run.left < 0) throw new ExpressionError('takes too many steps')
      return found
    }
  }
}

const WORDS: Readonly<Record<string, string>> = { AdditiveExpression: 'a sum', MultiplicativeExpression: 'a product', ExternalConstantTerm: 'a variable', TotalInvocation: '$total', IndexInvocation: '$index', QuantityLiteral: 'a quantity' }

type Compiler = (node: Ast, focus: readonly string[]) => Part

function member (node: Ast, focus: readonly string[]): Part {
  const name = nameOf(node)
  // Where a type can stand, one that the focus is of means the focus.
  if (/^[A-Z]/.test(name) && typeNamed(name) !== undefined) {
    return { types: focus.filter(type => derives(type, name)), items: items => items.filter(({ type }) => derives(type, name)) }
  }
  return step({ types: focus, items: items => items }, name)
}

function step (source: Part, name: string): Part {
  const found = source.types.map(type => typesOf(type, name))
  if (source.types.length > 0 && found.every(types => types === undefined)) throw new ExpressionError(`asks for ${name}, which ${source.types.slice(0, 3).join(', ')} has not`)
  return {
    types: [...new Set(found.flatMap(types => types ?? []))],
    items: (items, run) => source.items(items, run).flatMap(item => children(item, name))
  }
}

function invocation (node: Ast, focus: readonly string[]): Part {
  const source = compile(childOf(node, 0), focus)
  const last = bare(childOf(node, 1))
  if (last.type === 'MemberInvocation') return step(source, nameOf(last))
  if (last.type === 'FunctionInvocation') return call(source, last)
  throw new ExpressionError(`uses ${WORDS[last.type] ?? last.type}, which a search parameter may not use`)
}

function call (source: Part, node: Ast): Part {
  const { name, args } = argumentsOf(node)
  const functn = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined
  if (functn === undefined) throw new ExpressionError(`uses ${name}(), which a search parameter may not use; it may use ${Object.keys(FUNCTIONS).map(each => `${each}()`).join(', ')}`)
  return functn(source, args, compile)
}

function typeExpression (node: Ast, focus: readonly string[]): Part {
  const left = childOf(node, 0)
  const type = typeNamed(childOf(node, 1).text ?? '')
  if (type === undefined) throw new ExpressionError(`names the type ${childOf(node, 1).text ?? ''}, which R4 has not`)
  if (node.text === 'is') {
    const resolved = resolvedFrom(left, focus)
    if (resolved !== undefined) return boolean((items, run) => oneTruth(resolved.items(items, run).map(({ value }) => path.refersTo(value, type, run.resource))))
  }
  const source = compile(left, focus)
  if (node.text === 'is') return boolean((items, run) => oneTruth(source.items(items, run).map(item => derives(item.type, type))))
  // R4's own parameters mean each item that is of the type.
  return narrowed(source, type)
}

/** What `resolve()` is asked of, in `x.resolve() is Patient` and `resolve() is Patient`; undefined where it is not there. */
function resolvedFrom (node: Ast, focus: readonly string[]): Part | undefined {
  const at = bare(node)
  const last = at.type === 'InvocationExpression' ? bare(childOf(at, 1)) : at
  if (last.type !== 'FunctionInvocation' || argumentsOf(last).name !== 'resolve') return undefined
  return at.type === 'InvocationExpression' ? compile(childOf(at, 0), focus) : { types: focus, items: items => items }
}

function oneTruth (truths: readonly boolean[]): boolean | undefined {
  if (truths.length > 1) throw new ExpressionError('asks one item, and found several')
  return truths[0]
}

const both = (decide: (left: () => boolean | undefined, right: () => boolean | undefined, text: string) => boolean | undefined): Compiler => (node, focus) => {
  const [left, right] = [compile(childOf(node, 0), focus), compile(childOf(node, 1), focus)]
  return boolean((items, run) => decide(() => truthOf(left.items(items, run)), () => truthOf(right.items(items, run)), node.text ?? ''))
}

// Three values: undefined is neither.
const and = both((left, right) => {
  const first = left()
  if (first === false) return false
  const second = right()
  return second === false ? false : first === undefined || second === undefined ? undefined : true
})
const or = both((left, right, text) => {
  const first = left()
  if (first === true && text !== 'xor') return true
  const second = right()
  if (text === 'xor') return first === undefined || second === undefined ? undefined : first !== second
  return second === true ? true : first === undefined || second === undefined ? undefined : false
})
const implies = both((left, right) => {
  const first = left()
  if (first === false) return true
  const second = right()
  return second === true ? true : first === undefined || second === undefined ? undefined : false
})

const DATES: ReadonlySet<string> = new Set(['date', 'dateTime', 'instant'])
const areDates = (left: readonly Item[], right: readonly Item[]): boolean =>
  left.length === 1 && right.length === 1 && [...left, ...right].every(({ type }) => DATES.has(type))

const valuesOf = (items: readonly Item[]): path.Collection => items.map(({ value }) => value)

const compared = (decide: (left: readonly Item[], right: readonly Item[], text: string) => boolean | undefined): Compiler => (node, focus) => {
  const [left, right] = [compile(childOf(node, 0), focus), compile(childOf(node, 1), focus)]
  return boolean((items, run) => decide(left.items(items, run), right.items(items, run), node.text ?? ''))
}

const equality = compared((left, right, text) => {
  const equal = areDates(left, right) ? path.equalDates(left[0]?.value, right[0]?.value) : path.equal(valuesOf(left), valuesOf(right))
  return equal === undefined ? undefined : text.startsWith('!') ? !equal : equal
})

const inequality = compared((left, right, text) => {
  if (left.length > 1 || right.length > 1) throw new ExpressionError('compares one item, and found several')
  const [a, b] = [left[0]?.value, right[0]?.value]
  const order = areDates(left, right) ? path.compareDates(a, b) : path.compare(a, b)
  if (Number.isNaN(order)) return undefined
  return text === '<' ? order < 0 : text === '<=' ? order <= 0 : text === '>' ? order > 0 : order >= 0
})

const membership = compared((left, right, text) => {
  const [one, all] = text === 'contains' ? [right, left] : [left, right]
  if (one.length > 1) throw new ExpressionError('asks one item, and found several')
  return path.isIn(one[0]?.value, valuesOf(all))
})

function union (node: Ast, focus: readonly string[]): Part {
  const [left, right] = [compile(childOf(node, 0), focus), compile(childOf(node, 1), focus)]
  // What both give is the same value twice, and an index keeps it once.
  return { types: [...new Set([...left.types, ...right.types])], items: (items, run) => [...left.items(items, run), ...right.items(items, run)] }
}

function indexer (node: Ast, focus: readonly string[]): Part {
  const source = compile(childOf(node, 0), focus)
  const index = bare(childOf(node, 1))
  if (index.type !== 'NumberLiteral') throw new ExpressionError('has an index that is no number')
  return { types: source.types, items: (items, run) => source.items(items, run).slice(Number(index.text), Number(index.text) + 1) }
}

const literal = (type: string, value: string | number | boolean): Part => ({ types: [type], items: () => [{ type, value }] })

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }
const unquoted = (text: string): string => text.slice(1, -1).replace(/\\(u([0-9a-fA-F]{4})|.)/gs, (_, all: string, hex?: string) =>
  hex === undefined ? ESCAPES[all] ?? all : String.fromCharCode(parseInt(hex, 16)))

const NODES: Readonly<Record<string, Compiler>> = {
  MemberInvocation: member,
  InvocationExpression: invocation,
  FunctionInvocation: (node, focus) => call({ types: focus, items: items => items }, node),
  ThisInvocation: (_, focus) => ({ types: focus, items: items => items }),
  UnionExpression: union,
  AndExpression: and,
  OrExpression: or,
  ImpliesExpression: implies,
  EqualityExpression: (node, focus) => {
    if ((node.text ?? '').includes('~')) throw new ExpressionError(`uses ${node.text ?? ''}, which a search parameter may not use`)
    return equality(node, focus)
  },
  InequalityExpression: inequality,
  MembershipExpression: membership,
  IndexerExpression: indexer,
  TypeExpression: typeExpression,
  StringLiteral: node => literal('string', unquoted(node.text ?? "''")),
  NumberLiteral: node => literal('decimal', Number(node.text)),
  BooleanLiteral: node => literal('boolean', node.text === 'true'),
  NullLiteral: () => ({ types: [], items: () => [] }),
  DateLiteral: node => literal('date', (node.text ?? '').slice(1)),
  DateTimeLiteral: node => literal('dateTime', (node.text ?? '').slice(1)),
  PolarityExpression: node => literal('decimal', Number(`${node.text ?? ''}${bare(childOf(node, 0)).text ?? ''}`))
}
