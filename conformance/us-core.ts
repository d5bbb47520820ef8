// Every request of a published Inferno run of US Core 3.1.1, asked again of the patient it ran on. The rule of ../shared/data/README.md: the status is
// the same; a searchset; at least one entry; each entry meets the query, as a matcher says that knows nothing of src.
import { readFileSync } from 'node:fs'
import { meets, type World } from '../test/matcher/matcher.js'
import type { Resource } from '../test/matcher/definitions.js'
import { served, type Reply, type Served } from './serve.js'
import { DATA, type Case, type Suite } from './suite.js'

interface Request { readonly verb: 'get' | 'post', readonly url: string, readonly status: number }
interface Entry { readonly resource: Resource, readonly search?: { readonly mode: string } }
interface Bundle { readonly resourceType: string, readonly type: string, readonly entry?: readonly Entry[], readonly link: ReadonlyArray<{ readonly relation: string, readonly url: string }> }

const FOLDER = `${DATA}/us-core-311`
const read = <Content>(name: string): Content => JSON.parse(readFileSync(`${FOLDER}/${name}`, 'utf8')) as Content

// Pages of ten, as those of the server that the run asked.
const SIZE = '_count=10'

export const usCore: Suite = {
  name: 'us-core-311',
  title: 'US Core 3.1.1: the requests of a published Inferno run',
  folder: FOLDER,
  run: async () => await served(async served => {
    const patient = read<{ entry: Entry[] }>('patient-85.json')
    const stored = await served.ask('POST', '', JSON.stringify({ resourceType: 'Bundle', ...patient }), { prefer: 'return=representation' })
    if (stored.status !== 200) throw new Error(stored.text)
    const replay = new Replay(served, (JSON.parse(stored.text) as { entry: Entry[] }).entry.map(({ resource }) => resource))
    const cases: Case[] = []
    for (const request of read<Request[]>('requests.json')) cases.push({ name: `${request.verb.toUpperCase()} ${request.url}`, ...await replay.verdict(request) })
    return cases
  })
}

type Verdict = Omit<Case, 'name'>

const ABSENT = 'another patient than the one whose data was published'
const NONE = 'the published data of the patient has none of these'

class Replay {
  readonly #served: Served
  readonly #world: World
  // What is asked next may lead on from it.
  #search = { type: '', query: '' }
  #pages: Bundle[] = []

  constructor (served: Served, resources: readonly Resource[]) {
    this.#served = served
    this.#world = { resources, base: served.base, now: Date.now() }
  }

  async verdict (request: Request): Promise<Verdict> {
    const { url, verb, status } = request
    if (url.startsWith('?_getpages')) return await this.#page(Number(new URLSearchParams(url).get('_getpagesoffset')) / 10)
    const [, path = '', query] = /^\/([^?]*)\??(.*)$/.exec(url) ?? []
    if (path === 'metadata') return { pass: (await this.#served.ask('GET', '/metadata')).status === status }
    if (verb === 'post') return await this.#posted(path, status)
    if (path.includes('/')) return await this.#read(path, status)
    this.#search = { type: path, query: query ?? '' }
    return await this.#found(await this.#served.ask('GET', `/${path}?${query}&${SIZE}`), status)
  }

  // Its id is one that the other server gave: one of ours of the type is read.
  async #read (path: string, status: number): Promise<Verdict> {
    const [type = '', id = ''] = path.split('/')
    const own = this.#world.resources.find(each => each.resourceType === type && (each.id === id || id.length > 8))
    if (own === undefined) return { pass: false, because: type === 'Patient' ? ABSENT : NONE }
    const reply = await this.#served.ask('GET', `/${type}/${own.id}`)
    return { pass: reply.status === status && (JSON.parse(reply.text) as Resource).id === own.id, ...(own.id !== id && { because: 'a read of an id that the other server gave: one of ours of the type is read' }) }
  }

  // The run does not tell the body: it is the search that was just asked by GET.
  async #posted (path: string, status: number): Promise<Verdict> {
    const type = path.replace('/_search', '')
    if (this.#search.type !== type) return { pass: false }
    const reply = await this.#served.ask('POST', `/${path}`, `${this.#search.query}&${SIZE}`, { 'content-type': 'application/x-www-form-urlencoded' })
    const verdict = await this.#found(reply, status)
    return verdict.pass ? { ...verdict, because: 'a body that the run does not tell: it is the search before it' } : verdict
  }

  // The link of another server leads nowhere here: the page of our own links is looked at.
  async #page (place: number): Promise<Verdict> {
    while (this.#pages.length <= place) {
      const next = this.#pages.at(-1)?.link.find(({ relation }) => relation === 'next')?.url
      if (next === undefined) return { pass: false, because: this.#reason() ?? NO_PAGE }
      const { status, text } = await this.#served.ask('GET', next)
      if (status !== 200) return { pass: false }
      this.#pages.push(JSON.parse(text) as Bundle)
    }
    return { pass: this.#holds(this.#pages[place]), because: 'a page link of the other server: the page is that of our own links' }
  }

  async #found ({ status, text }: Reply, wanted: number): Promise<Verdict> {
    const bundle = JSON.parse(text) as Bundle
    this.#pages = status === 200 ? [bundle] : []
    if (status === wanted && this.#holds(bundle)) return { pass: true }
    const because = status === wanted && bundle.type === 'searchset' && (bundle.entry ?? []).length === 0 ? this.#reason() : undefined
    return { pass: false, ...(because !== undefined && { because }) }
  }

  #holds (bundle: Bundle | undefined): boolean {
    const matches = bundle?.entry?.filter(({ search }) => search?.mode === 'match').map(({ resource }) => resource) ?? []
    const asked = [...new URLSearchParams(this.#search.query)].filter(([name]) => !/^_(rev)?include/.test(name))
    return bundle?.resourceType === 'Bundle' && bundle.type === 'searchset' && matches.length > 0 &&
      matches.every(resource => asked.every(([name, value]) => meets(this.#world, resource, name, value)))
  }

  // That nothing is found is right where nothing of the published data meets the query.
  #reason (): string | undefined {
    const asked = new URLSearchParams(this.#search.query)
    if (/\b355\b/.test(this.#search.query)) return ABSENT
    const own = this.#world.resources.filter(each => each.resourceType === this.#search.type)
    const meeting = own.filter(each => [...asked].every(([name, value]) => /^_(rev)?include/.test(name) || meets(this.#world, each, name, value)))
    return meeting.length === 0 ? NONE : undefined
  }
}

const NO_PAGE = 'a page link of the other server: our own links do not lead so far'
