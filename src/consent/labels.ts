// Security labels at write. Until the labelling service exists they are those that the writer sent; they stand in columns
// of their own, and the body keeps what it was sent. https://hl7.org/fhir/R4/security-labels.html
import { isObject, type Json, type JsonObject } from '../fhir/json-value.js'

// Ordered: a permit for one covers those before it, a deny those after it.
const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
const RANKS: readonly string[] = ['U', 'L', 'M', 'N', 'R', 'V']
const NORMAL = 3

export interface Labels {
  readonly rank: number
  readonly labels: readonly string[] | undefined
}

/**
 * The labels of a resource: the highest confidentiality that it or anything inside it is marked with (unmarked: N), and
 * every other code. What is contained, or an entry of a Bundle, is shown with the whole, so its labels are the whole's.
 */
export function labelsOf (value: JsonObject): Labels {
  const contents = inside(value)
  const codings = contents.length === 0 ? securityOf(value) : [value, ...contents].flatMap(securityOf)
  if (codings.length === 0) return UNLABELLED
  const ranks = codings.filter(coding => coding['system'] === CONFIDENTIALITY).map(coding => rankOf(code(coding['code'])))
  const labels = codings.filter(coding => coding['system'] !== CONFIDENTIALITY).map(coding => code(coding['code'])).filter(label => label !== '')
  return {
    rank: ranks.length === 0 ? NORMAL : Math.max(...ranks),
    labels: labels.length === 0 ? undefined : [...new Set(labels)]
  }
}

// A code that is not known is taken for the strictest: a misspelt R must not open what it was meant to close.
function rankOf (confidentiality: string): number {
  const rank = RANKS.indexOf(confidentiality)
  return rank === -1 ? RANKS.length - 1 : rank
}

const UNLABELLED: Labels = { rank: NORMAL, labels: undefined }

const NONE: JsonObject[] = []

function securityOf ({ meta }: JsonObject): JsonObject[] {
  const security = isObject(meta) ? meta['security'] : undefined
  return Array.isArray(security) ? security.filter(isObject) : NONE
}

function inside (value: JsonObject): JsonObject[] {
  const { entry, contained } = value
  if (entry === undefined && contained === undefined) return NONE
  const entries = Array.isArray(entry) ? entry.flatMap(entry => isObject(entry) ? [entry['resource']] : []) : NONE
  return [...entries, ...(Array.isArray(contained) ? contained : NONE)].filter(isObject).flatMap(resource => [resource, ...inside(resource)])
}

const code = (value: Json | undefined): string => typeof value === 'string' ? value : ''
