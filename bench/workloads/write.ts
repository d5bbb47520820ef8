// Single creates and updates of Observations of patients who are there. https://hl7.org/fhir/R4/http.html#create
// https://hl7.org/fhir/R4/http.html#update
import { placeOf, underId, wrongBody, type JsonObject } from '../content.js'
import type { Ask, Reply } from '../driver.js'
import { shuffled } from '../random.js'
import { seed, seedResources, type Stored } from '../seed.js'
import type { Job, Run, Stage, Workload } from '../workload.js'

const BODIES = 2000
const UPDATED = 6000
const USERS = 32

interface Seeded { readonly observations: readonly Stored[], readonly patients: readonly string[] }

async function seeded ({ target, bundles, scale }: Stage): Promise<Seeded> {
  const all = (await seed(target, bundles)).flat()
  return {
    observations: shuffled(all.filter(({ type }) => type === 'Observation')).slice(0, Math.round(BODIES / scale)),
    patients: all.filter(({ type }) => type === 'Patient').map(({ id }) => id)
  }
}

function wrongCreated (reply: Reply, type: string, tail: string): string | undefined {
  if (reply.status !== 201) return `status ${reply.status}`
  const place = placeOf(reply.headers['location'])
  return place === undefined ? 'no location' : wrongBody(reply, type, place.id, tail)
}

/** The request that creates a body; a baseline knows it by its item. */
export const createAsk = (type: string, text: string, tail: string, item: number): Ask =>
  ({ method: 'POST', path: `/${type}`, headers: { 'x-item': String(item) }, body: text, check: reply => wrongCreated(reply, type, tail) })

/** The request that puts a body under an id. */
export const updateAsk = (type: string, id: string, text: string, tail: string, item: number): Ask => ({
  method: 'PUT',
  path: `/${type}/${id}`,
  headers: { 'x-item': String(item) },
  body: text,
  check: reply => reply.status === 200 ? wrongBody(reply, type, id, tail) : `status ${reply.status}`
})

async function creating (stage: Stage): Promise<Job> {
  const { observations, patients } = await seeded(stage)
  const bodies = observations.map(({ body }) => body)
  return {
    items: observations.map(one => [one]),
    patients,
    turn: ({ expected }: Run) => {
      let next = 0
      return async send => {
        const item = next++ % bodies.length
        const body = bodies[item]
        if (body !== undefined) await send(createAsk(body.type, body.text, expected(item, body.tail), item))
      }
    }
  }
}

// Another status and another value: what an amended result differs in.
const amended = (resource: JsonObject, turn: number): JsonObject => ({ ...resource, status: turn % 2 === 0 ? 'amended' : 'final' })

async function updating (stage: Stage): Promise<Job> {
  const { observations, patients } = await seeded(stage)
  const copies = Array.from({ length: Math.round(UPDATED / stage.scale) }, (_, index) => observations[index % observations.length]?.resource ?? {})
  const targets = await seedResources(stage.target, copies)
  // Even items are amended, odd ones final.
  const variants = observations.flatMap(({ resource }) => [amended(resource, 0), amended(resource, 1)])
  const items = await seedResources(stage.target, variants)
  // Each database has its own states: a body that is there already would be no new version.
  const turns = { server: targets.map(() => 0), same: targets.map(() => 0), ideal: targets.map(() => 0) }
  return {
    items: items.map(one => [one]),
    patients,
    turn: ({ expected, kind }: Run) => {
      // Users must not write the same resource at once: each has his own.
      const places = new Map<number, number>()
      return async (send, user) => {
        const step = places.get(user) ?? 0
        places.set(user, step + 1)
        const own = Math.floor(targets.length / USERS)
        const at = (user % USERS) * own + step % own
        const item = (at % observations.length) * 2 + (turns[kind][at] ?? 0) % 2
        turns[kind][at] = (turns[kind][at] ?? 0) + 1
        const [target, body] = [targets[at], items[item]?.body]
        if (target !== undefined && body !== undefined) await send(updateAsk(target.type, target.id, underId(body, target.id), expected(item, body.tail), item))
      }
    }
  }
}

async function putting (stage: Stage): Promise<Job> {
  const { observations, patients } = await seeded(stage)
  const targets = shuffled(observations)
  const version = (etag: string): string => etag.replace(/^W\//, '').replaceAll('"', '')
  return {
    items: targets.map(one => [one]),
    patients,
    turn: ({ expected, kind }: Run) => {
      let next = 0
      return async send => {
        const item = next++ % targets.length
        const one = targets[item]
        if (one === undefined) return
        const ask = updateAsk(one.type, one.id, underId(one.body, one.id), expected(item, one.body.tail), item)
        await send(kind === 'server'
          ? { ...ask, check: reply => ask.check(reply) ?? (version(reply.headers['etag'] ?? '') === version(one.etag) ? undefined : 'a new version') }
          : { method: 'GET', path: ask.path, check: reply => reply.status === 200 ? wrongBody(reply, one.type, one.id, expected(item, one.body.tail)) : `status ${reply.status}` })
      }
    }
  }
}

export const create: Workload = { name: 'create', unit: 'requests', users: [USERS], floor: { share: 0.65 }, treating: true, bundles: 24, prepare: creating }
export const update: Workload = { name: 'update', unit: 'requests', users: [USERS], floor: { share: 0.6 }, treating: true, bundles: 24, prepare: updating }
/** Compared with the baselines' reads: what is the same is not written. */
export const noopUpdate: Workload = { name: 'noop-update', unit: 'requests', users: [USERS], treating: true, bundles: 24, prepare: putting }
