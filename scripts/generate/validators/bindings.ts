// Required bindings: which codes an element may hold. https://hl7.org/fhir/R4/terminologies.html#required
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES, EXPANSIONS, readPublished, type ElementDefinition } from '../published.js'
import type { Native } from './schema.js'

interface Contains { readonly system?: string, readonly code?: string, readonly abstract?: boolean, readonly contains?: readonly Contains[] }
interface ValueSet { readonly url: string, readonly expansion?: { readonly contains?: readonly Contains[] } }

/** Value sets without end: no list of codes, but each has a syntax. */
const SYNTAX: Readonly<Record<string, string>> = {
  'http://hl7.org/fhir/ValueSet/mimetypes': 'mime',
  'http://www.rfc-editor.org/bcp/bcp13.txt': 'mime',
  'http://hl7.org/fhir/ValueSet/all-languages': 'language',
  'http://hl7.org/fhir/ValueSet/ucum-units': 'ucum'
}

/** Required bindings that are not checked, and why. */
export const UNCHECKED_BINDINGS: Readonly<Record<string, string>> = {
  'http://loinc.org/vs/LL379-9': 'a LOINC answer list; its content is not published with the specification',
  'http://hl7.org/fhir/ValueSet/all-time-units': 'all UCUM units of time; age-1 and drt-1 hold the system to UCUM',
  'http://hl7.org/fhir/ValueSet/all-distance-units': 'all UCUM units of length; dis-1 holds the system to UCUM'
}

const MAX_VALUE_SET = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet'

/** "xml", "json" and "ttl" are allowed" says the element's comment. */
const FORMAT = 'CapabilityStatement.format'

/** The value set that an element's codes must come from, without its version. */
function requiredValueSet ({ binding }: ElementDefinition): string | undefined {
  const max = binding?.extension?.find(({ url }) => url === MAX_VALUE_SET)?.valueCanonical
  return (binding?.strength === 'required' ? binding.valueSet : max)?.split('|')[0]
}

const cut = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

function flat (contains: readonly Contains[]): Array<{ system: string, code: string }> {
  return contains.flatMap(({ system, code, abstract, contains: inner }) => [
    ...(code !== undefined && abstract !== true ? [{ system: system ?? '', code }] : []), ...flat(inner ?? [])
  ])
}

const expansions = new Map<string, Array<{ system: string, code: string }> | undefined>()

function expansionOf (url: string): Array<{ system: string, code: string }> | undefined {
  if (!expansions.has(url)) {
    const file = `ValueSet-${cut(url)}.json`
    const folder = [EXPANSIONS, EXAMPLES].find(place => existsSync(join(place, file)))
    const contains = folder && readPublished<ValueSet>(folder, file).expansion?.contains
    expansions.set(url, contains && contains.length > 0 ? flat(contains) : undefined)
  }
  return expansions.get(url)
}

/** Every set of codes that some element is bound to: what is written to codes.cjs. Keys: the value set, with ` system` when systems count. */
export const codeSets = new Map<string, string[]>()

function codesOf (url: string): string | undefined {
  const expansion = expansionOf(url)
  if (!expansion) return undefined
  codeSets.set(url, [...new Set(expansion.map(({ code }) => code))])
  return url
}

function conceptsOf (url: string): string | undefined {
  const expansion = expansionOf(url)
  if (!expansion) return undefined
  const key = `${url} system`
  codeSets.set(key, [...new Set(expansion.map(({ system, code }) => `${system}|${code}`))])
  return key
}

/** What an element's required binding asks for: of a code a set or a syntax, of a concept a check. */
export function bindingOf (element: ElementDefinition): { code: { codes?: string, syntax?: string }, native: Native[] } {
  const nothing = { code: {}, native: [] }
  const url = requiredValueSet(element)
  if (url === undefined || url in UNCHECKED_BINDINGS) return nothing
  const types = (element.type ?? []).map(({ code }) => code)
  const syntax = element.path === FORMAT ? 'format' : SYNTAX[url]
  if (types.includes('code')) {
    const codes = syntax === undefined ? codesOf(url) : undefined
    if (syntax === undefined && codes === undefined) throw new Error(`${element.path}: no expansion of ${url}`)
    return { code: { ...(syntax !== undefined && { syntax }), ...(codes !== undefined && { codes }) }, native: [] }
  }
  if (syntax !== undefined) return { code: {}, native: [{ name: 'conceptSyntax', argument: syntax }] }
  const concepts = conceptsOf(url)
  if (concepts === undefined) throw new Error(`${element.path}: no expansion of ${url}`)
  return { code: {}, native: [{ name: 'concept', argument: concepts }] }
}
