// FHIRPath Patch: five operations on the elements that a FHIRPath selects. https://hl7.org/fhir/R4/fhirpatch.html
import type { Element, Member } from '../elements.js'
import { membersOf } from '../elements.js'
import type { JsonObject } from '../json-value.js'
import { invalid } from '../outcome.js'
import { type Place, insertItem, lengthOf, memberFor, openContent, removeElement, removeItem, replaceItem, setElement } from './element-place.js'
import { Operation, type OperationType } from './patch-parameters.js'
import { placesOf } from './patch-path.js'
import { type ObjectTree, type Tree, memberOf, parseTree, treeOf, treeText } from './tree.js'

// Each operation evaluates a FHIRPath on the whole resource.
const MOST_OPERATIONS = 500
const LONGEST_PATH = 2000

/** A list in a resource; it may be absent as yet. */
interface List { readonly holder: ObjectTree, readonly holderType: string, readonly name: string, readonly length: number }

/**
 * A resource's text after a FHIRPath Patch; all that the patch does not touch keeps its tokens.
 *
 * @param parameters the Parameters resource, or its text, of which strings too are taken over as they are spelled
 * @throws FhirError naming the operation and the parameter: 400 for what is no patch, 422 for what does not fit the resource
 */
export function patchFhirPath (text: string, parameters: JsonObject | string): string {
  const operations = operationsOf(typeof parameters === 'string' ? parseTree(parameters) : treeOf(parameters))
  const root = parseTree(text)
  if (root.kind !== 'object') throw invalid('a FHIRPath Patch edits a resource')
  for (const operation of operations) APPLY[operation.type](root, operation)
  return treeText(root)
}

function operationsOf (parameters: Tree): Operation[] {
  const list = parameters.kind === 'object' ? memberOf(parameters, 'parameter')?.tree ?? { kind: 'array', items: [] } : undefined
  if (list?.kind !== 'array') throw invalid('a FHIRPath Patch is a Parameters', 'Parameters.parameter')
  if (list.items.length > MOST_OPERATIONS) throw invalid(`a FHIRPath Patch has ${MOST_OPERATIONS} operations at most`, 'Parameters.parameter')
  return list.items.map((parameter, index) => new Operation(parameter, index))
}

const APPLY: Readonly<Record<OperationType, (root: ObjectTree, operation: Operation) => void>> = {
  add (root, operation) {
    const { tree, type } = openContent(root, onePlace(root, operation))
    const [name, member] = operation.member(type, operation.text('name'))
    const content = operation.content(member)
    if (member.element.many) insertItem(tree, name, lengthOf(tree, name), content)
    else if (isThere(tree, type, member.element)) throw operation.refusal('name', `${type}.${member.element.name} is there already and does not repeat: replace it`)
    else setElement(tree, name, content)
  },

  insert (root, operation) {
    const { holder, holderType, name, length } = listAt(root, operation)
    const [, member] = operation.member(holderType, name)
    insertItem(holder, name, operation.count('index', length), operation.content(member))
  },

  delete (root, operation) {
    const [place, ...others] = placesAt(root, operation)
    if (others.length > 0) throw operation.refusal('path', `${others.length + 1} elements found at ${operation.path}, one can be deleted`)
    if (place === undefined) return
    if (place.holder === undefined) throw operation.refusal('path', 'the resource itself cannot be deleted')
    removeElement(place)
  },

  replace (root, operation) {
    const { holder, holderType, name, index } = onePlace(root, operation)
    if (holder === undefined) throw operation.refusal('path', 'the resource itself cannot be replaced')
    const element = membersOf(holderType).get(name)?.element.name ?? name
    const [become, member] = operation.member(holderType, element)
    const content = operation.content(member)
    if (index === undefined) setElement(holder, become, content, name)
    else replaceItem(holder, name, index, content)
  },

  move (root, operation) {
    const { holder, name, length } = listAt(root, operation)
    const source = operation.count('source', length - 1)
    const destination = operation.count('destination', length - 1)
    if (source !== destination) insertItem(holder, name, destination, removeItem(holder, name, source))
  }
}

function placesAt (root: ObjectTree, operation: Operation, path = operation.path): Place[] {
  if (path.length > LONGEST_PATH) throw operation.malformed('path', `is longer than ${LONGEST_PATH} characters`)
  const places = evaluated(root, operation, path)
  if (places === undefined) throw operation.refusal('path', `${path} gives no elements of the resource`)
  return places
}

function evaluated (root: ObjectTree, operation: Operation, path: string): Place[] | undefined {
  try {
    return placesOf(root, path)
  } catch (error) {
    throw operation.malformed('path', `cannot be evaluated: ${(error as Error).message.split('\n', 1)[0]}`)
  }
}

function onePlace (root: ObjectTree, operation: Operation, path = operation.path): Place {
  const [place, ...others] = placesAt(root, operation, path)
  if (place === undefined) throw operation.refusal('path', `no content found at ${path}`)
  if (others.length > 0) throw operation.refusal('path', `${others.length + 1} elements found at ${path}, one is needed`)
  return place
}

/** The one whole list that the path selects, or would if the list had items. */
function listAt (root: ObjectTree, operation: Operation): List {
  const [first, ...others] = placesAt(root, operation)
  if (first === undefined) return newList(root, operation)
  const { holder, holderType, name, index } = first
  const length = holder === undefined ? 0 : lengthOf(holder, name)
  const whole = others.length + 1 === length && others.every(other => other.holder === holder && other.name === name)
  if (holder === undefined || index === undefined || !whole) throw operation.refusal('path', `${operation.path} is not one list`)
  return { holder, holderType, name, length }
}

function newList (root: ObjectTree, operation: Operation): List {
  const [, above, name] = /^(.+)\.(\w+)$/s.exec(operation.path) ?? []
  if (above === undefined || name === undefined) throw operation.refusal('path', `no content found at ${operation.path}`)
  const { tree, type } = openContent(root, onePlace(root, operation, above))
  const [, member]: [string?, Member?] = memberFor(type, name, undefined) ?? []
  if (member === undefined || !member.element.many) throw operation.refusal('path', `${operation.path} is not a list`)
  return { holder: tree, holderType: type, name, length: 0 }
}

const isThere = (holder: ObjectTree, type: string, element: Element): boolean =>
  holder.members.some(({ name }) => membersOf(type).get(name.replace(/^_/, ''))?.element === element)
