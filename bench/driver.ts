// The load: users who each send one request at a time, as fast as they are answered. Every answer is checked; only right
// ones count. It knows nothing of any server but HTTP, so that all get the same work. docs/decisions/0015-benchmark.md
import { Agent, type Dispatcher } from 'undici'

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the base URL. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** What is wrong with the answer, in a few words that are counted; undefined: it is right. */
  readonly check: (reply: Reply) => string | undefined
  /** What one right answer counts as: 1 request, or the resources of a Bundle. */
  readonly weight?: number
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

/** Sends one request; answers undefined when it failed or was wrong, which is counted. */
export type Send = (ask: Ask) => Promise<Reply | undefined>

/** One user's turn: it sends what belongs together. */
export type Turn = (send: Send, user: number) => Promise<void>

export interface Target {
  /** Without a slash at the end. */
  readonly base: string
  readonly token: string | undefined
}

export interface Measured {
  readonly users: number
  readonly seconds: number
  readonly ok: number
  readonly weight: number
  /** Milliseconds of the right answers, in order. */
  readonly times: readonly number[]
  readonly errors: Readonly<Record<string, number>>
}

export interface Load {
  readonly users: number
  readonly warmUp: number
  readonly seconds: number
  readonly turn: Turn
  /** Called when the measured seconds begin and when they end. */
  readonly onEdge?: (edge: 'begin' | 'end') => void
}

const headerText = (value: string | string[] | undefined): string => Array.isArray(value) ? value.join(', ') : value ?? ''

/** A connection for each user, kept alive. */
class Connections {
  readonly #agent: Agent
  readonly #origin: string
  readonly #prefix: string
  readonly #headers: Readonly<Record<string, string>>

  constructor ({ base, token }: Target, users: number) {
    const url = new URL(base)
    this.#origin = url.origin
    this.#prefix = url.pathname === '/' ? '' : url.pathname
    this.#headers = { accept: 'application/fhir+json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
    this.#agent = new Agent({ connections: users, pipelining: 1, keepAliveTimeout: 60_000, headersTimeout: 60_000, bodyTimeout: 60_000 })
  }

  async send ({ method, path, headers, body }: Ask): Promise<Reply> {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let status = 0
      let received: Record<string, string> = {}
      const handler: Dispatcher.DispatchHandler = {
        onRequestStart: () => {},
        onResponseStart: (_, statusCode, responseHeaders) => {
          status = statusCode
          received = Object.fromEntries(Object.entries(responseHeaders).map(([name, value]) => [name, headerText(value)]))
        },
        onResponseData: (_, chunk) => { chunks.push(chunk) },
        onResponseEnd: () => {
          const [only] = chunks
          resolve({ status, headers: received, text: chunks.length === 1 && only !== undefined ? only.toString('utf8') : Buffer.concat(chunks).toString('utf8') })
        },
        onResponseError: (_, error) => reject(error)
      }
      this.#agent.dispatch({
        origin: this.#origin,
        path: `${this.#prefix}${path}`,
        method,
        headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers },
        body: body ?? null
      }, handler)
    })
  }

  async close (): Promise<void> {
    await this.#agent.destroy()
  }
}

const kindOf = (error: unknown): string =>
  error instanceof Error ? 'code' in error && typeof error.code === 'string' ? error.code : error.name : String(error)

/** The run is over: what a user would have sent next is not sent. */
class Over extends Error {}

class Counters {
  readonly times: number[] = []
  readonly errors: Record<string, number> = {}
  weight = 0
  open = false

  right (milliseconds: number, weight: number): void {
    if (!this.open) return
    this.times.push(milliseconds)
    this.weight += weight
  }

  // Wrong answers of the warm-up count too: none may pass unseen.
  wrong (kind: string): void {
    this.errors[kind] = (this.errors[kind] ?? 0) + 1
  }
}

/** The time that this share of the answers did not exceed. */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN

const pause = async (seconds: number): Promise<void> => { await new Promise(resolve => setTimeout(resolve, seconds * 1000)) }

/** Lets the users work for the warm-up and the measured seconds. What is under way at an edge counts where it ends. */
export async function drive (target: Target, { users, warmUp, seconds, turn, onEdge }: Load): Promise<Measured> {
  const connections = new Connections(target, users)
  const counters = new Counters()
  const state = { stopped: false }
  const send: Send = async ask => {
    if (state.stopped) throw new Over()
    const began = performance.now()
    try {
      const reply = await connections.send(ask)
      const milliseconds = performance.now() - began
      const wrong = ask.check(reply)
      if (wrong === undefined) counters.right(milliseconds, ask.weight ?? 1)
      else counters.wrong(wrong)
      return wrong === undefined ? reply : undefined
    } catch (error) {
      counters.wrong(kindOf(error))
      return undefined
    }
  }
  const work = Array.from({ length: users }, async (_, user) => {
    try {
      while (!state.stopped) await turn(send, user)
    } catch (error) {
      if (!(error instanceof Over)) throw error
    }
  })
  // A turn that throws (its material is used up) ends the run at once.
  const failed = Promise.race(work).then(() => {})
  await Promise.race([pause(warmUp), failed])
  counters.open = true
  onEdge?.('begin')
  const began = performance.now()
  await Promise.race([pause(seconds), failed])
  const elapsed = (performance.now() - began) / 1000
  onEdge?.('end')
  counters.open = false
  state.stopped = true
  await Promise.all(work)
  await connections.close()
  const sorted = counters.times.sort((a, b) => a - b)
  return {
    users, seconds: elapsed, ok: sorted.length, weight: counters.weight,
    times: sorted, errors: counters.errors
  }
}

/** Sends requests over a few connections until all are answered, in no order. Throws on the first wrong answer. */
export async function sendAll (target: Target, users: number, asks: Iterable<Ask>): Promise<Reply[]> {
  const connections = new Connections(target, users)
  const replies: Reply[] = []
  const queue = [...asks].entries()
  try {
    await Promise.all(Array.from({ length: users }, async () => {
      for (const [place, ask] of queue) {
        const reply = await connections.send(ask)
        const wrong = ask.check(reply)
        if (wrong !== undefined) throw new Error(`${ask.method} ${ask.path}: ${wrong}: ${reply.text.slice(0, 500)}`)
        replies[place] = reply
      }
    }))
  } finally {
    await connections.close()
  }
  return replies
}
