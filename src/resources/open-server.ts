// What the interactions work with, opened once per process and closed in the order that loses nothing.
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config.js'
import { AuditWriter } from '../consent/audit.js'
import { Indexer } from '../store/custom/indexer.js'
import { Registry } from '../store/custom/registry.js'
import { FullText } from '../store/full-text/full-text.js'
import { Ids } from '../store/id.js'
import { Locks } from '../store/locks.js'
import { Patients } from '../store/patients.js'
import { figuresOf, makePool, Readers, Searchers, type PoolFigures, type PoolOptions } from '../store/pool.js'
import { Room } from '../store/room.js'
import { Surrogates } from '../store/surrogates.js'
import { Kept } from '../store/terminology/kept.js'
import { Writer } from '../store/writer.js'
import { Cursors } from './cursor.js'
import type { Server } from './server.js'

/** The server as the whole process sees it. */
export interface Store extends Server {
  readonly readers: Readers
  readonly searches: Searchers
  readonly writer: Writer
  /** How each pool of connections stands at the moment, by its name. */
  readonly pools: () => Readonly<Record<string, PoolFigures>>
}

export interface OpenServer extends Store {
  /** Ends what runs, seals the audit trail and closes every connection. */
  readonly close: () => Promise<void>
}

/** Hears of a slow statement: its name, which says its shape and no value. */
export type OnSlow = (statement: string, milliseconds: number) => void

// Codes of code systems and value sets that a process keeps parsed: at most some 50 MB, of concepts with a display and a property each.
const MOST_CODES = 100_000

/** Opens the store behind `url`. `onError` hears of what goes wrong where no request waits. */
export async function openServer (config: Config, url: string, onError: (error: unknown) => void, onSlow: OnSlow = () => {}): Promise<OpenServer> {
  const { readers: pipelines, searchers, writers, statementTimeout, slowStatement } = config
  const options: PoolOptions = { url, readers: pipelines, writers, statementTimeout, onError, slow: { from: slowStatement, tell: onSlow } }
  const writePool = makePool(options, writers)
  const lockPool = makePool(options, writers)
  // One flush at a time, and a connection for what the clock asks for beside it.
  const auditPool = makePool(options, 2)
  const audit = await AuditWriter.start(auditPool, `${hostname()}:${process.pid}`, onError)
  const secrets = await secretsOf(auditPool)
  const ids = new Ids(secrets('id-mask'))
  const readers = new Readers(options)
  const registry = new Registry(readers)
  await registry.refresh()
  const base = `${config.publicUrl}/fhir`
  const searches = new Searchers(options, searchers)
  const room = config.databaseUrl === undefined ? await Room.watch(join(config.dataDir, 'postgres')) : undefined
  const writer = new Writer(writePool, writers, audit.writer, { ...options, custom: { registry, zone: config.zone, base }, ...(room !== undefined && { room }) })
  const indexPool = makePool({ ...options, statementTimeout: 0 }, 1)
  const indexer = new Indexer({ pool: indexPool, registry, context: { zone: config.zone, base }, dictionary: writer.dictionary, onError })
  const wordPool = makePool({ ...options, statementTimeout: 0 }, 2)
  const fullText = config.fullText ? new FullText(wordPool, onError) : undefined
  return {
    config,
    readers,
    searches,
    writer,
    audit,
    ids,
    locks: new Locks(lockPool),
    surrogates: new Surrogates(auditPool),
    registry,
    patients: new Patients(ids),
    cursors: new Cursors(secrets('cursor').toString('base64')),
    definitions: new Kept(MOST_CODES),
    fullText,
    base,
    zone: config.zone,
    named: 200,
    followed: { first: 200, most: 20_000 },
    pools: () => ({ read: readers.figures, search: searches.figures, write: figuresOf(writePool), lock: figuresOf(lockPool), audit: figuresOf(auditPool) }),
    close: async () => {
      room?.end()
      await Promise.all([audit.end(), indexer.end(), fullText?.end()])
      await Promise.all([indexPool.end(), wordPool.end(), readers.end(), searches.end(), writePool.end(), lockPool.end(), auditPool.end()])
    }
  }
}

async function secretsOf (pool: ReturnType<typeof makePool>): Promise<(name: string) => Buffer> {
  const { rows } = await pool.query<{ name: string, value: Buffer }>('select name, value from karta.secret')
  const secrets = new Map(rows.map(({ name, value }) => [name, value]))
  return name => {
    const secret = secrets.get(name)
    if (secret === undefined) throw new Error(`the database has no secret ${name}`)
    return secret
  }
}
