// CodeableConcepts and Codings with a required binding. https://hl7.org/fhir/R4/terminologies.html#required
import { type Json, type JsonObject } from '../json-value.js'
import type { Context } from './context.js'
import { isCode, isLanguage } from './primitive.js'

/** The codings of a CodeableConcept, or the Coding itself. */
function codingsOf (value: JsonObject): readonly JsonObject[] {
  const codings: Json | undefined = value['coding']
  return Array.isArray(codings) ? codings as JsonObject[] : 'code' in value ? [value] : []
}

/** One of the codings must come from the value set; without any, an extension must say why. */
export function concept (this: Context, value: JsonObject, allowed: ReadonlySet<string>): string | undefined {
  const codings = codingsOf(value)
  if (codings.length === 0 && value['extension'] !== undefined) return undefined
  if (codings.some(({ system, code }) => allowed.has(`${String(system)}|${String(code)}`))) return undefined
  const given = codings.map(({ system, code }) => `${String(system ?? '')}|${String(code ?? '')}`).join(', ') || 'no coding'
  return `${given} is not in the required value set; allowed (system|code): ${[...allowed].join(', ')}`
}

const UCUM = 'http://unitsofmeasure.org'

/** Value sets without end: a coding of the right syntax. */
export function conceptSyntax (this: Context, value: JsonObject, syntax: string): string | undefined {
  const codings = codingsOf(value)
  if (syntax === 'ucum') return codings.some(({ system, code }) => system === UCUM && isCode(code)) ? undefined : `a UCUM unit is required (system ${UCUM})`
  return codings.every(({ code }) => code === undefined || isLanguage(code)) ? undefined : 'a language code of BCP 47 is required'
}
