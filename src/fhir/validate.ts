// Is this a valid R4 resource? https://hl7.org/fhir/R4/validation.html
// Structure, cardinality, formats, required bindings, references and the error-level invariants, in one pass by code that
// scripts/generate/write-validators.ts compiles from the StructureDefinitions. Each type's part is loaded when first needed.
import { createRequire } from 'node:module'
import { isObject, type Json, type JsonObject } from './json-value.js'
import type { Issue } from './outcome.js'
import * as path from './path.js'
import { isResourceType } from './resource-types.js'
import { fullUrl } from './rules/bundle.js'
import { concept, conceptSyntax } from './rules/concept.js'
import { contained } from './rules/contained.js'
import type { Context, Finding } from './rules/context.js'
import { issueOf } from './rules/diagnostics.js'
import { add, isSound, merge } from './rules/found.js'
import type { MessageTable } from './rules/location.js'
import * as primitive from './rules/primitive.js'
import { onBehalf, reference, targets } from './rules/reference.js'
import { xhtml } from './rules/xhtml.js'

interface Validator {
  call: (context: Context, value: Json | undefined) => boolean
  errors: Finding[] | null
}
type Validators = Record<string, Validator>
type Test = (element: Json, resource: JsonObject, rootResource: JsonObject) => boolean

const require = createRequire(import.meta.url)
const load = (file: string): unknown => require(`../generated/validators/${file}`)

const sets = new Map<string, ReadonlySet<string>>()
let published: Readonly<Record<string, readonly string[]>> | undefined

/** The codes of a required value set. */
function codes (valueSet: string): ReadonlySet<string> {
  let set = sets.get(valueSet)
  if (!set) {
    published ??= load('codes.json') as Readonly<Record<string, readonly string[]>>
    sets.set(valueSet, set = new Set(published[valueSet]))
  }
  return set
}

/** An invariant that cannot be evaluated (several items where FHIRPath wants one) is not held against the resource. */
function holds (test: Test, element: Json, { resource, root }: Context): boolean {
  try {
    return test(element, resource, root)
  } catch {
    return true
  }
}

const types: Validators = {}
const runtime = {
  types, codes, add, merge, isSound, holds, hasNull: (values: unknown) => Array.isArray(values) && values.includes(null), nested, sibling, siblings, ...primitive, isText: (value: unknown) => typeof value === 'string',
  concept, conceptSyntax, contained, fullUrl, onBehalf, reference, targets, xhtml
}
const loaded: Validators = {}

function validatorOf (type: string): Validator {
  let validator = loaded[type]
  if (!validator) {
    if (types['Element'] === undefined) loadDatatypes()
    validator = chunk(type)[type] as Validator
    loaded[type] = validator
  }
  return validator
}

/** All datatypes but one, which is as large as the others together: it comes when a definition asks for it. */
function loadDatatypes (): void {
  Object.assign(types, chunk('datatypes'))
  Object.defineProperty(types, 'ElementDefinition', { get: () => validatorOf('ElementDefinition') })
}

const chunk = (name: string): Validators => (load(`${name}.cjs`) as (rules: typeof runtime, functions: typeof path) => Validators)(runtime, path)

let table: MessageTable | undefined
function messages (): MessageTable {
  table ??= load('messages.json') as MessageTable
  return table
}

/** A type that a resource may be: those with an endpoint, and Parameters. */
const isConcrete = (type: unknown): type is string => typeof type === 'string' && (isResourceType(type) || type === 'Parameters')

/** A resource inside another: contained resources share their container, an entry's is its own. */
function nested (this: Context, value: Json, element: string): Finding[] | null {
  if (this.envelope === true && element === 'Bundle.entry.resource') return null
  const type = isObject(value) ? value['resourceType'] : undefined
  if (!isObject(value)) return [{ instancePath: '', keyword: 'type', params: { type: 'object' } }]
  if (!isConcrete(type)) {
    return [{ instancePath: '', keyword: 'told', params: { code: 'structure', text: `${JSON.stringify(type) ?? 'nothing'} is no resource type` } }]
  }
  const validator = validatorOf(type)
  const context = element.endsWith('.contained') ? { ...this, resource: value } : { resource: value, root: value, fragments: {} }
  return validator.call(context, value) ? null : validator.errors
}

/** `_member` beside a primitive: an id or extensions, and these where there is no value. */
function sibling (this: Context, value: Json, primitiveValue: Json | undefined): Finding[] | null {
  const element = types['Sibling'] as Validator
  if (!element.call(this, value)) return element.errors
  const { id, extension } = value as JsonObject
  return extension !== undefined || (id !== undefined && primitiveValue !== undefined) ? null : EMPTY_PRIMITIVE
}

const EMPTY_PRIMITIVE: Finding[] = [{ instancePath: '', keyword: 'members', params: { rule: 'empty', of: 'a primitive without a value' } }]

/** `_member` beside an array of primitives: nulls pad both, and no place is empty in both. */
function siblings (this: Context, value: Json, values: Json | undefined): Finding[] | null {
  if (!Array.isArray(value)) return [{ instancePath: '', keyword: 'type', params: { type: 'array' } }]
  if (value.length === 0) return [{ instancePath: '', keyword: 'minItems', params: { limit: 1 } }]
  const all = Array.isArray(values) ? values : []
  let found: Finding[] | null = null
  for (let index = 0; index < Math.max(value.length, all.length); index++) {
    const [one, primitiveValue] = [value[index] ?? null, all[index] ?? undefined]
    const inner = one !== null ? sibling.call(this, one, primitiveValue) : primitiveValue === undefined ? EMPTY_PRIMITIVE : null
    if (inner) found = merge(found, inner, `/${index}`)
  }
  return found
}

/**
 * All that is wrong with a resource (at most 100 findings); empty when it is valid. Each issue has its FHIRPath location
 * (`Patient.name[0].use`, a choice as `Observation.value.ofType(Quantity)`) and says what would be right.
 */
export const validate = (type: string, value: JsonObject): Issue[] => issuesOf(type, value, { resource: value, root: value, fragments: {} })

/** The same of a Bundle without its entries' resources: for those who look at each by itself. */
export const validateEnvelope = (bundle: JsonObject): Issue[] => issuesOf('Bundle', bundle, { resource: bundle, root: bundle, fragments: {}, envelope: true })

function issuesOf (type: string, value: JsonObject, context: Context): Issue[] {
  if (!isConcrete(type)) return [{ severity: 'error', code: 'structure', diagnostics: `'${type}' is no resource type` }]
  if (value['resourceType'] !== type) {
    return [{ severity: 'error', code: 'structure', diagnostics: `resourceType must be '${type}', not ${JSON.stringify(value['resourceType']) ?? 'missing'}`, expression: type }]
  }
  const validator = validatorOf(type)
  if (validator.call(context, value)) return []
  return (validator.errors ?? []).map(finding => issueOf(finding, type, value, { table: messages(), codes }))
}
