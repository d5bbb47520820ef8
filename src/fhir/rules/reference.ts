// What a Reference may say. https://hl7.org/fhir/R4/references.html#Reference
import { isObject, type JsonObject } from '../json-value.js'
import { parseReference, type Target } from '../reference.js'
import { isResourceType } from '../resource-types.js'
import { type Context, fragment } from './context.js'

const CANONICAL = 'http://hl7.org/fhir/StructureDefinition/'

/** The type that `Reference.type` names: a resource type, or the canonical URL of one. */
const statedType = (type: unknown): string | undefined => typeof type === 'string' ? type.replace(CANONICAL, '') : undefined

/** The type of what a reference's text points to, where that can be told without looking it up. */
function pointedType (target: Target, context: Context): string | undefined {
  switch (target.kind) {
    case 'literal':
    case 'conditional':
    case 'elsewhere': return target.type
    case 'contained': {
      const type = fragment(context, target.id)?.['resourceType']
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
  if (target.kind === 'contained' && !fragment(this, target.id)) return `ref-1: no contained resource has the id '${target.id}'`
  const pointed = pointedType(target, this)
  if (stated !== undefined && pointed !== undefined && stated !== pointed && isResourceType(stated)) return `the type is ${stated}, but '${text}' is a ${pointed}`
  return undefined
}

/** The type of what a Reference points to, or says that it does. */
function typeOf (value: JsonObject, context: Context): string | undefined {
  const text = value['reference']
  return (typeof text === 'string' ? pointedType(parseReference(text), context) : undefined) ?? statedType(value['type'])
}

/** The types that may stand here, against that of the reference. */
export function targets (this: Context, value: JsonObject, allowed: ReadonlySet<string>): string | undefined {
  const type = typeOf(value, this)
  if (type === undefined || allowed.has(type) || !isResourceType(type)) return undefined
  return `a reference to ${type} is not allowed here: allowed are ${[...allowed].join(', ')}`
}

/** ctm-1: only a practitioner of a care team acts for an organization. */
export function onBehalf (this: Context, participant: JsonObject): string | undefined {
  const member = participant['member']
  const type = participant['onBehalfOf'] !== undefined && isObject(member) ? typeOf(member, this) : undefined
  return type === undefined || type === 'Practitioner' ? undefined : `ctm-1: CareTeam.participant.onBehalfOf can only be populated when CareTeam.participant.member is a Practitioner, not a ${type}`
}
