// What a Reference may say. https://hl7.org/fhir/R4/references.html#Reference
import { type JsonObject } from '../json-value.js'
import { parseReference, type Target } from '../reference.js'
import { isResourceType } from '../resource-types.js'
import { containedOf, type Context } from './context.js'

const CANONICAL = 'http://hl7.org/fhir/StructureDefinition/'

/** The type that `Reference.type` names: a resource type, or the canonical URL of one. */
const statedType = (type: unknown): string | undefined => typeof type === 'string' ? type.replace(CANONICAL, '') : undefined

const contained = (context: Context, id: string): JsonObject | undefined =>
  id === '' ? context.root : containedOf(context.root).find(one => one['id'] === id)

/** The type of what a reference's text points to, where that can be told without looking it up. */
function pointedType (target: Target, context: Context): string | undefined {
  switch (target.kind) {
    case 'literal':
    case 'conditional':
    case 'elsewhere': return target.type
    case 'contained': {
      const type = contained(context, target.id)?.['resourceType']
      return typeof type === 'string' ? type : undefined
    }
    default: return undefined
  }
}

/** A Reference's own rules: its text is a reference, `#x` is contained (ref-1), and its type is that of what it points to. */
export function reference (this: Context, value: JsonObject): string | undefined {
  const text = value['reference']
  const stated = statedType(value['type'])
  if (typeof text !== 'string') return undefined
  const target = parseReference(text)
  if (target.kind === 'unknown') return `the reference '${text}' is none: allowed are Type/id, an absolute URL, urn:uuid: or urn:oid:, and #id of a contained resource`
  if (target.kind === 'contained' && !contained(this, target.id)) return `ref-1: no contained resource has the id '${target.id}'`
  const pointed = pointedType(target, this)
  if (stated !== undefined && pointed !== undefined && stated !== pointed && isResourceType(stated)) return `the type is ${stated}, but '${text}' is a ${pointed}`
  return undefined
}

/** The types that may stand here, against the one that the reference points to or says it does. */
export function targets (this: Context, value: JsonObject, allowed: ReadonlySet<string>): string | undefined {
  const text = value['reference']
  const pointed = (typeof text === 'string' ? pointedType(parseReference(text), this) : undefined) ?? statedType(value['type'])
  if (pointed === undefined || allowed.has(pointed) || !isResourceType(pointed)) return undefined
  return `a reference to ${pointed} is not allowed here: allowed are ${[...allowed].join(', ')}`
}
