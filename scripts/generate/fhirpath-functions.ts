// The functions of FHIRPath (https://hl7.org/fhirpath/N1/#functions) and FHIR's own (https://hl7.org/fhir/R4/fhirpath.html#functions), compiled.
import {
  type Ast, type Code, type Env, EMPTY, NotCompiled, arrayOf, bind, boolCode, boolOf, child, existsOf, fresh, isPrimitive, isType, lambda, literal,
  maybe, ofType, oneOf, step, sure, typeName
} from './fhirpath-code.js'

type Compiled = (source: Code, args: readonly Ast[], env: Env) => Code

const argument = (args: readonly Ast[], index: number): Ast => child({ type: 'arguments', children: args }, index)
const within = (env: Env, item: Code): Env => ({ ...env, focus: item })
/** The type that stands as an argument: `ofType(Quantity)`. */
const typeArgument = (args: readonly Ast[], env: Env): string => typeName(env.model, argument(args, 0).text ?? '')
/** Is the criterion true of this item? */
const holds = (criterion: Ast, item: Code, env: Env): string => boolOf(env.compile(criterion, within(env, item))).yes
/** One value in, one value of `type` out. */
const text = (name: string, type: string): Compiled => (source, args, env) => ({
  js: `${name}(${[oneOf(source), ...args.map(arg => oneOf(env.compile(arg, env)))].join(', ')})`, many: false, types: [type]
})

/** `reference.resolve() is Type`, decided by what the reference says of its target. */
export function refersTo (source: Code, type: string, env: Env): Code {
  return maybe(bind({ ...source, js: oneOf(source), many: false }, item => `refersTo(${item.js}, ${JSON.stringify(type)}, ${env.resource})`))
}

function where (source: Code, args: readonly Ast[], env: Env): Code {
  const criterion = argument(args, 0)
  if (source.many) {
    const test = lambda(source, item => holds(criterion, item, env))
    return { js: `filter(${source.js}, ${test})`, many: true, types: source.types, exists: `some(${source.js}, ${test})` }
  }
  return {
    js: bind(source, item => `(${holds(criterion, item, env)} ? ${item.js} : undefined)`),
    many: false,
    types: source.types,
    exists: `(${bind(source, item => `(${holds(criterion, item, env)})`)}) === true`
  }
}

function select (source: Code, args: readonly Ast[], env: Env): Code {
  let types: readonly string[] = []
  let many = source.many
  const body = (item: Code): string => {
    const code = env.compile(argument(args, 0), within(env, item))
    types = code.types
    many ||= code.many
    return code.js
  }
  if (source.many) {
    const js = `flat(${source.js}, ${lambda(source, body)})`
    return { js, many: true, types }
  }
  const js = bind(source, body)
  return many ? { js: `(${js} ?? NONE)`, many, types } : { js, many, types }
}

function all (source: Code, args: readonly Ast[], env: Env): Code {
  const criterion = argument(args, 0)
  if (source.many) return sure(`every(${source.js}, ${lambda(source, item => holds(criterion, item, env))})`)
  return sure(`(${bind(source, item => `(${holds(criterion, item, env)})`)}) !== false`)
}

const exists: Compiled = (source, args, env) => sure(`(${existsOf(args.length > 0 ? where(source, args, env) : source)})`)
const empty: Compiled = source => boolCode({ yes: `!(${existsOf(source)})`, no: `(${existsOf(source)})`, sure: true })

function not (source: Code): Code {
  const { yes, no, sure: known } = boolOf(source)
  return boolCode({ yes: no, no: yes, sure: known })
}

const item = (source: Code, many: string): Code => source.many ? { js: many, many: false, types: source.types } : source

function iif (_: Code, args: readonly Ast[], env: Env): Code {
  const test = boolOf(env.compile(argument(args, 0), env)).yes
  const yes = env.compile(argument(args, 1), env)
  const no = args.length > 2 ? env.compile(argument(args, 2), env) : EMPTY
  if (yes.bool && (no.bool || no === EMPTY)) {
    const other = no.bool ?? { yes: 'false', no: 'false', sure: false }
    return boolCode({ yes: `(${test} ? ${yes.bool.yes} : ${other.yes})`, no: `(${test} ? ${yes.bool.no} : ${other.no})`, sure: yes.bool.sure && other.sure })
  }
  const types = [...new Set([...yes.types, ...no.types])]
  if (!yes.many && !no.many) return { js: `(${test} ? ${yes.js} : ${no.js})`, many: false, types }
  return { js: `(${test} ? ${arrayOf(yes)} : ${arrayOf(no)})`, many: true, types }
}

/** `x.iif(...)`: the argument's focus is x, which may be empty. */
function iifOf (source: Code, args: readonly Ast[], env: Env): Code {
  if (source === env.focus) return iif(source, args, env)
  const name = fresh()
  const focus: Code = source.many ? { js: name, many: true, types: source.types } : { js: name, many: false, types: source.types }
  const result = iif(focus, args, within(env, focus))
  return result.many
    ? { ...result, js: `given(${source.js}, ${name} => ${result.js})` }
    : result.bool
      ? maybe(`given(${source.js}, ${name} => ${result.js})`)
      : { ...result, js: `given(${source.js}, ${name} => ${result.js})` }
}

const sets = (name: string): Compiled => (source, args, env) => {
  const other = env.compile(argument(args, 0), env)
  return { js: `${name}(${arrayOf(source)}, ${arrayOf(other)})`, many: true, types: [...new Set([...source.types, ...other.types])] }
}

function extension (source: Code, args: readonly Ast[], env: Env): Code {
  const url = oneOf(env.compile(argument(args, 0), env))
  return filterUrl(step(env.model, source, 'extension'), url)
}

const filterUrl = (source: Code, url: string): Code => {
  const name = fresh()
  return { js: `filter(${source.js}, ${name} => ${name}.url === ${url})`, many: true, types: ['Extension'], exists: `some(${source.js}, ${name} => ${name}.url === ${url})` }
}

function count (source: Code): Code {
  return { js: source.many ? `${source.js}.length` : `(${existsOf(source)} ? 1 : 0)`, many: false, types: ['integer'], exists: 'true' }
}

function matches (source: Code, args: readonly Ast[], env: Env): Code {
  const pattern = env.compile(argument(args, 0), env)
  if (typeof pattern.literal === 'string') {
    try {
      return maybe(`matches(${oneOf(source)}, ${String(new RegExp(pattern.literal, 'su'))})`)
    } catch (cause) {
      // A pattern that is only valid without the u flag (`\-`, `\@` in a class).
      return maybe(`matches(${oneOf(source)}, ${String(new RegExp(pattern.literal, 's'))})`)
    }
  }
  return maybe(`matches(${oneOf(source)}, ${oneOf(pattern)})`)
}

const children: Compiled = source => ({ js: `children(${arrayOf(source)})`, many: true, types: ['*'] })
const descendants: Compiled = source => ({ js: `descendants(${arrayOf(source)})`, many: true, types: ['*'] })

// `descendants().as(canonical)` cannot be decided without types; see NotCompiled in ofType.
const cast: Compiled = (source, args, env) => ofType(env, source, typeArgument(args, env))

function hasValue (source: Code, _: readonly Ast[], env: Env): Code {
  if (source.types.length > 0 && !source.types.some(type => isPrimitive(env.model, type) || type === '*')) return literal(false)
  return sure(source.many ? `hasValue(${source.js})` : `isValue(${source.js})`)
}

function trace (source: Code): Code {
  return source
}

const resolve: Compiled = (source, _, env) => source.many
  ? { js: `flat(${source.js}, ${lambda(source, one => `resolve(${one.js}, ${env.resource})`)})`, many: true, types: ['Resource'] }
  : { js: bind(source, one => `resolve(${one.js}, ${env.resource})`), many: false, types: ['Resource'] }

const ofAll = (test: string): Compiled => source => sure(test.replace('$', arrayOf(source)))

export const FUNCTIONS: Readonly<Record<string, Compiled>> = {
  exists,
  empty,
  not,
  all,
  allTrue: ofAll('$.every(v => v === true)'),
  anyTrue: ofAll('$.some(v => v === true)'),
  allFalse: ofAll('$.every(v => v === false)'),
  anyFalse: ofAll('$.some(v => v === false)'),
  where,
  select,
  repeat: (source, args, env) => {
    let types: readonly string[] = []
    const js = `repeat(${arrayOf(source)}, ${lambda({ ...source, types: ['*'] }, one => {
      const code = env.compile(argument(args, 0), within(env, { ...one, types: source.types }))
      types = code.types
      return code.js
    })})`
    return { js, many: true, types }
  },
  iif: iifOf,
  trace,
  count,
  first: source => item(source, `(${source.js})[0]`),
  last: source => item(source, `(${source.js}).at(-1)`),
  single: source => item(source, `one(${source.js})`),
  tail: source => ({ js: `${arrayOf(source)}.slice(1)`, many: true, types: source.types }),
  skip: (source, args, env) => ({ js: `${arrayOf(source)}.slice(Math.max(0, ${oneOf(env.compile(argument(args, 0), env))}))`, many: true, types: source.types }),
  take: (source, args, env) => ({ js: `${arrayOf(source)}.slice(0, Math.max(0, ${oneOf(env.compile(argument(args, 0), env))}))`, many: true, types: source.types }),
  union: sets('union'),
  combine: sets('combine'),
  intersect: sets('intersect'),
  exclude: sets('exclude'),
  distinct: source => ({ js: `distinct(${arrayOf(source)})`, many: true, types: source.types }),
  isDistinct: source => source.many ? sure(`isDistinct(${source.js})`) : literal(true),
  subsetOf: (source, args, env) => sure(`subsetOf(${arrayOf(source)}, ${arrayOf(env.compile(argument(args, 0), env))})`),
  supersetOf: (source, args, env) => sure(`subsetOf(${arrayOf(env.compile(argument(args, 0), env))}, ${arrayOf(source)})`),
  ofType: cast,
  as: cast,
  is: (source, args, env) => isType(env, source, typeArgument(args, env)),
  extension,
  hasValue,
  getValue: source => source,
  resolve,
  children,
  descendants,
  htmlChecks: () => literal(true),
  conformsTo: () => { throw new NotCompiled('conformsTo()') },
  toString: text('toText', 'string'),
  toInteger: text('toInteger', 'integer'),
  toDecimal: text('toDecimal', 'decimal'),
  length: text('lengthOf', 'integer'),
  substring: text('substring', 'string'),
  startsWith: (source, args, env) => maybe(text('startsWith', 'boolean')(source, args, env).js),
  endsWith: (source, args, env) => maybe(text('endsWith', 'boolean')(source, args, env).js),
  contains: (source, args, env) => maybe(text('containsText', 'boolean')(source, args, env).js),
  indexOf: text('indexOf', 'integer'),
  upper: text('upper', 'string'),
  lower: text('lower', 'string'),
  replace: text('replace', 'string'),
  replaceMatches: text('replaceMatches', 'string'),
  matches,
  abs: text('abs', 'decimal'),
  ceiling: text('ceiling', 'integer'),
  floor: text('floor', 'integer'),
  round: text('round', 'decimal')
}
