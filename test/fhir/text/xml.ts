// Reads the published FHIRPath Patch cases, which are XML, as JSON. https://hl7.org/fhir/R4/xml.html
import { membersOf } from '../../../src/fhir/elements.js'
import type { Json, JsonObject } from '../../../src/fhir/json.js'

export interface Node { readonly name: string, readonly attributes: Readonly<Record<string, string>>, readonly children: Node[] }

const ENTITIES: Readonly<Record<string, string>> = { '&apos;': "'", '&quot;': '"', '&amp;': '&', '&lt;': '<', '&gt;': '>' }
const TAG = /<(\/?)([\w]+)((?:\s+[\w]+="[^"]*")*)\s*(\/?)>/g

/** The elements of a text without mixed content. */
export function readXml (text: string): Node {
  const open: Node[] = [{ name: '', attributes: {}, children: [] }]
  for (const [, end, name = '', attributes = '', empty] of text.replace(/<!--.*?-->/gs, '').matchAll(TAG)) {
    if (end) open.pop()
    else {
      const node = { name, attributes: attributesOf(attributes), children: [] }
      open.at(-1)?.children.push(node)
      if (!empty) open.push(node)
    }
  }
  return open[0]?.children[0] ?? { name: '', attributes: {}, children: [] }
}

const attributesOf = (text: string): Record<string, string> => Object.fromEntries([...text.matchAll(/(\w+)="([^"]*)"/g)]
  .map(([, name = '', value = '']) => [name, value.replace(/&\w+;/g, entity => ENTITIES[entity] ?? entity)]))

export const child = (node: Node, name: string): Node | undefined => node.children.find(child => child.name === name)

/** A resource element as JSON. */
export const resourceOf = (node: Node): JsonObject => ({ resourceType: node.name, ...objectOf(node, node.name) })

function objectOf (node: Node, type: string): JsonObject {
  const object: JsonObject = {}
  for (const child of node.children) {
    const member = membersOf(type).get(child.name)
    const value = valueOf(child, member?.type ?? '')
    if (member?.element.many !== true) object[child.name] = value
    else object[child.name] = [...(object[child.name] ?? []) as Json[], value]
  }
  return object
}

function valueOf (node: Node, type: string): Json {
  const { value } = node.attributes
  if (value === undefined) return objectOf(node, type)
  return /^(integer|decimal|boolean|positiveInt|unsignedInt)$/.test(type) ? JSON.parse(value) as Json : value
}
