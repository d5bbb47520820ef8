// The functions that the expression of a search parameter may use (https://hl7.org/fhirpath/N1/#functions, https://hl7.org/fhir/R4/fhirpath.html#functions):
// those that look at each item once. What visits all that is below, makes items or texts, matches patterns, asks the clock or another server is not here.
import type { Json } from '../json-value.js'
import * as path from '../path.js'
import { ANY, children, derives, type Item, typeNamed } from './item.js'
import { type Ast, boolean, type Compile, ExpressionError, type Part, truthOf } from './part.js'

type Made = (source: Part, args: readonly Ast[], compile: Compile) => Part

function argument (args: readonly Ast[], name: string): Ast {
  const [first] = args
  if (first === undefined || args.length > 1) throw new ExpressionError(`gives ${name}() ${args.length} arguments; it takes one`)
  return first
}

function typeArgument (args: readonly Ast[], name: string): string {
  const text = argument(args, name).text ?? ''
  const type = typeNamed(text)
  if (type === undefined) throw new ExpressionError(`names the type ${text}, which R4 has not`)
  return type
}

const where: Made = (source, args, compile) => {
  const criterion = compile(argument(args, 'where'), source.types)
  return { types: source.types, items: (items, run) => source.items(items, run).filter(item => truthOf(criterion.items([item], run)) === true) }
}

const all: Made = (source, args, compile) => {
  const criterion = compile(argument(args, 'all'), source.types)
  return boolean((items, run) => source.items(items, run).every(item => truthOf(criterion.items([item], run)) === true))
}

const select: Made = (source, args, compile) => {
  const body = compile(argument(args, 'select'), source.types)
  return { types: body.types, items: (items, run) => source.items(items, run).flatMap(item => body.items([item], run)) }
}

/** The items that are of a type. */
export function narrowed (source: Part, type: string): Part {
  const types = source.types.flatMap(each => derives(each, type) ? [each] : each === ANY ? [type] : [])
  return { types, items: (items, run) => source.items(items, run).filter(item => derives(item.type, type)) }
}

const narrow = (name: string): Made => (source, args) => narrowed(source, typeArgument(args, name))

const of = (choose: (items: readonly Item[]) => readonly Item[]): Made => (source, args) => {
  if (args.length > 0) throw new ExpressionError('gives arguments to a function that takes none')
  return { types: source.types, items: (items, run) => choose(source.items(items, run)) }
}

const truth = (decide: (items: readonly Item[]) => boolean | undefined): Made => (source, args) => {
  if (args.length > 0) throw new ExpressionError('gives arguments to a function that takes none')
  return boolean((items, run) => decide(source.items(items, run)))
}

const extension: Made = (source, args, compile) => {
  const url = compile(argument(args, 'extension'), source.types)
  return {
    types: ['Extension'],
    items: (items, run) => {
      const [asked] = url.items(items, run)
      return source.items(items, run).flatMap(item => children(item, 'extension')).filter(({ value }) => asked !== undefined && path.equal(memberOf(value, 'url'), asked.value) === true)
    }
  }
}

const memberOf = (value: Json | undefined, name: string): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, Json>>)[name] : undefined

const text = (name: string, decide: (value: Json | undefined, part: Json | undefined) => boolean | undefined): Made => (source, args, compile) => {
  const part = compile(argument(args, name), source.types)
  return boolean((items, run) => {
    const [found, asked] = [source.items(items, run), part.items(items, run)]
    if (found.length > 1 || asked.length > 1) throw new ExpressionError(`gives ${name}() several texts; it takes one`)
    return decide(found[0]?.value, asked[0]?.value)
  })
}

const is: Made = (source, args) => {
  const type = typeArgument(args, 'is')
  return boolean((items, run) => {
    const found = source.items(items, run)
    if (found.length > 1) throw new ExpressionError('asks one item, and found several')
    return found[0] && derives(found[0].type, type)
  })
}

// Nothing is fetched.
const resolve: Made = () => {
  throw new ExpressionError('uses resolve(), of which only the type may be asked, as in resolve() is Patient')
}

export const FUNCTIONS: Readonly<Record<string, Made>> = {
  where,
  select,
  exists: (source, args, compile) => truth(items => items.length > 0)(args.length > 0 ? where(source, args, compile) : source, [], compile),
  empty: truth(items => items.length === 0),
  all,
  not: truth(items => {
    const value = truthOf(items)
    return value === undefined ? undefined : !value
  }),
  first: of(items => items.slice(0, 1)),
  last: of(items => items.slice(-1)),
  tail: of(items => items.slice(1)),
  ofType: narrow('ofType'),
  as: narrow('as'),
  is,
  extension,
  hasValue: truth(items => items.length === 1 && path.isValue(items[0]?.value)),
  resolve,
  startsWith: text('startsWith', path.startsWith),
  endsWith: text('endsWith', path.endsWith),
  contains: text('contains', path.containsText)
}
