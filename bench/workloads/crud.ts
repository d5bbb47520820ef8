// The league's mix: an iteration of 36 requests in turn, 9 creates, 9 reads, 9 updates, 9 deletes.
// Types and order as in HealthSamurai's fhir-server-performance-benchmark.
import { bodyOf, placeOf, underId, wrongBody, type Body, type JsonObject } from '../content.js'
import { sendAll, type Ask, type Reply, type Send } from '../driver.js'
import type { Key } from '../items.js'
import type { Bundle } from '../synthea.js'
import type { Expected, Job, Stage, Workload } from '../workload.js'
import { createAsk, updateAsk } from './write.js'

const ORDER = ['Patient', 'Location', 'Organization', 'Practitioner', 'Encounter', 'Observation', 'MedicationRequest', 'Claim', 'ExplanationOfBenefit'] as const

const LOCATION: JsonObject = {
  resourceType: 'Location', status: 'active', name: 'Central clinic', mode: 'instance', telecom: [{ system: 'phone', value: '555-0100' }],
  address: { line: ['1 High Street'], city: 'Boston', state: 'MA', postalCode: '02108', country: 'US' }, position: { longitude: -71.06, latitude: 42.36 }
}

type Ids = Readonly<Record<string, string>>

const namesOthers = (value: unknown): boolean => JSON.stringify(value)?.includes('"urn:uuid:') ?? false

/**
 * A resource of Synthea that names those of its iteration, as `@Type@`; elements that name anything else are left out.
 */
function template (bundles: readonly Bundle[], type: string): JsonObject {
  if (type === 'Location') return LOCATION
  const bundle = bundles.find(({ entries }) => entries.some(entry => entry.type === type))
  const { id, ...resource } = bundle?.entries.find(entry => entry.type === type)?.resource ?? {}
  if (bundle === undefined) throw new Error(`the material has no ${type}`)
  const before: readonly string[] = ORDER.slice(0, ORDER.findIndex(name => name === type))
  const types = new Map(bundle.entries.map(entry => [entry.fullUrl, entry.type]))
  const linked = JSON.parse(JSON.stringify(resource).replace(/"(urn:uuid:[^"]+)"/g, (whole, name: string) => {
    const target = types.get(name) ?? ''
    return before.includes(target) ? `"${target}/@${target}@"` : whole
  })) as JsonObject
  const kept = Object.entries(linked).map(([name, value]): [string, unknown] =>
    [name, name === 'item' ? itemsOf(value) : Array.isArray(value) ? value.filter(element => !namesOthers(element)) : namesOthers(value) ? undefined : value])
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0)))
}

// An item is kept without what it names.
const itemsOf = (items: unknown): unknown => Array.isArray(items)
  ? items.map((item: JsonObject) => Object.fromEntries(Object.entries(item).filter(([, value]) => !namesOthers(value))))
  : items

const filled = ({ type, text, tail }: Body, ids: Ids): Body => {
  const fill = (given: string): string => given.replace(/@(\w+)@/g, (_, name: string) => ids[name] ?? '')
  return { type, text: fill(text), tail: fill(tail) }
}

const checkRead = (type: string, id: string, tail: string) => (reply: Reply): string | undefined =>
  reply.status === 200 ? wrongBody(reply, type, id, tail) : `status ${reply.status}`

// 200 or 204: a server may answer a delete with or without a body.
const deleteAsk = (type: string, id: string, item: number): Ask => ({
  method: 'DELETE', path: `/${type}/${id}`, headers: { 'x-item': String(item) }, check: ({ status }) => status === 200 || status === 204 ? undefined : `status ${status}`
})

class Iteration {
  readonly #bodies: readonly Body[]
  readonly #changed: readonly Body[]
  readonly #expected: Expected
  readonly ids: Record<string, string> = {}

  constructor (bodies: readonly Body[], changed: readonly Body[], expected: Expected) {
    this.#bodies = bodies
    this.#changed = changed
    this.#expected = expected
  }

  /** False when a create failed: what follows would name nobody. */
  async create (send: Send): Promise<boolean> {
    for (const [item, template] of this.#bodies.entries()) {
      const body = filled(template, this.ids)
      const reply = await send(createAsk(body.type, body.text, this.#expected(item, body.tail), item))
      const place = placeOf(reply?.headers['location'])
      if (place === undefined) return false
      this.ids[body.type] = place.id
    }
    return true
  }

  async rest (send: Send): Promise<void> {
    for (const [item, { type }] of this.#bodies.entries()) {
      await send({ method: 'GET', path: `/${type}/${this.#id(type)}`, check: checkRead(type, this.#id(type), this.#expected(item, filled(this.#bodies[item] ?? EMPTY, this.ids).tail)) })
    }
    for (const [place, template] of this.#changed.entries()) {
      const [item, body] = [this.#bodies.length + place, filled(template, this.ids)]
      await send(updateAsk(body.type, this.#id(body.type), underId(body, this.#id(body.type)), this.#expected(item, body.tail), item))
    }
    // Who owns data goes last.
    for (const [item, { type }] of [...this.#bodies.entries()].reverse()) await send(deleteAsk(type, this.#id(type), item))
  }

  #id (type: string): string {
    return this.ids[type] ?? ''
  }
}

const EMPTY: Body = { type: '', text: '', tail: '' }

async function prepare ({ target, bundles }: Stage): Promise<Job> {
  const templates = ORDER.map(type => template(bundles, type))
  const bodies = templates.map(bodyOf)
  const changed = templates.map(resource => bodyOf({ ...resource, language: 'en' }))
  const items = [...await storedOnce(target, bodies), ...await storedOnce(target, changed)]
  return {
    items: items.map(key => [key]),
    patients: [],
    turn: ({ expected }) => async send => {
      const iteration = new Iteration(bodies, changed, expected)
      if (await iteration.create(send)) await iteration.rest(send)
    }
  }
}

async function storedOnce (target: Stage['target'], bodies: readonly Body[]): Promise<Key[]> {
  const iteration = new Iteration(bodies, [], (_, sent) => sent)
  const complete = await iteration.create(async ask => (await sendAll(target, 1, [ask]))[0])
  if (!complete) throw new Error('the first iteration failed')
  return ORDER.map(type => ({ type, id: iteration.ids[type] ?? '' }))
}

export const crud: Workload = { name: 'crud', unit: 'requests', users: [300], floor: { share: 0.6 }, treating: false, bundles: 3, seconds: 3, prepare }
