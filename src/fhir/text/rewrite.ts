// Writing other links in place of those of a resource, as a transaction does: references, uris and the links of the narrative.
// https://hl7.org/fhir/R4/http.html#trules
import { type Key, isLink, keyOf } from '../json-key.js'
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
  let copied = 0
  let text = ''
  const moved = links.map((link): Link => {
    const become = rewritten(keyOf(link.key), link.value, to)
    const start = text.length + link.start - copied
    if (become === link.value) return { ...link, start, end: start + link.end - link.start }
    text += tail.slice(copied, link.start) + JSON.stringify(become)
    copied = link.end
    return { ...link, value: become, start, end: text.length }
  })
  return copied === 0 ? { tail, value, links } : { tail: text + tail.slice(copied), value: inObject(value, to), links: moved }
}

function rewritten (key: Key, value: string, to: To): string {
  return key.links === 'narrative' ? value.replace(NARRATIVE_LINK, (whole, before: string, double?: string, single?: string) => inMarkup(whole, before, double ?? single ?? '', to)) : to(value) ?? value
}

function inMarkup (whole: string, before: string, written: string, to: To): string {
  const become = to(written.replaceAll('&amp;', '&'))
  return become === undefined ? whole : `${before}"${become.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`
}

/** The object itself when nothing in it changes. */
function inObject (object: JsonObject, to: To): JsonObject {
  let copy: JsonObject | undefined
  for (const name of Object.keys(object)) {
    const member = object[name] ?? null
    const become = inValue(keyOf(name), member, to)
    if (become !== member) (copy ??= { ...object })[name] = become
  }
  return copy ?? object
}

function inValue (key: Key, value: Json, to: To): Json {
  if (typeof value === 'string') return isLink(key, value) ? rewritten(key, value, to) : value
  if (isObject(value)) return inObject(value, to)
  if (!Array.isArray(value)) return value
  const items = value.map(item => inValue(key, item, to))
  return items.some((item, at) => item !== value[at]) ? items : value
}
