// Writes what a load has read, through the same path as a transaction that comes over HTTP.
import type { Caller } from '../auth/caller.js'
import { FhirError } from '../fhir/outcome.js'
import { isResourceType } from '../fhir/resource-types.js'
import type { EntryWrite } from '../resources/entry-write.js'
import { transact } from '../resources/transact.js'
import type { Server } from '../resources/server.js'
import { checkResource } from '../resources/write.js'
import type { Group, Item } from './entries.js'

export type Outcome = 'created' | 'updated' | 'unchanged' | 'deleted'

/** What became of an item: stored, refused, or lost because another entry of its transaction was refused. */
export interface Applied {
  readonly item: Item
  readonly outcome: Outcome | FhirError | 'lost'
}

interface Writing { readonly item: Item, readonly write: EntryWrite }

/** Writes a group. Throws what is no answer to a resource: the database gone, a fault. */
export async function apply (server: Server, caller: Caller, { atomic, items }: Group): Promise<Applied[]> {
  const refused = items.flatMap(item => item.write instanceof FhirError ? [{ item, outcome: item.write }] : [])
  const writes = items.flatMap(item => item.write instanceof FhirError ? [] : [{ item, write: item.write }])
  if (atomic) return refused.length > 0 ? [...refused, ...lost(writes)] : await whole(server, caller, writes)
  const applied: Applied[] = refused
  for (const round of rounds(writes)) applied.push(...await each(server, caller, round))
  return applied
}

const lost = (writes: readonly Writing[]): Applied[] => writes.map(({ item }) => ({ item, outcome: 'lost' }))

async function whole (server: Server, caller: Caller, writes: readonly Writing[]): Promise<Applied[]> {
  const error = await tried(server, caller, writes)
  if (!(error instanceof FhirError)) return error
  const at = entryOf(error)
  const guilty = writes.find(({ write }) => write.index === at) ?? writes[0]
  return writes.map(({ item }) => ({ item, outcome: item === guilty?.item ? error : 'lost' }))
}

// Where a group is refused, what is wrong in itself is taken out at once, then what a refusal names; what names nothing
// (a race, a search without a match) is found by halves.
async function each (server: Server, caller: Caller, writes: readonly Writing[]): Promise<Applied[]> {
  if (writes.length === 0) return []
  const error = await tried(server, caller, writes)
  if (!(error instanceof FhirError)) return error
  if (writes.length === 1) return writes.map(({ item }) => ({ item, outcome: error }))
  const wrong = writes.flatMap(writing => {
    const own = refusalOf(writing) ?? (writing.write.index === entryOf(error) ? error : undefined)
    return own === undefined ? [] : [{ item: writing.item, outcome: own }]
  })
  const sound = writes.filter(({ item }) => !wrong.some(refused => refused.item === item))
  if (wrong.length > 0) return [...wrong, ...await each(server, caller, sound)]
  const half = Math.ceil(writes.length / 2)
  return [...await each(server, caller, writes.slice(0, half)), ...await each(server, caller, writes.slice(half))]
}

function refusalOf ({ write: { type, resource } }: Writing): FhirError | undefined {
  if (resource === undefined || !isResourceType(type)) return undefined
  try {
    checkResource(type, resource.read())
    return undefined
  } catch (error) {
    if (error instanceof FhirError) return error
    throw error
  }
}

async function tried (server: Server, caller: Caller, writes: readonly Writing[]): Promise<Applied[] | FhirError> {
  try {
    const results = await transact(server, caller, writes.map(({ write }) => write))
    return writes.map(({ item, write }) => ({ item, outcome: outcomeOf(write, results.get(write.index)) }))
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) return error
    throw error
  }
}

function outcomeOf ({ method }: EntryWrite, result: object | undefined): Outcome {
  if (method === 'DELETE') return 'deleted'
  if (result === undefined || !('changed' in result) || result.changed !== true) return 'unchanged'
  return 'status' in result && result.status === 201 ? 'created' : 'updated'
}

const ENTRY = /^Bundle\.entry\[(\d+)\]/

/** The entry that a refusal names. */
function entryOf ({ issues }: FhirError): number | undefined {
  const [, index] = ENTRY.exec(issues[0]?.expression ?? issues[0]?.diagnostics ?? '') ?? []
  return index === undefined ? undefined : Number(index)
}

/** A refusal without the place of its entry, which is said beside it. */
export const reasonOf = (error: FhirError): string =>
  error.issues.map(({ diagnostics, expression }) => [
    expression?.replace(/^Bundle\.entry\[\d+\](\.resource\.ofType\((\w+)\))?\.?/, (_, _place, type: string | undefined) => type === undefined ? '' : type + '.').replace(/\.$/, ''),
    diagnostics.replace(/^Bundle\.entry\[\d+\]: /, '')
  ].filter(part => part !== undefined && part !== '').join(': ')).join('; ')

/** One statement writes a resource once: what a file says of it a second time is written after. */
function rounds (writes: readonly Writing[]): Writing[][] {
  const rounds: Writing[][] = []
  const turns = new Map<string, number>()
  for (const writing of writes) {
    const { type, id } = writing.write
    const name = id === undefined ? undefined : `${type}/${id}`
    const turn = name === undefined ? 0 : turns.get(name) ?? 0
    if (name !== undefined) turns.set(name, turn + 1)
    ;(rounds[turn] ??= []).push(writing)
  }
  return rounds
}
