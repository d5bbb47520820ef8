// The text of a chart's Bundle. What is known only at its end stands there: FHIR's JSON has no order of members, and one that ends before its end is no JSON.
// https://hl7.org/fhir/R4/bundle.html
import type { Caller } from '../auth/caller.js'
import type { Shown } from '../consent/audit.js'
import type { VersionRow } from '../consent/visible.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { pretty } from '../fhir/text/pretty.js'
import { bundleHead, entryText, toldOf, type Link } from './bundle.js'
import { chartOf, outside, Referred, type Chart, type ChartPlace, type Chunk } from './chart.js'
import type { Streamed } from './exchange.js'
import { versionText, type Wanted } from './representation.js'
import type { Server } from './server.js'

export interface ChartText {
  readonly server: Server
  readonly caller: Caller
  readonly chart: Chart
  readonly wanted: Wanted
  /** The types that what is referred to may have. */
  readonly outside: readonly ResourceType[]
  /** What the audit tells of the request. */
  readonly about: Pick<Shown, 'interaction' | 'type' | 'query'>
  /** The moment that the chart is of, in milliseconds. */
  readonly at: number
  readonly linksTo: (next: ChartPlace | undefined) => readonly Link[]
  /** Whether it begins at the beginning. */
  readonly isWhole: boolean
}

/** Chunks that are in the audit trail before anything of them can be sent. */
export async function * audited (server: Server, caller: Caller, about: ChartText['about'], chunks: AsyncGenerator<Chunk, void>): AsyncGenerator<Chunk, void> {
  for await (const chunk of chunks) {
    await server.audit.record(caller, { ...about, status: 200, rows: chunk.rows })
    yield chunk
  }
}

/** The Bundle of a chart; `first` and `chunks` have been audited. */
export async function * chartBundle (of: ChartText, first: Chunk | undefined, chunks: AsyncGenerator<Chunk, void>): Streamed {
  const { server, caller, about } = of
  const referred = new Referred(server.base)
  const entries = new Entries(server.base, of.wanted)
  const passed = (rows: readonly VersionRow[], mode: 'match' | 'include'): string => {
    referred.pass(rows)
    return entries.of(rows, mode)
  }
  let [total, next] = [first?.rows.length ?? 0, first?.next]
  try {
    yield entries.head(of.at) + passed(first?.rows ?? [], 'match')
    for await (const chunk of chunks) {
      yield passed(chunk.rows, 'match')
      total += chunk.rows.length
      next = chunk.next
    }
  } finally {
    await chunks.return()
  }
  for await (const rows of outside(server, caller, of.chart, of.outside, referred)) {
    await server.audit.record(caller, { ...about, status: 200, rows })
    yield passed(rows, 'include')
  }
  if (next !== undefined && await isEnd(of, next)) next = undefined
  yield entries.tail(of.isWhole && next === undefined ? total : undefined, of.linksTo(next))
}

// A link leads to a page that is not empty.
async function isEnd ({ server, caller, chart }: ChartText, place: ChartPlace): Promise<boolean> {
  for await (const { rows } of chartOf(server, caller, chart, place, 1)) if (rows.length > 0) return false
  return true
}

/** The pieces of a Bundle, laid out as they are wanted. */
class Entries {
  readonly #base: string
  readonly #wanted: Wanted
  #begun = false

  constructor (base: string, wanted: Wanted) {
    this.#base = base
    this.#wanted = wanted
  }

  head (at: number): string {
    const text = `${bundleHead('searchset', at)}}`
    // Without the brace at its end.
    return (this.#wanted.pretty ? pretty(text) : text).replace(/\s*\}$/, '')
  }

  of (rows: readonly VersionRow[], search: 'match' | 'include'): string {
    let text = ''
    for (const row of rows) {
      const entry = entryText({ fullUrl: `${this.#base}/${row.type}/${row.id}`, resource: versionText(row, this.#wanted), search })
      text += this.#begun ? this.#between() : this.#beginning()
      text += this.#wanted.pretty ? indented(pretty(entry), '    ') : entry
      this.#begun = true
    }
    return text
  }

  tail (total: number | undefined, links: readonly Link[]): string {
    const members = toldOf(total, links)
    if (!this.#wanted.pretty) return `${this.#begun ? ']' : ''}${members}}`
    const laid = pretty(`{${members.slice(1)}}`).replace(/^\{/, '').replace(/\n\}$/, '')
    return `${this.#begun ? '\n  ]' : ''},${laid}\n}`
  }

  #beginning = (): string => this.#wanted.pretty ? ',\n  "entry": [\n    ' : ',"entry":['
  #between = (): string => this.#wanted.pretty ? ',\n    ' : ','
}

const indented = (text: string, blanks: string): string => text.replaceAll('\n', `\n${blanks}`)
