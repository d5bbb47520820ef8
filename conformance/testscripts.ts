// A runner of TestScripts, as far as those of ../shared/data/testscripts go: operations on a server with one patient's record, and assertions on the last
// answer. What it does not know it refuses to run. https://hl7.org/fhir/R4/testscript.html
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { served, type Reply, type Served } from './serve.js'
import { DATA, type Case, type Suite } from './suite.js'

interface Operation { readonly type: { readonly code: string }, readonly resource?: string, readonly params?: string, readonly requestHeader?: ReadonlyArray<{ readonly field: string, readonly value: string }> }
interface Assert { readonly operator: string, readonly responseCode?: string, readonly contentType?: string, readonly headerField?: string, readonly responseBody?: string }
interface Script { readonly id: string, readonly setup?: unknown, readonly test: ReadonlyArray<{ readonly id: string, readonly action: ReadonlyArray<{ readonly operation?: Operation, readonly assert?: Assert }> }> }

const FOLDER = `${DATA}/testscripts`
const PATIENT = `${DATA}/us-core-311/patient-85.json`

const scripts = (): Array<readonly [level: string, script: Script]> => readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.json') && !name.startsWith('_archived')).sort()
  .map(name => [name.slice(0, name.lastIndexOf('/')), JSON.parse(readFileSync(join(FOLDER, name), 'utf8')) as Script])

export const testScripts: Suite = {
  name: 'testscripts',
  title: 'TestScripts of fhir-server-compare',
  folder: FOLDER,
  run: async () => await served(async served => {
    if (existsSync(PATIENT)) await served.ask('POST', '', JSON.stringify({ resourceType: 'Bundle', ...JSON.parse(readFileSync(PATIENT, 'utf8')) as object }))
    const cases: Case[] = []
    for (const [level, { id, setup, test }] of scripts()) {
      if (setup !== undefined) throw new Error(`${id} has a setup, which is not run here`)
      for (const each of test) {
        const failed = await run(served, each.action)
        const name = `${level}: ${id}, ${each.id}`
        const because = failed === undefined ? NOTES[id] : reasonOf(id)
        cases.push({ name, pass: failed === undefined, ...(because !== undefined && { because }) })
      }
    }
    return cases
  })
}

const NOTES: Readonly<Record<string, string>> = {
  'fhir-r4-base-silent-ignore': 'the rule contradicts R4, by which a lenient server may pass over a parameter; here none is passed over unless the client asks for that (docs/decisions/0018-search.md)'
}

const reasonOf = (id: string): string | undefined => /export|ndjson/.test(id) ? 'bulk export is not there yet' : undefined

/** Answers the first assertion that does not hold. */
async function run (served: Served, actions: Script['test'][number]['action']): Promise<Assert | undefined> {
  let reply: Reply | undefined
  for (const { operation, assert } of actions) {
    if (operation !== undefined) reply = await served.ask('GET', pathOf(operation), undefined, Object.fromEntries((operation.requestHeader ?? []).map(({ field, value }) => [field, value])))
    if (assert !== undefined && (reply === undefined || !holds(assert, reply))) return assert
  }
  return undefined
}

function pathOf ({ type: { code }, resource, params = '' }: Operation): string {
  const base = resource === undefined ? '' : `/${resource}`
  switch (code) {
    case 'capabilities': return '/metadata'
    case 'search':
    case 'read': return `${base}${params}`
    case 'history': return `${base}/_history${params}`
    default: throw new Error(`the operation ${code} is not run here`)
  }
}

function holds ({ operator, responseCode, contentType, headerField, responseBody }: Assert, { status, headers, text }: Reply): boolean {
  if (responseCode !== undefined) return compared(operator, String(status), responseCode)
  if (contentType !== undefined) return compared(operator, headers.get('content-type') ?? '', contentType)
  if (headerField !== undefined) return compared(operator, headers.get(headerField) ?? '', '')
  if (responseBody !== undefined) return compared(operator, text, responseBody)
  throw new Error('an assertion that is not known here')
}

function compared (operator: string, found: string, wanted: string): boolean {
  switch (operator) {
    case 'equals': return found === wanted
    case 'notEquals': return found !== wanted
    case 'in': return wanted.split(',').includes(found)
    case 'notIn': return !wanted.split(',').includes(found)
    case 'contains': return found.includes(wanted)
    case 'notEmpty': return found !== ''
    case 'matchesRegex': return new RegExp(wanted).test(found)
    default: throw new Error(`the operator ${operator} is not known here`)
  }
}
