// JSON Patch. https://www.rfc-editor.org/rfc/rfc6902 https://hl7.org/fhir/R4/http.html#patch
import type { Json } from '../json-value.js'
import { invalid, tooLarge, unprocessable } from '../outcome.js'
import { equal } from './equal.js'
import { type ArrayTree, type ObjectTree, type Tree, memberOf, parseTree, removeMember, setMember, treeOf, treeText, treeValue } from './tree.js'

// Copying a document into itself doubles it: what copies and moves carry in all has a limit.
const MOST_CARRIED = 8_000_000

/**
 * A JSON text after a JSON Patch; all that the patch does not touch keeps its tokens.
 *
 * @param patch the patch's value, or its text, of which strings too are taken over as they are spelled
 * @throws FhirError naming the operation: 400 for what is no patch, 422 for a place that does not exist or a test that fails
 */
export function patchJson (text: string, patch: Json): string {
  const operations = typeof patch === 'string' ? parseTree(patch) : treeOf(patch)
  if (operations.kind !== 'array') throw invalid('a JSON Patch is an array of operations')
  const document = new Document(parseTree(text))
  operations.items.forEach((operation, index) => new Operation(operation, index).apply(document))
  return treeText(document.root)
}

class Document {
  root: Tree
  carried = 0

  constructor (root: Tree) {
    this.root = root
  }
}

/** One operation; its methods refuse by naming it. */
class Operation {
  readonly #tree: ObjectTree
  readonly #place: string
  readonly #op: string
  readonly #path: string

  constructor (tree: Tree, index: number) {
    this.#place = `operation[${index}]`
    if (tree.kind !== 'object') throw invalid(`${this.#place}: an operation is an object`)
    this.#tree = tree
    this.#op = this.#string('op')
    this.#path = this.#string('path')
    this.#place += ` (${this.#op} ${JSON.stringify(this.#path)})`
  }

  apply (document: Document): void {
    switch (this.#op) {
      case 'add': return this.#add(document, this.#value())
      case 'remove': return this.#remove(document, this.#path)
      case 'replace': return this.#replace(document, this.#value())
      case 'move': return this.#move(document, this.#string('from'))
      case 'copy': return this.#add(document, this.#carried(document, this.#find(document, this.#string('from'))))
      case 'test': return this.#test(document, this.#value())
      default: throw invalid(`${this.#place}: op is one of add, remove, replace, move, copy, test`)
    }
  }

  #add (document: Document, value: Tree): void {
    const [parent, last] = this.#parent(document, this.#path)
    if (parent === undefined) document.root = value
    else if (parent.kind === 'object') setMember(parent, this.#name(last), value)
    else parent.items.splice(last === '-' ? parent.items.length : this.#index(last, parent.items.length, this.#path), 0, value)
  }

  #remove (document: Document, path: string): void {
    this.#find(document, path)
    const [parent, last] = this.#parent(document, path)
    if (parent === undefined) throw this.#refusal('the whole document cannot be removed')
    if (parent.kind === 'object') removeMember(parent, last)
    else parent.items.splice(Number(last), 1)
  }

  #replace (document: Document, value: Tree): void {
    this.#find(document, this.#path)
    const [parent, last] = this.#parent(document, this.#path)
    if (parent === undefined) document.root = value
    else if (parent.kind === 'object') setMember(parent, last, value)
    else parent.items[Number(last)] = value
  }

  #move (document: Document, from: string): void {
    const found = this.#find(document, from)
    if (this.#path === from) return
    if (this.#path.startsWith(`${from}/`)) throw this.#refusal('a value cannot be moved into itself')
    this.#remove(document, from)
    this.#add(document, this.#carried(document, found))
  }

  #test (document: Document, value: Tree): void {
    const found = this.#find(document, this.#path)
    if (found.kind !== value.kind || !equal(treeValue(found), treeValue(value))) throw this.#refusal('the value is another')
  }

  /** A tree of its own, so that a later edit of one copy is none of the other, and that nesting stays limited. */
  #carried (document: Document, tree: Tree): Tree {
    const text = treeText(tree)
    document.carried += text.length
    if (document.carried > MOST_CARRIED) throw tooLarge(`${this.#place}: copies and moves carry more than ${MOST_CARRIED} characters in all`)
    return parseTree(text)
  }

  #find (document: Document, path: string): Tree {
    return this.#tokens(path).reduce<Tree>((tree, token, at, tokens) => {
      const place = JSON.stringify('/' + tokens.slice(0, at + 1).join('/'))
      if (tree.kind === 'array') return tree.items[this.#index(token, tree.items.length - 1, path)] ?? tree
      const found = tree.kind === 'object' ? memberOf(tree, token)?.tree : undefined
      if (found === undefined) throw this.#refusal(`${place} does not exist`)
      return found
    }, document.root)
  }

  /** What holds the place of a path, which need not exist; undefined for the whole document. */
  #parent (document: Document, path: string): [ObjectTree | ArrayTree | undefined, string] {
    if (path === '') return [undefined, '']
    const [, above = '', last = ''] = /^(.*)\/([^/]*)$/s.exec(path) ?? []
    const [token = ''] = this.#tokens(`/${last}`)
    const parent = this.#find(document, above)
    if (parent.kind === 'leaf') throw this.#refusal(`${JSON.stringify(above)} holds neither members nor items`)
    return [parent, token]
  }

  /** The parts of a JSON Pointer. https://www.rfc-editor.org/rfc/rfc6901 */
  #tokens (path: string): string[] {
    if (path === '') return []
    if (!path.startsWith('/') || /~(?![01])/.test(path)) throw invalid(`${this.#place}: ${JSON.stringify(path)} is not a JSON Pointer`)
    return path.slice(1).split('/').map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
  }

  #index (token: string, last: number, path: string): number {
    if (!/^(0|[1-9][0-9]*)$/.test(token)) throw this.#refusal(`${JSON.stringify(token)} is not an index of the array at ${JSON.stringify(path)}`)
    if (Number(token) > last) throw this.#refusal(`the array at ${JSON.stringify(path)} has no place ${token}`)
    return Number(token)
  }

  #name (token: string): string {
    if (token === '__proto__') throw this.#refusal('a member cannot have this name')
    return token
  }

  #string (name: string): string {
    const tree = memberOf(this.#tree, name)?.tree
    if (tree?.kind !== 'leaf' || typeof tree.value !== 'string') throw invalid(`${this.#place}: ${name} must be a string`)
    return tree.value
  }

  #value (): Tree {
    const tree = memberOf(this.#tree, 'value')?.tree
    if (tree === undefined) throw invalid(`${this.#place}: value is missing`)
    return tree
  }

  #refusal (problem: string): Error {
    return unprocessable(`${this.#place}: ${problem}`)
  }
}
