// Is this JSON value one of that primitive type? https://hl7.org/fhir/R4/datatypes.html#primitive
// Each check is one pass over the text, without a regular expression where that could backtrack.
import { Decimal } from '../json-value.js'
import { isId as isIdText } from '../reference.js'

/** "Strings SHALL NOT exceed 1MB (1024*1024 characters) in size." */
export const LONGEST = 1024 * 1024

// Tab, line feed and carriage return are the only characters below 32 a string may have.
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f]/ // eslint-disable-line no-control-regex
// What the specification's own expressions call \s is XML Schema's: a no-break space is a character like others.
const WHITE = /[ \t\r\n]/

export const isString = (value: unknown): boolean => typeof value === 'string' && value.length > 0 && value.length <= LONGEST && !CONTROL.test(value)
/** `id` of an element: "any string value that does not contain spaces". */
export const isElementId = (value: unknown): boolean => isString(value) && !WHITE.test(value as string)
export const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
export const isId = (value: unknown): boolean => typeof value === 'string' && isIdText(value)

export const isDecimal = (value: unknown): boolean => typeof value === 'number' || value instanceof Decimal
// 1.0, 1e0 and -0 are Decimals: their text is no integer's.
export const isInteger = (value: unknown): boolean => typeof value === 'number' && (value | 0) === value
export const isUnsignedInt = (value: unknown): boolean => isInteger(value) && (value as number) >= 0
export const isPositiveInt = (value: unknown): boolean => isInteger(value) && (value as number) > 0

/** No whitespace at either end, and inside only single spaces. */
export function isCode (value: unknown): boolean {
  if (!isString(value)) return false
  const text = value as string
  if (!WHITE.test(text)) return true
  return !/[\t\r\n]| {2}|^ | $/.test(text)
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const OID = /^[0-2](?:\.(?:0|[1-9][0-9]*))+$/
const URN_UUID = 'urn:uuid:'
const URN_OID = 'urn:oid:'

/** Any URI without whitespace; an OID or UUID URN must hold an OID or UUID. */
export function isUri (value: unknown): boolean {
  if (!isString(value) || WHITE.test(value as string)) return false
  const text = value as string
  return !text.startsWith('urn:') || isUrn(text.replace(/[|#?].*$/s, ''))
}

/** A canonical's version, a fragment or a query follows the name and is no part of it. */
function isUrn (text: string): boolean {
  if (text.startsWith(URN_UUID)) return UUID.test(text.slice(URN_UUID.length).toLowerCase())
  return !text.startsWith(URN_OID) || OID.test(text.slice(URN_OID.length))
}

export const isOid = (value: unknown): boolean => typeof value === 'string' && value.startsWith(URN_OID) && OID.test(value.slice(URN_OID.length))
export const isUuid = (value: unknown): boolean => typeof value === 'string' && value.startsWith(URN_UUID) && UUID.test(value.slice(URN_UUID.length))

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
/** Groups of four, padded at the end only; R4 allows whitespace between. No limit but the request's. */
export function isBase64 (value: unknown): boolean {
  if (typeof value !== 'string' || value.length === 0) return false
  const text = WHITE.test(value) ? value.replace(/[ \t\r\n]+/g, '') : value
  return text.length > 0 && text.length % 4 === 0 && BASE64.test(text)
}

const ZERO = 48
/** The number that two digits at `at` are; -1 when they are no digits. */
function two (text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO
  const ones = text.charCodeAt(at + 1) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}
const within = (number: number, low: number, high: number): boolean => number >= low && number <= high

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
const daysOf = (year: number, month: number): number => month === 2 && isLeap(year) ? 29 : DAYS[month - 1] ?? 0

/** How far a date reaches that begins the text: 4, 7 or 10 characters; 0 when there is none, or no such day. */
function dateEnd (text: string): number {
  const [century, rest] = [two(text, 0), two(text, 2)]
  const year = century * 100 + rest
  if (century < 0 || rest < 0 || year === 0) return 0
  if (text[4] !== '-') return 4
  const month = two(text, 5)
  if (!within(month, 1, 12)) return 0
  if (text[7] !== '-') return 7
  return within(two(text, 8), 1, daysOf(year, month)) ? 10 : 0
}

/** Where a time that begins at `at` ends (hh:mm:ss and any fraction); 0 when there is none. A leap second is 60. */
function timeEnd (text: string, at: number): number {
  const right = within(two(text, at), 0, 23) && text[at + 2] === ':' && within(two(text, at + 3), 0, 59) && text[at + 5] === ':' && within(two(text, at + 6), 0, 60)
  if (!right) return 0
  if (text[at + 8] !== '.') return at + 8
  let end = at + 9
  while (within(text.charCodeAt(end) - ZERO, 0, 9)) end++
  return end > at + 9 ? end : 0
}

/** Is the rest of the text from `at` a time zone: Z or up to 14:00 off. */
function isZone (text: string, at: number): boolean {
  if (text[at] === 'Z') return text.length === at + 1
  if (text.length !== at + 6 || (text[at] !== '+' && text[at] !== '-') || text[at + 3] !== ':') return false
  const [hours, minutes] = [two(text, at + 1), two(text, at + 4)]
  return (within(hours, 0, 13) && within(minutes, 0, 59)) || (hours === 14 && minutes === 0)
}

function isFullDateTime (text: string): boolean {
  const end = timeEnd(text, 11)
  return end > 0 && isZone(text, end)
}

export function isDate (value: unknown): boolean {
  if (typeof value !== 'string') return false
  const end = dateEnd(value)
  return end > 0 && end === value.length
}

/** A date, or a date with a time to the second and a time zone. */
export function isDateTime (value: unknown): boolean {
  if (typeof value !== 'string') return false
  const end = dateEnd(value)
  return end > 0 && (end === value.length || (end === 10 && value[10] === 'T' && isFullDateTime(value)))
}

export const isInstant = (value: unknown): boolean => typeof value === 'string' && dateEnd(value) === 10 && value[10] === 'T' && isFullDateTime(value)
export const isTime = (value: unknown): boolean => typeof value === 'string' && value.length >= 8 && timeEnd(value, 0) === value.length

// https://www.rfc-editor.org/rfc/rfc2045#section-5.1 (BCP 13): type/subtype; parameters are tokens or quoted strings.
const MIME = /^[\w!#$&^.+-]+\/[\w!#$&^.+*-]+(?: ?; ?[\w!#$&^.+*-]+=(?:[\w!#$&^.+*'%:/-]+|"[^"\\]*"))*$/
export const isMime = (value: unknown): boolean => isCode(value) && MIME.test(value as string)
/** CapabilityStatement.format: a MIME type or the name of one of FHIR's own. */
export const isFormat = (value: unknown): boolean => value === 'json' || value === 'xml' || value === 'ttl' || isMime(value)

// https://www.rfc-editor.org/rfc/rfc5646 (BCP 47): subtags of 1 to 8 letters and digits, the first of letters.
const LANGUAGE = /^[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*$/
export const isLanguage = (value: unknown): boolean => typeof value === 'string' && value.length <= 255 && LANGUAGE.test(value)
