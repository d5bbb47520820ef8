// A piece of a compiled expression, and what the pieces have in common. https://hl7.org/fhirpath/N1/
import type { JsonObject } from '../json-value.js'
import type { Item } from './item.js'

/** One evaluation: the resource that contained references are looked up in, and how many steps are left. */
export interface Run { readonly resource: JsonObject, left: number }

/** What a piece gives for a focus. `types`: what its items may be. */
export interface Part { readonly types: readonly string[], readonly items: (focus: readonly Item[], run: Run) => readonly Item[] }

/** What is wrong with an expression, to be read behind the words "the expression". */
export class ExpressionError extends Error {
  override name = 'ExpressionError'
}

/** A node of the syntax tree, as the parser gives it. */
export interface Ast { readonly type: string, readonly text?: string, readonly children?: readonly Ast[] }

export type Compile = (node: Ast, focus: readonly string[]) => Part

const TRANSPARENT: ReadonlySet<string> = new Set(['EntireExpression', 'TermExpression', 'ParenthesizedTerm', 'InvocationTerm', 'LiteralTerm'])

/** The node below wrappers that mean nothing. */
export function bare (node: Ast): Ast {
  let at = node
  while (TRANSPARENT.has(at.type) && at.children?.length === 1) at = at.children[0] as Ast
  return at
}

export function childOf (node: Ast, index: number): Ast {
  const found = node.children?.[index]
  if (found === undefined) throw new ExpressionError('is no FHIRPath')
  return found
}

/** The name of a function that is called, and what it is given. */
export function argumentsOf (node: Ast): { readonly name: string, readonly args: readonly Ast[] } {
  const functn = childOf(node, 0)
  return { name: functn.text ?? '', args: functn.children?.[1]?.children ?? [] }
}

/** A piece that gives true, false or nothing. */
export const boolean = (decide: (focus: readonly Item[], run: Run) => boolean | undefined): Part => ({
  types: ['boolean'],
  items: (focus, run) => {
    const value = decide(focus, run)
    return value === undefined ? [] : [{ type: 'boolean', value }]
  }
})

/** Items where one truth is wanted: nothing is undefined, one that is no boolean counts as true. */
export function truthOf (items: readonly Item[]): boolean | undefined {
  if (items.length > 1) throw new ExpressionError('asks one item, and found several')
  const [item] = items
  return item === undefined ? undefined : item.value !== false
}
