// Writes src/generated/elements.js: which elements a summary keeps, which ones every cut keeps, and which members hold a uri.
// https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.isSummary
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { choiceMember, published } from './model.js'

interface ElementType { code: string, extension?: Array<{ url: string, valueUrl?: string }> }
interface ElementDefinition { path: string, min: number, isSummary?: boolean, isModifier?: boolean, type?: ElementType[], contentReference?: string }
interface StructureDefinition { resourceType: string, id: string, kind: string, derivation?: string, snapshot: { element: ElementDefinition[] } }
interface Member { name: string, type: string, summary: boolean, kept: boolean }

// Transaction rewriting concerns "elements of type uri, url, oid, uuid". https://hl7.org/fhir/R4/http.html#trules
const URI_TYPES = new Set(['uri', 'url', 'oid', 'uuid'])
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type'

const typeOf = ({ code, extension = [] }: ElementType): string => extension.find(({ url }) => url === FHIR_TYPE)?.valueUrl ?? code

/** The JSON members of one element: one, or one for each type of a choice. */
function membersOf (element: ElementDefinition, parents: ReadonlySet<string>): Member[] {
  const last = element.path.slice(element.path.lastIndexOf('.') + 1)
  // A modifier extension changes what its holder means: no cut may drop it, whatever the flags of its holder say.
  const modifying = last === 'modifierExtension'
  const flags = { summary: modifying || element.isSummary === true, kept: modifying || element.min > 0 || element.isModifier === true }
  if (element.contentReference) return [{ name: last, type: element.contentReference.slice(1), ...flags }]
  if (parents.has(element.path)) return [{ name: last, type: element.path, ...flags }]
  const types = (element.type ?? []).map(typeOf)
  if (!last.endsWith('[x]')) return [{ name: last, type: types[0] ?? '', ...flags }]
  return types.map(type => ({ name: choiceMember(last.slice(0, -3), type), type, ...flags }))
}

/** Every resource, data type and backbone element with its members. */
function holders (definitions: StructureDefinition[]): Map<string, Member[]> {
  const found = new Map<string, Member[]>()
  for (const { snapshot: { element: elements } } of definitions) {
    const parents = new Set(elements.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('.')))))
    for (const element of elements.slice(1)) {
      const holder = element.path.slice(0, element.path.lastIndexOf('.'))
      found.set(holder, [...found.get(holder) ?? [], ...membersOf(element, parents)])
    }
  }
  return found
}

function text (definitions: StructureDefinition[]): string {
  const all = holders(definitions)
  const uris = new Set([...all.values()].flat().filter(({ type }) => URI_TYPES.has(type)).map(({ name }) => name))
  // A data type in which nothing is marked (Extension, Narrative) is kept whole when its element is.
  const marked = new Set([...all].filter(([, members]) => members.some(({ summary, name }) => summary && name !== 'modifierExtension')).map(([holder]) => holder))
  const summaries = [...all].filter(([holder]) => marked.has(holder)).map(([holder, members]) =>
    [holder, members.filter(({ summary }) => summary).map(({ name, type }) => marked.has(type) ? `${name}>${type}` : name).join(' ')])
  const resources = new Set(definitions.filter(({ kind }) => kind === 'resource').map(({ id }) => id))
  const tops = [...all].filter(([holder]) => resources.has(holder)).map(([holder, members]) =>
    [holder, members.map(({ name, kept }) => kept ? `${name}!` : name).join(' ')])
  return `export const uriNames = new Set(${JSON.stringify([...uris].sort())})
export const summaryMembers = ${JSON.stringify(Object.fromEntries(summaries))}
export const resourceMembers = ${JSON.stringify(Object.fromEntries(tops))}
`
}

const DECLARATIONS = `/** Names of members whose type is uri, url, oid or uuid, choices expanded. */
export const uriNames: ReadonlySet<string>
/** Resource, data type or backbone path -> the members marked isSummary, separated by blanks; \`name>holder\` where the value is cut in turn. */
export const summaryMembers: Readonly<Record<string, string>>
/** Resource type -> its members, separated by blanks; \`name!\` where mandatory or a modifier. */
export const resourceMembers: Readonly<Record<string, string>>
`

/** Writes elements.js and elements.d.ts into a folder. */
export function generate (outDir: string): void {
  const definitions = ['profiles-types.json', 'profiles-resources.json'].flatMap(file => published<StructureDefinition>(file))
    .filter(({ resourceType, kind, derivation }) => resourceType === 'StructureDefinition' && derivation !== 'constraint' && kind !== 'primitive-type')
  writeFileSync(join(outDir, 'elements.js'), text(definitions))
  writeFileSync(join(outDir, 'elements.d.ts'), DECLARATIONS)
}
