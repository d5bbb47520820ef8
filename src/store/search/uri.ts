// https://hl7.org/fhir/R4/search.html#uri
import { KIND } from '../index/rows.js'
import { keyOf, tokens, unescaped, type Asked } from './build.js'
import { or, type Condition } from './condition.js'
import { words } from './string.js'
import { termsFrom } from './token.js'

/** The same uri; `:above`: one that it stands below of; `:below`: one that begins with it. */
export function uriValue (asked: Asked): Condition {
  const uri = unescaped(asked.raw)
  if (asked.modifier === 'below') return or([termsFrom(asked, KIND.url + uri), words([keyOf(asked, KIND.url)], uri)])
  if (asked.modifier === 'above') return tokens(beginnings(uri).map(each => keyOf(asked, KIND.url, each)))
  const bar = uri.lastIndexOf('|')
  return tokens([keyOf(asked, KIND.url, uri), ...(bar > 0 ? [keyOf(asked, KIND.version, uri)] : [])], true)
}

/** A url and what it stands below of, with and without a slash at the end. */
function beginnings (url: string): string[] {
  const found = [url]
  for (let at = url.lastIndexOf('/'); at > 0 && url[at - 1] !== '/'; at = url.lastIndexOf('/', at - 1)) found.push(url.slice(0, at + 1), url.slice(0, at))
  return [...new Set(found)]
}
