// What many criteria mean, looked up together: one statement for all that are of one shape, whatever their values.
// https://hl7.org/fhir/R4/http.html#transaction docs/decisions/0019-conditional-bundles.md
import type { Caller } from '../../auth/caller.js'
import { tooCostly } from '../../fhir/outcome.js'
import { numberOf, type ResourceType } from '../../fhir/resource-types.js'
import { numbers, texts } from '../../store/binary.js'
import { Lanes } from '../../store/lanes.js'
import type { Query, Searches } from '../../store/pool.js'
import type { Condition } from '../../store/search/condition.js'
import { COLUMNS, columns, versionRow, type RawRow, type VersionRow } from '../row.js'
import { reachable, scoped } from '../scoped.js'
import { isOwned, matching, rowsOf } from './plan.js'
import { Statement } from './statement.js'

/** What is asked of each: conditions that a resource of a type must meet, all of them; at most so many are told, with what they hold or without. */
export interface Ask { readonly type: ResourceType, readonly conditions: readonly Condition[], readonly most: number, readonly texts: boolean }

// No more connections than a few searches take.
const AT_ONCE = 4
const MOST_SHAPES = 100

/**
 * The resources that each of these means, of those that the caller may see, in the order asked. Throws FhirError 400 where they are so different that
 * it takes too many statements.
 */
export async function searchMatches (db: Searches, caller: Caller, asks: readonly Ask[]): Promise<VersionRow[][]> {
  const found: VersionRow[][] = asks.map(() => [])
  const shapes = shapesOf(db, caller, asks)
  if (shapes.length > MOST_SHAPES) throw tooCostly(`the criteria of this Bundle are of ${shapes.length} kinds: at most ${MOST_SHAPES} are looked up in one; send it in parts`)
  const lanes = new Lanes(AT_ONCE)
  await Promise.all(shapes.map(async shape => await lanes.run(async () => {
    const rows = await db.query<RawRow & { readonly place: number }>(queryOf(db, caller, shape))
    for (const row of rows) found[row.place]?.push(versionRow(row))
  })))
  return found
}

/** What is alike but for its values: the SQL, the place of each, and its values in their order, as texts. */
interface Shape extends Pick<Ask, 'most' | 'texts'> { readonly sql: string, readonly types: readonly string[], readonly places: number[], readonly values: (string | null)[][] }

function shapesOf (db: Searches, caller: Caller, asks: readonly Ask[]): Shape[] {
  const shapes = new Map<string, Shape>()
  asks.forEach((ask, place) => {
    const one = new One(db, caller, 'one of many criteria')
    const sql = isSparse(ask) ? byTokens(one, ask) : matching(one, rowsOf(ask.type), ask.conditions)
    const { most, texts } = ask
    const name = `${most} ${texts} ${sql}`
    let shape = shapes.get(name)
    if (shape === undefined) shapes.set(name, shape = { most, texts, sql, types: one.types, places: [], values: one.types.map(() => []) })
    shape.places.push(place)
    one.texts.forEach((text, column) => shape.values[column]?.push(text))
  })
  return [...shapes.values()]
}

function queryOf (db: Searches, caller: Caller, { sql, types, places, values, most, texts: whole }: Shape): Query {
  const statement = new Statement(db, caller, 'what many criteria mean')
  // What all share comes first, as `One` has it.
  const bound = [statement.subject, statement.bind(numbers(places), 'int4[]'), ...values.map(column => statement.bind(texts(column), 'text[]'))]
  const names = ['place', ...types.map((_, column) => nameOf(column))]
  return statement.query(`
    select k.place, ${whole ? COLUMNS : columns("'' as body")}
    from unnest(${bound.slice(1).join(', ')}) k(${names.join(', ')}),
      lateral (select f.rid, f.owner from (${sql}) f limit ${most}) f,
      lateral (select * from karta.version n where n.owner = f.owner and n.rid = f.rid offset 0) v`)
}

const nameOf = (column: number): string => `p${column}`

/** A statement about one of many: a value that is bound is a column of the row that asks. */
class One extends Statement {
  readonly types: string[] = []
  readonly texts: (string | null)[] = []

  override get subject (): string {
    return '$1::int8'
  }

  override bind (value: unknown, type: string): string {
    this.types.push(type)
    this.texts.push(textOf(value))
    return `k.${nameOf(this.types.length - 1)}::${type}`
  }
}

const textOf = (value: unknown): string | null => value === null ? null : Buffer.isBuffer(value) ? arrayLiteral(value) : String(value)

/** An array of texts in PostgreSQL's binary form as a literal. */
function arrayLiteral (array: Buffer): string {
  const values: string[] = []
  const count = array.readInt32BE(0) === 0 ? 0 : array.readInt32BE(12)
  for (let at = 20; values.length < count;) {
    const length = array.readInt32BE(at)
    values.push(`"${array.toString('utf8', at + 4, at + 4 + length).replace(/["\\]/g, '\\$&')}"`)
    at += 4 + length
  }
  return `{${values.join(',')}}`
}

type Tokens = Extract<Condition, { kind: 'tokens' }>

const isTokens = (condition: Condition): condition is Tokens => condition.kind === 'tokens'

/** That tokens say it all and one of them is of a kind that few resources share, such as an identifier. */
const isSparse = ({ conditions }: Ask): boolean => conditions.every(isTokens) && conditions.some(({ sparse }) => sparse)

// Of all types together: which of the tables it is, the row that asks says. The index of tokens answers, where the caller may see something at all.
function byTokens (one: One, { type, conditions }: Ask): string {
  const [first, ...others] = conditions.filter(isTokens).sort((a, b) => Number(b.sparse) - Number(a.sparse))
  const overlaps = (a: string, { any }: Tokens): string => `${a}.tokens && ${one.bind(numbers(any), 'int8[]')}`
  const narrow = isOwned(type) ? reachable('t', one.caller.kind, one.subject) : undefined
  return `select c.rid, c.owner
    from (select * from karta.current t where t.type = ${one.bind(numberOf(type), 'int2')} and ${first === undefined ? 'false' : overlaps('t', first)}${narrow === undefined ? '' : ` and ${narrow}`} offset 0) c
    where ${[...others.map(other => overlaps('c', other)), scoped('c', one.caller.kind, one.subject)].join(' and ')}`
}
