// Writes src/generated/terminology.tsv: the code systems and value sets that HL7 published with R4, with what a search needs of them.
// https://hl7.org/fhir/R4/terminologies-systems.html
//
// A line each, `url|version`, a tab, JSON: a reader finds its line and parses nothing else.
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES, readPublished } from './published.js'

interface Property { readonly code: string }
interface Concept { readonly code: string, readonly display?: string, readonly property?: readonly Property[], readonly concept?: readonly Concept[] }
interface Definition {
  readonly resourceType: 'CodeSystem' | 'ValueSet'
  readonly url: string
  readonly version?: string
  readonly status: string
  readonly content?: string
  readonly hierarchyMeaning?: string
  readonly property?: ReadonlyArray<{ readonly code: string, readonly uri?: string, readonly type: string }>
  readonly concept?: readonly Concept[]
  readonly compose?: Compose
}
interface Compose { readonly inactive?: boolean, readonly lockedDate?: string, readonly include: readonly Include[], readonly exclude?: readonly Include[] }
interface Include {
  readonly system?: string
  readonly version?: string
  readonly concept?: readonly Concept[]
  readonly filter?: ReadonlyArray<{ readonly property: string, readonly op: string, readonly value: string }>
  readonly valueSet?: readonly string[]
}

const conceptOf = ({ code, display, property, concept }: Concept): object =>
  ({ code, ...(display !== undefined && { display }), ...(property && { property }), ...(concept && { concept: concept.map(conceptOf) }) })

// Of a concept that a value set lists its code is what is asked.
const includeOf = ({ concept, filter, system, version, valueSet }: Include): object =>
  ({ system, version, ...(concept && { concept: concept.map(({ code }) => ({ code })) }), filter, valueSet })

const composeOf = ({ inactive, lockedDate, include, exclude }: Compose): object =>
  ({ inactive, lockedDate, include: include.map(includeOf), ...(exclude && { exclude: exclude.map(includeOf) }) })

function trimmed ({ resourceType, url, version, status, content, hierarchyMeaning, property, concept, compose }: Definition): object {
  const common = { resourceType, url, version, status }
  return resourceType === 'ValueSet'
    ? { ...common, ...(compose && { compose: composeOf(compose) }) }
    : { ...common, content, hierarchyMeaning, ...(property && { property: property.map(({ code, uri, type }) => ({ code, uri, type })) }), ...(concept && { concept: concept.map(conceptOf) }) }
}

export function generate (outDir: string): void {
  const definitions = readdirSync(EXAMPLES).filter(file => /^(CodeSystem|ValueSet)-.*\.json$/.test(file)).map(file => readPublished<Definition>(EXAMPLES, file))
  const lines = definitions.map(definition => `${definition.url}|${definition.version ?? ''}\t${JSON.stringify(trimmed(definition))}\n`).sort()
  if (new Set(definitions.map(({ url }) => url)).size !== definitions.length) throw new Error('two definitions have one url')
  writeFileSync(join(outDir, 'terminology.tsv'), lines.join(''))
}
