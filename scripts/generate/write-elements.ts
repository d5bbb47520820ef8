// Writes src/generated/elements.js: what edits of a resource's text must know of its elements, and which members hold a uri.
// https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.isSummary
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { choiceMember } from './model.js'
import { type ElementDefinition, type StructureDefinition, structureDefinitions } from './published.js'

interface ElementType { code: string, extension?: Array<{ url: string, valueUrl?: string }> }
interface Flagged extends ElementDefinition { isSummary?: boolean, isModifier?: boolean }
interface Element { name: string, marks: string, types: string[] }

// Transaction rewriting concerns "elements of type uri, url, oid, uuid". https://hl7.org/fhir/R4/http.html#trules
const URI_TYPES = new Set(['uri', 'url', 'oid', 'uuid'])
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

const typeOf = ({ code, extension = [] }: ElementType): string => extension.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? code
const holderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('.')))

/** The marks as src/fhir/elements.ts reads them. */
function marksOf ({ path, min, max, isSummary, isModifier }: Flagged): string {
  // A modifier extension changes what its holder means: no cut may drop it, whatever the flags of its holder say.
  const summary = isSummary === true || path.endsWith('.modifierExtension')
  return (path.endsWith('[x]') ? '?' : '') + (max === '*' ? '*' : '') + (summary ? '+' : '') + (min > 0 ? '!' : '') + (isModifier === true ? '~' : '')
}

function typesOf (element: ElementDefinition, parents: ReadonlySet<string>): string[] {
  if (element.contentReference) return [element.contentReference.slice(1)]
  return parents.has(element.path) ? [element.path] : (element.type ?? []).map(typeOf)
}

/** Every resource, data type and backbone element with its elements. */
function holders (definitions: StructureDefinition[]): Map<string, Element[]> {
  const found = new Map<string, Element[]>()
  for (const { snapshot: { element: elements } } of definitions) {
    const parents = new Set(elements.map(({ path }) => holderOf(path)))
    for (const element of elements.slice(1)) {
      const holder = holderOf(element.path)
      const name = element.path.slice(holder.length + 1).replace('[x]', '')
      found.set(holder, [...found.get(holder) ?? [], { name, marks: marksOf(element), types: typesOf(element, parents) }])
    }
  }
  return found
}

const members = ({ name, marks, types }: Element): Array<[string, string]> => types.map(type => [marks.includes('?') ? choiceMember(name, type) : name, type])

function text (definitions: StructureDefinition[]): string {
  const all = [...holders(definitions)]
  const uris = all.flatMap(([, elements]) => elements.flatMap(members)).filter(([, type]) => URI_TYPES.has(type)).map(([name]) => name)
  const elements = all.map(([holder, elements]) => [holder, elements.map(({ name, marks, types }) => `${name}${marks}:${types.join('|')}`).join(' ')])
  return `export const uriNames = new Set(${JSON.stringify([...new Set(uris)].sort())})
export const elements = ${JSON.stringify(Object.fromEntries(elements))}
`
}

const DECLARATIONS = `/** Names of members whose type is uri, url, oid or uuid, choices expanded. */
export const uriNames: ReadonlySet<string>
/**
 * Resource, data type or backbone path -> its elements, separated by blanks: name, marks, a colon, types separated by bars.
 * Marks: ? choice, * repeats, + isSummary, ! mandatory, ~ modifier.
 */
export const elements: Readonly<Record<string, string>>
`

/** Writes elements.js and elements.d.ts into a folder. */
export function generate (outDir: string): void {
  const definitions = structureDefinitions().filter(({ kind, derivation }) => kind !== 'primitive-type' && derivation !== 'constraint')
  writeFileSync(join(outDir, 'elements.js'), text(definitions))
  writeFileSync(join(outDir, 'elements.d.ts'), DECLARATIONS)
}
