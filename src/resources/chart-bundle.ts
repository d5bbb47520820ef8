// The text of a chart's Bundle. What is known only at its end stands there: FHIR's JSON has no order of members, and one that ends before its end is no JSON.
// https://hl7.org/fhir/R4/bundle.html
import type { Caller } from '../auth/caller.js'
import type { Shown } from '../consent/audit.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { pretty } from '../fhir/text/pretty.js'
import { bundleHead, entryText, toldOf, type Link } from './bundle.js'
import { chunksOf, outside, Referred, type Chart, type ChartPlace, type Listed, type Rows } from './chart.js'
import type { Streamed } from './exchange.js'
import { versionText, type Wanted } from './representation.js'
import type { Server } from './server.js'
import { ahead } from './stream.js'

export interface ChartText {
  readonly server: Server
  readonly caller: Caller
  readonly chart: Chart
  readonly wanted: Wanted
  /** The types that what is referred to may have. */
  readonly outside: readonly ResourceType[]
  /** What the audit tells of the request. */
  readonly about: Pick<Shown, 'interaction' | 'type' | 'query'>
  readonly linksTo: (next: ChartPlace | undefined) => readonly Link[]
  /** Whether it begins at the beginning. */
  readonly isWhole: boolean
}

/** Resources that are in the audit trail before anything of them can be sent. */
async function * audited ({ server, caller, about }: ChartText, chunks: AsyncGenerator<Rows, void>): AsyncGenerator<Rows, void> {
  for await (const rows of chunks) {
    await server.audit.record(caller, { ...about, status: 200, rows })
    yield rows
  }
}

/** The Bundle of a chart, or of a page of it; `first` has been audited, and begins it while the list is still being made. */
export async function * chartBundle (of: ChartText, first: Rows, listing: Promise<Listed>): Streamed {
  const { server, caller, chart } = of
  const referred = new Referred(server.base)
  const entries = new Entries(server.base, of.wanted)
  const passed = (rows: Rows, mode: 'match' | 'include'): string => {
    referred.pass(rows)
    return entries.of(rows, mode)
  }
  yield entries.head(Date.now()) + passed(first, 'match')
  const { list, next } = await listing
  let total = first.length
  for await (const rows of ahead(audited(of, chunksOf(server, caller, chart, list)))) {
    yield passed(rows, 'match')
    total += rows.length
  }
  for await (const rows of audited(of, outside(server, caller, chart, of.outside, referred))) yield passed(rows, 'include')
  yield entries.tail(of.isWhole && next === undefined ? total : undefined, of.linksTo(next))
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

  of (rows: Rows, search: 'match' | 'include'): string {
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
