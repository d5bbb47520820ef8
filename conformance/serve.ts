// A server with an empty record, over real HTTP, for the suites that need one.
import type { Test } from 'tap'
import { server } from '../test/server.js'

export interface Reply { readonly status: number, readonly headers: Headers, readonly text: string }

export interface Served {
  /** `path` stands below `/fhir`. As the operator. */
  readonly ask: (method: string, path: string, body?: string, headers?: Readonly<Record<string, string>>) => Promise<Reply>
  readonly base: string
}

/** Serves while `work` asks. */
export async function served<Result> (work: (served: Served) => Promise<Result>): Promise<Result> {
  const closing: (() => unknown)[] = []
  const teardown = ((close: () => unknown) => { closing.unshift(close) }) as Test['teardown']
  try {
    const { app, as } = await server({ teardown })
    const operator = await as('operator')
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const ask: Served['ask'] = async (method, path, body, headers = {}) => {
      const url = path.startsWith('http') ? path.replace(BASE, `${address}/fhir`) : `${address}/fhir${path}`
      const reply = await fetch(url, { method, headers: { ...operator, ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers }, ...(body !== undefined && { body }) })
      return { status: reply.status, headers: reply.headers, text: await reply.text() }
    }
    return await work({ ask, base: BASE })
  } finally {
    for (const close of closing) await close()
  }
}

// As the test server calls itself in links.
const BASE = 'http://karta.test/fhir'
