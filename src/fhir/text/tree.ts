// A JSON text as a tree that can be edited: what is not edited keeps its tokens (decimals, escapes, the order of members).
import type { Key } from '../json-key.js'
import { JsonScanner, NO_KEY } from '../json-scanner.js'
import { type Json, type JsonObject, jsonText } from '../json-value.js'

/** A string, number or literal by its token. */
export interface Leaf { readonly kind: 'leaf', readonly token: string, readonly value: Json }
export interface Branch { readonly name: string, /** The name as it is written, in quotes. */ readonly label: string, tree: Tree }
export interface ObjectTree { readonly kind: 'object', readonly members: Branch[] }
export interface ArrayTree { readonly kind: 'array', readonly items: Tree[] }
export type Tree = Leaf | ObjectTree | ArrayTree

const [BRACKET, BRACE] = [91, 123] as const

/** Throws what parseJson throws. */
export function parseTree (text: string): Tree {
  const scanner = new TreeScanner(text)
  return scanner.document(() => scanner.tree(NO_KEY))
}

/** The tree of a value, a string being spelled as JSON.stringify does. */
export const treeOf = (value: Json): Tree => parseTree(jsonText(value))

/** A member, its name spelled as JSON.stringify does. */
export const branch = (name: string, tree: Tree): Branch => ({ name, label: JSON.stringify(name), tree })

/** The text of a tree: its tokens without whitespace. */
export function treeText (tree: Tree): string {
  switch (tree.kind) {
    case 'leaf': return tree.token
    case 'array': return `[${tree.items.map(treeText).join(',')}]`
    case 'object': return `{${tree.members.map(({ label, tree }) => `${label}:${treeText(tree)}`).join(',')}}`
  }
}

/** The value of a tree. */
export function treeValue (tree: Tree): Json {
  switch (tree.kind) {
    case 'leaf': return tree.value
    case 'array': return tree.items.map(treeValue)
    case 'object': {
      const object: JsonObject = {}
      for (const { name, tree: member } of tree.members) object[name] = treeValue(member)
      return object
    }
  }
}

export const memberOf = (object: ObjectTree, name: string): Branch | undefined => object.members.find(member => member.name === name)

/** Gives a member a value, at the end when the object has none of this name. */
export function setMember (object: ObjectTree, name: string, tree: Tree): void {
  const member = memberOf(object, name)
  if (member === undefined) object.members.push(branch(name, tree))
  else member.tree = tree
}

export function removeMember (object: ObjectTree, name: string): void {
  const at = object.members.findIndex(member => member.name === name)
  if (at >= 0) object.members.splice(at, 1)
}

class TreeScanner extends JsonScanner {
  tree (key: Key): Tree {
    const start = this.at
    if (this.units[start] === BRACE) return this.#object()
    if (this.units[start] === BRACKET) return this.#array(key)
    const value = this.value(key)
    return { kind: 'leaf', token: this.text.slice(start, this.at), value }
  }

  #object (): ObjectTree {
    const members: Branch[] = []
    this.object((key, start, end) => {
      members.push({ name: key.name, label: this.text.slice(start, end), tree: this.tree(key) })
      return null
    })
    return { kind: 'object', members }
  }

  #array (key: Key): ArrayTree {
    const items: Tree[] = []
    this.array(key, () => {
      items.push(this.tree(key))
      return null
    })
    return { kind: 'array', items }
  }
}
