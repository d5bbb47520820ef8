// Writes src/generated/compartments.js: by which parameters a resource of each type belongs to a compartment.
// https://hl7.org/fhir/R4/compartmentdefinition.html
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EXAMPLES, readPublished } from './published.js'

interface CompartmentDefinition { readonly code: string, readonly resource: ReadonlyArray<{ readonly code: string, readonly param?: readonly string[] }> }

const FILES = ['patient', 'encounter', 'practitioner', 'device', 'relatedPerson']

const DECLARED = `/**
 * compartment -> type -> parameters, any of which leads to the compartment's resource; \`{def}\`: the type is that resource itself. A type that is
 * not in it does not belong to the compartment.
 */
export const COMPARTMENTS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>
`

export function generate (outDir: string): void {
  const compartments = Object.fromEntries(FILES.map(name => {
    const { code, resource } = readPublished<CompartmentDefinition>(EXAMPLES, `CompartmentDefinition-${name}.json`)
    return [code, Object.fromEntries(resource.flatMap(({ code: type, param = [] }) => param.length === 0 ? [] : [[type, param]]))]
  }))
  writeFileSync(join(outDir, 'compartments.js'), `export const COMPARTMENTS = ${JSON.stringify(compartments)}\n`)
  writeFileSync(join(outDir, 'compartments.d.ts'), DECLARED)
}
