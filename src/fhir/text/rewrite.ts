// Writing other links in place of those of a resource, as a transaction does: references, uris and the links of the narrative.
// https://hl7.org/fhir/R4/http.html#trules
import { isLink, keyOf } from '../json-key.js'
import { type Json, type JsonObject, isObject } from '../json-value.js'
import type { Link, ScannedResource } from '../resource-scanner.js'

/** What becomes of a link; undefined leaves it. */
export type To = (value: string) => string | undefined

// <a href="..."> and <img src="...">, and nothing else of the narrative.
const NARRATIVE_LINK = /(<(?:a|img)\s[^<>]*?\b(?:href|src)\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')/g

/**
 * A resource's stored form, value and links with some links written anew. All other tokens stay as they are; of the value,
 * what did not change is shared with the resource's.
 */
export function rewriteLinks ({ tail, value, links }: ScannedResource, to: To): Pick<ScannedResource, 'tail' | 'value' | 'links'> {
  const become = new Map<string, string>()
  let copied = 0
  let text = ''
  const moved = links.map((link): Link => {
    const written = link.key === 'div' ? narrative(link.value, to) : to(link.value) ?? link.value
    const start = text.length + link.start - copied
    if (written === link.value) return { ...link, start, end: start + link.end - link.start }
    text += tail.slice(copied, link.start) + JSON.stringify(written)
    copied = link.end
    become.set(link.value, written)
    return { ...link, value: written, start, end: text.length }
  })
  return copied === 0 ? { tail, value, links } : { tail: text + tail.slice(copied), value: inObject(value, become), links: moved }
}

const narrative = (div: string, to: To): string =>
  div.replace(NARRATIVE_LINK, (whole, before: string, double?: string, single?: string) => inMarkup(whole, before, double ?? single ?? '', to))

function inMarkup (whole: string, before: string, link: string, to: To): string {
  const become = to(link.replaceAll('&amp;', '&'))
  return become === undefined ? whole : `${before}"${become.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`
}

/** The object itself when nothing in it changes. */
function inObject (object: JsonObject, become: ReadonlyMap<string, string>): JsonObject {
  let copy: JsonObject | undefined
  for (const name in object) {
    const member = object[name] ?? null
    const written = inValue(name, member, become)
    if (written !== member) (copy ??= { ...object })[name] = written
  }
  return copy ?? object
}

function inValue (name: string, value: Json, become: ReadonlyMap<string, string>): Json {
  if (typeof value === 'string') {
    const written = become.get(value)
    return written !== undefined && isLink(keyOf(name), value) ? written : value
  }
  if (isObject(value)) return inObject(value, become)
  if (!Array.isArray(value)) return value
  const items = value.map(item => inValue(name, item, become))
  return items.some((item, at) => item !== value[at]) ? items : value
}
