// From a StructureDefinition to the JSON schemas of its structures: the type itself and each of its backbone elements.
// The schema's own keywords (members, primitive, datatype, resource, native, constraint) are defined in keywords.ts.
// https://hl7.org/fhir/R4/json.html
import { choiceMember } from '../model.js'
import type { ElementDefinition, StructureDefinition } from '../published.js'
import { bindingOf } from './bindings.js'
import { invariantsOf, type InvariantUse } from './invariants.js'

/** A check written by hand in src/fhir/rules, by name, with its argument. */
export interface Native { readonly name: string, readonly argument?: string | readonly string[] }

export interface Schema {
  $id?: string
  $ref?: string
  type?: 'object' | 'array'
  minItems?: number
  items?: Schema
  members?: Record<string, Schema>
  /** The elements that must be there, each with the members that fulfil it. */
  needs?: Array<{ name: string, by: string[] }>
  /** Members of a choice element: member -> `value[x]`. */
  choices?: Record<string, string>
  /** A resource may be empty but for its type, an element not; of a primitive's sibling that depends on the value. */
  kind?: 'resource' | 'element' | 'sibling'
  /** Of an array of primitives, or of their siblings: null pads. */
  padded?: true
  /** `_member`: the id and extensions of this primitive member. */
  sibling?: string
  primitive?: { type: string, codes?: string, syntax?: string }
  datatype?: string
  resource?: string
  native?: Native[]
  constraint?: InvariantUse[]
  /** The same of primitives. */
  nativeText?: Native[]
  constraintText?: InvariantUse[]
}

const SYSTEM = 'http://hl7.org/fhirpath/System.'
const isPrimitive = (type: string): boolean => /^[a-z]/.test(type)
const BARE = new Set(['elementId', 'extensionUrl', 'xhtml'])
const lastSegment = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

/** `id` is a string without spaces for elements and an id for resources; Extension.url is a uri; the snapshot says System.String. */
function primitiveType (code: string, path: string, kind: string): string {
  if (!code.startsWith(SYSTEM)) return code
  if (path === 'Extension.url') return 'extensionUrl'
  return kind === 'resource' && path.split('.').length === 2 ? 'id' : 'elementId'
}

function targetsOf (type: { readonly targetProfile?: readonly string[] }): Native[] {
  const targets = (type.targetProfile ?? []).map(lastSegment)
  return targets.length === 0 || targets.includes('Resource') ? [] : [{ name: 'targets', argument: targets.sort() }]
}

function ofType (element: ElementDefinition, code: string, kind: string): Schema {
  const type = (element.type ?? []).find(one => one.code === code) ?? { code }
  const constraint = invariantsOf(element)
  const constrained = constraint.length > 0 ? { constraint } : {}
  if (code === 'Resource') return { resource: element.path, ...constrained }
  if (code === 'xhtml') return { primitive: { type: 'xhtml' }, nativeText: [{ name: 'xhtml' }] }
  if (isPrimitive(code) || code.startsWith(SYSTEM)) {
    return { primitive: { type: primitiveType(code, element.path, kind), ...(code === 'code' ? bindingOf(element).code : {}) }, ...(constraint.length > 0 && { constraintText: constraint }) }
  }
  const native = [...targetsOf(type), ...bindingOf(element).native]
  const name = type.profile?.some(profile => profile.endsWith('/SimpleQuantity')) ? 'SimpleQuantity' : code
  return { datatype: name, ...(native.length > 0 && { native }), ...constrained }
}

const listed = (schema: Schema, many: boolean): Schema => many ? { type: 'array', minItems: 1, items: schema } : schema

function addPrimitive (structure: Required<Pick<Schema, 'members'>>, member: string, schema: Schema, many: boolean): void {
  const padding = many ? { padded: true as const } : {}
  structure.members[member] = listed({ ...schema, ...padding }, many)
  // The id of an element, the url of an extension and the narrative have no id and no extensions of their own.
  if (BARE.has(schema.primitive?.type ?? '')) return
  structure.members[`_${member}`] = { sibling: member, ...padding }
}

function addElement (structure: Required<Pick<Schema, 'members' | 'needs' | 'choices'>>, element: ElementDefinition, kind: string, hasChildren: boolean): void {
  const last = element.path.slice(element.path.lastIndexOf('.') + 1)
  const name = last.replace('[x]', '')
  const many = element.max !== '1' && element.max !== '0'
  const by: string[] = []
  const types = (element.type ?? []).map(({ code }) => code)
  if (hasChildren || element.contentReference !== undefined) {
    const constraint = hasChildren ? [] : invariantsOf(element)
    structure.members[name] = listed({ $ref: element.contentReference?.slice(1) ?? element.path, ...(constraint.length > 0 && { constraint }) }, many)
    by.push(name)
  } else {
    for (const code of types) {
      const member = last.endsWith('[x]') ? choiceMember(name, code) : name
      const schema = ofType(element, code, kind)
      if (schema.primitive) addPrimitive(structure, member, schema, many)
      else structure.members[member] = listed(schema, many)
      const names = [member, ...(`_${member}` in structure.members ? [`_${member}`] : [])]
      by.push(...names)
      if (last.endsWith('[x]')) for (const one of names) structure.choices[one] = name
    }
  }
  if (element.min > 0) structure.needs.push({ name: last, by })
}

/** The checks of a whole type that are written by hand. */
const NATIVE: Readonly<Record<string, Native[]>> = {
  Reference: [{ name: 'reference' }],
  'Bundle.entry': [{ name: 'fullUrl' }],
  'CareTeam.participant': [{ name: 'onBehalf' }]
}

function structureOf (path: string, root: ElementDefinition, children: readonly ElementDefinition[], parents: ReadonlySet<string>, kind: string): Schema {
  const own = { members: {}, needs: [], choices: {} }
  // SimpleQuantity has a comparator, so that sqty-1 can refuse it.
  for (const element of children) if (element.max !== '0' || path === 'SimpleQuantity') addElement(own, element, kind, parents.has(element.path))
  const isResource = kind === 'resource' && !path.includes('.')
  const domain = isResource && 'contained' in own.members
  const native = [...(NATIVE[path] ?? []), ...(domain ? [{ name: 'contained' }] : [])]
  const constraint = invariantsOf(root)
  return {
    $id: path, type: 'object', ...own, kind: isResource ? 'resource' : 'element', ...(native.length > 0 && { native }), ...(constraint.length > 0 && { constraint })
  }
}

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')))

/** The id and extensions of a primitive: an Element that may be empty but for its id. */
export const siblingOf = (element: Schema): Schema => ({ ...element, $id: 'Sibling', kind: 'sibling' })

/** The schemas of one type: its own first, then those of its backbone elements. */
export function schemasOf ({ id, kind, snapshot }: StructureDefinition): Schema[] {
  const elements = snapshot.element.map(element => id === 'SimpleQuantity' ? { ...element, path: element.path.replace('Quantity', id) } : element)
  const parents = new Set(elements.map(element => parentOf(element.path)).filter(path => path !== ''))
  return elements
    .filter(element => parents.has(element.path))
    .map(element => structureOf(element.path, element, elements.filter(({ path }) => parentOf(path) === element.path), parents, kind))
}
