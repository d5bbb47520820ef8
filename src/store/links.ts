// Whose a resource is, who else may see it, and what it points to, by the table of all types. docs/decisions/0011-types-table.md
import { isObject, type Json, type JsonObject } from '../fhir/json-value.js'
import { parseReference, referenceTo, typeNamed } from '../fhir/reference.js'
import { ROWS } from './types.js'

/** One reference of a resource: where it stands (a FHIRPath location) and what it says. */
export interface Reference {
  readonly path: string
  readonly reference: string | undefined
  readonly type: string | undefined
  readonly identifier: JsonObject | undefined
}

/**
 * The references that name the owners of a resource: those of the first owner element that names somebody who may be
 * or lead to a patient, and those of its contained resources. What points to no Patient but to other patient data
 * (a Group, a Device, the document of a Binary) means the owners of that.
 */
export function ownersOf (type: string, value: JsonObject): Reference[] {
  const owners: Reference[] = []
  if (type === 'Bundle') ownersOfEntries(value, owners)
  else ownersAt(type, value, type, owners)
  const { contained } = value
  if (!Array.isArray(contained)) return owners
  contained.forEach((resource, index) => {
    if (isObject(resource) && typeof resource['resourceType'] === 'string') ownersAt(resource['resourceType'], resource, `${type}.contained[${index}]`, owners)
  })
  return distinct(owners.map(owner => named(owner, contained)))
}

/** The references that name those who may see a resource as themselves though nobody needs their permit. */
export function participantsOf (type: string, value: JsonObject): Reference[] {
  const found: Reference[] = []
  for (const steps of accessOf(type).participants) collect(value, steps, 0, type, found)
  return found
}

/** The references without which the resource has no meaning. */
export function mandatoryOf (type: string, value: JsonObject): Reference[] {
  const found: Reference[] = []
  for (const steps of accessOf(type).mandatory) collect(value, steps, 0, type, found)
  return found
}

/** Every Reference in a resource, in extensions and contained resources too. */
export function referencesOf (type: string, value: JsonObject): Reference[] {
  const found: Reference[] = []
  walk(value, type, type, found)
  return found
}

// Paths split once, so that a write does no text work but the locations of what it finds.
interface Access { readonly owners: Steps[], readonly participants: Steps[], readonly mandatory: Steps[] }
type Steps = readonly string[]
const stepsOf = (paths: readonly string[]): Steps[] => paths.map(path => path.split('.'))
const ACCESS: ReadonlyMap<string, Access> = new Map(Array.from(ROWS, ([type, { owners, participants, mandatory }]) =>
  [type, { owners: stepsOf(owners), participants: stepsOf(participants), mandatory: stepsOf(mandatory) }]))
const NONE: Access = { owners: [], participants: [], mandatory: [] }
const accessOf = (type: string): Access => ACCESS.get(type) ?? NONE

// What tells what a resource is, and what an envelope's rules look at.
const ALWAYS = ['resourceType', 'id', 'meta', 'contained']
const OUTLINES: ReadonlyMap<string, ReadonlySet<string>> = new Map(Array.from(ACCESS, ([type, { owners, participants }]) =>
  [type, new Set([...ALWAYS, ...[...owners, ...participants].map(([first = '']) => first)])]))
const ANY_OUTLINE: ReadonlySet<string> = new Set([...OUTLINES.values()].flatMap(members => [...members]))

/** The members of a resource of this type from which ownersOf and participantsOf find the same as from all of it; undefined: of any type. */
export const outlined = (type: string | undefined): ReadonlySet<string> => (type === undefined ? undefined : OUTLINES.get(type)) ?? ANY_OUTLINE

function ownersAt (type: string, value: JsonObject, path: string, into: Reference[]): void {
  for (const steps of accessOf(type).owners) {
    const found: Reference[] = []
    collect(value, steps, 0, path, found)
    const naming = found.filter(mayNamePatient)
    if (naming.length > 0) {
      into.push(...naming)
      return
    }
  }
}

// Directory and conformance resources are nobody's; whatever else is said may turn out to be a patient, or lead to one.
function mayNamePatient ({ reference, type }: Reference): boolean {
  const target = (reference === undefined ? undefined : typeNamed(reference)) ?? type
  const kind = target === undefined ? undefined : ROWS.get(target)?.class
  return kind !== 'directory' && kind !== 'conformance'
}

function collect (value: Json | undefined, steps: Steps, at: number, path: string, into: Reference[]): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => collect(item, steps, at, `${path}[${index}]`, into))
    return
  }
  if (!isObject(value)) return
  const step = steps[at]
  if (step !== undefined) collect(value[step], steps, at + 1, `${path}.${step}`, into)
  else if (names(value)) into.push(read(value, path))
}

const names = (value: JsonObject): boolean => typeof value['reference'] === 'string' || isObject(value['identifier'])

function read (value: JsonObject, path: string): Reference {
  const { reference, type, identifier } = value
  return {
    path,
    reference: typeof reference === 'string' ? reference : undefined,
    type: typeof type === 'string' ? type : undefined,
    identifier: isObject(identifier) ? identifier : undefined
  }
}

/** A reference to a contained Patient says what that Patient's identifier says: nothing else of him can be looked up. */
function named (owner: Reference, contained: readonly Json[]): Reference {
  if (owner.reference?.startsWith('#') !== true) return owner
  const id = owner.reference.slice(1)
  const patient = contained.filter(isObject).find(resource => resource['id'] === id && resource['resourceType'] === 'Patient')
  const identifier = patient === undefined ? undefined : firstIdentifier(patient)
  return identifier === undefined ? owner : { path: owner.path, reference: undefined, type: 'Patient', identifier }
}

function firstIdentifier ({ identifier }: JsonObject): JsonObject | undefined {
  const first = Array.isArray(identifier) ? identifier[0] : undefined
  return isObject(first) ? first : undefined
}

function distinct (owners: readonly Reference[]): Reference[] {
  return owners.filter((owner, index) => owner.reference === undefined || owners.findIndex(({ reference }) => reference === owner.reference) === index)
}

/**
 * A Bundle that is kept as one resource belongs to everybody whom its entries belong to. What points to another entry
 * is answered by that entry. https://hl7.org/fhir/R4/bundle.html#references
 */
function ownersOfEntries ({ entry }: JsonObject, into: Reference[]): void {
  const entries = Array.isArray(entry) ? entry : []
  const fullUrls = new Set(entries.map(entry => isObject(entry) ? entry['fullUrl'] : undefined))
  const found: Reference[] = []
  entries.forEach((entry, index) => {
    if (!isObject(entry) || !isObject(entry['resource'])) return
    const { fullUrl, resource } = entry
    const { resourceType } = resource
    if (typeof resourceType !== 'string') return
    const path = `Bundle.entry[${index}].resource`
    const url = typeof fullUrl === 'string' ? fullUrl : undefined
    if (resourceType === 'Patient') found.push(patientOfEntry(resource, url, path))
    else found.push(...ownersOf(resourceType, resource).map(owner => fromEntry(owner, url, path)).filter(owner => !fullUrls.has(owner.reference ?? '')))
  })
  into.push(...distinct(found))
}

const isAbsolute = (url: string | undefined): url is string => url !== undefined && url.startsWith('http')

function patientOfEntry (patient: JsonObject, fullUrl: string | undefined, path: string): Reference {
  const identifier = firstIdentifier(patient)
  const { id } = patient
  const local = identifier === undefined && typeof id === 'string' ? referenceTo('Patient', id) : undefined
  return { path, reference: isAbsolute(fullUrl) ? fullUrl : local, type: 'Patient', identifier }
}

// `Patient/1` in an entry from another server is that server's Patient/1, not ours.
function fromEntry (owner: Reference, fullUrl: string | undefined, path: string): Reference {
  const { reference } = owner
  const type = reference === undefined ? undefined : typeNamed(reference)
  const own = isAbsolute(fullUrl) ? parseReference(fullUrl) : undefined
  const foreign = own?.kind === 'elsewhere' && own.type !== undefined && type !== undefined && reference?.startsWith(`${type}/`)
  return {
    ...owner,
    path: path + owner.path.slice(owner.path.search(/[.[]|$/)),
    reference: foreign && own.type !== undefined ? `${own.url.slice(0, own.url.indexOf(`/${own.type}/`))}/${reference}` : reference
  }
}

// A Reference is known by its shape: in R4 nothing else has a `reference` that is a string (but two uris, below), and
// no other element consists of an identifier and what a Reference may have beside it.
function walk (value: Json, type: string, path: string, into: Reference[]): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => walk(item, type, `${path}[${index}]`, into))
    return
  }
  if (!isObject(value)) return
  const own = typeof value['resourceType'] === 'string' ? value['resourceType'] : type
  if (isReference(value, own, path)) into.push(read(value, path))
  for (const member in value) {
    const child = value[member]
    if (typeof child === 'object' && child !== null) walk(child, own, `${path}.${elementOf(own, member)}`, into)
  }
}

const REFERENCE_MEMBERS: ReadonlySet<string> = new Set(['reference', 'type', 'identifier', 'display', 'id', 'extension', '_reference', '_type', '_display'])

function isReference (value: JsonObject, type: string, path: string): boolean {
  if (typeof value['reference'] === 'string') return !isUri(value, type, path)
  return isObject(value['identifier']) && Object.keys(value).every(member => REFERENCE_MEMBERS.has(member))
}

/** `DetectedIssue.reference` and `Immunization.education.reference` are uris. */
const isUri = (value: JsonObject, type: string, path: string): boolean =>
  (type === 'DetectedIssue' && value['resourceType'] === type) || (type === 'Immunization' && /\.education\[\d+\]$/.test(path))

// In FHIRPath a choice has one name, `value`; these elements are no choices although they are named like one.
const NOT_CHOICES: ReadonlySet<string> = new Set(['definitionReference', 'outcomeReference', 'prognosisReference', 'reasonReference', 'typeReference',
  'usedReference', 'ClinicalImpression.itemReference', 'ImagingStudy.procedureReference', 'ServiceRequest.locationReference'])

function elementOf (type: string, member: string): string {
  const choice = member.length > 9 && member.endsWith('Reference') && !NOT_CHOICES.has(member) && !NOT_CHOICES.has(`${type}.${member}`)
  return choice ? member.slice(0, -9) : member
}
