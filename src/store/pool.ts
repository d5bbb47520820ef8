// Connections, by what they carry. Pipelined ones carry only bounded reads by key, each with its own Sync; writes,
// searches and audit have theirs, so that a slow one never stands in front of a read.
import pg from 'pg'
import { unavailable } from '../fhir/outcome.js'
import { Densities, type Density } from './density.js'
import { explained } from './explain.js'

export interface PoolOptions {
  readonly url: string
  /** Pipelined connections for reads by key. */
  readonly readers: number
  /** Connections that write; as many writes wait for the disk at once. */
  readonly writers: number
  /** Milliseconds after which the database gives up a statement. */
  readonly statementTimeout: number
  /** Called with what went wrong on a connection that nobody was waiting on. */
  readonly onError: (error: Error) => void
  /** Milliseconds from which a statement is slow, and what is told of it: its name, which says its shape and no value. */
  readonly slow?: { readonly from: number, readonly tell: (statement: string, milliseconds: number) => void }
}

export interface Query {
  readonly name: string
  readonly text: string
  readonly values: readonly unknown[]
  /** What it is for and what it is driven by, in words without a value: for who asks how a search is run. */
  readonly told?: Told
}

export interface Told { readonly what: string, readonly drivers: readonly string[] }

// One place for what every connection is set to: no statement's text depends on it. docs/decisions/0009-store.md
const clientOptions = ({ url, statementTimeout }: PoolOptions): pg.ClientConfig => ({
  connectionString: url,
  statement_timeout: statementTimeout,
  application_name: 'karta',
  connectionTimeoutMillis: 5000,
  keepAlive: true,
  options: '-c jit=off -c plan_cache_mode=force_generic_plan -c default_transaction_isolation=read\\ committed'
})

/** A pool for statements that may take their time. */
export function makePool (options: PoolOptions, max: number): pg.Pool {
  const pool = new pg.Pool({ ...clientOptions(options), max, idleTimeoutMillis: 0 })
  pool.on('error', options.onError)
  return pool
}

/** How a pool stands: connections at work and at rest, and what waits for one. Of pipelined connections: those that are open, and statements on their way. */
export interface PoolFigures { readonly busy: number, readonly idle: number, readonly waiting: number }

export const figuresOf = ({ totalCount, idleCount, waitingCount }: pg.Pool): PoolFigures =>
  ({ busy: totalCount - idleCount, idle: idleCount, waiting: waitingCount })

/** Waits for a statement, and tells of it when it was slow. */
export async function timed<T> ({ slow }: Pick<PoolOptions, 'slow'>, statement: string, sent: Promise<T>): Promise<T> {
  if (slow === undefined) return await sent
  const started = performance.now()
  try {
    return await sent
  } finally {
    const milliseconds = performance.now() - started
    if (milliseconds >= slow.from) slow.tell(statement, milliseconds)
  }
}

/** Reads by key, as the whole process or one request sends them. `trips` counts the statements waited for. */
export interface Reads {
  trips: number
  readonly shared: Readers
  query <Row extends pg.QueryResultRow> (query: Query): Promise<Row[]>
}

/** Connections as one request uses them, with a count of its own. */
export class RequestStatements<Shared extends Pick<Reads, 'query'>> {
  readonly shared: Shared
  trips = 0

  constructor (shared: Shared) {
    this.shared = shared
  }

  query<Row extends pg.QueryResultRow> (query: Query): Promise<Row[]> {
    this.trips++
    return this.shared.query<Row>(query)
  }
}

/** Searches of one request. */
export class RequestSearches extends RequestStatements<Searchers> implements Searches {
  densityOf (table: string): Density | undefined {
    return this.shared.densityOf(table)
  }

  explain (query: Query): Promise<unknown> {
    this.trips++
    return this.shared.explain(query)
  }
}

/** One connection that carries many reads at once and comes back by itself when it is lost. */
class Pipeline {
  readonly #options: PoolOptions
  #client: Promise<pg.Client> | undefined
  /** Statements on their way. */
  asked = 0

  constructor (options: PoolOptions) {
    this.#options = options
  }

  async query<Row extends pg.QueryResultRow> (query: Query): Promise<Row[]> {
    this.asked++
    try {
      const client = await (this.#client ??= this.#connect())
      const { rows } = await timed(this.#options, query.name, client.query<Row>({ name: query.name, text: query.text, values: [...query.values] }))
      return rows
    } finally {
      this.asked--
    }
  }

  get open (): boolean {
    return this.#client !== undefined
  }

  async #connect (): Promise<pg.Client> {
    const client = new pg.Client({ ...clientOptions(this.#options), pipeline: true })
    const lost = (error?: Error): void => {
      this.#client = undefined
      if (error !== undefined) this.#options.onError(error)
    }
    client.on('error', lost)
    client.on('end', () => lost())
    try {
      await client.connect()
    } catch (error) {
      this.#client = undefined
      throw unavailable('the database cannot be reached', { cause: error })
    }
    return client
  }

  async end (): Promise<void> {
    const client = await this.#client?.catch(() => undefined)
    this.#client = undefined
    await client?.end()
  }
}

/** Statements that may take their time, as the whole process or one request sends them. */
export interface Searches {
  trips: number
  query <Row extends pg.QueryResultRow> (query: Query): Promise<Row[]>
  /** What is known of how many rows of a table carry which tokens. */
  densityOf (table: string): Density | undefined
  /** How a statement is run: PostgreSQL's plan of it, as JSON. It is run for that, and changes nothing. */
  explain (query: Query): Promise<unknown>
}

/** Searches over a pool of their own. */
export class Searchers implements Searches {
  readonly #options: PoolOptions
  readonly #pool: pg.Pool
  readonly densities: Densities
  trips = 0

  constructor (options: PoolOptions, connections: number) {
    this.#options = options
    this.#pool = makePool(options, connections)
    this.densities = new Densities(this.#pool, options.onError)
  }

  densityOf (table: string): Density | undefined {
    return this.densities.of(table)
  }

  /** The rows of one statement, prepared where it has a name. Throws what the database says. */
  async query<Row extends pg.QueryResultRow> ({ name, text, values }: Query): Promise<Row[]> {
    this.trips++
    const sent = this.#pool.query<Row>({ ...(name !== '' && { name }), text, values: [...values] })
    const { rows } = await timed(this.#options, name === '' ? 'search' : name, sent)
    return rows
  }

  async explain ({ text, values }: Query): Promise<unknown> {
    const client = await this.#pool.connect()
    try {
      return await explained(client, text, values)
    } finally {
      client.release()
    }
  }

  get figures (): PoolFigures {
    return figuresOf(this.#pool)
  }

  async end (): Promise<void> {
    await this.#pool.end()
  }
}

/** Reads by key over a few pipelined connections: each statement takes the one that has the least to do. */
export class Readers implements Reads {
  readonly shared = this
  readonly #pipelines: readonly Pipeline[]
  trips = 0

  constructor (options: PoolOptions) {
    this.#pipelines = Array.from({ length: options.readers }, () => new Pipeline(options))
  }

  /** How many statements can be answered at the same time. */
  get connections (): number {
    return this.#pipelines.length
  }

  /** The rows of one prepared statement. Throws what the database says, or FhirError 503 when it cannot be reached. */
  query<Row extends pg.QueryResultRow> (query: Query): Promise<Row[]> {
    this.trips++
    const [first, ...others] = this.#pipelines
    if (first === undefined) throw new RangeError('there are no readers')
    return others.reduce((least, one) => one.asked < least.asked ? one : least, first).query<Row>(query)
  }

  /** Connections that carry something and those that are open without; what is on its way counts as waiting. */
  get figures (): PoolFigures {
    const busy = this.#pipelines.filter(({ asked }) => asked > 0).length
    return {
      busy,
      idle: this.#pipelines.filter(({ asked, open }) => asked === 0 && open).length,
      waiting: this.#pipelines.reduce((sum, { asked }) => sum + asked, 0)
    }
  }

  async end (): Promise<void> {
    await Promise.all(this.#pipelines.map(pipeline => pipeline.end()))
  }
}
