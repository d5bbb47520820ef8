// Where in a resource's tree the FHIRPath of a patch leads. https://hl7.org/fhir/R4/fhirpatch.html
import type { Model, ResourceNode } from 'fhirpath'
import { createRequire } from 'node:module'
import { membersOf } from '../elements.js'
import { type Place, contentAt, restOf } from './element-place.js'
import { type ObjectTree, memberOf, treeText } from './tree.js'

// What a place is found with. From a function that visits all that is below, or a variable that leads back to the top, a short
// path could be made that takes hours; a regular expression too.
const FUNCTIONS: ReadonlySet<string> = new Set(['where', 'ofType', 'as', 'is', 'first', 'last', 'tail', 'skip', 'take', 'single', 'extension', 'exists', 'empty',
  'not', 'all', 'count', 'hasValue', 'startsWith', 'endsWith', 'contains', 'indexOf', 'length', 'lower', 'upper', 'toString'])

interface Ast { readonly type: string, readonly text?: string, readonly children?: readonly Ast[] }
type Engine = typeof import('fhirpath') & { readonly model: Model }

// The engine takes long to load, and few requests need it.
const require = createRequire(import.meta.url)
let loaded: Engine | undefined
const engine = (): Engine => (loaded ??= {
  ...require('fhirpath') as typeof import('fhirpath'),
  model: require('fhirpath/fhir-context/r4') as Model
})

/**
 * The elements of a resource that a FHIRPath selects; undefined when it gives anything else than elements.
 *
 * @throws Error for a path that is malformed, or that a patch may not use
 */
export function placesOf (root: ObjectTree, path: string): Place[] | undefined {
  const { evaluate, parse, model } = engine()
  check(parse(path) as Ast)
  const found = evaluate(JSON.parse(treeText(root)), path, {}, model, { resolveInternalTypes: false }) as unknown[]
  const places = found.map(node => isNode(node) ? placeOf(root, node) : undefined)
  return places.every(place => place !== undefined) ? places : undefined
}

const isNode = (value: unknown): value is ResourceNode => typeof value === 'object' && value !== null && 'parentResNode' in value

function placeOf (root: ObjectTree, node: ResourceNode): Place | undefined {
  if (node.parentResNode === null) return { above: undefined, holder: undefined, holderType: '', name: '', index: undefined }
  const above = placeOf(root, node.parentResNode)
  if (above === undefined || node.propName === undefined) return undefined
  const holder = contentAt(root, above)
  return holder && { above, holder: holder.tree, holderType: holder.type, name: jsonName(holder.tree, holder.type, node.propName), index: node.index ?? undefined }
}

/** The member that holds an element: the engine calls a choice `value` or `valueQuantity`, depending on the way to it. */
function jsonName (holder: ObjectTree, type: string, name: string): string {
  const chosen = [...membersOf(type)].find(([member, { element }]) => element.choice && element.name === name && (memberOf(holder, member) ?? memberOf(holder, restOf(member))))
  return chosen?.[0] ?? name
}

function check ({ type, text = '', children = [] }: Ast): void {
  if (type === 'FunctionInvocation' && !FUNCTIONS.has(text)) throw new Error(`a patch may not use ${text}()`)
  if (type === 'ExternalConstantTerm') throw new Error(`a patch may not use %${text}`)
  children.forEach(check)
}
