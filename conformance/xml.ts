// FHIR's XML as the JSON of the same resource, for the inputs of suites that come as XML. https://hl7.org/fhir/R4/xml.html
import { DOMParser, type Element, type Node } from '@xmldom/xmldom'
import { membersOf, type Member } from '../src/fhir/elements.js'

type Json = Record<string, unknown>

/** The document of a text. */
export const documentOf = (text: string): Element => {
  const root = new DOMParser().parseFromString(text, 'text/xml').documentElement
  if (root === null) throw new SyntaxError('the text is no XML')
  return root
}

export const childrenOf = (parent: Node): Element[] => [...parent.childNodes].filter((child): child is Element => child.nodeType === 1)

/** The resource of an element. */
export const resourceOf = (element: Element): Json => ({ resourceType: element.localName ?? '', ...membersIn(element, element.localName ?? '') })

function membersIn (parent: Element, type: string): Json {
  const members = membersOf(type)
  const found: Json = {}
  for (const name of ['id', 'url']) if (parent.hasAttribute(name)) found[name] = parent.getAttribute(name)
  for (const child of childrenOf(parent)) {
    const name = child.localName ?? ''
    const member = members.get(name)
    if (member === undefined) throw new Error(`${type} has no ${name}`)
    add(found, name, member, child)
  }
  return found
}

function add (found: Json, name: string, { element: { many }, type }: Member, child: Element): void {
  const { value, more } = valueOf(child, type)
  if (!many) {
    if (value !== undefined) found[name] = value
    if (more !== undefined) found[`_${name}`] = more
    return
  }
  const values = (found[name] ?? []) as unknown[]
  found[name] = [...values, value ?? null]
  const beside = found[`_${name}`] as unknown[] | undefined
  if (more !== undefined || beside !== undefined) found[`_${name}`] = [...beside ?? values.map(() => null), more ?? null]
}

// A primitive's id and extensions stand beside its value.
function valueOf (child: Element, type: string): { readonly value: unknown, readonly more?: Json } {
  if (type === 'xhtml') return { value: child.toString() }
  if (type === 'Resource') return { value: resourceOf(childrenOf(child)[0] ?? child) }
  if (!/^[a-z]/.test(type)) return { value: membersIn(child, type) }
  const more = membersIn(child, 'Element')
  const text = child.getAttribute('value')
  return { value: text === null ? undefined : primitive(type, text), ...(Object.keys(more).length > 0 && { more }) }
}

const NUMBERS: readonly string[] = ['integer', 'decimal', 'positiveInt', 'unsignedInt']
const primitive = (type: string, text: string): unknown => type === 'boolean' ? text === 'true' : NUMBERS.includes(type) ? Number(text) : text
