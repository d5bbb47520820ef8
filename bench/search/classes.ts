// Classes of searches, each with values that nobody, a few and most have, and the statement that somebody would write by hand for it.
// https://hl7.org/fhir/R4/search.html docs/decisions/0026-search-benchmark.md
import { hashText } from '../../src/store/binary.js'
import { KIND, paramOf, valueKey } from '../../src/store/index/rows.js'
import { bodies, page, type Hand } from './hand.js'

/** How often what is asked for occurs. `one`: it is bound to one patient or resource. */
export type Density = 'none' | 'few' | 'one' | 'dense'

/** A search, and the same by hand. `floor`: how many times as long it may take. */
export interface Case {
  readonly name: string
  readonly density: Density
  readonly floor: number
  readonly path: string
  readonly hand: (hand: Hand) => string
}

/** Values of the data at hand. */
export interface Values {
  /** Codes of Observations, `system|code`. */
  readonly dense: string
  readonly few: string
  readonly patient: { readonly id: string, readonly owner: string, readonly family: string, readonly ssn: string }
  readonly encounter: string
  /** A number that a few Observations exceed. */
  readonly high: number
  /** A day on which something was observed. */
  readonly day: string
}

const [SINGLE, SEVERAL] = [1.3, 1.5]
const OBSERVATION = 'current_observation'
const PATIENT = 'current_patient'
const SSN = 'http://hl7.org/fhir/sid/us-ssn'

const key = (type: string, code: string, kind: string, text = ''): string => hashText(...valueKey(paramOf(type, code), kind, text))
const array = (hand: Hand, ...tokens: readonly string[]): string => hand.bind(`{${tokens.join(',')}}`, 'int8[]')
const coded = (type: string, code: string, value: string): string => key(type, code, KIND.coding, value)
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`)

/** By a token: along the page where it is dense, by the index otherwise. */
function byToken (name: string, table: string, query: string, density: Density, token: string, floor = SINGLE): Case {
  const where = (hand: Hand, a = 'c'): string => `${a}.tokens && ${array(hand, token)}`
  return {
    name, density, floor, path: query,
    hand: hand => page(hand, { table, source: density === 'dense' ? { by: 'walk' } : { by: 'index', where }, where })
  }
}

/** By rids that another table finds, where they are few; along the page where they are many. */
function byValue (name: string, table: string, query: string, density: Density, rows: (hand: Hand) => string, floor = SINGLE): Case {
  return {
    name, density, floor, path: query,
    hand: hand => density === 'dense'
      ? page(hand, { table, source: { by: 'walk' }, where: own => `exists (select from (${rows(own)}) x where x.rid = c.rid)` })
      : page(hand, { table, source: { by: 'index', where: own => `c.rid = any (array(${rows(own)}))` }, where: own => own.asker.kind === 'operator' ? 'true' : `c.rid = any (array(${rows(own)}))` })
  }
}

const quantities = (family: string, beyond: number) => (hand: Hand): string => `
  select q.rid from karta.quantity_key k, karta.quantity_value q where k.family = ${hand.bind(family, 'int8')} and q.key = k.key and q.value > ${hand.bind(beyond, 'float8')}`
const texts = (codes: readonly string[], beginning: string) => (hand: Hand): string => `
  select s.rid from karta.string_value s where s.key = any (${array(hand, ...codes.map(code => key('Patient', code, KIND.word)))})
    and s.value >= ${hand.bind(beginning, 'text')} and s.value < ${hand.bind(`${beginning}\u{10ffff}`, 'text')}`
const NAMES = ['family', 'given', 'name']

/** All cases, for the data at hand. */
export function casesOf ({ dense, few, patient, encounter, high, day: some }: Values): Case[] {
  const [family, male, final] = [key('Observation', 'value-quantity', KIND.family), key('Patient', 'gender', KIND.code, 'male'), key('Observation', 'status', KIND.code, 'final')]
  const code = (value: string): string => coded('Observation', 'code', value)
  const onDay = (text: string) => (hand: Hand): string => `c.dlo >= ${hand.bind(day(text), 'int8')} and c.dlo < ${hand.bind(day(text) + 86_400_000, 'int8')}`
  const dated = (density: Density, text: string): Case => ({
    name: 'date', density, floor: SINGLE, path: `/Observation?date=${text}`,
    hand: hand => page(hand, { table: OBSERVATION, source: { by: 'index', where: onDay(text) }, where: onDay(text) })
  })
  const owned = (where: (hand: Hand) => string, order?: string, count?: number) => (hand: Hand): string => page(hand, {
    table: OBSERVATION, narrow: true, ...(order !== undefined && { order }), ...(count !== undefined && { count }),
    source: { by: 'index', where: own => `c.owner = ${own.bind(patient.owner, 'int8')}` }, where
  })
  return [
    byToken('code', OBSERVATION, `/Observation?code=${dense}`, 'dense', code(dense)),
    byToken('code', OBSERVATION, `/Observation?code=${few}`, 'few', code(few)),
    byToken('code', OBSERVATION, '/Observation?code=http://loinc.org|0-0', 'none', code('http://loinc.org|0-0')),
    byToken('status', OBSERVATION, '/Observation?status=final', 'dense', final),
    byToken('status', OBSERVATION, '/Observation?status=amended', 'none', key('Observation', 'status', KIND.code, 'amended')),
    byToken('identifier', PATIENT, `/Patient?identifier=${SSN}|${patient.ssn}`, 'one', coded('Patient', 'identifier', `${SSN}|${patient.ssn}`)),
    byToken('identifier', PATIENT, `/Patient?identifier=${SSN}|0`, 'none', coded('Patient', 'identifier', `${SSN}|0`)),
    byToken('encounter', OBSERVATION, `/Observation?encounter=Encounter/${encounter}`, 'one', key('Observation', 'encounter', KIND.reference, `Encounter/${encounter}`)),
    byToken('encounter', OBSERVATION, '/Observation?encounter=Encounter/none', 'none', key('Observation', 'encounter', KIND.reference, 'Encounter/none')),
    byValue('name', PATIENT, '/Patient?name=a', 'dense', texts(NAMES, 'a')),
    byValue('name', PATIENT, `/Patient?name=${patient.family}`, 'one', texts(NAMES, patient.family.toLowerCase())),
    byValue('name', PATIENT, '/Patient?name=zzzz', 'none', texts(NAMES, 'zzzz')),
    dated('few', some),
    dated('none', '1850-03-03'),
    byValue('value-quantity', OBSERVATION, '/Observation?value-quantity=gt5', 'dense', quantities(family, 5)),
    byValue('value-quantity', OBSERVATION, `/Observation?value-quantity=gt${high}`, 'few', quantities(family, high)),
    byValue('value-quantity', OBSERVATION, '/Observation?value-quantity=gt99999999', 'none', quantities(family, 99_999_999)),
    { name: 'subject', density: 'one', floor: SINGLE, path: `/Observation?subject=Patient/${patient.id}&_total=none`, hand: owned(() => 'true') },
    byValue('composite', OBSERVATION, `/Observation?code-value-quantity=${dense}$gt1`, 'dense', quantities(key('Observation', 'code-value-quantity', KIND.family, `${KIND.coding}${dense}`), 1), SEVERAL),
    byValue('composite', OBSERVATION, `/Observation?code-value-quantity=${dense}$gt99`, 'none', quantities(key('Observation', 'code-value-quantity', KIND.family, `${KIND.coding}${dense}`), 99), SEVERAL),
    {
      name: ':not', density: 'none', floor: SEVERAL, path: '/Observation?status:not=final',
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'index', where: own => `c.tokens && ${array(own, ...['amended', 'preliminary', 'registered', 'corrected'].map(each => key('Observation', 'status', KIND.code, each)))}` }, where: own => `not c.tokens && ${array(own, final)}` })
    },
    {
      name: ':not', density: 'dense', floor: SEVERAL, path: '/Observation?category:not=laboratory',
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'walk' }, where: own => `not c.tokens && ${array(own, key('Observation', 'category', KIND.code, 'laboratory'))}` })
    },
    {
      name: ':missing', density: 'dense', floor: SEVERAL, path: '/Observation?value-quantity:missing=false',
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'walk' }, where: own => `not c.tokens && ${array(own, key('Observation', 'value-quantity', KIND.missing))}` })
    },
    byToken(':missing', OBSERVATION, '/Observation?encounter:missing=true', 'none', key('Observation', 'encounter', KIND.missing), SEVERAL),
    {
      name: '_sort=-date', density: 'dense', floor: SEVERAL, path: `/Observation?code=${dense}&_sort=-date`,
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'walk' }, order: 'dlo desc, rid desc', where: own => `c.tokens && ${array(own, code(dense))}` })
    },
    {
      name: '_sort=-date', density: 'none', floor: SEVERAL, path: '/Observation?code=http://loinc.org|0-0&_sort=-date',
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'index', where: own => `c.tokens && ${array(own, code('http://loinc.org|0-0'))}` }, order: 'dlo desc, rid desc', where: own => `c.tokens && ${array(own, code('http://loinc.org|0-0'))}` })
    },
    { name: '_sort=family', density: 'dense', floor: SEVERAL, path: '/Patient?_sort=family', hand: sortedByFamily },
    {
      name: 'code and patient', density: 'one', floor: SEVERAL, path: `/Observation?subject=Patient/${patient.id}&code=${dense}&_sort=-date&_total=none`,
      hand: owned(own => `c.tokens && ${array(own, code(dense))}`, 'dlo desc, rid desc')
    },
    {
      name: 'code and date', density: 'few', floor: SEVERAL, path: `/Observation?code=${dense}&date=${some}`,
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'index', where: onDay(some) }, where: own => `c.tokens && ${array(own, code(dense))} and ${onDay(some)(own)}` })
    },
    {
      name: 'gender and name', density: 'few', floor: SEVERAL, path: `/Patient?gender=male&name=${patient.family.slice(0, 3).toLowerCase()}`,
      hand: hand => page(hand, { table: PATIENT, source: { by: 'index', where: own => `c.rid = any (array(${texts(NAMES, patient.family.slice(0, 3).toLowerCase())(own)}))` }, where: own => `c.tokens && ${array(own, male)} and c.rid = any (array(${texts(NAMES, patient.family.slice(0, 3).toLowerCase())(own)}))` })
    },
    {
      name: '500 codes', density: 'few', floor: SEVERAL, path: `/Observation?code=${[...manyCodes(499), few].join(',')}`,
      hand: hand => page(hand, {
        table: OBSERVATION,
        source: { by: 'index', where: own => `c.rid = any (array(select x.rid from unnest(${array(own, ...[...manyCodes(499), few].map(code))}) k(token), lateral (select t.rid from karta.${OBSERVATION} t where t.tokens && array[k.token] offset 0) x))` },
        where: own => own.asker.kind === 'operator' ? 'true' : `c.tokens && ${array(own, ...[...manyCodes(499), few].map(code))}`
      })
    },
    chain('chain', 'one', `/Observation?patient.family=${patient.family}`, texts(['family'], patient.family.toLowerCase())),
    chain('chain', 'none', '/Observation?patient.family=zzzz', texts(['family'], 'zzzz')),
    {
      name: 'chain', density: 'dense', floor: SEVERAL, path: '/Observation?patient.gender=male',
      hand: hand => page(hand, { table: OBSERVATION, source: { by: 'walk' }, where: own => `exists (select from karta.${PATIENT} p where p.owner = c.owner and p.tokens && ${array(own, male)} and ${own.allowed('p')})` })
    },
    has('few', few, code(few)), has('dense', dense, code(dense)), has('none', 'http://loinc.org|0-0', code('http://loinc.org|0-0')),
    {
      name: '_include', density: 'dense', floor: SEVERAL, path: `/Observation?code=${dense}&_include=Observation:patient&_count=5`,
      hand: hand => including(hand, page(hand, { table: OBSERVATION, source: { by: 'walk' }, count: 5, where: own => `c.tokens && ${array(own, code(dense))}` }))
    }
  ]
}

const manyCodes = (many: number): string[] => Array.from({ length: many }, (_, place) => `http://loinc.org|x${place}`)

function sortedByFamily (hand: Hand): string {
  const only = hand.asker.kind === 'operator' ? 'true' : `c.owner = any (${hand.treated()})`
  const families = hand.bind(key('Patient', 'family', KIND.word), 'int8')
  // Who has had several names stands under the first of them.
  const first = `s.value = (select min(x.value) from karta.string_value x where x.rid = s.rid and x.key = ${families})`
  return bodies(`select s.rid, s.owner, s.value as k0, s.rid as k1 from (select * from karta.string_value s where s.key = ${families} order by s.value, s.rid offset 0) s
    join lateral (select * from karta.${PATIENT} c where c.rid = s.rid offset 0) c on ${only} and ${hand.allowed()} where ${first} limit 20`, 'k0, k1')
}

function chain (name: string, density: Density, path: string, patients: (hand: Hand) => string): Case {
  return {
    name, density, floor: SEVERAL, path: `${path}&_total=none`,
    hand: hand => page(hand, {
      table: OBSERVATION,
      narrow: true,
      source: { by: 'index', where: own => `c.owner = any (array(select p.owner from karta.${PATIENT} p where p.rid = any (array(${patients(own)})) and ${own.allowed('p')}${own.asker.kind === 'operator' ? '' : ` and p.owner = any (${own.treated()})`}))` },
      where: () => 'true'
    })
  }
}

function has (density: Density, value: string, token: string): Case {
  const owners = (hand: Hand): string => `array(select o.owner from karta.${OBSERVATION} o where o.tokens && ${array(hand, token)} and ${hand.allowed('o')})`
  return {
    name: '_has', density, floor: SEVERAL, path: `/Patient?_has:Observation:patient:code=${value}`,
    hand: hand => density === 'dense'
      ? page(hand, { table: PATIENT, source: { by: 'walk' }, where: own => `exists (select from (select * from karta.${OBSERVATION} o where o.owner = c.owner offset 0) o where o.tokens && ${array(own, token)} and ${own.allowed('o')})` })
      : page(hand, { table: PATIENT, source: { by: 'index', where: own => `c.owner = any (${owners(own)})` }, where: own => `c.owner = any (${owners(own)})` })
  }
}

// The patients of a page: their surrogates stand in its rows.
const including = (hand: Hand, found: string): string => `
  with m as materialized (${found})
  select m.type, m.id, m.rid, m.owner, m.body, false as included from m union all
  select v.type, v.id, v.rid, v.owner, v.body, true from (select distinct m.owner from m) o, lateral (select * from karta.${PATIENT} c where c.owner = o.owner offset 0) c,
    lateral (select * from karta.version n where n.owner = c.owner and n.rid = c.rid offset 0) v where ${hand.allowed('c')}`
