// What $everything tells, chunk by chunk: first whose chart it is, then what is his, then what refers to him, then what all of that refers to.
// https://hl7.org/fhir/R4/patient-operation-everything.html docs/decisions/0020-several-types.md
import type { Caller } from '../auth/caller.js'
import { allows } from '../auth/scope.js'
import { ownPage, referredPage, referringPage, type ChartFilter, type ChartPage, type Moment, type Size } from '../consent/chart.js'
import type { VersionRow } from '../consent/visible.js'
import { parseReference } from '../fhir/reference.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { compartmentTokens } from '../store/search/compartment.js'
import type { ResourceKey } from '../store/search/references.js'
import { TYPES } from '../store/types.js'
import type { Server } from './server.js'

/** Where the chart goes on: with what kind of resources of which subject, below which rid. */
export interface ChartPlace { readonly subject: string, readonly part: 'subject' | 'own' | 'referring', readonly below: string }

export interface Chart {
  /** The Patients, or the Encounter, that it is of, in the order of their owners. */
  readonly subjects: readonly VersionRow[]
  readonly filter: ChartFilter
  readonly moment: Moment
}

export interface Chunk {
  readonly rows: readonly VersionRow[]
  /** Where the chart goes on behind these; undefined where they are its last. */
  readonly next: ChartPlace | undefined
}

// A chunk is what is in memory at a time; the first is small, so that it comes at once.
const FIRST: Size = { rows: 50, bytes: 100_000 }
const CHUNK: Size = { rows: 1000, bytes: 1_000_000 }
const ROUNDS = 10
const KEYS = 200

/** What belongs to the chart from a place on, `most` resources of it. */
export async function * chartOf (server: Server, caller: Caller, chart: Chart, after: ChartPlace | undefined, most: number): AsyncGenerator<Chunk, void> {
  let [place, left, size]: [ChartPlace | undefined, number, Size] = [after ?? startOf(chart, 0), most, FIRST]
  while (place !== undefined && left > 0) {
    const chunk: Chunk = await chunkAt(server, caller, chart, place, { ...size, rows: Math.min(size.rows, left) })
    place = chunk.next
    left -= chunk.rows.length
    size = CHUNK
    if (chunk.rows.length > 0 || place === undefined) yield chunk
  }
}

// What refers to several Patients is told once, behind what is their own.
const startOf = ({ subjects, moment }: Chart, place: number): ChartPlace | undefined => {
  const [subject, last] = [subjects[place], subjects.at(-1)]
  return subject === undefined ? last && { subject: last.owner, part: 'referring', below: moment.rid } : { subject: subject.owner, part: 'subject', below: moment.rid }
}

async function chunkAt ({ searches }: Server, caller: Caller, chart: Chart, place: ChartPlace, size: Size): Promise<Chunk> {
  const { subjects, filter, moment } = chart
  const at = subjects.findIndex(each => each.owner === place.subject)
  const subject = subjects[at]
  // He was to be seen when the page before was made.
  if (subject === undefined) return { rows: [], next: undefined }
  const isOfPatients = subject.type === 'Patient'
  const goOn = ({ rows, next }: ChartPage, then: ChartPlace | undefined): Chunk => ({ rows, next: next === undefined ? then : { ...place, below: next } })
  switch (place.part) {
    case 'subject': return { rows: filter.types.includes(subject.type) ? [subject] : [], next: isOfPatients ? { ...place, part: 'own' } : startOf(chart, at + 1) }
    case 'own': return goOn(await ownPage(searches, caller, subject.owner, subject, filter, moment, place.below, size), startOf(chart, at + 1))
    case 'referring': {
      const owners = isOfPatients ? subjects.map(({ owner }) => owner) : []
      return goOn(await referringPage(searches, caller, subjects.flatMap(compartmentTokens), owners, subject, filter, place.below, size), undefined)
    }
  }
}

/** What resources refer to, gathered while they pass. */
export class Referred {
  readonly #base: string
  readonly #passed = new Set<string>()
  readonly #referred = new Map<string, ResourceKey>()

  /** `base`: the URL under which this server's resources stand. */
  constructor (base: string) {
    this.#base = base
  }

  pass (rows: readonly VersionRow[]): void {
    for (const row of rows) {
      this.#passed.add(`${row.type}/${row.id}`)
      for (const key of targetsIn(row.tail, this.#base)) this.#referred.set(`${key.type}/${key.id}`, key)
    }
  }

  /** What was referred to since it was last asked, and has not passed. */
  due (): ResourceKey[] {
    const keys = [...this.#referred].flatMap(([name, key]) => this.#passed.has(name) ? [] : [key])
    this.#referred.clear()
    return keys
  }
}

// A quote never stands in a string of JSON by itself, so this is always a member. The url of an attachment may be that of a Binary.
const TARGET = /"(reference|url)"\s*:\s*"((?:[^"\\]|\\.)*)"/g

/** The resources of this server that a stored text refers to. It is scanned, not parsed. */
function * targetsIn (tail: string, base: string): Generator<ResourceKey> {
  for (const [, member, text = ''] of tail.matchAll(TARGET)) {
    const target = parseReference(text.includes('\\') ? JSON.parse(`"${text}"`) as string : text, base)
    if (target.kind === 'literal' && (member === 'reference' || target.type === 'Binary')) yield { type: target.type, id: target.id }
  }
}

/** What the resources of a chart refer to outside of it, each once: and what the directory among that refers to in turn, such as the organisation of a place. */
export async function * outside (server: Server, caller: Caller, { subjects }: Chart, types: readonly ResourceType[], referred: Referred): AsyncGenerator<readonly VersionRow[], void> {
  // What is a patient's own is for the filters of the chart to let in.
  const owners = subjects.flatMap(({ type, owner }) => type === 'Patient' ? [owner] : [])
  const isAsked = ({ type }: ResourceKey): boolean => types.includes(type) && allows(caller, type, 'read')
  let keys = referred.due().filter(isAsked)
  for (let round = 0; round < ROUNDS && keys.length > 0; round++) {
    while (keys.length > 0) {
      const { rows, settled } = await referredPage(server.searches, caller, keys.slice(0, KEYS), owners, CHUNK.bytes)
      keys = keys.slice(settled)
      if (rows.length > 0) yield rows
    }
    keys = referred.due().filter(key => TYPES[key.type].class === 'directory' && isAsked(key))
  }
}
