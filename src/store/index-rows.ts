// What search finds a resource by: its index rows. https://hl7.org/fhir/R4/search.html, docs/decisions/0010-index-rows.md
import { BEGINNING, END } from '../fhir/date-range.js'
import { isObject, type JsonObject } from '../fhir/json-value.js'
import type { Key } from './hash.js'
import { ownerParameter } from './index/folded.js'
import { gather } from './index/plan.js'
import { writeReference } from './index/reference.js'
import { KIND, type DateRow, type Known, type QuantityKey, type QuantityRow, Rows, type StringRow, type Term, paramOf, valueKey } from './index/rows.js'
import { ownersOf } from './links.js'

export type { DateRow, Known, QuantityKey, QuantityRow, StringRow, Term } from './index/rows.js'

/** The rows of one resource. Keys and tokens are 64-bit hashes as two signed 32-bit halves. */
export interface IndexRows {
  /** Pairs of high and low half, each token once. */
  readonly tokens: Int32Array
  /** The main date [dlo, dhi) in ms; BEGINNING and END when there is none. */
  readonly dlo: number
  readonly dhi: number
  /** The first coding of the main code, and its further codings. */
  readonly c1: Key | undefined
  readonly codes: readonly Key[]
  readonly quantities: readonly QuantityRow[]
  readonly strings: readonly StringRow[]
  readonly dates: readonly DateRow[]
  /** Entries for the dictionaries: stored once, before the rows. Those that `known` has are left out. */
  readonly terms: readonly Term[]
  readonly quantityKeys: readonly QuantityKey[]
}

export interface IndexContext {
  /** The zone (IANA name) in which dates without one are read. */
  readonly zone: string
  /** The URL under which this server's resources stand, without a slash at its end. */
  readonly base?: string
  /** No owner was found for patient data: the owner columns answer nothing. */
  readonly ownerless?: boolean
  /** The dictionary entries that are stored already. Without it all are given. */
  readonly known?: Known
}

/** The index rows of a valid resource. */
export function indexRows (type: string, _id: string, value: JsonObject, context: IndexContext): IndexRows {
  const rows = new Rows(context.zone, context.base, context.known)
  gather(rows, type, value)
  const owner = ownerParameter(type)
  if (owner !== undefined) writeOwners(rows, type, value, owner, context.ownerless === true)
  const { contained } = value
  if (Array.isArray(contained)) for (const each of contained) if (isObject(each)) gather(rows, `#${String(each['resourceType'])}`, each)
  const { main, c1, codes, quantities, strings, dates, terms, quantityKeys } = rows
  return { tokens: rows.tokens(), dlo: main?.[0] ?? BEGINNING, dhi: main?.[1] ?? END, c1, codes, quantities, strings, dates, terms, quantityKeys }
}

/** Where the owner columns hold more or less than the owner parameter's patients, its tokens answer, and the kind `indirect` says so. */
function writeOwners (rows: Rows, type: string, value: JsonObject, owner: string, ownerless: boolean): void {
  if (!ownerless && !rows.indirect && (value['contained'] === undefined || ownersAreOwn(rows, type, value))) return
  const param = paramOf(type, owner)
  rows.constant(valueKey(param, KIND.indirect))
  for (const reference of rows.own) writeReference(rows, param, 'Reference', reference)
}

function ownersAreOwn (rows: Rows, type: string, value: JsonObject): boolean {
  const named = new Set(rows.own.map(reference => isObject(reference) ? reference['reference'] : undefined))
  return ownersOf(type, value).every(({ reference }) => named.has(reference))
}
