// Compiles a FHIRPath path to statements that hand over item after item, without a collection in between: what search extractors are made of.
import { type Ast, type Code, type Env, arrayOf, bare, boolOf, child, existsOf, fresh, isPrimitive, ofType, parsed, step, typeName } from './fhirpath-code.js'
import { choiceMember, derives } from './model.js'

/** Makes the statements that take one item: a variable and its only type. */
export type Take = (name: string, type: string) => string

/** Statements that call `take` for each item of the expression. @throws NotCompiled */
export function stream (expression: string, env: Env, take: Take): string {
  return streamNode(parsed(expression), env, undefined, take)
}

/** `only`: a type to which the last step is narrowed. */
function streamNode (node: Ast, env: Env, only: string | undefined, take: Take): string {
  const at = bare(node)
  if (at.type === 'UnionExpression') return streamNode(child(at, 0), env, only, take) + streamNode(child(at, 1), env, only, take)
  if (at.type === 'TypeExpression' && at.text === 'as') return streamNode(child(at, 0), env, typeName(env.model, child(at, 1).text ?? ''), take)
  if (at.type === 'MemberInvocation') return streamMember(at, env, only, take)
  if (at.type === 'InvocationExpression') return streamInvocation(at, env, only, take)
  return streamValue(env.compile(at, env), env, only, take)
}

function streamMember (node: Ast, env: Env, only: string | undefined, take: Take): string {
  const code = env.compile(node, env)
  return code === env.focus || !code.step ? streamValue(code, env, only, take) : streamStep(env.focus, code.step.name, env, only, take)
}

function streamInvocation (node: Ast, env: Env, only: string | undefined, take: Take): string {
  const member = bare(child(node, 1))
  const inner = (use: (item: Code) => string, narrow?: string): string =>
    streamNode(child(node, 0), env, narrow, (name, type) => use({ js: name, many: false, types: [type], solid: true }))
  if (member.type === 'MemberInvocation') return inner(item => streamStep(item, (member.text ?? '').replaceAll('`', ''), env, only, take))
  const functn = child(member, 0)
  const argument = functn.children?.[1]?.children?.[0]
  if (argument && functn.text === 'where') {
    return inner(item => `if (${boolOf(env.compile(argument, { ...env, focus: item })).yes}) {${streamValue(item, env, only, take)}}\n`)
  }
  if (argument && (functn.text === 'as' || functn.text === 'ofType')) return inner(item => streamValue(item, env, only, take), typeName(env.model, argument.text ?? ''))
  return streamValue(env.compile(node, env), env, only, take)
}

/** One step down from an item whose type is known: each type of a choice element has its own branch. */
function streamStep (source: Code, name: string, env: Env, only: string | undefined, take: Take): string {
  const { model } = env
  const element = model.get(source.types[0] ?? '')?.elements.get(name)
  if (!element) return streamValue(step(model, source, name, only), env, undefined, take)
  return element.types.filter(type => only === undefined || derives(model, type, only)).map(type => {
    const item = fresh()
    const member = `${source.js}.${element.choice ? choiceMember(name, type) : name}`
    const body = take(item, type)
    if (!element.many) return `const ${item} = ${member}\nif (${item} != null) {${body}}\n`
    // Null stands in arrays of primitives, where an item has only extensions.
    const inner = isPrimitive(model, type) ? `if (${item} != null) {${body}}` : body
    const items = fresh()
    return `const ${items} = ${member}\nif (${items} !== undefined) for (const ${item} of ${items}) {${inner}}\n`
  }).join('')
}

/** Any other expression: its collection, item by item. */
function streamValue (code: Code, env: Env, only: string | undefined, take: Take): string {
  const narrowed = only === undefined ? code : ofType(env, code, only)
  if (existsOf(narrowed) === 'false' || narrowed.types.length === 0) return ''
  if (narrowed.types.length > 1) return narrowed.types.map(type => streamValue(ofTypeOrCheck(env, narrowed, type), env, undefined, take)).join('')
  const type = narrowed.types[0] ?? '*'
  if (narrowed.solid) return `${take(narrowed.js, type)}\n`
  const item = fresh()
  if (narrowed.many) return `for (const ${item} of ${arrayOf(narrowed)}) {if (${item} != null) {${take(item, type)}}}\n`
  return `const ${item} = ${narrowed.js}\nif (${item} != null) {${take(item, type)}}\n`
}

// The types of a computed collection: by JavaScript's own type where the step cannot be narrowed.
function ofTypeOrCheck (env: Env, code: Code, type: string): Code {
  return code.step ? ofType(env, code, type) : ofType(env, { ...code, types: [type] }, type)
}
