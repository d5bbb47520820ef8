// The index rows of uri parameters. https://hl7.org/fhir/R4/search.html#uri
//
// Equality asks for the kind u (v where the search names a canonical's version), :above for the u of each of the url's own beginnings, :below for
// all terms that begin with u + the url; of elements of type url, which have rows in place of terms, for rows that begin with it.
import type { Json } from '../../fhir/json-value.js'
import { beginning } from '../../fhir/normalise.js'
import { KIND, type Param, type Rows, valueKey } from './rows.js'
import { LENGTH } from './string.js'

export function writeUri (rows: Rows, param: Param, type: string, value: Json): void {
  if (typeof value !== 'string') return
  const url = type === 'canonical' ? writeCanonical(rows, param, value) : value
  rows.token(param, KIND.url, url)
  // Addresses (of a document, an endpoint) are as many as resources: a row each. Names of things are few: the dictionary has them.
  if (type === 'url') writeAddress(rows, param, url)
  else rows.term(param, KIND.url, url)
}

function writeAddress (rows: Rows, param: Param, url: string): void {
  const value = beginning(url, LENGTH)
  const key = valueKey(param, KIND.url)
  rows.strings.push(value === url ? { key, value } : { key, value, full: url })
}

/** The version of a canonical, if it names one. Answers the url without it. */
export function writeCanonical (rows: Rows, param: Param, value: string): string {
  const bar = value.lastIndexOf('|')
  if (bar <= 0) return value
  rows.token(param, KIND.version, value)
  return value.slice(0, bar)
}
