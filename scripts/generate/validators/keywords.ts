// The keywords of our schemas as ajv code keywords: what they generate is inlined in the validators.
// https://ajv.js.org/keywords.html#define-keyword-with-code-generation-function
// The generated code expects the names of validatorRuntime (src/fhir/validate.ts), the functions of src/fhir/path.ts and `types`.
import { _, Name, type Code, type CodeKeywordDefinition, type KeywordCxt, type KeywordErrorDefinition } from 'ajv'
import { _Code, strConcat } from 'ajv/dist/compile/codegen/code.js'
import { callRef } from 'ajv/dist/vocabularies/core/ref.js'
import type { InvariantUse } from './invariants.js'
import type { Native, Schema } from './schema.js'

// The variables of every function that ajv generates.
const N = { vErrors: new Name('vErrors'), errors: new Name('errors') }
const THIS = new Name('this')
const quoted = (text: string): Code => _`${text}`

/** Every error says which rule was broken and with what: the text is made from that when an issue is made. */
const error: KeywordErrorDefinition = { message: '', params: ({ params }) => params.told instanceof _Code ? params.told : _`{}` }
const tell = (cxt: KeywordCxt, told: Code): void => cxt.error(false, { told })

interface Slots { readonly seen: Name | undefined, readonly choices: ReadonlyMap<string, Name> }

/** One `case` of the switch over the members: notes that a needed or choice element is there, then checks the value. */
function memberCase (cxt: KeywordCxt, schema: Required<Schema>, member: string, { seen, choices }: Slots): void {
  const { gen } = cxt
  const need = schema.needs.findIndex(({ by }) => by.includes(member))
  if (seen && need >= 0) gen.code(_`${seen} |= ${1 << need}`)
  const choice = schema.choices[member]
  const slot = choice === undefined ? undefined : choices.get(choice)
  if (slot) {
    const plain = member.replace(/^_/, '')
    gen.if(_`${slot} !== "" && ${slot} !== ${plain}`, () => tell(cxt, _`{ rule: "choice", name: ${choice}, member: ${plain} }`))
    gen.assign(slot, quoted(plain))
  }
  cxt.subschema({ keyword: 'members', schemaProp: member, dataProp: member }, gen.name('valid'))
  if (schema.members[member]?.items?.primitive) {
    // A null stands for what is said beside it.
    const { data } = cxt
    gen.if(_`${data}[${`_${member}`}] === undefined && hasNull(${data}[${member}])`, () => tell(cxt, _`{ rule: "padding", name: ${member} }`))
  }
}

/** Unknown, missing, chosen twice, empty: one pass over the members that are there. */
const members: CodeKeywordDefinition = {
  keyword: 'members',
  type: 'object',
  schemaType: 'object',
  error,
  code (cxt) {
    const { gen, data } = cxt
    const schema = cxt.parentSchema as Required<Schema>
    const path = schema.$id
    const seen = schema.needs.length > 0 ? gen.let('seen', 0) : undefined
    const choices = new Map([...new Set(Object.values(schema.choices))].map(name => [name, gen.let('chosen', quoted(''))]))
    const count = gen.let('count', 0)
    gen.forIn('key', data, key => {
      gen.code(_`${count}++`)
      // The generator ends each piece with a semicolon, so a piece begins with its label.
      gen.code(schema.kind === 'resource' ? _`switch (${key}) { case "resourceType": break` : _`switch (${key}) { case "": break`)
      for (const member of Object.keys(schema.members)) {
        gen.code(_`case ${member}: {`)
        memberCase(cxt, schema, member, { seen, choices })
        gen.code(_`break }`)
      }
      gen.code(_`default:`)
      tell(cxt, _`{ rule: "unknown", name: ${key}, of: ${path} }`)
      gen.code(_`}`)
    })
    if (seen) {
      gen.if(_`${seen} !== ${(1 << schema.needs.length) - 1}`, () => schema.needs.forEach(({ name }, index) =>
        gen.if(_`(${seen} & ${1 << index}) === 0`, () => tell(cxt, _`{ rule: "missing", name: ${name}, of: ${path} }`))))
    }
    if (schema.kind === 'element') gen.if(_`${count} === 0 || (${count} === 1 && ${data}.id !== undefined)`, () => tell(cxt, _`{ rule: "empty", of: ${path} }`))
  }
}

const CHECKS: Readonly<Record<string, string>> = {
  base64Binary: 'isBase64', boolean: 'isBoolean', canonical: 'isUri', code: 'isCode', date: 'isDate', dateTime: 'isDateTime', decimal: 'isDecimal',
  elementId: 'isElementId', extensionUrl: 'isUri', id: 'isId', instant: 'isInstant', integer: 'isInteger', markdown: 'isString', oid: 'isOid', positiveInt: 'isPositiveInt',
  string: 'isString', time: 'isTime', unsignedInt: 'isUnsignedInt', uri: 'isUri', url: 'isUri', uuid: 'isUuid', xhtml: 'isText'
}
const SYNTAXES: Readonly<Record<string, string>> = { mime: 'isMime', format: 'isFormat', language: 'isLanguage' }

/** A primitive value; in an array null may stand for one, when its sibling says more. */
const primitive: CodeKeywordDefinition = {
  keyword: 'primitive',
  schemaType: 'object',
  error,
  code (cxt) {
    const { gen, data } = cxt
    const { type, codes, syntax } = cxt.schema as NonNullable<Schema['primitive']>
    const check = syntax === undefined ? CHECKS[type] : SYNTAXES[syntax]
    if (check === undefined) throw new Error(`no check for ${type} ${syntax ?? ''}`)
    const test = codes === undefined
      ? _`${new Name(check)}(${data})`
      : _`${gen.scopeValue('obj', { key: codes, ref: codes, code: _`codes(${codes})` })}.has(${data})`
    const told = codes !== undefined
      ? _`{ type: ${type}, codes: ${codes} }`
      : syntax === undefined ? _`{ type: ${type} }` : _`{ type: ${type}, syntax: ${syntax} }`
    gen.if(cxt.parentSchema.padded === true ? _`${data} !== null && !${test}` : _`!${test}`, () => tell(cxt, told))
  }
}

/** A datatype: its validator is in the datatypes' own module. */
const datatype: CodeKeywordDefinition = {
  keyword: 'datatype',
  schemaType: 'string',
  error,
  code (cxt) {
    callRef(cxt, _`types[${cxt.schema}]`, undefined, false)
  }
}

/** Adds what a function of the runtime found to what was found so far. */
function addFound (cxt: KeywordCxt, call: Code): void {
  const { gen, it } = cxt
  const found = gen.const('found', call)
  gen.if(_`${found} !== null`, () => {
    gen.assign(N.vErrors, _`merge(${N.vErrors}, ${found}, ${strConcat(quoted(''), it.errorPath)})`)
    gen.assign(N.errors, _`${N.vErrors}.length`)
  })
}

/** `_member`: the id and extensions of a primitive, in an array those of its items. */
const sibling: CodeKeywordDefinition = {
  keyword: 'sibling',
  schemaType: 'string',
  error,
  code (cxt) {
    const { data, it, schema, parentSchema } = cxt
    const functn = new Name(parentSchema.padded === true ? 'siblings' : 'sibling')
    addFound(cxt, _`${functn}.call(${THIS}, ${data}, ${it.parentData}[${schema}])`)
  }
}

/** A resource inside another: our own code switches on its resourceType and loads what it needs. */
const resource: CodeKeywordDefinition = {
  keyword: 'resource',
  schemaType: 'string',
  error,
  code (cxt) {
    addFound(cxt, _`nested.call(${THIS}, ${cxt.data}, ${cxt.schema})`)
  }
}

/** What a check is handed besides the value: a text, a set of names, or a set of codes. */
function argumentOf ({ gen }: KeywordCxt, { name, argument }: Native): Code {
  if (argument === undefined) return _``
  if (name === 'concept') return _`, ${gen.scopeValue('obj', { key: String(argument), ref: argument, code: _`codes(${String(argument)})` })}`
  if (typeof argument === 'string') return _`, ${argument}`
  return _`, ${gen.scopeValue('obj', { key: argument.join(), ref: argument, code: new _Code(`new Set(${JSON.stringify(argument)})`) })}`
}

function callNative (cxt: KeywordCxt, one: Native): void {
  const { gen, data } = cxt
  const told = gen.const('told', _`${new Name(one.name)}.call(${THIS}, ${data}${argumentOf(cxt, one)})`)
  gen.if(_`${told} !== undefined`, () => tell(cxt, _`{ told: ${told}, by: ${one.name} }`))
}

/** What comes after the structure may take it for granted, and so is left out where it is not sound. */
const whenSound = ({ gen }: KeywordCxt, body: () => void): void => { gen.if(_`${N.vErrors} === null || isSound(${N.vErrors})`, body) }

/** Checks written by hand: each answers undefined or what is wrong. The type makes them come after `members`. */
const native = (keyword: string, type: 'object' | 'string'): CodeKeywordDefinition => ({
  keyword,
  type,
  schemaType: 'array',
  error,
  code (cxt) {
    whenSound(cxt, () => (cxt.schema as Native[]).forEach(one => callNative(cxt, one)))
  }
})

/** The invariants, as compiled JavaScript. */
const constraint = (keyword: string, type: 'object' | 'string'): CodeKeywordDefinition => ({
  keyword,
  type,
  schemaType: 'array',
  error,
  code (cxt) {
    const { gen, data } = cxt
    whenSound(cxt, () => {
      for (const use of cxt.schema as InvariantUse[]) {
        const test = gen.scopeValue('func', { key: use.test, ref: use, code: _`(o, resource, rootResource) => ${new _Code(use.test)}` })
        gen.if(_`!holds(${test}, ${data}, ${THIS})`, () => tell(cxt, _`{ key: ${use.key}, human: ${use.human} }`))
      }
    })
  }
})

export const KEYWORDS: readonly CodeKeywordDefinition[] = [
  datatype, primitive, sibling, members, resource,
  native('native', 'object'), native('nativeText', 'string'), constraint('constraint', 'object'), constraint('constraintText', 'string')
]
