// https://hl7.org/fhir/R4/search.html#token
import { contactValue, folded } from '../../fhir/normalise.js'
import { invalid } from '../../fhir/outcome.js'
import { hashText } from '../binary.js'
import { KIND, paramOf } from '../index/rows.js'
import { homeOf } from './known.js'
import { keyOf, presence, split, tokens, unescaped, type Asked } from './build.js'
import { or, type Condition } from './condition.js'

const CONTACTS: readonly string[] = ['telecom', 'phone', 'email']

/** `code`, `system|code`, `|code`, `system|`, `:text`, `:of-type`; `:not` is the caller's, the modifiers that ask value sets and hierarchies are those of codes.ts. */
export function tokenValue (asked: Asked): Condition {
  const { name, raw, modifier, part, row } = asked
  if (modifier === 'text') return termsFrom(asked, KIND.text + folded(unescaped(raw)))
  const pieces = split(raw, '|').map(unescaped)
  if (modifier === 'of-type') return ofType(asked, pieces)
  const [first = '', second, ...more] = pieces
  if (more.length > 0) throw invalid(`${name}=${raw} has more than one |: it is code, system|code, |code or system|`)
  if (CONTACTS.includes(part.code) || isContact(asked)) {
    if (second !== undefined) throw invalid(`${name}=${raw}: a telephone number or address has no system here`)
    // A plus that the client did not escape has become a space on its way here.
    return tokens([keyOf(asked, KIND.code, contactValue(first.replace(/^ (?=\d)/, '+')))], true)
  }
  if (second === undefined) return tokens(mayBeContact(asked) ? [keyOf(asked, KIND.code, first), keyOf(asked, KIND.code, contactValue(first))] : [keyOf(asked, KIND.code, first)], isSparse(asked))
  if (second === '') return ofSystem(asked, first)
  const exact = keyOf(asked, KIND.coding, `${first}|${second}`)
  // A `code` element says no system: that of its binding is meant.
  return tokens(row.systems?.includes(first) === true ? [exact, keyOf(asked, KIND.code, second)] : [exact], isSparse(asked))
}

// Values that hardly two resources share.
export const isSparse = ({ row: { code, of, stored } }: Pick<Asked, 'row'>): boolean => stored === undefined ? code === 'identifier' : of?.every(kind => kind === 'Identifier') === true

// Of a parameter that was defined here.
const mayBeContact = ({ row: { of, stored } }: Pick<Asked, 'row'>): boolean => stored !== undefined && of?.includes('ContactPoint') === true
const isContact = (asked: Pick<Asked, 'row'>): boolean => mayBeContact(asked) && asked.row.of?.length === 1

/** That a resource has a code of a system. */
export function ofSystem (asked: Asked, system: string): Condition {
  if (system === '') throw invalid(`${asked.name}=| names neither a system nor a code`)
  if (asked.row.systems?.includes(system) === true) return presence(asked.type, asked.part.code)
  return or([tokens([keyOf(asked, KIND.system, system)]), termsFrom(asked, `${KIND.coding}${system}|`)])
}

// https://hl7.org/fhir/R4/search.html#modifiers
function ofType (asked: Asked, pieces: readonly string[]): Condition {
  const [system = '', code = '', value = ''] = pieces
  if (pieces.length !== 3 || code === '' || value === '') throw invalid(`${asked.name}=${asked.raw} is not system|code|value of an identifier's type and value`)
  return tokens([keyOf(asked, KIND.ofType, `${system}|${code}|${value}`)], true)
}

/** That a resource has a token whose text in the parameter's dictionary begins so. */
export const termsFrom = ({ type, part }: Asked, text: string): Extract<Condition, { kind: 'terms' }> =>
  ({ kind: 'terms', key: hashText(...paramOf(homeOf(type, part.code), part.code).terms), text })

/** The texts under which a composite knows the code that is asked: with its system, or whatever it is. */
export function componentTexts (name: string, raw: string, systems: readonly string[] = []): string[] {
  const [first = '', second, ...more] = split(raw, '|').map(unescaped)
  if (more.length > 0 || second === '' || (second === undefined && first === '')) throw invalid(`${name}: ${raw} is not code, system|code or |code`)
  if (second === undefined) return [KIND.code + first]
  return [`${KIND.coding}${first}|${second}`, ...(systems.includes(first) ? [KIND.code + second] : [])]
}
