// The index rows of search parameters that were defined here, for a write and for what was stored before. docs/decisions/0022-custom-search-parameters.md
import type { JsonObject } from '../../fhir/json-value.js'
import { resourceText } from '../../fhir/json.js'
import { typeOf } from '../../fhir/resource-types.js'
import type { IndexContext, IndexRows } from '../index-rows.js'
import { Rows } from '../index/rows.js'
import type { Put } from '../version.js'
import type { CustomParameter } from './parameter.js'
import type { CustomParameters } from './registry.js'

/** How values are read into rows. */
export type CustomContext = Pick<IndexContext, 'zone' | 'base' | 'known'>

/** The rows that some parameters have of a stored resource. What the server owns of it, but its id, is not told: it is not known when it is written. */
export function customRows (parameters: readonly CustomParameter[], type: string, id: string, tail: string, { zone, base, known }: CustomContext): IndexRows {
  const rows = new Rows(zone, base, known)
  const { meta, ...resource } = JSON.parse(resourceText(type, id, '', '', tail)) as JsonObject & { meta: JsonObject }
  const { versionId: _, lastUpdated: __, ...own } = meta
  const whole: JsonObject = Object.keys(own).length === 0 ? resource : { ...resource, meta: own }
  for (const parameter of parameters) parameter.write(rows, type, whole)
  const { quantities, strings, dates, terms, quantityKeys } = rows
  return { tokens: rows.tokens(), dlo: 0, dhi: 0, c1: undefined, codes: [], quantities, strings, dates, terms, quantityKeys }
}

/** A version with the rows of the parameters that were defined here; itself where there are none. */
export function withCustomRows (put: Put, parameters: CustomParameters, context: CustomContext): Put {
  const type = typeOf(put.type)
  const own = parameters.writtenOf(type)
  if (own === undefined) return put
  const more = customRows(own, type, put.id, put.tail, context)
  const { rows } = put
  const tokens = new Int32Array(rows.tokens.length + more.tokens.length)
  tokens.set(rows.tokens)
  tokens.set(more.tokens, rows.tokens.length)
  return {
    ...put,
    rows: {
      ...rows,
      tokens,
      quantities: [...rows.quantities, ...more.quantities],
      strings: [...rows.strings, ...more.strings],
      dates: [...rows.dates, ...more.dates],
      terms: [...rows.terms, ...more.terms],
      quantityKeys: [...rows.quantityKeys, ...more.quantityKeys]
    }
  }
}
