// What stands in the server before a measurement: stored over HTTP, so that every server gets the same.
import { bodyOf, placeOf, type Body, type JsonObject } from './content.js'
import { sendAll, type Ask, type Reply, type Target } from './driver.js'
import type { Bundle, Entry } from './synthea.js'

/** A resource that is stored, with its references as the server has resolved them. */
export interface Stored {
  readonly type: string
  readonly id: string
  readonly etag: string
  readonly body: Body
  readonly resource: JsonObject
}

interface ResponseEntry { readonly response?: { readonly status?: string, readonly location?: string, readonly etag?: string } }

/** What is wrong with the answer to a transaction of this size. */
export function wrongTransaction ({ status, text }: Reply, size: number): string | undefined {
  if (status !== 200) return `status ${status}`
  const count = text.split('"status":"201').length - 1
  if (count === size) return undefined
  const { entry = [] } = JSON.parse(text) as { entry?: ResponseEntry[] }
  const made = entry.filter(({ response }) => response?.status?.startsWith('201') === true)
  return made.length === size ? undefined : 'entries are missing'
}

/** The request that stores a Bundle. */
export const transactionAsk = (text: string, size: number): Ask =>
  ({ method: 'POST', path: '', body: text, check: reply => wrongTransaction(reply, size), weight: size })

/** Stores these Bundles and tells what became of each entry, Bundle by Bundle. */
export async function seed (target: Target, bundles: readonly Bundle[]): Promise<Stored[][]> {
  const replies = await sendAll(target, 4, bundles.map(bundle => transactionAsk(bundle.compact, bundle.entries.length)))
  return bundles.map((bundle, place) => storedOf(bundle.entries, replies[place]))
}

/** Stores resources without a Bundle of their own, a few hundred at a time. */
export async function seedResources (target: Target, resources: readonly JsonObject[]): Promise<Stored[]> {
  const groups = Array.from({ length: Math.ceil(resources.length / 200) }, (_, index) => resources.slice(index * 200, index * 200 + 200))
  const replies = await sendAll(target, 4, groups.map(group => transactionAsk(transactionText(group), group.length)))
  return groups.flatMap((group, place) => storedOf(group.map(resource => ({ fullUrl: '', type: String(resource['resourceType']), resource })), replies[place]))
}

/** A transaction that creates these resources. */
export const transactionText = (resources: readonly JsonObject[]): string => JSON.stringify({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: resources.map(resource => ({ resource, request: { method: 'POST', url: resource['resourceType'] } }))
})

function storedOf (entries: readonly Entry[], reply: Reply | undefined): Stored[] {
  const { entry = [] } = JSON.parse(reply?.text ?? '{}') as { entry?: ResponseEntry[] }
  const places = entry.map(({ response }) => placeOf(response?.location))
  const known = new Map(entries.map(({ fullUrl }, index) => [fullUrl, `${places[index]?.type}/${places[index]?.id}`]))
  return entries.map(({ resource, type }, index) => {
    const place = places[index]
    if (place === undefined) throw new Error(`entry ${index} has no location`)
    const resolved = JSON.parse(JSON.stringify(resource).replace(/"(urn:uuid:[^"]+)"/g, (whole, name: string) => known.has(name) ? `"${known.get(name)}"` : whole)) as JsonObject
    return { type, id: place.id, etag: entry[index]?.response?.etag ?? `W/"${place.version}"`, resource: resolved, body: bodyOf(resolved) }
  })
}
