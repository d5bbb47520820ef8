// Non-interference: the answer to any request equals the answer that the same server gives where there is only what this person may see. One city
// is stored whole; of each caller another database holds just his part, and there the operator asks.
import { setTimeout as wait } from 'node:timers/promises'
import type { LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { Searchers } from '../../src/store/pool.js'
import { server, type Resource, type TestServer } from '../server.js'
import type { Question } from './features.js'
import { visiblePart, type Who } from './policy.js'
import { city, PATIENTS, type Step } from './world.js'

/** Somebody who asks; `scope` is what his token allows, for whoever asks in his place too. `crowd`: he treats hundreds more, of whom nothing is stored. */
export interface Asker { readonly name: string, readonly who: Who, readonly scope: string, readonly crowd?: true }

const ALL = '*.cruds'

export const ASKERS: readonly Asker[] = [
  { name: 'a patient', who: { kind: 'self', patient: 'p0' }, scope: ALL },
  { name: 'who treats two', who: { kind: 'treating', patients: ['p1', 'p2'], denied: 'PSY' }, scope: ALL },
  { name: 'who treats all, but HIV', who: { kind: 'treating', patients: PATIENTS, denied: 'HIV' }, scope: ALL },
  { name: 'who treats two, among hundreds', who: { kind: 'treating', patients: ['p2', 'p3'], denied: 'PSY' }, scope: ALL, crowd: true },
  { name: 'who treats nobody', who: { kind: 'treating', patients: [], denied: 'PSY' }, scope: ALL },
  { name: 'who treats three, by some scopes', who: { kind: 'treating', patients: ['p0', 'p2', 'p3'], denied: 'PSY' }, scope: 'Observation.cruds Patient.rs Encounter.s DiagnosticReport.r Organization.rs' }
]

/** A stored city, and who asks there. */
interface Place {
  readonly ask: TestServer['ask']
  /** The versionIds of versions that are named `Type/id:number`. */
  readonly versions: ReadonlyMap<string, string>
  readonly headers: Readonly<Record<string, string>>
  readonly alike: Readonly<Record<string, string>>
}

/** The same question at three places: as somebody in the whole city, in the part that he may see, and as who sees all of the whole city. */
export interface Trial { readonly asker: Asker, readonly whole: Place, readonly part: Place, readonly everything: Place }

type Closing = Pick<Test, 'teardown'>

/** Stores a city and the part of it that each asker may see. */
export async function trials (t: Closing, seed: number, askers: readonly Asker[] = ASKERS): Promise<Trial[]> {
  const steps = city(seed)
  // Here chains ask each row whose it is, there they name the Patients; and here an analysis may say what is rare.
  const { versions, made } = await stored(t, steps, 0)
  if (seed % 2 === 0) await analysed(made)
  const everyone = await made.as.treating(PATIENTS, 'user/*.cruds', 'none')
  const trials: Trial[] = []
  for (const asker of askers) {
    const own = await stored(t, visiblePart(asker.who, steps), 200)
    const scope = (context: string): string => asker.scope.split(' ').map(each => `${context}/${each}`).join(' ')
    const headers = await headersOf(made, asker, scope)
    trials.push({
      asker,
      whole: { ask: made.ask, versions, headers, alike: headers },
      everything: { ask: made.ask, versions, headers: await made.as('operator', scope('system')), alike: everyone },
      part: { ask: own.made.ask, versions: own.versions, headers: await own.made.as('operator', scope('system')), alike: await headersOf(own.made, asker, scope) }
    })
  }
  return trials
}

async function headersOf ({ as, pool }: TestServer, { who, crowd }: Asker, scope: (context: string) => string): Promise<Record<string, string>> {
  if (who.kind === 'self') return await as.self(who.patient, scope('patient'))
  const headers = await as.treating(who.patients, scope('user'), who.denied)
  // Of so many that a search cannot go through them one by one.
  if (crowd === true) await pool.query("insert into karta.rule (owner, effect, actor, valid) select -n, 'permit', (select last_value from karta.actor_sequence), '[,]' from generate_series(1, 300) n")
  return headers
}

async function analysed ({ pool, server: { searches } }: TestServer): Promise<void> {
  await pool.query('analyze')
  if (searches instanceof Searchers) await searches.densities.refresh()
}

async function stored (t: Closing, steps: readonly Step[], named: number): Promise<{ made: TestServer, versions: ReadonlyMap<string, string> }> {
  // Where nobody is named, what a chain leads over is asked of a few rows at a time.
  const made = await server(t, { fullText: true }, { named, followed: { first: named === 0 ? 2 : 200, most: 20_000 } })
  const entry = steps.map(step => 'put' in step
    ? { name: nameOf(step.put), resource: step.put, method: 'PUT' }
    : { name: step.end, method: 'DELETE' })
  // A transaction writes a resource once.
  for (let at = 0; at < entry.length;) {
    const names = new Set<string>()
    let end = at
    for (; end < entry.length && !names.has(entry[end]?.name ?? '') && entry[end]?.method === entry[at]?.method; end++) names.add(entry[end]?.name ?? '')
    const body = { resourceType: 'Bundle', type: 'transaction', entry: entry.slice(at, end).map(({ name, resource, method }) => ({ resource, request: { method, url: name } })) }
    const { statusCode, body: told } = await made.ask('POST', '/fhir', body)
    if (statusCode !== 200) throw new Error(`the city is not stored: ${told}`)
    at = end
  }
  await complete(made)
  return { made, versions: await versionsIn(made, steps) }
}

// How long an index takes is not a matter of what is answered.
async function complete ({ server: { fullText } }: TestServer): Promise<void> {
  for (;;) {
    try {
      return await fullText?.ready()
    } catch {
      await wait(20)
    }
  }
}

async function versionsIn ({ ask }: TestServer, steps: readonly Step[]): Promise<ReadonlyMap<string, string>> {
  const written = new Map<string, string[]>()
  for (const step of steps) if ('put' in step) written.set(nameOf(step.put), [...written.get(nameOf(step.put)) ?? [], `${nameOf(step.put)}:${step.number}`])
  const bundle: { entry?: ReadonlyArray<{ resource?: Resource & { readonly meta: { readonly versionId: string } } }> } = (await ask('GET', '/fhir/_history?_count=1000')).json()
  // The newest comes first.
  return new Map((bundle.entry ?? []).flatMap(({ resource }) => resource === undefined ? [] : [[written.get(nameOf(resource))?.pop() ?? '', resource.meta.versionId] as const]))
}

const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`

/** What a question is answered at a place, page by page, without what two databases cannot share. */
export async function answers ({ ask, versions, headers, alike }: Place, { method, path, body, headers: own, alike: asWell }: Question): Promise<unknown[]> {
  const pages: unknown[] = []
  let next: string | undefined = path.replace(/<(.*)>/, (_, name: string) => versions.get(name) ?? '1')
  while (next !== undefined) {
    const reply = await ask(method, next, body, { ...(asWell === true ? alike : headers), ...own })
    pages.push(normalised(reply))
    next = nextOf(reply)
  }
  return pages
}

function nextOf (reply: LightMyRequestResponse): string | undefined {
  if (reply.body === '') return undefined
  const { link = [] }: { link?: ReadonlyArray<{ relation: string, url: string }> } = reply.json()
  return link.find(({ relation }) => relation === 'next')?.url.replace('http://karta.test', '')
}

// The published normaliser: page links are followed on both sides, so a cursor is only there or not; the ids of Bundles, the numbers of versions and
// the moments of writing belong to a database.
const OF_DATABASE = ['versionId', 'lastUpdated', 'etag', 'lastModified', 'location']

function normalised (reply: LightMyRequestResponse): unknown {
  const { statusCode, headers: { 'content-type': type, etag, location, 'last-modified': modified } } = reply
  const body: unknown = reply.body === '' ? undefined : reply.json()
  return { statusCode, type, has: [etag, location, modified].map(header => header !== undefined), body: without(body) }
}

function without (value: unknown): unknown {
  if (Array.isArray(value)) return value.map(without)
  if (typeof value === 'string') return value.replace(/_cursor=[^&]+/, '_cursor').replace(/(_history\/|version )\d+/, '$1n')
  if (typeof value !== 'object' || value === null) return value
  const isBundle = 'resourceType' in value && value.resourceType === 'Bundle'
  return Object.fromEntries(Object.entries(value)
    .filter(([name]) => !OF_DATABASE.includes(name) && !(isBundle && name === 'id'))
    .map(([name, member]) => [name, without(member)]))
}
