import { destination, stdTimeFunctions, type DestinationStream, type LoggerOptions } from 'pino'
import type { Config } from './config.js'

/**
 * How the server logs: one JSON object a line, never content. An error of PostgreSQL may quote a value in its message, so only
 * its code and the names it is about are kept.
 */
export const loggerOptions = ({ logLevel }: Pick<Config, 'logLevel'>): LoggerOptions => ({
  level: logLevel,
  base: { pid: process.pid },
  timestamp: stdTimeFunctions.isoTime,
  formatters: { level: label => ({ level: label }) },
  redact: { paths: ['req.headers.authorization', 'headers.authorization', 'authorization'], remove: true },
  serializers: { err: errorLine, error: errorLine },
  hooks: {
    // Left to itself, pino makes a line's message of the error's.
    logMethod (args, method) {
      return method.apply(this, args.length === 1 && typeof args[0] === 'object' ? [args[0], 'no message'] : args)
    }
  }
})

const DATABASE_FIELDS = ['code', 'schema', 'table', 'column', 'constraint', 'routine'] as const

function errorLine (thrown: unknown): object {
  if (!(thrown instanceof Error)) return { type: typeof thrown }
  const cause = thrown.cause === undefined ? {} : { cause: errorLine(thrown.cause) }
  if (!('severity' in thrown)) return { type: thrown.name, message: thrown.message, stack: thrown.stack, ...cause }
  const fields = Object.entries(thrown).filter(([name, value]) => DATABASE_FIELDS.some(known => known === name) && value !== undefined)
  return { type: 'DatabaseError', ...Object.fromEntries(fields), stack: thrown.stack?.replace(/^[^]*?(?=\n\s+at )/, ''), ...cause }
}

// A line written at once is a system call in the way of every answer (71 us each where it was measured); what is held back
// is written twice a second, and at exit.
const HELD = { minLength: 8192, periodicFlush: 500 }

/** Where the log goes: standard output, in pieces. */
export const logDestination = (): DestinationStream => destination({ ...HELD, sync: false })
