import type { Test } from 'tap'
import type { Caller } from '../src/auth/caller.js'
import { AuditWriter } from '../src/consent/audit.js'
import { numberOf } from '../src/fhir/resource-types.js'
import { Ids } from '../src/store/id.js'
import { makePool, Readers } from '../src/store/pool.js'
import { Surrogates } from '../src/store/surrogates.js'
import type { Put, WriteGroup } from '../src/store/version.js'
import { Writer } from '../src/store/writer.js'
import { testDatabase } from './database.js'

const TOKEN = { client: 'a test', scopes: [], jti: 'test', expires: 9e15 }
export const OPERATOR: Caller = { kind: 'operator', actor: '1', ...TOKEN }
export const self = (owner: string): Caller => ({ kind: 'self', patient: 'anna', owner, ...TOKEN })
export const treating = (actor: string): Caller => ({ kind: 'treating', actor, ...TOKEN })

export const NOTHING: Put['rows'] = { tokens: new Int32Array(), dlo: -9e15, dhi: 9e15, c1: undefined, codes: [], quantities: [], strings: [], dates: [], terms: [], quantityKeys: [] }

/** A version of a resource, with what a test does not care about filled in. */
export const put = (type: string, id: string, owner: string, more: Partial<Put> = {}): Put => ({
  op: 'put',
  type: numberOf(type),
  id,
  owner,
  ver: 1,
  old: undefined,
  class: 1,
  rank: 3,
  author: undefined,
  tail: `},"id_in_body":"${id}"}`,
  owners: undefined,
  participants: undefined,
  labels: undefined,
  refs: undefined,
  rows: NOTHING,
  ...more
})

/** The store on a database of the test's own, without HTTP. */
export async function world (t: Test) {
  const url = await testDatabase(t)
  const errors: unknown[] = []
  const options = { url, readers: 1, writers: 4, statementTimeout: 10_000, onError: (error: unknown) => { errors.push(error) } }
  const pool = makePool(options, 4)
  const audit = await AuditWriter.start(pool, 'test', options.onError)
  const readers = new Readers(options)
  const writer = new Writer(pool, 4, audit.writer)
  const surrogates = new Surrogates(pool)
  const ids = new Ids(Buffer.alloc(32, 1))
  t.teardown(async () => {
    await audit.end()
    await Promise.all([readers.end(), pool.end()])
  })

  const group = (versions: WriteGroup['versions'], more: Partial<WriteGroup> = {}): WriteGroup => ({
    versions,
    newOwners: [],
    revived: [],
    needed: [],
    treated: [],
    audit: audit.row(OPERATOR, { interaction: 'update', type: 'Patient', status: 200, rows: [] }),
    ...more
  })
  const store = async (versions: WriteGroup['versions'], more?: Partial<WriteGroup>): Promise<readonly string[]> => {
    const made = group(versions, more)
    const rids = await writer.commit(made)
    audit.committed(made.audit)
    return rids
  }
  const patient = async (id: string): Promise<string> => {
    const owner = await surrogates.next()
    await store([put('Patient', id, owner)], { newOwners: [{ owner, id }] })
    return owner
  }
  return { url, pool, audit, readers, writer, surrogates, ids, group, store, patient, errors }
}
