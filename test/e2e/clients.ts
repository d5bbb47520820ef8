// Two clients that others wrote, behind one shape, so that one scenario drives both. Where a client has a function for an interaction, it is used.
import { IncomingMessage, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'
import { Client as Kit } from 'fhir-kit-client'

export interface Resource {
  readonly resourceType: string
  readonly id?: string
  readonly meta?: { readonly versionId?: string, readonly lastUpdated?: string, readonly [member: string]: unknown }
  readonly [member: string]: unknown
}

export interface Bundle extends Resource {
  readonly entry?: readonly {
    readonly fullUrl?: string
    readonly resource?: Resource
    readonly request?: { readonly method: string, readonly url: string }
    readonly response?: { readonly status: string, readonly location?: string, readonly outcome?: Resource }
  }[]
}

/** What came back, refusals included. */
export interface Reply<Body = Resource> {
  readonly status: number
  readonly body: Body
  readonly headers: { get: (name: string) => string | null }
}

export type Headers = Readonly<Record<string, string>>
export interface Operation { readonly op: 'add' | 'replace' | 'test', readonly path: string, readonly value: unknown }

export interface FhirClient {
  readonly name: string
  capabilities: () => Promise<Resource>
  create: (resource: Resource, headers?: Headers) => Promise<Reply>
  read: (type: string, id: string, headers?: Headers) => Promise<Reply>
  vread: (type: string, id: string, version: string) => Promise<Reply>
  update: (resource: Resource & { readonly id: string }, headers?: Headers) => Promise<Reply>
  patch: (type: string, id: string, operations: readonly Operation[], headers?: Headers) => Promise<Reply>
  remove: (type: string, id: string, headers?: Headers) => Promise<Reply>
  history: (type?: string, id?: string) => Promise<Bundle>
  /** All pages, from a first one on. */
  pages: (path: string) => Promise<Bundle[]>
  bundle: (bundle: Bundle) => Promise<Reply<Bundle>>
  ask: (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD', path: string, body?: Resource, headers?: Headers) => Promise<Reply>
}

/** https://github.com/Vermonster/fhir-kit-client */
export function kit (baseUrl: string, bearerToken: string): FhirClient {
  const client = new Kit({ baseUrl, bearerToken })
  const reply = async <Body>(asked: Promise<object>): Promise<Reply<Body>> => {
    try {
      const body = await asked
      const { response } = Kit.httpFor(body as Parameters<typeof Kit.httpFor>[0])
      return { status: response?.status ?? 0, headers: response?.headers ?? new Headers(), body: body as Body }
    } catch (thrown) {
      const { response, config } = thrown as { response: { status: number, data: Body }, config: { headers: globalThis.Headers } }
      return { status: response.status, body: response.data, headers: config.headers }
    }
  }
  return {
    name: 'fhir-kit-client',
    capabilities: async () => await client.capabilityStatement(),
    create: async (resource, headers = {}) => await reply(client.create({ resourceType: resource.resourceType, body: resource, options: { headers } })),
    read: async (resourceType, id, headers = {}) => await reply(client.read({ resourceType, id, options: { headers } })),
    vread: async (resourceType, id, version) => await reply(client.vread({ resourceType, id, version })),
    update: async (resource, headers = {}) => await reply(client.update({ resourceType: resource.resourceType, id: resource.id, body: resource, options: { headers } })),
    patch: async (resourceType, id, operations, headers = {}) => await reply(client.patch({ resourceType, id, jsonPatch: [...operations], options: { headers } })),
    remove: async (resourceType, id, headers = {}) => await reply(client.delete({ resourceType, id, options: { headers } })),
    history: async (resourceType, id) => await client.history({ ...(resourceType !== undefined && { resourceType }), ...(id !== undefined && { id }) }) as Bundle,
    pages: async path => {
      const pages: Bundle[] = []
      for (let page: object | undefined = await client.request(path); page !== undefined; page = await client.nextPage({ bundle: page as never })) pages.push(page as Bundle)
      return pages
    },
    bundle: async bundle => await reply(bundle['type'] === 'batch' ? client.batch({ body: bundle }) : client.transaction({ body: bundle })),
    ask: async (method, path, body, headers = {}) => await reply(client.request(path, {
      method, options: { headers: { ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers } }, ...(body !== undefined && { body })
    }))
  }
}

/** What is used of fhirclient. Its own types would bring the browser's into all of this project. */
interface Smart {
  readonly request: (options: object | string) => Promise<Resource>
  readonly create: (resource: Resource, options: object) => Promise<unknown>
  readonly update: (resource: Resource, options: object) => Promise<unknown>
  readonly patch: (url: string, operations: readonly Operation[], options: object) => Promise<unknown>
  readonly delete: (url: string, options: object) => Promise<unknown>
  readonly pages: (path: string) => AsyncIterable<Bundle>
  readonly getFhirVersion: () => Promise<string>
}
const smart: (request: object, response: object, storage: object) => { client: (state: object) => Smart } = createRequire(import.meta.url)('fhirclient')

/** https://github.com/smart-on-fhir/client-js */
export function smartClient (serverUrl: string, token: string): FhirClient {
  const request = new IncomingMessage(new Socket())
  // Where it would keep a session, had it one; on 401 it ends the session.
  const storage = { get: async () => undefined, set: async (_key: string, value: unknown) => value, unset: async () => true }
  const client = smart(request, new ServerResponse(request), storage).client({ serverUrl, tokenResponse: { access_token: token } })
  const withResponse = (headers: Headers) => ({ headers: { ...headers }, includeResponse: true })
  const reply = async <Body>(asked: Promise<unknown>): Promise<Reply<Body>> => {
    try {
      const { body, response } = await asked as { body: Body, response: Response }
      return { status: response.status, headers: response.headers, body }
    } catch (thrown) {
      // It puts the body into the message, and nowhere else; on 401 there is more behind it.
      const { status, message, response } = thrown as { status: number, message: string, response: Response }
      return { status, headers: response.headers, body: JSON.parse(/\n\n(\{.*?\n\})/s.exec(message)?.[1] ?? '{}') }
    }
  }
  const ask: FhirClient['ask'] = async (method, path, body, headers = {}) => await reply(client.request({
    url: path, method, ...withResponse({ ...(body !== undefined && { 'content-type': 'application/fhir+json' }), ...headers }), ...(body !== undefined && { body: JSON.stringify(body) })
  }))
  return {
    name: 'fhirclient',
    capabilities: async () => ({ ...await client.request('metadata'), fhirVersion: await client.getFhirVersion() }),
    create: async (resource, headers = {}) => await reply(client.create(resource, withResponse(headers))),
    read: async (type, id, headers = {}) => await ask('GET', `${type}/${id}`, undefined, headers),
    vread: async (type, id, version) => await ask('GET', `${type}/${id}/_history/${version}`),
    update: async (resource, headers = {}) => await reply(client.update(resource, withResponse(headers))),
    patch: async (type, id, operations, headers = {}) => await reply(client.patch(`${type}/${id}`, operations, withResponse(headers))),
    remove: async (type, id, headers = {}) => await reply(client.delete(`${type}/${id}`, withResponse(headers))),
    history: async (type, id) => await client.request([type, id, '_history'].filter(part => part !== undefined).join('/')) as Bundle,
    pages: async path => {
      const pages: Bundle[] = []
      for await (const page of client.pages(path)) pages.push(page)
      return pages
    },
    bundle: async bundle => {
      const { status, headers, body } = await ask('POST', '', bundle)
      return { status, headers, body: body as Bundle }
    },
    ask
  }
}
