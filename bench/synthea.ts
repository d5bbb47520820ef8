// The material: Synthea's transaction Bundles, whose entries refer to each other by urn:uuid.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createTarDecoder } from 'modern-tar'
import xz from 'xz-decompress'
import type { JsonObject } from './content.js'

/** Where the material is; absent outside the project's own machines. */
export const ARCHIVE = fileURLToPath(new URL('../../shared/data/synthea/synthea-r4-patients.tar.xz', import.meta.url))

export interface Entry {
  readonly fullUrl: string
  readonly type: string
  readonly resource: JsonObject
}

export interface Bundle {
  readonly name: string
  readonly entries: readonly Entry[]
  /** As it stands in the archive, indented. */
  readonly text: string
  /** The same without white space. */
  readonly compact: string
}

export const hasSynthea = (): boolean => existsSync(ARCHIVE)

/** The first Bundles of the archive, in its order; all of them when no number is given. */
export async function synthea (most = Number.POSITIVE_INFINITY): Promise<Bundle[]> {
  if (!hasSynthea()) throw new Error('the Synthea archive is not here: ../shared/data/synthea')
  const bundles: Bundle[] = []
  const entries = new xz.XzReadableStream(new Blob([readFileSync(ARCHIVE)]).stream()).pipeThrough(createTarDecoder())
  for await (const { header, body } of entries) {
    if (header.type !== 'file' || !header.name.endsWith('.json') || bundles.length >= most) {
      await body.cancel()
      if (bundles.length >= most) break
      continue
    }
    bundles.push(bundleOf(header.name, await new Response(body).text()))
  }
  return bundles
}

function bundleOf (name: string, text: string): Bundle {
  const value = JSON.parse(text) as { entry: { fullUrl: string, resource: JsonObject & { resourceType: string } }[] }
  return {
    name,
    text,
    compact: JSON.stringify(value),
    entries: value.entry.map(({ fullUrl, resource }) => ({ fullUrl, type: resource.resourceType, resource }))
  }
}
