// What a search parameter asks of a current row. The functions that make a key for writing make it for reading, too.
// https://hl7.org/fhir/R4/search.html, docs/decisions/0010-index-rows.md
import { invalid } from '../../fhir/outcome.js'
import { dateComparison, numberComparison, prefixed, PREFIXES, type Comparison } from '../../fhir/search/comparison.js'
import { type Criterion, split, unescaped } from '../../fhir/search/parameter.js'
import type { SearchParameterRow } from '../../generated/search-parameters.js'
import { isContained, isStored, partsOf, type Part } from '../index/folded.js'
import { homeOf, parameterOf, partsIn, type KnownParameter, type KnownParameters } from './known.js'
import { isUsual, mainDate } from '../index/main.js'
import { KIND, paramOf, valueKey } from '../index/rows.js'
import { ridAt } from '../rid.js'
import { hashText } from '../binary.js'
import { numberOf } from '../../fhir/resource-types.js'
import type { CodeSet } from '../../fhir/terminology/code-set.js'
import { isId } from '../../fhir/reference.js'
import { asksCodes, codesValue } from './codes.js'
import { and, not, or, type Condition, type Others } from './condition.js'
import { compositeValue } from './composite.js'
import { nearValue } from './near.js'
import { quantityValue } from './quantity.js'
import { identifierValue, referenceValue } from './reference.js'
import { stringValue } from './string.js'
import { tokenValue } from './token.js'
import { uriValue } from './uri.js'

/** What a value is read with. */
export interface SearchContext {
  /** The zone (IANA name) in which dates without one are read. */
  readonly zone: string
  /** The URL under which this server's resources stand. */
  readonly base: string
  /** Milliseconds; what `ap` measures from. */
  readonly now: number
  /** The codes that `:in`, `:not-in`, `:above` and `:below` mean, by value; looked up before the condition is made. */
  readonly codes?: ReadonlyMap<string, CodeSet>
  /** Which parameters there are. */
  readonly parameters: KnownParameters
}

/** One value of a parameter on its way: `part` is where its rows stand, `row` the parameter that they are rows of. */
export interface Asked {
  readonly name: string
  readonly type: string
  readonly row: KnownParameter
  readonly part: Part
  readonly modifier: string | undefined
  readonly raw: string
  readonly context: SearchContext
}

const MODIFIERS: Readonly<Record<SearchParameterRow['type'], readonly string[]>> = {
  number: ['missing'],
  date: ['missing'],
  string: ['missing', 'exact', 'contains'],
  token: ['missing', 'text', 'not', 'of-type', 'in', 'not-in', 'above', 'below'],
  reference: ['missing', 'identifier'],
  composite: ['missing'],
  quantity: ['missing'],
  uri: ['missing', 'above', 'below'],
  special: ['missing']
}

/** The condition of a criterion without steps. Throws FhirError 400 that names the parameter and what is allowed. */
export function conditionOf (type: string, criterion: Criterion, context: SearchContext): Condition {
  const { name, code, modifier, values } = criterion
  const row = context.parameters.of(type, code)
  if (row === undefined) throw new UnknownParameter(name, type)
  refuseModifier(name, row, modifier)
  refuseLimited(row, criterion)
  if (modifier === 'missing') return missingValue(name, type, row, values)
  if (code === '_id') return idValue(type, values.map(unescaped))
  const found = or(values.flatMap(raw => partsIn(type, row).map(part => {
    const own = part.code === code || row.stored !== undefined ? row : parameterOf(type, part.code) ?? row
    return valueOf({ name, type, row: own, part, modifier, raw, context })
  })))
  return modifier === 'not' || modifier === 'not-in' ? not(found, othersOf(type, row, found, modifier === 'not' ? values : [])) : found
}

const CODED: readonly string[] = ['code', 'Coding', 'CodeableConcept']

// What a resource has that lacks these tokens: where the dictionary holds all codes of the parameter, and it is told of each resource that has none.
function othersOf (type: string, { code, of = [] }: SearchParameterRow, found: Condition, values: readonly string[]): Others | undefined {
  const [part, ...more] = partsOf(homeOf(type, code), code)
  if (found.kind !== 'tokens' || part === undefined || more.length > 0 || of.length === 0 || !of.every(each => CODED.includes(each)) || !isUsual(type, code)) return undefined
  const own = { type, part }
  return {
    dictionary: hashText(...paramOf(homeOf(type, part.code), part.code).terms),
    asked: found.any,
    endings: values.filter(each => split(each, '|').length === 1).map(unescaped).filter(each => !each.includes('|')).map(each => `|${each}`),
    besides: [keyOf(own, KIND.missing), keyOf(own, KIND.uncoded)]
  }
}

/** A parameter that a type has not: passed over only where the client asked for that. */
export class UnknownParameter extends Error {
  override name = 'UnknownParameter'
  readonly parameter: string
  readonly type: string
  constructor (parameter: string, type: string) {
    super(`${parameter} is no search parameter of ${type}`)
    this.parameter = parameter
    this.type = type
  }
}

function refuseModifier (name: string, row: KnownParameter, modifier: string | undefined): void {
  if (modifier === undefined) return
  const allowed = row.code === '_id' || row.code === '_lastUpdated' ? ['missing'] : MODIFIERS[row.type]
  if (allowed.includes(modifier)) return
  if (row.type === 'reference' && (row.target ?? []).includes(modifier)) return
  const types = row.type === 'reference' ? `, or a type of ${(row.target ?? []).join(', ')}` : ''
  throw invalid(`${name}: there is no modifier :${modifier} for ${row.code}, which is of type ${row.type}; allowed are ${allowed.map(one => `:${one}`).join(' ')}${types}`)
}

// What a SearchParameter says of its own use. https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.modifier
function refuseLimited ({ code, type, limits }: KnownParameter, { name, modifier, values }: Criterion): void {
  if (limits === undefined) return
  const { modifiers, comparators, multipleOr } = limits
  const named = modifier !== undefined && type === 'reference' && /^[A-Z]/.test(modifier) ? 'type' : modifier
  if (named !== undefined && modifiers?.includes(named) === false) throw invalid(`${name}: ${code} is defined with the modifiers ${modifiers.map(one => `:${one}`).join(' ')} only`)
  if (!multipleOr && values.length > 1) throw invalid(`${name}: ${code} is defined to take one value`)
  if (comparators === undefined || modifier !== undefined || !COMPARED.includes(type)) return
  const foreign = values.map(value => prefixed(unescaped(value))[0]).find(prefix => prefix !== 'eq' && !comparators.includes(prefix))
  if (foreign !== undefined) throw invalid(`${name}: ${code} is defined with the prefixes ${comparators.join(' ')} only, not ${foreign}`)
}

const COMPARED: readonly string[] = ['number', 'date', 'quantity']

function valueOf (asked: Asked): Condition {
  switch (asked.row.type) {
    case 'token': return asksCodes(asked.modifier) ? codesValue(asked) : tokenValue(asked)
    case 'string': return stringValue(asked)
    case 'uri': return uriValue(asked)
    case 'reference': return asked.modifier === 'identifier' ? identifierValue(asked) : referenceValue(asked)
    case 'date': return dateValue(asked)
    case 'number': return { kind: 'numbers', key: keyOf(asked, KIND.number), comparison: numberIn(asked.name, unescaped(asked.raw)) }
    case 'quantity': return quantityValue(asked, KIND.family)
    case 'composite': return compositeValue(asked)
    case 'special': return nearValue(asked)
  }
}

/** The key of a text of a parameter, as decimal text. */
export const keyOf = ({ type, part }: Pick<Asked, 'type' | 'part'>, kind: string, text = ''): string =>
  hashText(...valueKey(paramOf(homeOf(type, part.code), part.code), kind, text))

export function numberIn (name: string, text: string): Comparison {
  const comparison = numberComparison(text)
  if (comparison === undefined) throw invalid(`${name}=${text} is no number: it may begin with ${PREFIXES.join(' ')}, such as ge5.4`)
  return comparison
}

export function dateIn (name: string, text: string, { zone, now }: SearchContext): Comparison {
  // A plus that the client did not escape has become a space on its way here.
  const comparison = dateComparison(text.replace(/ (?=\d{2}:\d{2}$)/, '+'), zone, now)
  if (comparison === undefined) throw invalid(`${name}=${text} is no date: it is a year, month, day or moment and may begin with ${PREFIXES.join(' ')}, such as ge2026-11-22`)
  return comparison
}

function dateValue (asked: Asked): Condition {
  const { name, type, part, raw, context } = asked
  const comparison = dateIn(name, unescaped(raw), context)
  if (part.code === '_lastUpdated') return updatedIn(comparison)
  // Of a contained resource it is a date like others.
  if (part.code === mainDate(type) && !isContained(type)) return { kind: 'main-date', comparison }
  return { kind: 'dates', key: keyOf(asked, KIND.date), comparison }
}

const LAST = '9223372036854775807'

// When a version was stored is a moment, to the millisecond.
function updatedIn ({ prefix, low, high }: Comparison): Condition {
  const between = (from: number | undefined, before: number | undefined): Condition =>
    ({ kind: 'rids', from: from === undefined ? '0' : rid(from), before: before === undefined ? LAST : rid(before) })
  switch (prefix) {
    case 'ne': return not(between(low, high))
    case 'gt':
    case 'sa': return between(high, undefined)
    case 'ge': return between(low, undefined)
    case 'lt':
    case 'eb': return between(undefined, low)
    case 'le': return between(undefined, high)
    default: return between(low, high)
  }
}

const rid = (milliseconds: number): string => milliseconds <= 0 ? '0' : milliseconds >= 2 ** 42 ? LAST : ridAt(milliseconds)

// What cannot be an id is nobody's.
const idValue = (type: string, ids: readonly string[]): Condition => ({ kind: 'ids', type: isContained(type) ? undefined : numberOf(type), ids: ids.filter(isId) })

// https://hl7.org/fhir/R4/search.html#missing
function missingValue (name: string, type: string, { code, stored }: KnownParameter, values: readonly string[]): Condition {
  const [value, ...more] = values
  if (more.length > 0 || (value !== 'true' && value !== 'false')) throw invalid(`${name} is true or false`)
  const present = stored === undefined ? presence(type, code) : tokens([keyOf({ type, part: { code: stored } }, KIND.present)])
  return value === 'true' ? not(present) : present
}

const ALWAYS: Condition = { kind: 'and', of: [] }

/** That a resource has a value of a parameter of R4. */
export function presence (type: string, code: string): Condition {
  const row = parameterOf(type, code)
  if (row === undefined || code === '_id' || code === '_lastUpdated') return ALWAYS
  const home = homeOf(type, code)
  const own = { type, part: { code } }
  if (isContained(type)) return tokens([keyOf(own, KIND.present)])
  if (row.type === 'date' && code === mainDate(type)) return { kind: 'main-date-present' }
  if (home === 'Resource' && code !== '_source') return { kind: 'terms', key: hashText(...paramOf(home, code).terms), text: '' }
  const parts = partsOf(home, code)
  const told = isStored(home, code) || row.expression.includes('resolve()')
  const others = parts.filter(part => part.code !== code)
  const itself: readonly Condition[] = !told ? [] : [isUsual(type, code) ? not(tokens([keyOf(own, KIND.missing)])) : tokens([keyOf(own, KIND.present)])]
  // Of a name or address that is kept under several parameters its own token tells of all of it.
  return told ? and(itself) : or(others.map(part => presence(type, part.code)))
}

/** That the owner columns do not say to whom a resource refers by its owner parameter: of few they do not. */
export const isIndirect = (type: string, code: string): Condition => tokens([keyOf({ type, part: { code } }, KIND.indirect)], true)

/** That a resource has one of these tokens. */
export const tokens = (any: readonly string[], sparse = false): Condition => ({ kind: 'tokens', any, sparse })

export { split, unescaped }
