// A condition as SQL about one current row. https://hl7.org/fhir/R4/search.html, docs/decisions/0010-index-rows.md
import { numberOf } from '../../fhir/resource-types.js'
import type { Comparison } from '../../fhir/search/comparison.js'
import { numbers, texts } from '../../store/binary.js'
import { currentTable, type CurrentTable } from '../../store/current.js'
import type { Condition, Place, ResourceName, UnitAsked } from '../../store/search/condition.js'
import { scoped } from '../scoped.js'
import { dated, spanPieces, spans } from './span.js'
import type { Statement } from './statement.js'

/** The last text that begins with another, in the order of bytes. */
const LAST_LETTER = '\u{10ffff}'

/** Asks of the row of alias `a`, whatever found it. */
export function predicate (sql: Statement, a: string, condition: Condition): string {
  switch (condition.kind) {
    case 'tokens': return overlaps(sql, a, condition.any)
    case 'terms': return amongTerms(a, termTokens(sql, condition))
    case 'rids': return `(${a}.rid >= ${sql.bind(condition.from, 'int8')} and ${a}.rid < ${sql.bind(condition.before, 'int8')})`
    case 'main-date': return `(${dated(a)} and ${spans(sql, { lo: `${a}.dlo`, hi: `${a}.dhi` }, condition.comparison)})`
    case 'main-date-present': return dated(a)
    case 'owned': return owned(sql, a, condition)
    case 'owner': return among(sql, `${a}.owner`, condition.owners)
    case 'owner-meets': return ownerMeets(sql, a, condition.of)
    case 'owns': return owns(sql, a, condition)
    case 'not': return `not (${predicate(sql, a, condition.of)})`
    case 'and': return joined(condition.of.map(each => predicate(sql, a, each)), 'and', 'true')
    case 'or': return joined(condition.of.map(each => predicate(sql, a, each)), 'or', 'false')
    case 'link': throw new RangeError(`${condition.link.name} was not followed before it was asked`)
    case 'ids': return `${a}.rid = any (array(${idRows(sql, condition)}))`
    default: return `exists (select from (${valueRows(sql, condition, 'probe')}) x where x.rid = ${a}.rid)`
  }
}

const joined = (all: readonly string[], word: 'and' | 'or', none: string): string => all.length === 0 ? none : `(${all.join(` ${word} `)})`

type Valued = Extract<Condition, { kind: 'dates' | 'numbers' | 'quantities' | 'window' | 'words' | 'full-text' | 'near' }>
type Either = Extract<Condition, { kind: 'and' | 'or' }>
type Finding = Valued | Either | Extract<Condition, { kind: 'ids' | 'rids' | 'main-date' }>

/** Whether a condition finds rids by itself: by values, or by one of several that do. */
export const findsRids = (condition: Condition): condition is Finding => condition.kind === 'or'
  ? condition.of.length > 0 && condition.of.every(findsRids)
  : ['ids', 'rids', 'main-date', 'dates', 'numbers', 'quantities', 'window', 'words', 'full-text', 'near'].includes(condition.kind)

/** SQL for the rids (`rid`) of the rows of a table that meet it, by an index; a rid may come twice. */
export function ridRows (sql: Statement, { name, only = 'true' }: CurrentTable, condition: Finding): string {
  switch (condition.kind) {
    case 'and':
    case 'or': return either(condition.of.filter(findsRids).map(each => ridRows(sql, { name, only }, each)))
    case 'ids': return idRows(sql, condition)
    case 'rids': return `select t.rid from ${name} t where ${only} and ${predicate(sql, 't', condition)}`
    case 'main-date': return either(mainDatePieces(sql, [condition]).map(piece => `select t.rid from ${name} t where ${only} and ${piece}`))
    default: return valueRows(sql, condition, 'find')
  }
}

/** The rids of the rows of a table that meet it, at most `most`, as an int8[]. */
export const ridsOf = (sql: Statement, table: CurrentTable, condition: Finding, most?: number): string =>
  `array(select x.rid from (${ridRows(sql, table, condition)}) x${most === undefined ? '' : ` limit ${most}`})`

const idRows = (sql: Statement, { type, ids }: Extract<Condition, { kind: 'ids' }>): string => `
  select v.rid from unnest(${sql.bind(texts(ids), 'text[]')}) i(id),
    lateral (${newestOf(type)}) v where v.state = 0`

function termTokens (sql: Statement, { key, text, except = [], ending }: Extract<Condition, { kind: 'terms' }>): string {
  const end = ending === undefined ? '' : sql.bind(ending, 'text')
  const others = `${except.length === 0 ? '' : ` and not t.token = any (${sql.bind(numbers(except), 'int8[]')})`}${end === '' ? '' : ` and right(t.text, char_length(${end})) <> ${end}`}`
  return `array(select t.token from karta.term t where t.key = ${sql.bind(key, 'int8')} and ${beginsWith(sql, 't.text', text)} and left(t.text, 200) >= ${sql.bind(text.slice(0, 100), 'text')}${others})`
}

const beginsWith = (sql: Statement, column: string, text: string): string =>
  text === '' ? 'true' : `${column} >= ${sql.bind(text, 'text')} and ${column} < ${sql.bind(text + LAST_LETTER, 'text')}`

/** Whether rows of one resource are asked, or resources are found by rows: then each piece of an index is asked for itself. */
type Way = 'probe' | 'find'

function valueRows (sql: Statement, condition: Valued, way: Way): string {
  switch (condition.kind) {
    case 'dates': return either((way === 'find' ? spanPieces : probed)(sql, { lo: 'd.lo', hi: 'd.hi' }, [condition.comparison]).map(piece =>
      `select d.rid from karta.date_value d where d.key = ${sql.bind(condition.key, 'int8')} and ${piece}`))
    case 'numbers': return either(points(condition.comparison, bound(sql), way).map(asked =>
      `select q.rid from karta.quantity_value q where q.key = ${sql.bind(condition.key, 'int8')} and ${asked}`))
    case 'quantities': return quantities(sql, condition.family, condition.unit, condition.comparison, way)
    case 'window': return `
      select q.rid from karta.quantity_value q where q.key = ${sql.bind(condition.key, 'int8')}
        and ${exactly(sql, 'q.value', condition.start)} and ${exactly(sql, 'q.high', condition.end)}`
    case 'words': return words(sql, condition)
    case 'full-text': return `select f.rid from karta.full_text f where f.${condition.of} @@ to_tsquery('karta.words', ${sql.bind(condition.query, 'text')})`
    case 'near': return near(sql, condition.latitudes, condition.longitudes, condition.place)
  }
}

const newestOf = (type: number | undefined): string => type === undefined
  ? 'select distinct on (n.type) n.rid, n.state from karta.version n where n.id = i.id order by n.type, n.ver desc'
  : `select n.rid, n.state from karta.version n where n.type = ${type} and n.id = i.id order by n.ver desc limit 1`

const probed: typeof spanPieces = (sql, columns, comparisons) => comparisons.map(each => spans(sql, columns, each))

/** Pieces of the index of main dates, of a row `t`, that together are all that meets these conditions. */
export const mainDatePieces = (sql: Statement, conditions: ReadonlyArray<Extract<Condition, { kind: 'main-date' }>>): string[] =>
  spanPieces(sql, { lo: 't.dlo', hi: 't.dhi' }, conditions.map(({ comparison }) => comparison)).map(piece => `${dated('t')} and ${piece}`)

/** SQL for a bound, as it is or in the unit of the row. */
type Bound = (value: number) => string

const bound = (sql: Statement): Bound => value => sql.bind(value, 'float8')

const either = (statements: readonly string[]): string => statements.map(each => `(${each})`).join(' union all ')

// A number is a point, or with `high` all of [value, high]. To find by it, the points and the few others are asked apart: no row is both.
function points (comparison: Comparison, in_: Bound, way: Way): string[] {
  const { prefix, low, high, at } = comparison
  if (way === 'probe') return [point(comparison, in_)]
  switch (prefix) {
    case 'gt': return [`q.value > ${in_(at)}`, `q.high > ${in_(at)} and q.value <= ${in_(at)}`]
    case 'ge': return [`q.value >= ${in_(at)}`, `q.high >= ${in_(at)} and q.value < ${in_(at)}`]
    case 'ap': return [`q.value >= ${in_(low)} and q.value <= ${in_(high)}`, `q.high >= ${in_(low)} and q.value < ${in_(low)}`]
    case 'eb': return [`q.value < ${in_(at)} and (q.high is null or q.high < ${in_(at)})`]
    default: return [point(comparison, in_)]
  }
}

function point ({ prefix, low, high, at }: Comparison, in_: Bound): string {
  const within = (): string => `(q.value >= ${in_(low)} and q.value < ${in_(high)} and (q.high is null or q.high < ${in_(high)}))`
  const top = 'coalesce(q.high, q.value)'
  switch (prefix) {
    case 'eq': return within()
    case 'ne': return `not ${within()}`
    case 'gt': return `${top} > ${in_(at)}`
    case 'lt': return `q.value < ${in_(at)}`
    case 'ge': return `${top} >= ${in_(at)}`
    case 'le': return `q.value <= ${in_(at)}`
    case 'sa': return `q.value > ${in_(at)}`
    case 'eb': return `${top} < ${in_(at)}`
    case 'ap': return `(q.value <= ${in_(high)} and ${top} >= ${in_(low)})`
    case 'co': return `(q.value <= ${in_(at)} and ${top} >= ${in_(at)})`
  }
}

// One of a composite's numbers on its own.
function exactly (sql: Statement, column: string, { prefix, low, high, at }: Comparison): string {
  const value = (number: number): string => sql.bind(number, 'float8')
  const within = (): string => `(${column} >= ${value(low)} and ${column} < ${value(high)})`
  switch (prefix) {
    case 'eq':
    case 'co':
    case 'ap': return within()
    case 'ne': return `not ${within()}`
    case 'gt':
    case 'sa': return `${column} > ${value(at)}`
    case 'lt':
    case 'eb': return `${column} < ${value(at)}`
    case 'ge': return `${column} >= ${value(at)}`
    case 'le': return `${column} <= ${value(at)}`
  }
}

// The dictionary says which keys a family has; each is asked with the bound in its own unit.
function quantities (sql: Statement, family: string, unit: UnitAsked, comparison: Comparison, way: Way): string {
  // Looked up once for the statement, not for each row.
  const among = (which: () => string): string => either(points(comparison, bound(sql), way).map(asked => `
    select q.rid from karta.quantity_value q where q.key = any (array(select k.key from karta.quantity_key k where k.family = ${sql.bind(family, 'int8')}${which()}))
      and ${asked}`))
  switch (unit.kind) {
    case 'any': return among(() => '')
    case 'as-sent': {
      const system = (): string => unit.system === undefined ? '' : ` and k.system = ${sql.bind(unit.system, 'text')}`
      const code = (): string => unit.code === '' ? '' : ` and (k.code = ${sql.bind(unit.code, 'text')}${unit.system === undefined ? ` or k.unit = ${sql.bind(unit.code, 'text')}` : ''})`
      return among(() => `${system()}${code()}`)
    }
    case 'dimension': {
      const [factor, shift] = [sql.bind(unit.factor, 'float8'), sql.bind(unit.shift, 'float8')]
      // In the unit that was asked the bound is what was asked, to the last bit.
      const converted: Bound = value => {
        const asked = sql.bind(value, 'float8')
        return `(case when k.factor = ${factor} and k.shift = ${shift} then ${asked} else (${asked} * ${factor} + ${shift} - k.shift) / k.factor end)`
      }
      return either(points(comparison, converted, way).map(asked => `
        select q.rid from karta.quantity_key k, karta.quantity_value q
        where k.family = ${sql.bind(family, 'int8')} and q.key = k.key and k.dimension = ${sql.bind(unit.dimension, 'text')} and ${asked}`))
    }
  }
}

function words (sql: Statement, { keys, text, start, how }: Extract<Condition, { kind: 'words' }>): string {
  const rows = `select s.rid from karta.string_value s where s.key = any (${sql.bind(numbers(keys), 'int8[]')})`
  const whole = 'coalesce(s.whole, s.value)'
  const asked = (): string => sql.bind(text, 'text')
  switch (how) {
    case 'starts': return start === text
      ? `${rows} and ${beginsWith(sql, 's.value', text)}`
      : `${rows} and s.value = ${sql.bind(start, 'text')} and ${beginsWith(sql, 's.whole', text)}`
    case 'is': return `${rows} and s.value = ${sql.bind(start, 'text')} and ${whole} = ${asked()}`
    case 'is-not': return `${rows} and ${whole} <> ${asked()}`
    case 'contains': return `${rows} and strpos(${whole}, ${asked()}) > 0`
    case 'ends': {
      const ending = asked()
      return `${rows} and right(${whole}, char_length(${ending})) = ${ending}`
    }
    case 'gt': return `${rows} and ${whole} > ${asked()}`
    case 'lt': return `${rows} and ${whole} < ${asked()}`
    case 'ge': return `${rows} and ${whole} >= ${asked()}`
    case 'le': return `${rows} and ${whole} <= ${asked()}`
  }
}

// A box first, which the index answers, then the distance on a sphere of the Earth's mean radius.
function near (sql: Statement, latitudes: string, longitudes: string, { latitude, longitude, kilometres }: Place): string {
  const degrees = kilometres / 111.19
  const [north, east, far] = [latitude, longitude, kilometres].map(value => sql.bind(value, 'float8'))
  return `
    select y.rid from karta.quantity_value y, karta.quantity_value x
    where y.key = ${sql.bind(latitudes, 'int8')} and y.value between ${sql.bind(latitude - degrees, 'float8')} and ${sql.bind(latitude + degrees, 'float8')}
      and x.rid = y.rid and x.key = ${sql.bind(longitudes, 'int8')}
      and 12742.0176 * asin(least(1, sqrt(power(sin(radians(y.value - ${north}) / 2), 2)
        + cos(radians(${north})) * cos(radians(y.value)) * power(sin(radians(x.value - ${east}) / 2), 2)))) <= ${far}`
}

type Owned = Extract<Condition, { kind: 'owned' }>

// A long list is hashed; a short one can drive an index.
const FEW = 200

const among = (sql: Statement, column: string, surrogates: readonly string[]): string => surrogates.length <= FEW
  ? `${column} = any (${sql.bind(numbers(surrogates), 'int8[]')})`
  : `(${column} in (select unnest(${sql.bind(numbers(surrogates), 'int8[]')}))) is true`

// Of each row a few tokens are looked up among many, which are hashed once.
const overlaps = (sql: Statement, a: string, tokens: readonly string[]): string => tokens.length <= FEW
  ? `${a}.tokens && ${sql.bind(numbers(tokens), 'int8[]')}`
  : `exists (select from unnest(${a}.tokens) u(token) where (u.token in (select unnest(${sql.bind(numbers(tokens), 'int8[]')}))) is true)`

// How many there are is known only when they have been looked up.
const amongTerms = (a: string, tokens: string): string => `(case when cardinality(${tokens}) <= ${FEW} then ${a}.tokens && ${tokens}
  else exists (select from unnest(${a}.tokens) u(token) where (u.token in (select unnest(${tokens}))) is true) end)`

// An index of tokens compares what it finds with all that is asked: found in parts, the work grows with the sum of both, not with their product.
const PART = 64

/** That a row has one of these tokens, as the index of a table's tokens answers it. */
export function foundByTokens (sql: Statement, a: string, table: string, condition: Extract<Condition, { kind: 'tokens' | 'terms' }>): string {
  if (condition.kind === 'tokens' && condition.any.length <= PART) return `${a}.tokens && ${sql.bind(numbers(condition.any), 'int8[]')}`
  const tokens = condition.kind === 'tokens' ? sql.bind(numbers(condition.any), 'int8[]') : termTokens(sql, condition)
  return `${a}.rid = any (array(select x.rid from generate_series(1, cardinality(${tokens}), ${PART}) k(at),
    lateral (select t.rid from ${table} t where t.tokens && (${tokens})[k.at : k.at + ${PART - 1}] offset 0) x))`
}

/** The surrogates of patients, as an int8[]. */
export function ownersOf (sql: Statement, patients: readonly ResourceName[]): string {
  const known = patients.flatMap(({ owner }) => owner ?? [])
  if (known.length === patients.length) return sql.bind(numbers(known), 'int8[]')
  return `array(select v.owner from unnest(${sql.bind(texts(patients.map(({ id }) => id)), 'text[]')}) i(id),
    lateral (select n.owner from karta.version n where n.type = ${numberOf('Patient')} and n.id = i.id order by n.ver desc limit 1) v)`
}

function owned (sql: Statement, a: string, { patients, indirect, references }: Owned): string {
  const owners = ownersOf(sql, patients)
  const other = sql.bind(numbers(indirect), 'int8[]')
  const first = patients.length <= FEW ? `${a}.owner = any (${owners})` : `(${a}.owner in (select unnest(${owners}))) is true`
  return `(case when ${a}.tokens && ${other} then ${overlaps(sql, a, references)} else ${first} or coalesce(${a}.owners && ${owners}, false) end)`
}

// Row by row, so that it costs what is looked at, however many Patients meet it.
function ownerMeets (sql: Statement, a: string, condition: Condition): string {
  const p = sql.alias()
  const { name } = currentTable('Patient')
  return `exists (select from unnest(coalesce(${a}.owners, array[${a}.owner])) o(owner), lateral (select * from ${name} t where t.owner = o.owner offset 0) ${p}
    where ${predicate(sql, p, condition)} and ${scoped(p, sql.caller.kind, sql.subject)})`
}

function owns (sql: Statement, a: string, { type, of }: Extract<Condition, { kind: 'owns' }>): string {
  const { name, only } = currentTable(type)
  const among = (where: string): string => {
    const r = sql.alias()
    return `exists (select from (select * from ${name} t where ${where}${only === undefined ? '' : ` and t.${only}`} offset 0) ${r}
      where ${predicate(sql, r, of)} and ${scoped(r, sql.caller.kind, sql.subject)})`
  }
  return `(${among(`t.owner = ${a}.owner and t.owners is null`)} or ${among(`t.owners && array[${a}.owner]`)})`
}
