// A text of a load as the writes that it asks for.
import { isObject, scanBundle, unreadResource, type Json, type UnreadResource } from '../fhir/json.js'
import { asFhirError, FhirError, invalid, notSupported } from '../fhir/outcome.js'
import { isId, parseReference } from '../fhir/reference.js'
import { isResourceType } from '../fhir/resource-types.js'
import type { EntryWrite } from '../resources/entry-write.js'
import { outlined } from '../store/links.js'
import type { Unit } from './units.js'

/** One resource of a load: what is to be written, or why it cannot be. */
export interface Item {
  /** The index in its Bundle, or the line, from 1; undefined for a resource alone in its file. */
  readonly entry: number | undefined
  readonly line: number | undefined
  readonly type: string
  readonly id: string | undefined
  readonly write: EntryWrite | FhirError
}

/** Items that are written together. `atomic`: all of them or none, because the file is a transaction. */
export interface Group {
  readonly atomic: boolean
  readonly items: readonly Item[]
}

/** Reads a unit. A Bundle is a group of its own, single resources go together. */
export function groupsOf ({ texts, line }: Unit): Group[] {
  const singles: Item[] = []
  const groups: Group[] = [{ atomic: false, items: singles }]
  texts.forEach((text, index) => {
    if (text === '' || text === '\r') return
    const read = documentOf(text, line === undefined ? undefined : line + index)
    if ('items' in read) groups.push(read)
    else singles.push(read)
  })
  return groups.filter(({ items }) => items.length > 0)
}

function documentOf (text: string | FhirError, line: number | undefined): Group | Item {
  const place = { entry: undefined, line }
  try {
    if (typeof text !== 'string') throw text
    // Nothing but a Bundle is gone over as one: a List, too, has entries.
    const alone = BUNDLE.test(text) ? undefined : unreadResource(text, outlined)
    if (alone !== undefined && alone.outline['resourceType'] !== 'Bundle') return itemOf(place, alone, undefined)
    const { value: { resourceType, type, entry }, resources } = scanBundle(text, outlined)
    if (resourceType !== 'Bundle' || isOnePiece(type)) return itemOf(place, unreadResource(text, outlined), undefined)
    return { atomic: type === 'transaction', items: unpack(Array.isArray(entry) ? entry : [], resources, String(type), line) }
  } catch (thrown) {
    return { ...place, type: '', id: undefined, write: asFhirError(thrown) }
  }
}

const BUNDLE = /"resourceType"\s*:\s*"Bundle"/

// https://hl7.org/fhir/R4/bundle.html#bundle-unpack: a document or message is kept as it is, anything else is its entries.
const isOnePiece = (type: Json | undefined): boolean => type === 'document' || type === 'message'

function unpack (entries: readonly Json[], resources: ReadonlyArray<UnreadResource | undefined>, bundleType: string, line: number | undefined): Item[] {
  const items = entries.flatMap((entry, index): Item[] => {
    const request = isObject(entry) && isObject(entry['request']) ? entry['request'] : undefined
    const method = request?.['method']
    const fullUrl = isObject(entry) && typeof entry['fullUrl'] === 'string' ? entry['fullUrl'] : undefined
    const place = { entry: index, line }
    const resource = resources[index]
    if (method === 'GET' || method === 'HEAD') return []
    if (method === 'DELETE') return [deleted(place, String(request?.['url'] ?? ''))]
    if (method === 'PATCH') return [refused(place, notSupported('a patch cannot be loaded'))]
    return [resource === undefined ? refused(place, invalid('the entry has no resource')) : itemOf(place, resource, fullUrl)]
  })
  return bundleType === 'history' ? newest(items) : items
}

type Place = Pick<Item, 'entry' | 'line'>

const refused = (place: Place, error: FhirError): Item => ({ ...place, type: '', id: undefined, write: error })

/**
 * A resource keeps the id that it has, so that loading it again changes nothing and references to it hold; one without
 * gets an id from the server.
 */
function itemOf (place: Place, resource: UnreadResource, fullUrl: string | undefined): Item {
  const [type = '', id] = [resource.outline['resourceType'], resource.outline['id']].map(text => typeof text === 'string' ? text : undefined)
  const common = { index: place.entry ?? place.line ?? 0, type, resource, fullUrl }
  const write: Item['write'] = !isResourceType(type)
    ? invalid(type === '' ? 'resourceType is missing' : `${type} is not a resource type that is stored`)
    : id !== undefined && isId(id) ? { ...common, method: 'PUT', id } : { ...common, method: 'POST', id: undefined }
  return { ...place, type, id, write }
}

function deleted (place: Place, url: string): Item {
  const target = parseReference(url)
  if (target.kind !== 'literal') return refused(place, notSupported('a conditional delete cannot be loaded'))
  const { type, id } = target
  return { ...place, type, id, write: { index: place.entry ?? 0, method: 'DELETE', type, id, fullUrl: undefined } }
}

// A history lists the newest version first; older ones of the same resource are past.
function newest (items: readonly Item[]): Item[] {
  const seen = new Set<string>()
  return items.filter(({ type, id }) => {
    const name = `${type}/${id ?? ''}`
    const known = id !== undefined && seen.has(name)
    seen.add(name)
    return !known
  })
}
