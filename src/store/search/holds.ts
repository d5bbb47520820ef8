// Whether a condition holds of one contained resource, by its own rows: what consent/search/predicate.ts asks in SQL, in memory.
// https://hl7.org/fhir/R4/search.html#contained docs/decisions/0018-search.md
import type { JsonObject } from '../../fhir/json-value.js'
import type { Comparison } from '../../fhir/search/comparison.js'
import { hashText } from '../binary.js'
import type { Key } from '../hash.js'
import { gatherAlone } from '../index/plan.js'
import { Rows, type QuantityKey, type QuantityRow } from '../index/rows.js'
import type { SearchContext } from './build.js'
import type { Condition, Place, UnitAsked } from './condition.js'

/** The rows of one resource by itself. */
export interface Alone { readonly id: string, readonly tokens: ReadonlySet<string>, readonly rows: Pick<Rows, 'dates' | 'quantities' | 'strings' | 'terms' | 'quantityKeys'> }

/** Those of a contained resource of a type. */
export function aloneOf (type: string, resource: JsonObject, { zone, base }: Pick<SearchContext, 'zone' | 'base'>): Alone {
  const rows = new Rows(zone, base, undefined)
  gatherAlone(rows, type, resource)
  const pairs = rows.tokens()
  const tokens = new Set<string>()
  for (let at = 0; at < pairs.length; at += 2) tokens.add(hashText(pairs[at] ?? 0, pairs[at + 1] ?? 0))
  return { id: String(resource['id'] ?? ''), tokens, rows }
}

const named = (key: Key): string => hashText(...key)

/** Throws RangeError for a condition that is about what only a row of the current state has. */
export function holds (condition: Condition, alone: Alone): boolean {
  const { tokens, rows } = alone
  switch (condition.kind) {
    case 'and': return condition.of.every(each => holds(each, alone))
    case 'or': return condition.of.some(each => holds(each, alone))
    case 'not': return !holds(condition.of, alone)
    case 'ids': return condition.ids.includes(alone.id)
    case 'tokens': return condition.any.some(token => tokens.has(token))
    case 'terms': {
      const { key, text, except = [], ending = '' } = condition
      return rows.terms.some(term => named(term.key) === key && term.text.startsWith(text) && term.text.endsWith(ending) === (ending === '') && !except.includes(named(term.token)))
    }
    case 'dates': return rows.dates.some(({ key, lo, hi }) => named(key) === condition.key && spans(lo, hi, condition.comparison))
    case 'numbers': return rows.quantities.some(row => named(row.key) === condition.key && point(row, condition.comparison, asIs))
    case 'quantities': return quantities(alone, condition.family, condition.unit, condition.comparison)
    case 'window': return rows.quantities.some(({ key, value, high }) => named(key) === condition.key && exactly(value, condition.start) && high !== undefined && exactly(high, condition.end))
    case 'words': return words(alone, condition)
    case 'near': return near(alone, condition.latitudes, condition.longitudes, condition.place)
    default: throw new RangeError(`${condition.kind} is not asked of a contained resource`)
  }
}

// The page's words, on half-open spans: the search value's is [low, high), the resource's [lo, hi).
function spans (lo: number, hi: number, { prefix, low, high }: Comparison): boolean {
  const within = lo >= low && hi <= high
  switch (prefix) {
    case 'eq': return within
    case 'ne': return !within
    case 'gt': return hi > high
    case 'lt': return lo < low
    case 'ge': return hi > high || within
    case 'le': return lo < low || within
    case 'sa': return lo >= high
    case 'eb': return hi <= low
    case 'ap': return lo < high && hi > low
    case 'co': return lo <= low && hi >= high
  }
}

const asIs = (bound: number): number => bound

function point ({ value, high: end }: QuantityRow, { prefix, low, high, at }: Comparison, in_: (bound: number) => number): boolean {
  const within = (): boolean => value >= in_(low) && value < in_(high) && (end === undefined || end < in_(high))
  const top = end ?? value
  switch (prefix) {
    case 'eq': return within()
    case 'ne': return !within()
    case 'gt': return top > in_(at)
    case 'lt': return value < in_(at)
    case 'ge': return top >= in_(at)
    case 'le': return value <= in_(at)
    case 'sa': return value > in_(at)
    case 'eb': return top < in_(at)
    case 'ap': return value <= in_(high) && top >= in_(low)
    case 'co': return value <= in_(at) && top >= in_(at)
  }
}

// One of a composite's numbers on its own.
function exactly (value: number, { prefix, low, high, at }: Comparison): boolean {
  const within = value >= low && value < high
  switch (prefix) {
    case 'eq':
    case 'co':
    case 'ap': return within
    case 'ne': return !within
    case 'gt':
    case 'sa': return value > at
    case 'lt':
    case 'eb': return value < at
    case 'ge': return value >= at
    case 'le': return value <= at
  }
}

function quantities ({ rows }: Alone, family: string, unit: UnitAsked, comparison: Comparison): boolean {
  return rows.quantityKeys.some(key => {
    const in_ = named(key.family) === family ? boundIn(key, unit) : undefined
    return in_ !== undefined && rows.quantities.some(row => named(row.key) === named(key.key) && point(row, comparison, in_))
  })
}

/** A bound in the unit of a key; undefined where that is not what was asked. */
function boundIn ({ system, code, unit: sent, measure: { factor, offset, dimension } }: QuantityKey, unit: UnitAsked): ((bound: number) => number) | undefined {
  switch (unit.kind) {
    case 'any': return asIs
    case 'as-sent': {
      const fits = (unit.system === undefined || unit.system === system) && (unit.code === '' || unit.code === code || (unit.system === undefined && unit.code === sent))
      return fits ? asIs : undefined
    }
    case 'dimension': {
      if (dimension !== unit.dimension) return undefined
      return factor === unit.factor && offset === unit.shift ? asIs : bound => (bound * unit.factor + unit.shift - offset) / factor
    }
  }
}

function words ({ rows }: Alone, { keys, text, start, how }: Extract<Condition, { kind: 'words' }>): boolean {
  return rows.strings.filter(({ key }) => keys.includes(named(key))).some(({ value, full }) => {
    const whole = full ?? value
    switch (how) {
      case 'starts': return start === text ? value.startsWith(text) : value === start && full?.startsWith(text) === true
      case 'contains': return whole.includes(text)
      case 'is': return whole === text
      default: throw new RangeError(`${how} is not asked of a contained resource`)
    }
  })
}

const radians = (degrees: number): number => degrees * Math.PI / 180

function near ({ rows }: Alone, latitudes: string, longitudes: string, { latitude, longitude, kilometres }: Place): boolean {
  const valuesOf = (wanted: string): number[] => rows.quantities.filter(({ key }) => named(key) === wanted).map(({ value }) => value)
  return valuesOf(latitudes).some(north => Math.abs(north - latitude) <= kilometres / 111.19 && valuesOf(longitudes).some(east =>
    12742.0176 * Math.asin(Math.min(1, Math.sqrt(Math.sin(radians(north - latitude) / 2) ** 2 +
      Math.cos(radians(latitude)) * Math.cos(radians(north)) * Math.sin(radians(east - longitude) / 2) ** 2))) <= kilometres))
}
