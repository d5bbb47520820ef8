// What an operator of _filter asks of one parameter: the same conditions as those of ordinary parameters, and some that these have no words for.
// https://hl7.org/fhir/R4/search_filter.html#ops
import { folded } from '../../fhir/normalise.js'
import { invalid, notSupported } from '../../fhir/outcome.js'
import type { Operator } from '../../fhir/search/filter.js'
import { split, unescaped, type Criterion } from '../../fhir/search/parameter.js'
import type { SearchParameterRow } from '../../generated/search-parameters.js'
import { KIND } from '../index/rows.js'
import { conditionOf, keyOf, UnknownParameter, type Asked, type SearchContext } from './build.js'
import { NEVER, not, or, type Condition, type TextTest } from './condition.js'
import { type KnownParameter, partsIn } from './known.js'
import { words } from './string.js'
import { termsFrom } from './token.js'

export interface Operation { readonly code: string, readonly operator: Operator, readonly value: string }

const ORDERED: readonly Operator[] = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'ap', 'sa', 'eb']

// The page's table of which operator is for which type; what it leaves open (uri, composite, special) is what ordinary parameters can ask.
const ALLOWED: Readonly<Record<SearchParameterRow['type'], readonly Operator[]>> = {
  string: ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'lt', 'ge', 'le', 'pr'],
  number: [...ORDERED, 'co', 'pr'],
  date: [...ORDERED, 'co', 'po', 'pr'],
  token: ['eq', 'ne', 'ss', 'sb', 'in', 'ni', 'pr'],
  reference: ['re', 'pr'],
  quantity: [...ORDERED, 'pr'],
  uri: ['eq', 'sw', 'pr'],
  composite: ['eq', 'pr'],
  special: ['eq', 'pr']
}

const MODIFIERS: Readonly<Partial<Record<Operator, string>>> = { ss: 'below', sb: 'above', in: 'in', ni: 'not-in', sw: 'below' }

/**
 * The ordinary criterion that an operation is the same as; undefined where there is none. Throws UnknownParameter where the type has no such
 * parameter, FhirError 400 where the operator is not for its type.
 */
export function criterionOf (type: string, operation: Operation, context: SearchContext): Criterion | undefined {
  const { code, operator, value } = operation
  const row = rowOf(type, operation, context)
  const criterion = (raw: string, modifier?: string): Criterion => ({ name: code, steps: [], code, modifier, values: [raw] })
  if (operator === 'pr') {
    if (value !== 'true' && value !== 'false') throw invalid(`${code} pr is true or false`)
    return criterion(value === 'true' ? 'false' : 'true', 'missing')
  }
  switch (row.type) {
    case 'number':
    case 'date':
    case 'quantity': return operator === 'co' || operator === 'po' ? undefined : criterion(operator + named(value))
    case 'token': return operator === 'ne' ? undefined : criterion(named(value), MODIFIERS[operator])
    case 'uri': return criterion(literal(value), MODIFIERS[operator])
    case 'string': return undefined
    case 'reference': return criterion(literal(value))
    default: return criterion(value)
  }
}

/** The condition of an operation that no ordinary criterion says. */
export function operatorCondition (type: string, operation: Operation, context: SearchContext): Condition {
  const { code, operator, value } = operation
  const row = rowOf(type, operation, context)
  switch (row.type) {
    case 'string': return textCondition(type, row, operation)
    case 'token': return otherToken(type, row, operation, context)
    default: {
      const equal = conditionOf(type, { name: code, steps: [], code, modifier: undefined, values: [`eq${value}`] }, context)
      return compared(equal, operator === 'co' ? 'co' : 'ap')
    }
  }
}

function rowOf (type: string, { code, operator }: Operation, { parameters }: SearchContext): KnownParameter {
  const row = parameters.of(type, code)
  if (row === undefined) throw new UnknownParameter(code, type)
  if (!ALLOWED[row.type].includes(operator)) throw invalid(`${operator} is not for ${code}, which is of type ${row.type}: allowed are ${ALLOWED[row.type].join(' ')}`)
  return row
}

// https://hl7.org/fhir/R4/search_filter.html#ops
const SYSTEMS: Readonly<Record<string, string>> = {
  loinc: 'http://loinc.org', snomed: 'http://snomed.info/sct', rxnorm: 'http://www.nlm.nih.gov/research/umls/rxnorm', ucum: 'http://unitsofmeasure.org'
}

/** A value with the short names of systems written out. */
const named = (value: string): string => value.replace(/(^|\|)(loinc|snomed|rxnorm|ucum)(?=\|)/, (_, before: string, name: string) => before + (SYSTEMS[name] ?? name))

// A backslash in it is one.
const literal = (value: string): string => value.replaceAll('\\', '\\\\')

const TESTS: Readonly<Partial<Record<Operator, TextTest>>> = { eq: 'is', ne: 'is-not', co: 'contains', sw: 'starts', ew: 'ends', gt: 'gt', lt: 'lt', ge: 'ge', le: 'le' }

const textCondition = (type: string, row: KnownParameter, { operator, value }: Operation): Condition =>
  words(partsIn(type, row).map(part => keyOf({ type, part }, KIND.word)), folded(value), TESTS[operator])

// Of an equal span or number the same, compared otherwise. `ap` of a span that is not wider: they overlap.
function compared (condition: Condition, prefix: 'co' | 'ap'): Condition {
  switch (condition.kind) {
    case 'main-date':
    case 'dates':
    case 'numbers': return { ...condition, comparison: { ...condition.comparison, prefix } }
    // When it was stored is a moment: it includes no longer time.
    case 'rids': return prefix === 'co' && BigInt(condition.before) - BigInt(condition.from) > MILLISECOND ? NEVER : condition
    case 'or': return or(condition.of.map(each => compared(each, prefix)))
    default: return condition
  }
}

const MILLISECOND = 1n << 20n

// A resource has an item that is another. Codes are all in the dictionary of terms; a boolean has one other.
function otherToken (type: string, row: KnownParameter, { code, value }: Operation, context: SearchContext): Condition {
  const asked = (raw: string): Condition => conditionOf(type, { name: code, steps: [], code, modifier: undefined, values: [raw] }, context)
  if (code === '_id') return not(asked(value))
  if (row.of?.every(each => each === 'boolean') === true) return asked(value === 'true' ? 'false' : 'true')
  if (row.of?.every(each => CODED.includes(each)) !== true) throw notSupported(`ne of ${code}, which is of type ${(row.of ?? ['unknown']).join(' or ')}, is not supported: ask not (${code} eq ...)`)
  const [first = '', second, ...more] = split(named(value), '|').map(unescaped)
  if (more.length > 0 || (second ?? first) === '') throw invalid(`${code} ne ${value} is not code, system|code or |code`)
  return or(partsIn(type, row).flatMap(part => unlike({ name: code, type, row, part, modifier: undefined, raw: value, context }, first, second)))
}

const CODED: readonly string[] = ['code', 'Coding', 'CodeableConcept']

function unlike (asked: Asked, first: string, second: string | undefined): Condition[] {
  const [codes, codings] = [termsFrom(asked, KIND.code), termsFrom(asked, KIND.coding)]
  if (second === undefined) return [{ ...codes, except: [keyOf(asked, KIND.code, first)] }, { ...codings, ending: `|${first}` }]
  const implied = asked.row.systems?.includes(first) === true
  return [{ ...codes, ...(implied && { except: [keyOf(asked, KIND.code, second)] }) }, { ...codings, except: [keyOf(asked, KIND.coding, `${first}|${second}`)] }]
}
