// The index rows of reference parameters. https://hl7.org/fhir/R4/search.html#reference
//
// `Type/id` (and `id`, with each type that the parameter may point to) asks for the kind r, a url for u, a version for v, :identifier for the
// kinds of an identifier's token. A reference to a patient that is the resource's owner has no token: the owner column answers.
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import { parseReference, referenceTo, typeNamed } from '../../fhir/reference.js'
import { ROWS } from '../types.js'
import { KIND, type Param, type Rows } from './rows.js'
import { writeIdentifier } from './token.js'
import { writeCanonical } from './uri.js'

export function writeReference (rows: Rows, param: Param, type: string, value: Json): void {
  if (typeof value === 'string') return text(rows, param, value)
  if (!isObject(value)) return
  if (type === 'Reference') reference(rows, param, value)
  else if (type === 'Attachment') text(rows, param, value['url'])
  else if (typeof value['resourceType'] === 'string' && typeof value['id'] === 'string') text(rows, param, referenceTo(value['resourceType'], value['id']))
}

function reference (rows: Rows, param: Param, { reference: target, identifier }: JsonObject): void {
  text(rows, param, target)
  if (isObject(identifier)) writeIdentifier(rows, param, identifier)
}

function canonical (rows: Rows, param: Param, value: string): void {
  rows.token(param, KIND.url, writeCanonical(rows, param, value))
}

function text (rows: Rows, param: Param, value: Json | undefined): void {
  if (typeof value !== 'string') return
  const target = parseReference(value, rows.base)
  switch (target.kind) {
    case 'literal':
      rows.token(param, KIND.reference, referenceTo(target.type, target.id))
      if (target.version !== undefined) rows.token(param, KIND.version, `${target.type}/${target.id}/_history/${target.version}`)
      return
    // A contained resource is no target for a search of its own; what was to be found at write has been.
    case 'contained':
    case 'conditional': return
    case 'canonical': return canonical(rows, param, value)
    case 'elsewhere': return elsewhere(rows, param, target.url)
    default: return canonical(rows, param, value)
  }
}

function elsewhere (rows: Rows, param: Param, url: string): void {
  const history = url.indexOf('/_history/')
  if (history > 0) rows.token(param, KIND.version, url)
  rows.token(param, KIND.url, history > 0 ? url.slice(0, history) : url)
}

/** The reference as a composite's key writes it; undefined when it points to nothing that can be named. */
export function referenceText (value: Json, base: string | undefined): string | undefined {
  const target = isObject(value) ? value['reference'] : value
  if (typeof target !== 'string') return undefined
  const read = parseReference(target, base)
  return read.kind === 'literal' ? KIND.reference + referenceTo(read.type, read.id) : KIND.url + target
}

/**
 * A reference of the owner parameter. One to a Patient of this server has no token of its own, for the owner columns answer; one to
 * anything else that may lead to a patient says that they hold more than the parameter does.
 */
export function writeOwnerReference (rows: Rows, param: Param, type: string, value: Json): void {
  if (!isObject(value)) return
  const { reference: target, identifier } = value
  const read = typeof target === 'string' ? parseReference(target, rows.base) : undefined
  // A patient named by an identifier only was looked up when the resource was written.
  const own = read === undefined ? isObject(identifier) : read.kind === 'literal' && read.type === 'Patient'
  if (!own) {
    rows.indirect ||= mayLeadToPatient(value)
    return writeReference(rows, param, type, value)
  }
  rows.own.push(value)
  if (read?.kind === 'literal' && read.version !== undefined) rows.token(param, KIND.version, `Patient/${read.id}/_history/${read.version}`)
  if (isObject(identifier)) writeIdentifier(rows, param, identifier)
}

// The same rule by which links.ts finds owners.
function mayLeadToPatient ({ reference: target, type }: JsonObject): boolean {
  const named = (typeof target === 'string' ? typeNamed(target) : undefined) ?? (typeof type === 'string' ? type : undefined)
  const kind = named === undefined ? undefined : ROWS.get(named)?.class
  return kind !== 'directory' && kind !== 'conformance'
}
