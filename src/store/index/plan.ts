// How the parameters of a type are written: for each its extractor and what takes its values. Made once for each type.
import { rangeOf } from '../../fhir/date-range.js'
import { isObject, type Json, type JsonObject } from '../../fhir/json-value.js'
import * as path from '../../fhir/path.js'
import { extractors } from '../../generated/extractors.js'
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../generated/search-parameters.js'
import type { Key } from '../hash.js'
import { type Component, writeComposite } from './composite.js'
import { writeDate } from './date.js'
import { isStored, ownerParameter, withoutOf } from './folded.js'
import { isUsual, mainCode, mainDate } from './main.js'
import { writeNumber } from './number.js'
import { writePosition } from './position.js'
import { writeQuantity } from './quantity.js'
import { writeOwnerReference, writeReference } from './reference.js'
import { KIND, type Param, type Rows, paramOf, valueKey } from './rows.js'
import { writeString } from './string.js'
import { writeToken } from './token.js'
import { writeUri } from './uri.js'

/** Takes one value of a parameter. */
export type Emit = (rows: Rows, type: string, value: Json) => void

/** One parameter of a type. */
interface Entry {
  readonly extract: (resource: object, emit: (type: string, value: never) => void) => void
  readonly emit: (type: string, value: Json) => void
  /** The token when there is a value, and when there is none. */
  readonly present: Key | undefined
  readonly missing: Key | undefined
}

const WRITERS: Readonly<Partial<Record<SearchParameterRow['type'], (rows: Rows, param: Param, type: string, value: Json) => void>>> = {
  token: writeToken,
  date: writeDate,
  number: writeNumber,
  quantity: writeQuantity,
  uri: writeUri,
  reference: writeReference,
  special: writePosition
}

const EXTRACTORS = extractors(path)

// What the emit functions of the entries write to: they are made once, and nothing here is asynchronous.
let current: Rows | undefined
let seen = false

/** Writes the rows of one resource, or of one contained in another (`#Type`), whose main date and owners are values like others. */
export function gather (rows: Rows, type: string, value: JsonObject): void {
  gatherFrom(rows, entriesOf(type), value)
}

/** Writes the rows of one contained resource by itself, with what `:missing` asks, which the rows of its container have not. */
export function gatherAlone (rows: Rows, type: string, value: JsonObject): void {
  gatherFrom(rows, aloneEntriesOf(type), value)
}

function gatherFrom (rows: Rows, entries: readonly Entry[], value: JsonObject): void {
  current = rows
  for (const { extract, emit, present, missing } of entries) {
    seen = false
    extract(value, emit)
    const constant = seen ? present : missing
    if (constant) rows.constant(constant)
  }
  current = undefined
}

/** The function that gives the values of a parameter of a type; undefined where there is no such parameter. */
export const extractorOf = (type: string, code: string): Entry['extract'] | undefined => EXTRACTORS[type]?.[code]

const entries = new Map<string, readonly Entry[]>()

function entriesOf (type: string): readonly Entry[] {
  let found = entries.get(type)
  if (!found) {
    found = type.startsWith('#') ? containedEntries(type) : [...ownEntries(type), ...ownEntries('Resource')]
    entries.set(type, found)
  }
  return found
}

// _id and _lastUpdated are columns.
const COLUMNS = ['_id', '_lastUpdated']
// Of these search knows all values from the dictionary of terms.
const FEW_VALUES = ['_profile', '_security', '_tag']

/** The parameters of a type; under `Resource` those of all, whose hashes do not depend on the type. */
function ownEntries (type: string): Entry[] {
  return Object.values(SEARCH_PARAMETERS[type] ?? {}).flatMap(row => {
    const extract = EXTRACTORS[type]?.[row.code]
    if (!extract || COLUMNS.includes(row.code)) return []
    const param = paramOf(type, row.code)
    const stored = isStored(type, row.code)
    const emit = row.type === 'date' && row.code === mainDate(type) ? mainDateEmitter : stored ? emitterOf(type, row, param) : undefined
    const told = tellsPresence(type, row, stored)
    const usual = isUsual(type, row.code)
    return emit || told
      ? [{ extract, emit: bound(emit), present: told && !usual ? valueKey(param, KIND.present) : undefined, missing: told && usual ? valueKey(param, KIND.missing) : undefined }]
      : []
  })
}

/** Contained resources are found by their values; nobody asks what they have not. */
function containedEntries (name: string): Entry[] {
  const type = name.slice(1)
  return Object.values(SEARCH_PARAMETERS[type] ?? {}).flatMap(row => {
    const extract = EXTRACTORS[type]?.[row.code]
    if (!extract || !isStored(type, row.code)) return []
    return [{ extract, emit: bound(valueEmitter(type, row, paramOf(name, row.code))), present: undefined, missing: undefined }]
  })
}

const alone = new Map<string, readonly Entry[]>()

function aloneEntriesOf (type: string): readonly Entry[] {
  let found = alone.get(type)
  if (!found) alone.set(type, found = [...presentEntries(type, `#${type}`), ...presentEntries('Resource', 'Resource')])
  return found
}

function presentEntries (type: string, home: string): Entry[] {
  return Object.values(SEARCH_PARAMETERS[type] ?? {}).flatMap(row => {
    const extract = EXTRACTORS[type]?.[row.code]
    if (!extract || COLUMNS.includes(row.code)) return []
    const param = paramOf(home, row.code)
    return [{ extract, emit: bound(isStored(type, row.code) ? valueEmitter(type, row, param) : undefined), present: valueKey(param, KIND.present), missing: undefined }]
  })
}

// The main date says by itself that there is none. Of a parameter that is the sum of others nothing is stored; one that is another, for one type of
// target only, is asked itself.
function tellsPresence (type: string, row: SearchParameterRow, stored: boolean): boolean {
  if (row.type === 'date' && row.code === mainDate(type)) return false
  if (type === 'Resource' && FEW_VALUES.includes(row.code)) return false
  return stored || row.expression.includes('resolve()')
}

function bound (emit: Emit | undefined): Entry['emit'] {
  if (!emit) return () => { seen = true }
  return (type, value) => {
    seen = true
    if (current) emit(current, type, value)
  }
}

function emitterOf (type: string, row: SearchParameterRow, param: Param): Emit | undefined {
  if (row.type === 'token' && row.code === mainCode(type)) return mainCodeEmitter(param)
  if (row.type === 'reference' && row.code === ownerParameter(type)) return (rows, kind, value) => writeOwnerReference(rows, param, kind, value)
  return valueEmitter(type, row, param)
}

function valueEmitter (type: string, row: SearchParameterRow, param: Param): Emit | undefined {
  const without = withoutOf(type, row.code)
  if (row.type === 'string') return (rows, kind, value) => writeString(rows, param, kind, value, without)
  if (row.code === 'telecom' && without.length > 0) return telecomEmitter(param, without)
  return plainEmitter(row, param)
}

/** What writes the values of a parameter that stands for itself. */
export function plainEmitter (row: Pick<SearchParameterRow, 'type' | 'components'>, param: Param): Emit | undefined {
  if (row.type === 'composite') return compositeEmitter(param, (row.components ?? []).map(component => component.type))
  if (row.type === 'string') return (rows, kind, value) => writeString(rows, param, kind, value)
  const write = WRITERS[row.type]
  return write && ((rows, kind, value) => write(rows, param, kind, value))
}

function mainDateEmitter (rows: Rows, kind: string, value: Json): void {
  const range = rangeOf(kind, value, rows.zone)
  if (range) rows.main = rows.main ? [Math.min(rows.main[0], range[0]), Math.max(rows.main[1], range[1])] : range
}

const mainCodeEmitter = (param: Param): Emit => (rows, kind, value) => {
  writeToken(rows, param, kind, value)
  if (kind === 'CodeableConcept') {
    const codings = isObject(value) ? value['coding'] : undefined
    if (Array.isArray(codings)) for (const coding of codings) if (isObject(coding)) writeMainCode(rows, param, coding['code'])
  } else writeMainCode(rows, param, isObject(value) ? value[kind === 'Identifier' ? 'value' : 'code'] : value)
}

function writeMainCode (rows: Rows, param: Param, symbol: Json | undefined): void {
  if (symbol === undefined || symbol === null || isObject(symbol) || Array.isArray(symbol)) return
  const key = valueKey(param, KIND.code, String(symbol))
  if (rows.c1 === undefined) rows.c1 = key
  else if (!same(rows.c1, key) && !rows.codes.some(other => same(other, key))) rows.codes.push(key)
}

const same = (left: Key, right: Key): boolean => left[0] === right[0] && left[1] === right[1]

const compositeEmitter = (param: Param, kinds: readonly string[]): Emit => (rows, _, components) =>
  writeComposite(rows, param, kinds, components as readonly Component[])

const telecomEmitter = (param: Param, without: readonly string[]): Emit => (rows, kind, value) => {
  if (isObject(value) && !without.includes(String(value['system']))) writeToken(rows, param, kind, value)
}
