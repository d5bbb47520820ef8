// Edits of elements in a resource's tree. A primitive element has two members: `birthDate` for its value, `_birthDate` for
// its id and extensions. https://hl7.org/fhir/R4/json.html#primitive
import { type Member, membersOf } from '../elements.js'
import { type Branch, type ObjectTree, type Tree, branch, memberOf, removeMember, setMember } from './tree.js'

/** An element: a member of an object, or an item of the list that is the member. The resource itself has no holder. */
export interface Place {
  readonly above: Place | undefined
  readonly holder: ObjectTree | undefined
  /** The type of the holder (`Patient`, `Patient.contact`, `HumanName`). */
  readonly holderType: string
  /** The member's JSON name (`valueQuantity`). */
  readonly name: string
  readonly index: number | undefined
}

/** An element's content: its value, and for a primitive the object of its id and extensions. */
export interface Content { readonly value: Tree | undefined, readonly rest: Tree | undefined }

const NULL: Tree = { kind: 'leaf', token: 'null', value: null }
/** The name of a primitive's other member. */
export const restOf = (name: string): string => `_${name}`

/** The object of an element's members, and its type; for a primitive that of its id and extensions. undefined when there is none. */
export function contentAt (root: ObjectTree, place: Place): { tree: ObjectTree, type: string } | undefined {
  if (place.holder === undefined) return { tree: root, type: resourceTypeOf(root) }
  const value = itemOf(memberOf(place.holder, place.name), place.index)
  if (value?.kind === 'object') return { tree: value, type: typeAt(place, value) }
  const rest = itemOf(memberOf(place.holder, restOf(place.name)), place.index)
  return rest?.kind === 'object' ? { tree: rest, type: 'Element' } : undefined
}

const itemOf = (member: Branch | undefined, index: number | undefined): Tree | undefined =>
  member?.tree.kind === 'array' && index !== undefined ? member.tree.items[index] : member?.tree

const resourceTypeOf = (resource: ObjectTree): string => {
  const type = memberOf(resource, 'resourceType')?.tree
  return type?.kind === 'leaf' && typeof type.value === 'string' ? type.value : ''
}

function typeAt ({ holderType, name }: Place, value: ObjectTree): string {
  const type = membersOf(holderType).get(name)?.type ?? ''
  return type === 'Resource' ? resourceTypeOf(value) : type
}

/** The member of a type that an element name and the type of its value mean: `value`, `Quantity` -> `valueQuantity`. */
export function memberFor (holderType: string, name: string, valueType: string | undefined): [string, Member] | undefined {
  const members = membersOf(holderType)
  const plain = members.get(name)
  if (plain !== undefined) return [name, plain]
  const chosen = name + (valueType ?? '')
  const member = members.get(chosen)
  return member?.element.name === name ? [chosen, member] : undefined
}

/** The object of an element's members; for a primitive, made when there is none, that of its id and extensions. */
export function openContent (root: ObjectTree, place: Place): { tree: ObjectTree, type: string } {
  const found = contentAt(root, place)
  if (found !== undefined || place.holder === undefined) return found ?? { tree: root, type: resourceTypeOf(root) }
  const tree: ObjectTree = { kind: 'object', members: [] }
  const rest = restOf(place.name)
  if (place.index === undefined) setMember(place.holder, rest, tree)
  else list(place.holder, rest, lengthOf(place.holder, place.name))[place.index] = tree
  return { tree, type: 'Element' }
}

/** Gives an object an element that does not repeat, where one named `instead` stands, or at the end. */
export function setElement (holder: ObjectTree, name: string, { value, rest }: Content, instead = name): void {
  const at = holder.members.findIndex(member => member.name === instead || member.name === restOf(instead))
  removeMember(holder, instead)
  removeMember(holder, restOf(instead))
  const branches = [value && branch(name, value), rest && branch(restOf(name), rest)].filter(made => made !== undefined)
  holder.members.splice(at < 0 ? holder.members.length : at, 0, ...branches)
}

/** How many items a list has. */
export function lengthOf (holder: ObjectTree, name: string): number {
  return Math.max(...[name, restOf(name)].map(member => memberOf(holder, member)?.tree).map(tree => tree?.kind === 'array' ? tree.items.length : 0))
}

/** Puts an item into a list, making the list where there is none. */
export function insertItem (holder: ObjectTree, name: string, index: number, { value, rest }: Content): void {
  const length = lengthOf(holder, name)
  for (const [member, tree] of [[name, value], [restOf(name), rest]] as const) {
    const items = tree === undefined ? existing(holder, member) : list(holder, member, length)
    items?.splice(index, 0, tree ?? NULL)
  }
}

/** Puts an item in the place of another. */
export function replaceItem (holder: ObjectTree, name: string, index: number, { value, rest }: Content): void {
  const length = lengthOf(holder, name)
  for (const [member, tree] of [[name, value], [restOf(name), rest]] as const) {
    const items = tree === undefined ? existing(holder, member) : list(holder, member, length)
    if (items !== undefined && index < items.length) items[index] = tree ?? NULL
  }
  dropNulls(holder, restOf(name))
}

/** Takes an item out of a list; the last one takes the list with it. */
export function removeItem (holder: ObjectTree, name: string, index: number): Content {
  const [value] = existing(holder, name)?.splice(index, 1) ?? []
  const [rest] = existing(holder, restOf(name))?.splice(index, 1) ?? []
  if (existing(holder, name)?.length === 0) removeMember(holder, name)
  dropNulls(holder, restOf(name))
  return { value: isNull(value) ? undefined : value, rest: isNull(rest) ? undefined : rest }
}

/** Takes an element away, and every object above it that this leaves empty, but not the resource. */
export function removeElement (place: Place): void {
  for (let at: Place | undefined = place; at?.holder !== undefined; at = at.above) {
    const { holder, name, index } = at
    const emptied = at === place ? undefined : itemOf(memberOf(holder, name), index)
    if (at !== place && emptied?.kind !== 'object') removeRest(holder, name, index)
    else if (index === undefined) setElement(holder, name, { value: undefined, rest: undefined })
    else removeItem(holder, name, index)
    if (holder.members.length > 0) return
  }
}

/** Takes the id and extensions of a primitive away; its value stays. */
function removeRest (holder: ObjectTree, name: string, index: number | undefined): void {
  const items = existing(holder, restOf(name))
  if (items === undefined || index === undefined) return removeMember(holder, restOf(name))
  items[index] = NULL
  dropNulls(holder, restOf(name))
}

function dropNulls (holder: ObjectTree, member: string): void {
  if (existing(holder, member)?.every(isNull)) removeMember(holder, member)
}

const isNull = (tree: Tree | undefined): boolean => tree?.kind === 'leaf' && tree.value === null

function existing (holder: ObjectTree, member: string): Tree[] | undefined {
  const tree = memberOf(holder, member)?.tree
  return tree?.kind === 'array' ? tree.items : undefined
}

/** The items of a list, which is made as long as the element's other half. */
function list (holder: ObjectTree, member: string, length: number): Tree[] {
  const items = existing(holder, member) ?? []
  if (items.length === 0) setMember(holder, member, { kind: 'array', items })
  while (items.length < length) items.push(NULL)
  return items
}
