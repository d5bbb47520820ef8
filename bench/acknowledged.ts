// Writers that note every acknowledgement in a file of their own, and the reader that holds the server to that file.
import { appendFileSync, readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { bodyOf, placeOf, underId, type Body } from './content.js'
import type { Target } from './driver.js'

/** How many entries a Bundle has. */
export const ENTRIES = 5
const SYSTEM = 'urn:bench:crash'

/** One version that was acknowledged, and which body it has. */
interface Acknowledged { readonly path: string, readonly mark: string, readonly part: number }

export interface Loss { readonly path: string, readonly what: string }

const bodyFor = (patient: string, mark: string, part: number): Body => bodyOf({
  resourceType: 'Observation',
  status: 'final',
  identifier: [{ system: SYSTEM, value: mark }],
  code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }], text: 'Heart rate' },
  subject: { reference: `Patient/${patient}` },
  effectiveDateTime: '2026-11-22T10:00:00Z',
  valueQuantity: { value: part + 0.25, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' }
})

/** Asks one server on connections that a dead server does not keep. */
class Asker {
  readonly #target: Target
  readonly #agent = new Agent({ connections: 32, headersTimeout: 10_000, bodyTimeout: 10_000 })

  constructor (target: Target) {
    this.#target = target
  }

  async ask (method: 'GET' | 'POST' | 'PUT', path: string, body?: string): Promise<{ status: number, location: string, etag: string, text: string }> {
    const url = path.startsWith('http') ? path : `${this.#target.base}${path === '' ? '' : `/${path}`}`
    const reply = await request(url, {
      method, dispatcher: this.#agent, body: body ?? null, headers: { authorization: `Bearer ${this.#target.token}`, 'content-type': 'application/fhir+json' }
    })
    return { status: reply.statusCode, location: String(reply.headers['location'] ?? ''), etag: String(reply.headers['etag'] ?? ''), text: await reply.body.text() }
  }

  async end (): Promise<void> {
    await this.#agent.destroy()
  }
}

/** Writes until it is told to stop, whatever becomes of the server. */
export class Writers {
  readonly #asker: Asker
  readonly #patient: string
  readonly #log: string
  readonly #state = { stopped: false }
  readonly #work: Promise<unknown>
  #count = 0
  /** Requests that were acknowledged. */
  acknowledged = 0

  /** `name` distinguishes the marks of these writers from all others'. */
  constructor (target: Target, { patient, log, name, users }: { readonly patient: string, readonly log: string, readonly name: string, readonly users: number }) {
    this.#asker = new Asker(target)
    this.#patient = patient
    this.#log = log
    this.#work = Promise.all(Array.from({ length: users }, async (_, user) => await this.#user(`${name}-${user}`)))
  }

  async stop (): Promise<void> {
    this.#state.stopped = true
    await this.#work
    await this.#asker.end()
  }

  async #user (name: string): Promise<void> {
    let own: string | undefined
    while (!this.#state.stopped) {
      const mark = `${name}-${this.#count++}`
      try {
        if (this.#count % 3 === 0) await this.#bundle(`bundle-${mark}`)
        else if (own === undefined || this.#count % 3 === 1) own = await this.#create(mark) ?? own
        else await this.#update(own, mark)
      } catch {
        // The server is being killed; what was not acknowledged may be there or not.
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    }
  }

  #note (versions: readonly Acknowledged[]): void {
    appendFileSync(this.#log, versions.map(version => `${JSON.stringify(version)}\n`).join(''))
    this.acknowledged++
  }

  async #create (mark: string): Promise<string | undefined> {
    const { status, location } = await this.#asker.ask('POST', 'Observation', bodyFor(this.#patient, mark, 0).text)
    const place = placeOf(location)
    if (status !== 201 || place === undefined) return undefined
    this.#note([{ path: `Observation/${place.id}/_history/${place.version}`, mark, part: 0 }])
    return place.id
  }

  async #update (id: string, mark: string): Promise<void> {
    const { status, etag } = await this.#asker.ask('PUT', `Observation/${id}`, underId(bodyFor(this.#patient, mark, 0), id))
    if (status === 200) this.#note([{ path: `Observation/${id}/_history/${etag.replace(/^W\/|"/g, '')}`, mark, part: 0 }])
  }

  async #bundle (mark: string): Promise<void> {
    const entry = Array.from({ length: ENTRIES }, (_, part) => ({ resource: JSON.parse(bodyFor(this.#patient, mark, part).text) as object, request: { method: 'POST', url: 'Observation' } }))
    const { status, text } = await this.#asker.ask('POST', '', JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }))
    if (status !== 200) return
    const answer = JSON.parse(text) as { entry: { response: { location: string } }[] }
    this.#note(answer.entry.map(({ response }, part) => {
      const place = placeOf(response.location)
      return { path: `Observation/${place?.id}/_history/${place?.version}`, mark, part }
    }))
  }
}

/** What of the noted versions is not there, or not as it was written. `from`: how many lines were checked before. */
export async function lost (target: Target, patient: string, log: string, from = 0): Promise<{ readonly checked: number, readonly losses: Loss[] }> {
  const noted = readFileSync(log, 'utf8').split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Acknowledged).slice(from)
  const asker = new Asker(target)
  const losses: Loss[] = []
  const queue = noted.values()
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (const { path, mark, part } of queue) {
      const { status, text } = await asker.ask('GET', path)
      if (status !== 200) losses.push({ path, what: `status ${status}` })
      else if (!text.endsWith(bodyFor(patient, mark, part).tail)) losses.push({ path, what: 'another body' })
    }
  }))
  await asker.end()
  return { checked: noted.length, losses }
}

/** Bundles, acknowledged or not, of which some entries are there and some are not. */
export async function torn (target: Target): Promise<{ readonly bundles: number, readonly losses: Loss[] }> {
  const asker = new Asker(target)
  const counts = new Map<string, number>()
  let next: string | undefined = 'Observation/_history?_count=1000'
  while (next !== undefined) {
    const { text } = await asker.ask('GET', next)
    for (const [, mark = ''] of text.matchAll(/"value":"(bundle-[^"]+)"/g)) counts.set(mark, (counts.get(mark) ?? 0) + 1)
    const { link = [] } = JSON.parse(text) as { link?: { relation: string, url: string }[] }
    next = link.find(({ relation }) => relation === 'next')?.url
  }
  await asker.end()
  const losses = [...counts].filter(([, count]) => count !== ENTRIES).map(([mark, count]) => ({ path: mark, what: `${count} of ${ENTRIES} entries` }))
  return { bundles: counts.size, losses }
}

/** Waits until a patient can be read again. Throws after a minute. */
export async function recovered (target: Target, patient: string): Promise<number> {
  const [asker, began] = [new Asker(target), performance.now()]
  while (performance.now() - began < 60_000) {
    const status = await asker.ask('GET', `Patient/${patient}`).then(reply => reply.status, () => 0)
    if (status === 200) {
      await asker.end()
      return performance.now() - began
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error('the server does not come back')
}
