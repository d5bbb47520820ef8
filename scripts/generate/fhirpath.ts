// Compiles FHIRPath (https://hl7.org/fhirpath/N1/) to plain JavaScript at build time, for search parameters and invariants.
//
// What the R4 model says about cardinality and type is decided here, so that `Patient.active` becomes `o.active` and
// `Observation.value as Quantity` becomes `o.valueQuantity`. A collection of at most one item is a value or undefined, any other is an
// array. Boolean expressions are compiled twice, to "is it true" and "is it false", which keeps three-valued logic without a third value.
// Emitted code calls the functions of src/fhir/path.ts by their bare names and expects structurally valid JSON.
import {
  type Ast, type Bool, type Code, type Env, EMPTY, NotCompiled, arrayOf, bare, boolCode, boolOf, child, existsOf, isOpen, isType, literal,
  maybe, ofType, oneOf, parsed, step, sure, typeName
} from './fhirpath-code.js'
import { FUNCTIONS, refersTo } from './fhirpath-functions.js'
import { type Model, derives } from './model.js'

export { type Code, type Env, NotCompiled, existsOf, resetNames } from './fhirpath-code.js'

/** Compiles one node in its environment. */
export function compileNode (node: Ast, env: Env): Code {
  const at = bare(node)
  const compiler = NODES[at.type]
  if (!compiler) throw new NotCompiled(at.type)
  return compiler(at, env)
}

type Compiler = (node: Ast, env: Env) => Code

const identifier = (node: Ast): string => (node.text ?? '').replaceAll('`', '')

function rootMember (node: Ast, env: Env): Code {
  const name = identifier(node)
  if (/^[A-Z]/.test(name) && env.model.has(name)) {
    const open = env.focus.types.some(isOpen)
    return env.focus.types.some(type => derives(env.model, type, name)) ? env.focus : open ? ofType(env, env.focus, name) : EMPTY
  }
  return step(env.model, env.focus, name)
}

function invocation (node: Ast, env: Env): Code {
  const source = compileNode(child(node, 0), env)
  const member = bare(child(node, 1))
  if (member.type === 'MemberInvocation') return step(env.model, source, identifier(member))
  if (member.type === 'FunctionInvocation') return call(source, member, env)
  throw new NotCompiled(member.type)
}

function call (source: Code, node: Ast, env: Env): Code {
  const functn = child(node, 0)
  const name = functn.text ?? ''
  const compiler = FUNCTIONS[name]
  if (!compiler) throw new NotCompiled(`${name}()`)
  return compiler(source, functn.children?.[1]?.children ?? [], env)
}

function external (node: Ast, env: Env): Code {
  switch (node.text) {
    case 'resource': return { js: env.resource, many: false, types: resourceTypes(env), solid: true }
    case 'rootResource': return { js: env.rootResource, many: false, types: ['DomainResource'], solid: true }
    case 'context': return env.context
    case 'ucum': return literal('http://unitsofmeasure.org')
    case 'sct': return literal('http://snomed.info/sct')
    case 'loinc': return literal('http://loinc.org')
    default: throw new NotCompiled(`%${node.text ?? ''}`)
  }
}

/** When the context is the resource or a backbone element of it (`StructureDefinition.snapshot`), the resource's type is known. */
function resourceTypes (env: Env): readonly string[] {
  if (env.context.js === env.resource) return env.context.types
  const [type = ''] = env.context.types[0]?.split('.') ?? []
  return env.model.get(type)?.kind === 'resource' ? [type] : ['DomainResource']
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' }
/** The text of a FHIRPath string literal. */
const unquoted = (text: string): string => text.slice(1, -1).replace(/\\(u([0-9a-fA-F]{4})|.)/gs, (_, all: string, hex?: string) =>
  hex ? String.fromCharCode(parseInt(hex, 16)) : ESCAPES[all] ?? all)

function union (node: Ast, env: Env): Code {
  const [left, right] = [compileNode(child(node, 0), env), compileNode(child(node, 1), env)]
  if (left === EMPTY || right === EMPTY) return left === EMPTY ? right : left
  const types = [...new Set([...left.types, ...right.types])]
  const exists = `(${existsOf(left)} || ${existsOf(right)})`
  if (left.literals && right.literals) {
    const literals = [...new Set([...left.literals, ...right.literals])]
    return { js: JSON.stringify(literals), many: true, types, exists: 'true', literals }
  }
  return { js: `union(${arrayOf(left)}, ${arrayOf(right)})`, many: true, types, exists }
}

function and (node: Ast, env: Env): Code {
  const [left, right] = bools(node, env)
  return boolCode({ yes: `(${left.yes} && ${right.yes})`, no: `(${left.no} || ${right.no})`, sure: left.sure && right.sure })
}

function or (node: Ast, env: Env): Code {
  const [left, right] = bools(node, env)
  if (node.text === 'xor') {
    if (left.sure && right.sure) return sure(`((${left.yes}) !== (${right.yes}))`)
    return boolCode({ yes: `((${left.yes} && ${right.no}) || (${left.no} && ${right.yes}))`, no: `((${left.yes} && ${right.yes}) || (${left.no} && ${right.no}))`, sure: false })
  }
  return boolCode({ yes: `(${left.yes} || ${right.yes})`, no: `(${left.no} && ${right.no})`, sure: left.sure && right.sure })
}

function implies (node: Ast, env: Env): Code {
  const [left, right] = bools(node, env)
  return boolCode({ yes: `(${left.no} || ${right.yes})`, no: `(${left.yes} && ${right.no})`, sure: left.sure && right.sure })
}

const bools = (node: Ast, env: Env): [Bool, Bool] => [boolOf(compileNode(child(node, 0), env)), boolOf(compileNode(child(node, 1), env))]

const NUMERIC = new Set(['integer', 'decimal', 'positiveInt', 'unsignedInt'])
const DATES = new Set(['date', 'dateTime', 'instant'])
const PLAIN = new Set(['string', 'code', 'uri', 'url', 'canonical', 'id', 'oid', 'uuid', 'markdown', 'boolean', 'base64Binary'])
const areAll = (set: ReadonlySet<string>, ...codes: Code[]): boolean => codes.every(code => code.types.every(type => set.has(type)))

function equality (node: Ast, env: Env): Code {
  const [left, right] = [compileNode(child(node, 0), env), compileNode(child(node, 1), env)]
  const equal = equals(left, right, (node.text ?? '').includes('~'))
  return (node.text ?? '').startsWith('!') ? boolCode({ yes: equal.no, no: equal.yes, sure: equal.sure }) : boolCode(equal)
}

function equals (left: Code, right: Code, loose: boolean): Bool {
  if (left.bool?.sure && right.bool?.sure) return boolOf(sure(`((${left.bool.yes}) === (${right.bool.yes}))`))
  if (loose) return boolOf(sure(`equivalent(${arrayOf(left)}, ${arrayOf(right)})`))
  if (!left.many && right.literal !== undefined && areAll(PLAIN, left, right)) return equalsLiteral(left, right)
  if (!right.many && left.literal !== undefined && areAll(PLAIN, left, right)) return equalsLiteral(right, left)
  const name = areAll(DATES, left, right) && !left.many && !right.many ? 'equalDates' : 'equal'
  const js = `${name}(${left.js}, ${right.js})`
  return { yes: `${js} === true`, no: `${js} === false`, sure: false }
}

function equalsLiteral (code: Code, value: Code): Bool {
  const yes = `(${code.js}) === ${value.js}`
  const no = code.solid ? `${code.js} !== ${value.js}` : /^[\w.?]+$/.test(code.js) ? `(${code.js} != null && ${code.js} !== ${value.js})` : `differs(${code.js}, ${value.js})`
  return { yes, no, sure: code.solid === true }
}

const OPPOSITE: Readonly<Record<string, string>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' }

function inequality (node: Ast, env: Env): Code {
  const [left, right] = [compileNode(child(node, 0), env), compileNode(child(node, 1), env)]
  const operator = node.text ?? ''
  // An absent side gives NaN, which compares false with everything: neither true nor false.
  if (areAll(NUMERIC, left, right) && !left.many && !right.many) {
    return boolCode({ yes: `(${left.js} ${operator} ${right.js})`, no: `(${left.js} ${OPPOSITE[operator] ?? ''} ${right.js})`, sure: false })
  }
  const name = areAll(DATES, left, right) ? 'compareDates' : 'compare'
  const js = `${name}(${oneOf(left)}, ${oneOf(right)})`
  return boolCode({ yes: `(${js} ${operator} 0)`, no: `(${js} ${OPPOSITE[operator] ?? ''} 0)`, sure: false })
}

function membership (node: Ast, env: Env): Code {
  const sides = [compileNode(child(node, 0), env), compileNode(child(node, 1), env)] as [Code, Code]
  const [item, list] = node.text === 'contains' ? [sides[1], sides[0]] : sides
  if (list.literals && !item.many && areAll(PLAIN, item)) {
    const js = `${JSON.stringify(list.literals)}.includes(${item.js})`
    return boolCode({ yes: js, no: `(${existsOf(item)} && !${js})`, sure: item.solid === true })
  }
  return maybe(`isIn(${oneOf(item)}, ${arrayOf(list)})`)
}

function arithmetic (node: Ast, env: Env): Code {
  const [left, right] = [compileNode(child(node, 0), env), compileNode(child(node, 1), env)]
  const operator = node.text ?? ''
  const [a, b] = [oneOf(left), oneOf(right)]
  if (operator === '&') return { js: `concat(${a}, ${b})`, many: false, types: ['string'] }
  if (areAll(NUMERIC, left, right) && left.literal !== undefined && right.literal !== undefined && operator === '+') return literal(Number(left.literal) + Number(right.literal))
  const types = operator === 'div' || (areAll(new Set(['integer']), left, right) && operator !== '/') ? ['integer'] : areAll(NUMERIC, left, right) ? ['decimal'] : left.types
  return { js: `calculate(${JSON.stringify(operator)}, ${a}, ${b})`, many: false, types }
}

function polarity (node: Ast, env: Env): Code {
  const code = compileNode(child(node, 0), env)
  if (node.text === '+') return code
  return typeof code.literal === 'number' ? literal(-code.literal) : { js: `negated(${oneOf(code)})`, many: false, types: code.types }
}

function indexer (node: Ast, env: Env): Code {
  const source = compileNode(child(node, 0), env)
  const index = compileNode(child(node, 1), env)
  return source.many
    ? { js: `(${source.js})[${oneOf(index)}]`, many: false, types: source.types }
    : { js: `(${oneOf(index)} === 0 ? ${source.js} : undefined)`, many: false, types: source.types }
}

function typeExpression (node: Ast, env: Env): Code {
  const type = typeName(env.model, child(node, 1).text ?? '')
  const left = child(node, 0)
  if (node.text === 'is' && isResolve(left)) return refersTo(resolvedFrom(left, env), type, env)
  const code = compileNode(left, env)
  return node.text === 'is' ? isType(env, code, type) : ofType(env, code, type)
}

/** What `resolve()` is called on. */
function resolvedFrom (node: Ast, env: Env): Code {
  const at = bare(node)
  return at.type === 'InvocationExpression' ? compileNode(child(at, 0), env) : env.focus
}

/** True for `x.resolve()` and for `resolve()` on the focus. */
function isResolve (node: Ast): boolean {
  const at = bare(node)
  const last = at.type === 'InvocationExpression' ? bare(child(at, 1)) : at
  return last.type === 'FunctionInvocation' && child(last, 0).text === 'resolve'
}

const NODES: Readonly<Record<string, Compiler>> = {
  MemberInvocation: rootMember,
  InvocationExpression: invocation,
  FunctionInvocation: (node, env) => call(env.focus, node, env),
  ThisInvocation: (_, env) => env.focus,
  ExternalConstantTerm: external,
  UnionExpression: union,
  AndExpression: and,
  OrExpression: or,
  ImpliesExpression: implies,
  EqualityExpression: equality,
  InequalityExpression: inequality,
  MembershipExpression: membership,
  AdditiveExpression: arithmetic,
  MultiplicativeExpression: arithmetic,
  PolarityExpression: polarity,
  IndexerExpression: indexer,
  TypeExpression: typeExpression,
  StringLiteral: node => literal(unquoted(node.text ?? "''")),
  NumberLiteral: node => literal(Number(node.text)),
  BooleanLiteral: node => literal(node.text === 'true'),
  NullLiteral: () => EMPTY,
  DateLiteral: node => ({ ...literal((node.text ?? '').slice(1)), types: ['date'] }),
  DateTimeLiteral: node => ({ ...literal((node.text ?? '').slice(1)), types: ['dateTime'] }),
  TimeLiteral: node => ({ ...literal((node.text ?? '').slice(2)), types: ['time'] }),
  QuantityLiteral: node => ({ js: JSON.stringify({ value: Number(node.value), unit: (node.unit ?? '').replaceAll("'", '') }), many: false, types: ['Quantity'], solid: true })
}

/** The environment of an expression on one element: JavaScript variables `o` (the element) and `resource`, `rootResource`. */
export function environment (model: Model, type: string, focus = 'o', resource = 'resource', rootResource = 'rootResource'): Env {
  const code: Code = { js: focus, many: false, types: [type], solid: true }
  return { model, focus: code, context: code, resource, rootResource, compile: compileNode }
}

/** Compiles an expression to a value (or array) on an element of `type`. @throws NotCompiled */
export const compile = (expression: string, env: Env): Code => compileNode(parsed(expression), env)

/** Compiles an invariant: JavaScript that is true when the expression is true on an element of `type`. @throws NotCompiled */
export const compileTest = (expression: string, env: Env): string => boolOf(compile(expression, env)).yes
