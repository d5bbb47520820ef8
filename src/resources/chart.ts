// What $everything tells, chunk by chunk: first whose chart it is, then what is his or refers to him, then what all of that refers to.
// https://hl7.org/fhir/R4/patient-operation-everything.html docs/decisions/0020-several-types.md
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { chartList, chartRows, referredRows, type ChartFilter, type ChartList } from '../consent/chart.js'
import type { VersionRow } from '../consent/visible.js'
import { parseReference } from '../fhir/reference.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { compartmentTokens } from '../store/search/compartment.js'
import type { ResourceKey } from '../store/search/references.js'
import { TYPES } from '../store/types.js'
import type { Server } from './server.js'

export interface Chart {
  /** The Patients, or the Encounter, that it is of. */
  readonly subjects: readonly VersionRow[]
  readonly filter: ChartFilter
}

/** Where a page begins: so many of the subjects have been told, and of the list what is not below this rid. */
export interface ChartPlace { readonly told: number, readonly below: string }

export const BEGINNING_OF_CHART: ChartPlace = { told: 0, below: '9223372036854775807' }

/** What is to be told of a list, and where the next page begins; undefined where this is the last. */
export interface Listed { readonly list: ChartList, readonly next: ChartPlace | undefined }

export type Rows = readonly VersionRow[]

// What is in memory at a time; the first is small, so that it comes at once.
const FIRST = { rows: 50, bytes: 100_000 }
const CHUNK = { rows: 2000, bytes: 2_000_000 }
const ROUNDS = 10
const KEYS = 200

/** Which resources belong to a chart, from a place on behind the subjects; of a page `most`. */
export async function listOf (server: Server, caller: Caller, { subjects, filter }: Chart, place: ChartPlace, most: number | undefined): Promise<Listed> {
  const of = { owners: ownersOf(subjects), tokens: subjects.flatMap(compartmentTokens), themselves: subjects.map(({ rid }) => rid) }
  const list = await chartList(server.searches, caller, of, filter, place.below, most === undefined ? undefined : most + 1)
  const isMore = most !== undefined && list.rids.length > most
  return isMore ? { list: sliced(list, 0, most), next: { ...place, below: list.rids[most - 1] ?? place.below } } : { list, next: undefined }
}

export const NOTHING_LISTED: ChartList = { owners: [], rids: [], snapshot: '', at: 0 }

const ownersOf = (subjects: Rows): string[] => subjects.flatMap(({ type, owner }) => type === 'Patient' ? [owner] : [])

const sliced = (list: ChartList, from: number, to: number): ChartList => ({ ...list, owners: list.owners.slice(from, to), rids: list.rids.slice(from, to) })

/** The resources of a list, chunk by chunk. */
export async function * chunksOf (server: Server, caller: Caller, { subjects }: Chart, list: ChartList): AsyncGenerator<Rows, void> {
  // Written again since it was read.
  const names = new Set(subjects.map(({ type, id }) => `${type}/${id}`))
  let size = FIRST
  for (let at = 0; at < list.rids.length;) {
    const { rows, settled } = await chartRows(server.searches, caller, sliced(list, at, at + size.rows), size.bytes)
    at += settled
    size = CHUNK
    const others = rows.filter(({ type, id }) => !names.has(`${type}/${id}`))
    if (others.length > 0) yield others
  }
}

/** What resources refer to, gathered while they pass. */
export class Referred {
  readonly #base: string
  readonly #passed = new Set<string>()
  readonly #texts = new Set<string>()
  #due: ResourceKey[] = []

  /** `base`: the URL under which this server's resources stand. */
  constructor (base: string) {
    this.#base = base
  }

  pass (rows: Rows): void {
    for (const { type, id, tail } of rows) {
      this.#passed.add(`${type}/${id}`)
      this.#scan(tail)
    }
  }

  /** What was referred to since it was last asked, each once, and has not passed. */
  due (): ResourceKey[] {
    const named = new Map(this.#due.map(key => [`${key.type}/${key.id}`, key]))
    this.#due = []
    return [...named].flatMap(([name, key]) => this.#passed.has(name) ? [] : [key])
  }

  // A stored text is scanned, not parsed: a quote never stands in a string of JSON by itself, so what is found is a member.
  #scan (tail: string): void {
    for (let at = tail.indexOf('"reference"'); at !== -1; at = tail.indexOf('"reference"', at)) {
      REFERENCE.lastIndex = at
      const [whole = '"reference"', text] = REFERENCE.exec(tail) ?? []
      at += whole.length
      if (text === undefined || this.#texts.has(text)) continue
      // A copy, because a part of a text holds on to all of it.
      const copy = Buffer.from(text).toString()
      this.#texts.add(copy)
      this.#add(copy)
    }
    // The url of an attachment may be that of a Binary.
    if (tail.includes('Binary/')) for (const [, text = ''] of tail.matchAll(URL)) this.#add(text, 'Binary')
  }

  #add (text: string, only?: 'Binary'): void {
    const target = parseReference(text.includes('\\') ? JSON.parse(`"${text}"`) as string : text, this.#base)
    if (target.kind === 'literal' && (only === undefined || target.type === only)) this.#due.push({ type: target.type, id: target.id })
  }
}

const REFERENCE = /"reference"\s*:\s*"((?:[^"\\]|\\.)*)"/y
const URL = /"url"\s*:\s*"((?:[^"\\]|\\.)*)"/g

/** What the resources of a chart refer to outside of it, each once: and what the directory among that refers to in turn, such as the organisation of a place. */
export async function * outside (server: Server, caller: Caller, { subjects }: Chart, types: readonly ResourceType[], referred: Referred): AsyncGenerator<Rows, void> {
  // What is a patient's own is for the filters of the chart to let in.
  const owners = ownersOf(subjects)
  const isAsked = ({ type }: ResourceKey): boolean => types.includes(type) && allows(caller, type, 'read')
  let keys = referred.due().filter(isAsked)
  for (let round = 0; round < ROUNDS && keys.length > 0; round++) {
    while (keys.length > 0) {
      const { rows, settled } = await referredRows(server.searches, caller, keys.slice(0, KEYS), owners, CHUNK.bytes)
      keys = keys.slice(settled)
      if (rows.length > 0) yield rows
    }
    keys = referred.due().filter(key => TYPES[key.type].class === 'directory' && isAsked(key))
  }
}
