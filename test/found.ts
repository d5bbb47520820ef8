// What a searchset says, for tests that read one.
import type { Resource, TestServer } from './server.js'

export interface Entry { readonly fullUrl: string, readonly resource: Resource & { readonly issue?: ReadonlyArray<Readonly<Record<string, unknown>>> }, readonly search: { readonly mode: string } }

export interface Found {
  readonly status: number
  /** `Type/id` of the matches, in their order, and of what came along, sorted. */
  readonly matches: string[]
  readonly included: string[]
  readonly total: number | undefined
  readonly entries: readonly Entry[]
  readonly links: Readonly<Record<string, string>>
  /** What a refusal says first. */
  readonly told: string
}

const nameOf = ({ resource: { resourceType, id } }: Entry): string => `${resourceType}/${id}`

/** The answer to a GET of a path below `/`, or of a link that was followed. */
export async function found ({ ask }: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}): Promise<Found> {
  const reply = await ask('GET', path.replace(/^http:..karta.test/, ''), undefined, headers)
  return foundIn(reply.statusCode, reply.json())
}

export function foundIn (status: number, bundle: { entry?: Entry[], total?: number, link?: ReadonlyArray<{ relation: string, url: string }>, issue?: ReadonlyArray<{ diagnostics: string }> }): Found {
  const entries = bundle.entry ?? []
  const of = (mode: string): string[] => entries.filter(({ search }) => search?.mode === mode).map(nameOf)
  return {
    status,
    matches: of('match'),
    included: of('include').sort(),
    total: bundle.total,
    entries,
    links: Object.fromEntries((bundle.link ?? []).map(({ relation, url }) => [relation, url])),
    told: bundle.issue?.[0]?.diagnostics ?? ''
  }
}

/** The matches of all pages, each page by its `next` link; `onPage` sees every one. */
export async function walked (server: Pick<TestServer, 'ask'>, path: string, headers: Record<string, string> = {}, onPage: (page: Found) => void = () => {}): Promise<string[]> {
  const matches: string[] = []
  for (let url: string | undefined = path; url !== undefined;) {
    const page: Found = await found(server, url, headers)
    if (page.status !== 200) throw new Error(`${url}: ${page.status} ${page.told}`)
    onPage(page)
    matches.push(...page.matches)
    url = page.links['next']
  }
  return matches
}
