// The R4 types as a compiler needs them: which members an element has, of which types, and whether they repeat.
// https://hl7.org/fhir/R4/structuredefinition.html
import { type ElementDefinition, type StructureDefinition, structureDefinitions } from './published.js'

export interface Element {
  readonly name: string
  /** FHIR type names; a backbone element's type is its path (`Observation.component`). */
  readonly types: readonly string[]
  readonly many: boolean
  readonly mandatory: boolean
  /** The value set of a required binding. */
  readonly bound: string | undefined
  /** The value set of a binding of any strength. */
  readonly suggested: string | undefined
  /** True for `value[x]`: in JSON the member's name is `name` + type. */
  readonly choice: boolean
}

export interface Type {
  readonly name: string
  readonly base: string | undefined
  readonly kind: StructureDefinition['kind']
  readonly abstract: boolean
  readonly elements: ReadonlyMap<string, Element>
}

export type Model = ReadonlyMap<string, Type>

/** The member of a choice element that holds this type: `value`, `dateTime` -> `valueDateTime`. */
export const choiceMember = (name: string, type: string): string => name + (type[0] ?? '').toUpperCase() + type.slice(1)

const SYSTEM = 'http://hl7.org/fhirpath/System.'
const lastSegment = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

function typesOf (element: ElementDefinition, hasChildren: boolean): string[] {
  if (element.contentReference) return [element.contentReference.slice(1)]
  if (hasChildren) return [element.path]
  // ids and Extension.url are System.String in the snapshot; for a compiler they are strings.
  return (element.type ?? []).map(({ code }) => code.startsWith(SYSTEM) ? code.slice(SYSTEM.length).toLowerCase() : code)
}

function addType (model: Map<string, Type>, definition: StructureDefinition): void {
  const { id, kind, abstract, snapshot } = definition
  const members = new Map<string, Map<string, Element>>([[id, new Map()]])
  const parents = new Set(snapshot.element.map(element => element.path.slice(0, Math.max(0, element.path.lastIndexOf('.')))))
  for (const element of snapshot.element.slice(1)) {
    const dot = element.path.lastIndexOf('.')
    const [parent, last] = [element.path.slice(0, dot), element.path.slice(dot + 1)]
    const hasChildren = parents.has(element.path)
    if (hasChildren) members.set(element.path, new Map())
    if (kind === 'primitive-type' && last === 'value') continue
    const name = last.replace('[x]', '')
    members.get(parent)?.set(name, {
      name,
      types: typesOf(element, hasChildren),
      many: element.max !== '1' && element.max !== '0',
      mandatory: element.min > 0,
      suggested: element.binding?.valueSet?.replace(/\|.*$/, ''),
      bound: element.binding?.strength === 'required' ? element.binding.valueSet?.replace(/\|.*$/, '') : undefined,
      choice: last.endsWith('[x]')
    })
  }
  for (const [path, elements] of members) {
    const own = path === id
    const base = own ? definition.baseDefinition && lastSegment(definition.baseDefinition) : 'BackboneElement'
    model.set(path, { name: path, base, kind: own ? kind : 'complex-type', abstract: own && abstract, elements })
  }
}

/** All R4 types, backbone elements included. */
export function readModel (): Model {
  const model = new Map<string, Type>()
  for (const definition of structureDefinitions()) {
    if (definition.derivation !== 'constraint') addType(model, definition)
  }
  return model
}

/** True when `type` is `ancestor` or derives from it. */
export function derives (model: Model, type: string, ancestor: string): boolean {
  for (let at: string | undefined = type; at !== undefined; at = model.get(at)?.base) {
    if (at === ancestor) return true
  }
  return false
}
