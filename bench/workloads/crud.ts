// The league's mix: an iteration of 36 requests in turn, 9 creates, 9 reads, 9 updates, 9 deletes.
// Types and order as in HealthSamurai's fhir-server-performance-benchmark.
import { bodyOf, placeOf, underId, wrongBody, type Body, type JsonObject } from '../content.js'
import { sendAll, type Ask, type Reply, type Send } from '../driver.js'
import type { Key } from '../items.js'
import type { Bundle } from '../synthea.js'
import type { Expected, Job, Stage, Workload } from '../workload.js'
import { createAsk, updateAsk } from './write.js'

const ORDER = ['Patient', 'Location', 'Organization', 'Practitioner', 'Encounter', 'Observation', 'MedicationRequest', 'Claim', 'ExplanationOfBenefit'] as const

// What each names of those before it; the rest of a template's references goes.
const LINKS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Encounter: { subject: 'Patient', serviceProvider: 'Organization' },
  Observation: { subject: 'Patient', encounter: 'Encounter' },
  MedicationRequest: { subject: 'Patient', encounter: 'Encounter', requester: 'Practitioner' },
  Claim: { patient: 'Patient', provider: 'Organization' },
  ExplanationOfBenefit: { patient: 'Patient', provider: 'Practitioner', claim: 'Claim' }
}

const LOCATION: JsonObject = {
  resourceType: 'Location', status: 'active', name: 'Central clinic', mode: 'instance', telecom: [{ system: 'phone', value: '555-0100' }],
  address: { line: ['1 High Street'], city: 'Boston', state: 'MA', postalCode: '02108', country: 'US' }, position: { longitude: -71.06, latitude: 42.36 }
}

type Ids = Readonly<Record<string, string>>

const isReference = (value: unknown): boolean => JSON.stringify(value)?.includes('"urn:uuid:') ?? false

// A list loses the elements that name others, an object the members that do.
function unlinked (value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(element => typeof element !== 'object' || !('reference' in (element as object)) || !isReference(element)).map(unlinked)
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([, child]) => !(typeof child === 'object' && child !== null && 'reference' in child && isReference(child)))
  return Object.fromEntries(kept.map(([name, child]): [string, unknown] => [name, unlinked(child)]).filter(([, child]) => !Array.isArray(child) || child.length > 0))
}

/** A resource of Synthea that names nobody yet. */
function template (bundles: readonly Bundle[], type: string): JsonObject {
  if (type === 'Location') return LOCATION
  const found = bundles.flatMap(({ entries }) => entries).find(entry => entry.type === type)
  if (found === undefined) throw new Error(`the material has no ${type}`)
  const { id, ...rest } = unlinked(found.resource) as JsonObject
  const members = { ...rest, ...(type === 'Claim' && { insurance: [{ sequence: 1, focal: true, coverage: { display: 'Insurance' } }] }) }
  return withLinks(members, type, Object.fromEntries(ORDER.map(name => [name, `@${name}@`])))
}

const withLinks = (resource: JsonObject, type: string, ids: Ids): JsonObject =>
  ({ ...resource, ...Object.fromEntries(Object.entries(LINKS[type] ?? {}).map(([member, target]) => [member, { reference: `${target}/${ids[target]}` }])) })

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

export const crud: Workload = { name: 'crud', unit: 'requests', users: [300], floor: { share: 0.6 }, treating: false, bundles: 3, prepare }
