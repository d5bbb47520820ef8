// What is told of a finding: where, which rule, and what would be right.
import { Decimal, isObject, type Json, type JsonObject } from '../json-value.js'
import type { Issue } from '../outcome.js'
import type { Finding } from './context.js'
import { type MessageTable, placeOf } from './location.js'

/** What must be known to put a finding into words. */
export interface Vocabulary {
  readonly table: MessageTable
  /** The codes of a required value set. */
  readonly codes: (valueSet: string) => ReadonlySet<string>
}

const FORMS: Readonly<Record<string, string>> = {
  base64Binary: 'base64 in groups of four characters',
  boolean: 'true or false',
  canonical: 'a URI without whitespace',
  code: 'a code: not empty, no whitespace but single spaces inside',
  date: 'YYYY, YYYY-MM or YYYY-MM-DD, a real day',
  dateTime: 'YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone (Z or +hh:mm), a real day',
  decimal: 'a JSON number',
  elementId: 'a string without whitespace, of at most 1 MB',
  extensionUrl: 'a URI without whitespace',
  id: '1 to 64 of A-Z a-z 0-9 - .',
  instant: 'YYYY-MM-DDThh:mm:ss with a time zone (Z or +hh:mm), a real day',
  integer: 'a whole JSON number from -2147483648 to 2147483647, without fraction or exponent',
  markdown: 'a string that is not empty, of at most 1 MB, without control characters',
  oid: 'urn:oid: and an OID',
  positiveInt: 'a whole JSON number from 1 to 2147483647, without fraction or exponent',
  string: 'a string that is not empty, of at most 1 MB, without control characters',
  time: 'hh:mm:ss, with or without a fraction',
  unsignedInt: 'a whole JSON number from 0 to 2147483647, without fraction or exponent',
  uri: 'a URI without whitespace; after urn:uuid: a UUID, after urn:oid: an OID',
  url: 'a URL without whitespace',
  uuid: 'urn:uuid: and a UUID in lower case',
  xhtml: 'a string'
}
const SYNTAXES: Readonly<Record<string, string>> = { mime: 'a MIME type (BCP 13)', format: 'xml, json, ttl or a MIME type (BCP 13)', language: 'a language tag (BCP 47)' }

/** A value as it is shown: short, and for an object or array its kind only. */
function shown (value: Json | undefined): string {
  if (Array.isArray(value)) return 'an array'
  if (isObject(value)) return 'an object'
  const text = value instanceof Decimal ? value.text : JSON.stringify(value) ?? 'nothing'
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

const MANY_CODES = 40
function allowedCodes (codes: ReadonlySet<string>): string {
  const all = [...codes]
  return all.length <= MANY_CODES ? all.join(', ') : `${all.slice(0, MANY_CODES).join(', ')} and ${all.length - MANY_CODES} more`
}

interface Said { readonly code: Issue['code'], readonly diagnostics: string, readonly expression: string }
type Tell = (params: Finding['params'], expression: string, value: Json | undefined, vocabulary: Vocabulary) => Said

const RULES: Readonly<Record<string, Tell>> = {
  unknown: ({ name, of }, expression, _, { table }) => ({
    code: 'structure', expression, diagnostics: `${String(of)} has no element '${String(name)}'; it has ${Object.keys(table[String(of)] ?? {}).join(', ')}`
  }),
  missing: ({ name, of }, expression) => ({ code: 'required', expression, diagnostics: `${String(of)}.${String(name)} is required` }),
  choice: ({ name, member }, expression) => ({
    code: 'structure', expression, diagnostics: `only one of ${String(name)}[x] may be given: '${String(member)}' is one too many`
  }),
  padding: ({ name }, expression) => ({
    code: 'structure', expression: `${expression}.${String(name)}`, diagnostics: `a null in '${String(name)}' stands only for what '_${String(name)}' says at the same place`
  }),
  empty: ({ of }, expression) => ({ code: 'structure', expression, diagnostics: `ele-1: an element is never empty: ${String(of)} needs more than an id` })
}

function primitive ({ type, codes, syntax }: Finding['params'], expression: string, value: Json | undefined, vocabulary: Vocabulary): Said {
  if (codes !== undefined) {
    const valueSet = String(codes)
    return { code: 'code-invalid', expression, diagnostics: `${shown(value)} is not in the required value set ${valueSet}; allowed: ${allowedCodes(vocabulary.codes(valueSet))}` }
  }
  const form = syntax === undefined ? FORMS[String(type)] : SYNTAXES[String(syntax)]
  return { code: value === null || isObject(value) || Array.isArray(value) ? 'structure' : 'value', expression, diagnostics: `${shown(value)} is no ${String(type)}; allowed: ${form ?? ''}` }
}

const KEYWORDS: Readonly<Record<string, Tell>> = {
  members: (params, expression, value, vocabulary) => RULES[String(params['rule'])]?.(params, expression, value, vocabulary) ?? other(params, expression),
  primitive,
  type: ({ type }, expression, value) => ({ code: 'structure', expression, diagnostics: `${shown(value)} stands where ${type === 'array' ? 'an array' : 'an object'} must` }),
  minItems: (_, expression) => ({ code: 'structure', expression, diagnostics: 'an array is never empty: leave it out' }),
  constraint: ({ key, human }, expression) => ({ code: 'invariant', expression, diagnostics: `${String(key)}: ${String(human)}` }),
  native: ({ told, by }, expression) => ({ code: NATIVE_CODES[String(by)] ?? 'invariant', expression, diagnostics: String(told) }),
  told: ({ code, text }, expression) => ({ code: code as Issue['code'], expression, diagnostics: String(text) })
}
const NATIVE_CODES: Readonly<Record<string, Issue['code']>> = { concept: 'code-invalid', conceptSyntax: 'code-invalid', targets: 'structure', reference: 'value', fullUrl: 'value' }
const other = (_: Finding['params'], expression: string): Said => ({ code: 'invalid', expression, diagnostics: 'not valid' })

// Names and texts of the client's own may be as long as a request.
const LONGEST_DIAGNOSTICS = 1000
const cut = (text: string): string => text.length > LONGEST_DIAGNOSTICS ? `${text.slice(0, LONGEST_DIAGNOSTICS)}...` : text

/** A finding in a resource of this type as an issue. */
export function issueOf ({ instancePath, keyword, params }: Finding, type: string, root: JsonObject, vocabulary: Vocabulary): Issue {
  const { expression, value } = placeOf(instancePath, type, root, vocabulary.table)
  const tell = KEYWORDS[keyword.replace(/Text$/, '')] ?? other
  const said = tell(params, expression, value, vocabulary)
  return { severity: 'error', ...said, diagnostics: cut(said.diagnostics) }
}
