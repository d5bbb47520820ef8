import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { BEGINNING, END, rangeOf } from '../../src/fhir/date-range.js'
import { isObject, type Json, type JsonObject } from '../../src/fhir/json.js'
import { contactValue, folded } from '../../src/fhir/normalise.js'
import * as path from '../../src/fhir/path.js'
import { parseReference } from '../../src/fhir/reference.js'
import { extractors } from '../../src/generated/extractors.js'
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../src/generated/search-parameters.js'
import type { IndexRows } from '../../src/store/index-rows.js'
import { ownerParameter, partsOf } from '../../src/store/index/folded.js'
import { isUsual, mainDate } from '../../src/store/index/main.js'
import { keyOf, rowsOf, tokensOf } from './index/ask.js'

const EXTRACTORS = extractors(path)
const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))

/** One resource, ready to be asked. */
class Asked {
  readonly type: string
  readonly rows: IndexRows
  readonly #tokens: ReadonlySet<string>
  readonly #keys: ReadonlySet<string>

  constructor (resource: JsonObject) {
    this.type = String(resource['resourceType'])
    this.rows = rowsOf(resource)
    this.#tokens = new Set(tokensOf(this.rows))
    this.#keys = new Set([...this.rows.quantities.map(({ key }) => key.join()), ...this.rows.strings.map(({ key, value, full }) => `${key.join()} ${full ?? value}`), ...this.rows.dates.map(({ key, lo, hi }) => `${key.join()} ${lo} ${hi}`)])
  }

  token (type: string, code: string, kind: string, text = ''): boolean {
    return partsOf(type, code).some(part => this.#tokens.has(keyOf(`${type}.${part.code}`, kind, text)))
  }

  key (type: string, code: string, kind: string, text: string, value = ''): boolean {
    return partsOf(type, code).some(part => this.#keys.has(`${keyOf(`${type}.${part.code}`, kind, text)}${value}`))
  }
}

const text = (value: Json | undefined): string => typeof value === 'string' ? value : ''

/** Does a search for this value find the resource? Written from docs/decisions/0010-index-rows.md, not from the code that writes the rows. */
function finds (asked: Asked, type: string, row: SearchParameterRow, kind: string, value: Json): boolean {
  const { code } = row
  switch (row.type) {
    case 'token': return findsToken(asked, type, code, kind, value)
    case 'reference': return findsReference(asked, type, code, kind, value)
    case 'uri': return asked.token(type, code, 'u', kind === 'canonical' ? text(value).replace(/\|.*/, '') : text(value))
    case 'string': return findsString(asked, type, code, value)
    case 'date': return findsDate(asked, type, code, kind, value)
    case 'quantity': return findsQuantity(asked, type, code, kind, value)
    default: return true
  }
}

function findsToken (asked: Asked, type: string, code: string, kind: string, value: Json): boolean {
  if (!isObject(value)) return asked.token(type, code, 'c', String(value))
  if (kind === 'CodeableConcept') return (Array.isArray(value['coding']) ? value['coding'] : []).every(each => findsToken(asked, type, code, 'Coding', each)) && findsText(asked, type, code, value['text'])
  if (kind === 'ContactPoint') return value['value'] === undefined || asked.token(type, code, 'c', contactValue(text(value['value'])))
  const symbol = value[kind === 'Coding' ? 'code' : 'value']
  if (typeof symbol !== 'string') return findsText(asked, type, code, value['display'])
  return asked.token(type, code, 'c', symbol) && asked.token(type, code, 's', `${text(value['system'])}|${symbol}`) && findsText(asked, type, code, value['display'])
}

const findsText = (asked: Asked, type: string, code: string, value: Json | undefined): boolean =>
  typeof value !== 'string' || asked.token(type, code, 't', folded(value))

function findsReference (asked: Asked, type: string, code: string, kind: string, value: Json): boolean {
  const target = kind === 'Attachment' && isObject(value) ? value['url'] : isObject(value) ? value['reference'] : value
  if (typeof target !== 'string') return true
  const read = parseReference(target)
  const byOwner = partsOf(type, code).some(part => part.code === ownerParameter(type)) && !asked.token(type, code, 'i')
  switch (read.kind) {
    case 'literal': return asked.token(type, code, 'r', `${read.type}/${read.id}`) || (byOwner && read.type === 'Patient')
    case 'contained':
    case 'conditional': return true
    case 'canonical': return asked.token(type, code, 'u', read.url) && asked.token(type, code, 'v', target)
    default: return asked.token(type, code, 'u', target.replace(/\/_history\/.*/, ''))
  }
}

function findsString (asked: Asked, type: string, code: string, value: Json): boolean {
  if (typeof value === 'string') return asked.key(type, code, 'w', '', ` ${folded(value)}`) && asked.token(type, code, 'x', value)
  if (!isObject(value)) return true
  const parts = ['text', 'family', 'given', 'prefix', 'suffix', 'line', 'city', 'district', 'state', 'postalCode', 'country'].flatMap(member => value[member] ?? [])
  return parts.every(part => typeof part !== 'string' || findsString(asked, type, code, part))
}

function findsDate (asked: Asked, type: string, code: string, kind: string, value: Json): boolean {
  const range = rangeOf(kind, value, 'UTC')
  if (!range) return true
  return code === mainDate(type)
    ? asked.rows.dlo <= range[0] && asked.rows.dhi >= range[1]
    : asked.key(type, code, 'd', '', ` ${range[0]} ${range[1]}`)
}

function findsQuantity (asked: Asked, type: string, code: string, kind: string, value: Json): boolean {
  if (!isObject(value) || kind === 'SampledData' || (value['value'] === undefined && kind !== 'Range')) return true
  const unit = kind === 'Range' ? (isObject(value['low']) ? value['low'] : value['high']) : value
  if (!isObject(unit)) return true
  return asked.key(type, code, 'q', kind === 'Money' ? `urn:iso:std:iso:4217|${text(unit['currency'])}|` : `${text(unit['system'])}|${text(unit['code'])}|${text(unit['unit'])}`)
}

/** Does `:missing` say the truth? */
function tellsMissing (asked: Asked, type: string, row: SearchParameterRow, found: boolean): boolean {
  if (row.type === 'date' && row.code === mainDate(type)) return true
  if (partsOf(type, row.code).every(part => part.code !== row.code) && !row.expression.includes('resolve()')) return true
  const tokens = new Set(tokensOf(asked.rows))
  const says = (kind: string): boolean => tokens.has(keyOf(`${type}.${row.code}`, kind))
  return isUsual(type, row.code) ? says('m') === !found : says('p') === found
}

t.test('every value of every parameter of every R4 example is found, and :missing tells the truth', async t => {
  let values = 0
  for (const file of readdirSync(folder).filter(name => /^[A-Z].*\.json$/.test(name))) {
    const resource = JSON.parse(readFileSync(join(folder, file), 'utf8')) as JsonObject
    const asked = new Asked(resource)
    for (const row of Object.values(SEARCH_PARAMETERS[asked.type] ?? {})) {
      let found = false
      EXTRACTORS[asked.type]?.[row.code]?.(resource, (kind, value: never) => {
        found = true
        values++
        if (!finds(asked, asked.type, row, kind, value)) t.fail(`${file}: ${row.code} ${JSON.stringify(value)}`)
      })
      if (!tellsMissing(asked, asked.type, row, found)) t.fail(`${file}: ${row.code}:missing`)
    }
  }
  t.ok(values > 15_000, `${values} values`)
})

t.test('a resource with nothing in it has no rows but those that say so', async t => {
  const rows = rowsOf({ resourceType: 'Basic' })

  t.same([rows.dlo, rows.dhi, rows.tokens.length / 2, rows.strings, rows.quantities, rows.dates], [BEGINNING, END, 1, [], [], []], 'that it has no code')
})
