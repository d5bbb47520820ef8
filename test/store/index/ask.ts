// Asks the index rows of a resource what a search would ask the tables.
import { type IndexContext, type IndexRows, indexRows } from '../../../src/store/index-rows.js'
import { paramOf, valueKey } from '../../../src/store/index/rows.js'
import type { JsonObject } from '../../../src/fhir/json.js'

export const rowsOf = (resource: JsonObject, context: Partial<IndexContext> = {}): IndexRows =>
  indexRows(String(resource['resourceType']), 'x', resource, { zone: 'UTC', ...context })

export const keyOf = (name: string, kind: string, text = ''): string => {
  const [type = '', code = ''] = name.split('.')
  return valueKey(paramOf(type, code), kind, text).join()
}

/** All tokens as texts. */
export function tokensOf ({ tokens }: IndexRows): string[] {
  const found: string[] = []
  for (let at = 0; at < tokens.length; at += 2) found.push(`${tokens[at] ?? 0},${tokens[at + 1] ?? 0}`)
  return found
}

/** Is there a token of `Type.code` of this kind and text? */
export const has = (rows: IndexRows, name: string, kind: string, text = ''): boolean => tokensOf(rows).includes(keyOf(name, kind, text))

/** The strings of `Type.code`. */
export const stringsAt = (rows: IndexRows, name: string, kind = 'w', text = ''): string[] =>
  rows.strings.filter(({ key }) => key.join() === keyOf(name, kind, text)).map(({ value, full }) => full ?? value)

export const quantitiesAt = (rows: IndexRows, name: string, kind: string, text = ''): Array<number | [number, number]> =>
  rows.quantities.filter(({ key }) => key.join() === keyOf(name, kind, text)).map(({ value, high }) => high === undefined ? value : [value, high])

export const datesAt = (rows: IndexRows, name: string, text = ''): Array<[number, number]> =>
  rows.dates.filter(({ key }) => key.join() === keyOf(name, 'd', text)).map(({ lo, hi }) => [lo, hi])
