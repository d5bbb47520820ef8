// Writes src/generated/validators: what each R4 type must look like, compiled to JavaScript. One file for the datatypes, one for
// each resource type (loaded when the first of its kind is validated), one with the codes of required bindings, one with what only
// error messages need.
import { Ajv } from 'ajv'
import standalone from 'ajv/dist/standalone/index.js'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as path from '../../src/fhir/path.js'
import { structureDefinitions, type StructureDefinition } from './published.js'
import { codeSets } from './validators/bindings.js'
import { fates } from './validators/invariants.js'
import { KEYWORDS } from './validators/keywords.js'
import { schemasOf, siblingOf, type Schema } from './validators/schema.js'

/** What the generated code calls, from src/fhir/rules/runtime.ts. */
const RUNTIME = [
  'types', 'codes', 'add', 'merge', 'nested', 'sibling', 'siblings', 'hasNull', 'holds', 'isSound',
  'isBase64', 'isBoolean', 'isCode', 'isDate', 'isDateTime', 'isDecimal', 'isElementId', 'isFormat', 'isId', 'isInstant', 'isInteger', 'isLanguage', 'isMime',
  'isOid', 'isPositiveInt', 'isString', 'isTime', 'isUnsignedInt', 'isUri', 'isUuid', 'isText',
  'concept', 'conceptSyntax', 'contained', 'fullUrl', 'onBehalf', 'reference', 'targets', 'xhtml'
]
const MEMBERS_ONLY = ['needs', 'choices', 'kind', 'padded']

function compiler (schemas: readonly Schema[]): Ajv {
  const ajv = new Ajv({
    allErrors: true, messages: false, inlineRefs: false, strict: false, passContext: true, validateSchema: false, meta: false, logger: false, code: { source: true }
  })
  ajv.addVocabulary(MEMBERS_ONLY)
  for (const keyword of KEYWORDS) ajv.addKeyword(keyword)
  for (const schema of schemas) ajv.addSchema(schema)
  return ajv
}

/** As large as all other datatypes together, and of use to definitions only: a file of its own. */
const RARE = 'ElementDefinition'

const uses = (code: string, name: string): boolean => new RegExp(`(?<![.\\w"])${name}\\b(?!"|:)`).test(code)

/** Without what no validator of ours reads: copies of the schemas, paths into them, parents; and errors are added by one function. */
function slim (code: string): string {
  return withoutPaths(withoutSchemas(code)
    .replace('"use strict";', '')
    .replace(/schemaPath:"(?:[^"\\]|\\.)*",/g, '')
    .replace(/parentData:\w+,parentDataProperty:(?:"[^"]*"|\w+),/g, '')
    .replace(/const (err\d+) = (\{.*?\});if\(vErrors === null\)\{vErrors = \[\1\];\}else \{vErrors\.push\(\1\);\}errors\+\+;/g, 'vErrors = add(vErrors, $2);errors++;')
    .replace(/vErrors = vErrors === null \? ([\w.[\]"]+) : vErrors\.concat\(\1\);/g, 'vErrors = merge(vErrors, $1);')
    .replace(/\/\*# sourceURL=.*?\*\//g, '')
    .replace(/;;+/g, ';'))
}

/**
 * ajv tells every validator where its value is, before anybody knows whether that will be asked. Ours tell what they find from their own
 * value on, and who called them puts its part before it: what is valid costs no text.
 */
function withoutPaths (code: string): string {
  const slimmed = code
    .replace(/\(data, \{instancePath="", parentData, parentDataProperty, rootData=data\}=\{\}\)/g, '(data)')
    .replace(/([\w.[\]"]+)\.call\(this, ([^;{}]*?), \{instancePath:instancePath\+([^,{}]+?),rootData\}\)\)\)\{vErrors = merge\(vErrors, \1\.errors\);/g,
      '$1.call(this, $2))){vErrors = merge(vErrors, $1.errors, $3);')
    .replaceAll('{instancePath:instancePath+', '{instancePath:')
    .replaceAll('{instancePath,', '{instancePath:"",')
  const left = /.{0,80}(?:instancePath(?!:)|rootData).{0,80}/.exec(slimmed)
  if (left !== null) throw new Error(`a validator still asks where it is: ${left[0]}`)
  return slimmed
}

/** ajv writes each schema beside its validator, as JSON on one line. */
function withoutSchemas (code: string): string {
  let kept = ''
  let from = 0
  for (const { index, 0: start } of code.matchAll(/const schema\d+ = (?=\{)/g)) {
    if (index < from) continue
    kept += code.slice(from, index)
    from = endOfObject(code, index + start.length)
  }
  return kept + code.slice(from)
}

function endOfObject (code: string, from: number): number {
  const token = /"(?:[^"\\]|\\.)*"|[{}]/g
  token.lastIndex = from
  let depth = 0
  for (let match = token.exec(code); match; match = token.exec(code)) {
    depth += match[0] === '{' ? 1 : match[0] === '}' ? -1 : 0
    if (depth === 0) return token.lastIndex
  }
  throw new Error('a schema without an end')
}

/**
 * The validators of datatypes by names of their own: those of the same module are its functions, those of another are looked up once. The rare one stays
 * to be looked up when it is needed, since that loads it.
 */
function named (code: string): string {
  const own = new Map(Array.from(code.matchAll(/exports\.(\w+) = (validate\d+);/g), ([, type = '', name = '']) => [type, name]))
  const others = new Set<string>()
  const text = code.replace(/types\["(\w+)"\]/g, (whole, type: string) => {
    const name = own.get(type)
    if (name !== undefined || type === RARE) return name ?? whole
    others.add(type)
    return `type${type}`
  })
  return others.size === 0 ? text : `const { ${[...others].map(type => `${type}: type${type}`).join(', ')} } = types;\n${text}`
}

/** The validators of some types as a module: a function of what they stand on, which answers them. */
function chunk (ajv: Ajv, ids: readonly string[]): string {
  const code = named(slim(standalone.default(ajv, Object.fromEntries(ids.map(id => [id, id])))))
  const taken = RUNTIME.filter(name => uses(code, name))
  const functions = Object.keys(path).filter(name => uses(code, name))
  return `'use strict'
module.exports = ({ ${taken.join(', ')} }, { ${functions.join(', ')} }) => {
const exports = {};
${code}
return exports;
}
`
}

/** For messages: of each structure its members, each with the structure it leads to and, of a choice, its FHIRPath name. */
function messageTable (schemas: readonly Schema[], primitives: ReadonlySet<string>): Record<string, Record<string, readonly string[]>> {
  const membersOf = ({ members = {}, choices = {} }: Schema): Record<string, readonly string[]> => Object.fromEntries(
    Object.entries(members).filter(([member]) => !member.startsWith('_')).map(([member, schema]) => {
      const { datatype = '', $ref = '', primitive } = schema.items ?? schema
      const choice = choices[member]
      const type = choice === undefined ? '' : member.slice(choice.length)
      const plain = (type[0] ?? '').toLowerCase() + type.slice(1)
      return [member, [primitive ? '' : datatype + $ref, ...(choice === undefined ? [] : [`${choice}.ofType(${primitives.has(plain) ? plain : type})`])]]
    }))
  return Object.fromEntries(schemas.map(schema => [schema.$id ?? '', membersOf(schema)]))
}

/** Writes all validators. */
export function generate (outDir: string): void {
  const folder = join(outDir, `validators.${process.pid}`)
  mkdirSync(folder, { recursive: true })
  const definitions = structureDefinitions()
  const concrete = definitions.filter(({ kind, abstract, id }) => kind !== 'primitive-type' && (!abstract || id === 'Element'))
  const all = concrete.flatMap(schemasOf).flatMap(schema => schema.$id === 'Element' ? [schema, siblingOf(schema)] : [schema])
  const ajv = compiler(all)
  const ids = (kind: StructureDefinition['kind']): string[] => concrete.filter(definition => definition.kind === kind).map(({ id }) => id)
  writeFileSync(join(folder, 'datatypes.cjs'), chunk(ajv, ['Sibling', ...ids('complex-type').filter(id => id !== RARE)]))
  for (const id of [RARE, ...ids('resource')]) writeFileSync(join(folder, `${id}.cjs`), chunk(ajv, [id]))
  writeFileSync(join(folder, 'codes.json'), JSON.stringify(Object.fromEntries(codeSets)))
  const primitives = new Set(definitions.filter(({ kind }) => kind === 'primitive-type').map(({ id }) => id))
  writeFileSync(join(folder, 'messages.json'), JSON.stringify(messageTable(all, primitives)))
  writeFileSync(join(folder, 'invariants.json'), JSON.stringify(fates))
  // Whoever reads the folder meanwhile finds the old files or the new.
  rmSync(join(outDir, 'validators'), { recursive: true, force: true })
  renameSync(folder, join(outDir, 'validators'))
}
