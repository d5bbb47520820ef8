// `_explain=true`: how a search is run, instead of what it finds. For the operator. docs/decisions/0025-explain.md
// It tells nothing of what is searched for and nothing of what is stored: neither a value nor a condition stands in it.
// https://hl7.org/fhir/R4/parameters.html
import type { Parameters, ParametersParameter } from '@medplum/fhirtypes'
import type { Caller } from '../auth/caller.js'
import { isObject, type Json } from '../fhir/json-value.js'
import { forbidden } from '../fhir/outcome.js'
import { ExplainingSearches, type Explained } from '../store/explaining.js'
import type { Answer } from './exchange.js'
import { laidOut, type Wanted } from './representation.js'
import type { Server } from './server.js'

type Part = ParametersParameter

/** Throws FhirError 403 for everybody else than the operator: how much there is is told by how long it takes. */
export function refuseToExplain (caller: Caller): void {
  if (caller.kind !== 'operator') throw forbidden('_explain is for the operator')
}

/** 200 with a Parameters: one `statement` for each that the search asked the database, in their order. What it found is not told. */
export async function explanation (server: Server, wanted: Wanted, search: (server: Server) => Promise<unknown>): Promise<Answer> {
  const searches = new ExplainingSearches(server.searches)
  await search({ ...server, searches })
  const parameters: Parameters = { resourceType: 'Parameters', parameter: searches.statements.map(statementPart) }
  return { status: 200, contentType: wanted.contentType, body: laidOut(JSON.stringify(parameters), wanted), shown: [] }
}

function statementPart ({ query: { text, told }, plan: all }: Explained): Part {
  const [top, plan] = [objectOf(all), objectOf(objectOf(all)['Plan'])]
  return {
    name: 'statement',
    part: [
      { name: 'for', valueString: told?.what ?? 'which codes are in use' },
      ...(told?.drivers ?? []).map((driver): Part => ({ name: 'driver', valueString: driver })),
      ...decimals(top, { planningMilliseconds: 'Planning Time', milliseconds: 'Execution Time' }),
      ...decimals(plan, MEASURES),
      ...phases(plan),
      { name: 'sql', valueString: text.replace(/\s+/g, ' ').trim() },
      nodePart(plan)
    ]
  }
}

// docs/decisions/0018-search.md
const PHASES: Readonly<Record<string, string>> = {
  d: 'what may drive is looked up',
  s: 'what is found by it, where it is few',
  w: 'a walk in the order of the page, over a bounded number of rows',
  l: 'the types whose walk ended before it had found enough',
  g: 'all matches by an index, sorted',
  p: 'the page'
}

/** The phases of a page that were run, each with what it costs. */
function phases (plan: Node): Part[] {
  return nodesIn(plan).flatMap(node => {
    const name = /^CTE (\w)$/.exec(String(node['Subplan Name']))?.[1] ?? ''
    const meaning = PHASES[name]
    if (meaning === undefined || node['Actual Loops'] === 0) return []
    return [{ name: 'phase', part: [{ name: 'name', valueCode: name }, { name: 'does', valueString: meaning }, ...decimals(node, MEASURES)] }]
  })
}

type Node = Readonly<Record<string, unknown>>

const objectOf = (value: unknown): Node => isObject(value as Json) ? value as Node : {}

const childrenOf = (node: Node): Node[] => Array.isArray(node['Plans']) ? node['Plans'].map(objectOf) : []

const nodesIn = (node: Node): Node[] => [node, ...childrenOf(node).flatMap(nodesIn)]

const MEASURES = { estimatedRows: 'Plan Rows', rows: 'Actual Rows', loops: 'Actual Loops', totalMilliseconds: 'Actual Total Time', removedRows: 'Rows Removed by Filter', buffersHit: 'Shared Hit Blocks', buffersRead: 'Shared Read Blocks' }
const NAMES = { relation: 'Relation Name', index: 'Index Name', alias: 'Alias', of: 'Subplan Name', reads: 'CTE Name' }

const decimals = (node: Node, names: Readonly<Record<string, string>>): Part[] => Object.entries(names).flatMap(([name, member]) => {
  const value = node[member]
  return typeof value === 'number' ? [{ name, valueDecimal: value }] : []
})

const texts = (node: Node, names: Readonly<Record<string, string>>): Part[] => Object.entries(names).flatMap(([name, member]) => {
  const value = node[member]
  return typeof value === 'string' ? [{ name, valueString: value }] : []
})

// Only what is named here is told of a node: its conditions may hold what a client or the data say.
const nodePart = (node: Node): Part => ({
  name: 'node',
  part: [{ name: 'does', valueString: String(node['Node Type'] ?? 'unknown') }, ...texts(node, NAMES), ...decimals(node, MEASURES), ...childrenOf(node).map(nodePart)]
})
