import cluster from 'node:cluster'
import { createServer } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { type Config, onPort } from './config.js'
import { type Database, openDatabase } from './database.js'
import { secret } from './secret.js'
import { codeOf, StartError } from './start-error.js'
import { runWorkers } from './workers.js'

export type Say = (line: string) => void

interface Stoppable { readonly stop: () => Promise<void> }

/** Runs the server until a signal stops it: database, then application, then the port; and back in the opposite order. */
export async function start (given: Config, say: Say): Promise<void> {
  if (cluster.isWorker) return until(await serve(given, given.databaseUrl ?? ''), say)
  const config = onPort(given, await freePort(given))
  // Loading the application's modules takes as long as starting PostgreSQL: side by side. If it fails, serve() says so.
  if (config.workers === 1) import('./app.js').catch(() => {})
  const database = await prepare(config, say)
  try {
    const running = config.workers === 1
      ? await serve(config, database.url)
      : await runWorkers(config, { DATABASE_URL: database.url, PORT: String(config.port), PUBLIC_URL: config.publicUrl }, say)
    greet(config, say)
    until({ stop: async () => await stopAll(running, database) }, say)
  } catch (thrown) {
    await database.stop()
    throw thrown
  }
}

const stopAll = async (...inOrder: Stoppable[]): Promise<void> => {
  for (const { stop } of inOrder) await stop()
}

/** A database that runs, is migrated and, on its first start, holds the demo city. */
export async function prepare (config: Config, say: Say): Promise<Database> {
  const database = await openDatabase(config, say)
  try {
    const { migrate } = await import('./store/migrate.js')
    const migrated = await migrate(database.url)
    if (migrated.length > 0) say(`Migrated the database: ${migrated.join(', ')}`)
    if (config.demo) await seedCity(config, database.url, say)
    return database
  } catch (thrown) {
    await database.stop()
    throw thrown
  }
}

async function seedCity (config: Config, url: string, say: Say): Promise<void> {
  const { seed } = await import('./demo/seed.js')
  const written = await seed(config, url)
  if (written > 0) say(`Wrote the demo city, ${written} resources. KARTA_DEMO=off leaves it out.`)
}

/** Answers requests in this process. */
async function serve (config: Config, url: string): Promise<Stoppable> {
  const [{ buildApp }, { verifier }, { loggerOptions }] = await Promise.all([import('./app.js'), import('./auth/token.js'), import('./log.js')])
  const app = await buildApp({ config, url, authenticate: verifier(secret(config.dataDir, 'token-key')), logger: loggerOptions(config) })
  try {
    await app.listen({ port: config.port, host: config.host })
  } catch (thrown) {
    await app.close()
    throw refusal(config, thrown)
  }
  return { stop: async () => await close(app, config.stopPatience) }
}

// Accepts nothing new and lets what runs end; after the patience, connections are cut, so that the database can be stopped in order.
async function close (app: FastifyInstance, patience: number): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), patience)
  await app.close()
  clearTimeout(cut)
}

/** The port to listen on. Throws StartError when it is taken: before a database is started for nothing. */
async function freePort ({ host, port }: Config): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', thrown => reject(refusal({ host, port }, thrown)))
    server.listen(port, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}

function refusal ({ host, port }: Pick<Config, 'host' | 'port'>, thrown: unknown): unknown {
  switch (codeOf(thrown)) {
    case 'EADDRINUSE': return new StartError(`Port ${port} of ${host} is taken by another program. Set PORT to another one, or PORT=0 for any that is free.`, { cause: thrown })
    case 'EACCES': return new StartError(`This account may not listen on port ${port}. Set PORT to one above 1023.`, { cause: thrown })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND': return new StartError(`HOST=${host} is no address of this machine. 127.0.0.1 is reached from here only, 0.0.0.0 from everywhere.`, { cause: thrown })
    default: return thrown
  }
}

function greet ({ publicUrl, dataDir, databaseUrl }: Config, say: Say): void {
  const prefix = dataDir === './data' ? '' : `DATA_DIR='${dataDir}' `
  say(`
Karta answers on ${publicUrl}/fhir (${databaseUrl === undefined ? `database and secrets in ${dataDir}` : 'database of DATABASE_URL'})
A token for an hour:  ${prefix}npx karta token --client me
For example:          curl -H "Authorization: Bearer $(${prefix}npx karta token --client me)" '${publicUrl}/fhir/Patient?name=anna'
`)
}

// npm passes a signal on that the terminal has sent to the whole group already: one that comes at once is the same one.
const SAME = 1000

/** Stops on SIGTERM or SIGINT, and ends the process; a second signal ends it at once. */
export function until ({ stop }: Stoppable, say: Say): void {
  let asked = 0
  const onSignal = (): void => {
    if (asked !== 0 && Date.now() - asked < SAME) return
    if (asked !== 0) process.exit(1)
    asked = Date.now()
    stop().then(() => process.exit(0), thrown => {
      say(`Stopping failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}`)
      process.exit(1)
    })
  }
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal)
  // The primary is gone: nobody else will say so.
  if (cluster.isWorker) process.on('disconnect', onSignal)
}
