// Writing other links in place of those of a resource, as a transaction does: references, uris and the links of the narrative.
// https://hl7.org/fhir/R4/http.html#trules
import type { Key } from './json-key.js'

/** What becomes of a link; undefined leaves it. */
export type To = (link: string) => string | undefined

// <a href="..."> and <img src="...">, and nothing else of the narrative.
const NARRATIVE_LINK = /(<(?:a|img)\s[^<>]*?\b(?:href|src)\s*=\s*)(?:"([^"<>]*)"|'([^'<>]*)')/g

/** A string that is a link, or a narrative that has some, with its links written anew. */
export const linksIn = (key: Key, value: string, to: To): string =>
  key.links !== 'narrative' ? to(value) ?? value : value.replace(NARRATIVE_LINK, (whole, before: string, double?: string, single?: string) => inMarkup(whole, before, double ?? single ?? '', to))

function inMarkup (whole: string, before: string, link: string, to: To): string {
  const become = to(link.replaceAll('&amp;', '&'))
  return become === undefined ? whole : `${before}"${become.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')}"`
}
