import { Ajv, type ErrorObject } from 'ajv'
import { StartError } from './start-error.js'

/** What the environment says, complete and checked. docs/configuration.md has a row for each key. */
export interface Config {
  readonly port: number
  readonly host: string
  readonly dataDir: string
  /** A PostgreSQL of the operator's; undefined: the embedded one. */
  readonly databaseUrl: string | undefined
  readonly workers: number
  /** The base of absolute links, without a slash at the end. */
  readonly publicUrl: string
  readonly demo: boolean
  readonly logLevel: string
  /** The IANA zone in which a day without a zone is meant. */
  readonly zone: string
  /** Bytes. */
  readonly bodyLimit: number
  readonly bundleLimit: number
  /** As many resources may one conditional delete end; 1: it must mean one. */
  readonly conditionalDeletes: number
  /** Whether resources are found by the words in them. */
  readonly fullText: boolean
  readonly readers: number
  readonly searchers: number
  readonly writers: number
  /** Milliseconds. */
  readonly statementTimeout: number
  /** Milliseconds after which a statement is logged, as a shape without values. */
  readonly slowStatement: number
  readonly inFlight: number
  readonly queue: number
  /** Origins that a browser may ask from; `*`: any. */
  readonly corsOrigins: readonly string[]
  /** Milliseconds that running requests get at a stop. */
  readonly stopPatience: number
}

interface Key {
  readonly type: 'string' | 'integer'
  readonly default?: string | number
  readonly minimum?: number
  readonly maximum?: number
  readonly enum?: readonly string[]
  readonly format?: string
}

const integer = (given: number, minimum: number, maximum: number) => ({ type: 'integer' as const, default: given, minimum, maximum })

/** Every key that is read, with what is allowed and what holds when it is not set. */
export const KEYS = {
  PORT: integer(8080, 0, 65_535),
  HOST: { type: 'string', default: '127.0.0.1', format: 'host' },
  DATA_DIR: { type: 'string', default: './data' },
  DATABASE_URL: { type: 'string', format: 'postgres-url' },
  WORKERS: integer(1, 1, 64),
  PUBLIC_URL: { type: 'string', format: 'http-url' },
  KARTA_DEMO: { type: 'string', default: 'on', enum: ['on', 'off'] },
  KARTA_LOG_LEVEL: { type: 'string', default: 'info', enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] },
  KARTA_ZONE: { type: 'string', default: 'UTC', format: 'zone' },
  KARTA_BODY_LIMIT: integer(64 * 1024 * 1024, 1024, 512 * 1024 * 1024),
  KARTA_BUNDLE_LIMIT: integer(20_000, 1, 1_000_000),
  KARTA_CONDITIONAL_DELETES: integer(1, 1, 1000),
  KARTA_FULL_TEXT: { type: 'string', default: 'off', enum: ['on', 'off'] },
  KARTA_READERS: integer(2, 1, 32),
  KARTA_SEARCHERS: integer(4, 1, 64),
  KARTA_WRITERS: integer(8, 1, 64),
  KARTA_STATEMENT_TIMEOUT: integer(30_000, 100, 3_600_000),
  KARTA_SLOW_STATEMENT: integer(200, 1, 3_600_000),
  KARTA_IN_FLIGHT: integer(256, 1, 100_000),
  KARTA_QUEUE: integer(1024, 0, 100_000),
  KARTA_CORS_ORIGINS: { type: 'string', default: '', format: 'origins' },
  KARTA_STOP_PATIENCE: integer(20_000, 0, 600_000),
  // Read by the tests, not by the server; known here, so that a shell that has it set can start one.
  KARTA_TEST_DATABASE_URL: { type: 'string', format: 'postgres-url' }
} as const satisfies Record<string, Key>

type Name = keyof typeof KEYS
type Values = {
  readonly [K in Name]: (typeof KEYS)[K] extends { type: 'integer' } ? number : (typeof KEYS)[K] extends { default: string } ? string : string | undefined
}

const DEFAULTS = Object.fromEntries(Object.entries(KEYS).flatMap(([name, key]) => 'default' in key ? [[name, key.default]] : []))

const isZone = (text: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: text }).format(0) !== ''
  } catch {
    return false
  }
}

const isUrl = (text: string, protocols: readonly string[]): boolean => URL.canParse(text) && protocols.includes(new URL(text).protocol)
const isOrigin = (text: string): boolean => isUrl(text, ['http:', 'https:']) && new URL(text).origin === text
const origins = (text: string): string[] => text.split(',').map(part => part.trim()).filter(part => part !== '')

// Each format with the words that tell what is allowed.
const FORMATS: Readonly<Record<string, { readonly is: (text: string) => boolean, readonly words: string }>> = {
  host: { is: text => /^[\w.:-]+$/.test(text), words: 'an address or a host name, such as 127.0.0.1 or 0.0.0.0' },
  'postgres-url': { is: text => /^postgres(ql)?:\/\/./.test(text), words: 'postgres://user:password@host:port/database' },
  'http-url': { is: text => isUrl(text, ['http:', 'https:']) && !/[?#]/.test(text), words: 'an http or https URL without query' },
  zone: { is: isZone, words: 'a time zone of the IANA database, such as Europe/Moscow' },
  origins: { is: text => text === '*' || origins(text).every(isOrigin), words: '* or origins such as https://app.example.org, separated by commas' }
}

function allowed (name: Name): string {
  const key: Key = KEYS[name]
  if (key.enum !== undefined) return key.enum.join(', ')
  if (key.type === 'integer') return `a whole number from ${key.minimum} to ${key.maximum}`
  return FORMATS[key.format ?? '']?.words ?? 'any text'
}

const isName = (name: string): name is Name => Object.hasOwn(KEYS, name)

function complaint (given: Readonly<Record<string, unknown>>, { instancePath }: ErrorObject): string {
  const name = instancePath.slice(1)
  return isName(name) ? `${name} is "${String(given[name])}". Allowed: ${allowed(name)}.` : `${name} is not allowed.`
}

// Only what is ours is looked at; a key that is set to nothing is not set.
const oursOf = (environment: NodeJS.ProcessEnv): Record<string, unknown> =>
  Object.fromEntries(Object.entries(environment).filter(([name, value]) => (isName(name) || name.startsWith('KARTA_')) && value !== ''))

function valuesOf (environment: NodeJS.ProcessEnv): Values {
  const given = oursOf(environment)
  const unknown = Object.keys(given).filter(name => !isName(name))
  if (unknown.length > 0) {
    throw new StartError(`${unknown.join(', ')}: there is no such setting. Known are ${Object.keys(KEYS).filter(name => name.startsWith('KARTA_')).join(', ')}.`)
  }
  // The environment holds text only, so a number has to be read from text; validation of records never does this. Only what is set needs
  // checking, and the schema is ours: without both, this would take longer than starting PostgreSQL.
  const ajv = new Ajv({ allErrors: true, coerceTypes: true, meta: false, validateSchema: false })
  for (const [name, { is }] of Object.entries(FORMATS)) ajv.addFormat(name, is)
  const values = { ...DEFAULTS, ...given }
  const check = ajv.compile<Values>({ type: 'object', properties: Object.fromEntries(Object.entries(KEYS).filter(([name]) => name in given)) })
  if (!check(values)) throw new StartError((check.errors ?? []).map(error => complaint(given, error)).join('\n'))
  return values
}

/** The base of links when PUBLIC_URL does not say it: where this server listens. */
const listening = (host: string, port: number): string => {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}

/** The same configuration on another port: PORT=0 asks for any that is free. */
export const onPort = (config: Config, port: number): Config =>
  Object.freeze({ ...config, port, publicUrl: config.publicUrl === listening(config.host, config.port) ? listening(config.host, port) : config.publicUrl })

/**
 * Reads the environment, the only place that does.
 * Throws StartError naming each key that is unknown or has a bad value, and what is allowed.
 */
export function readConfig (environment: NodeJS.ProcessEnv = process.env): Config {
  const values = valuesOf(environment)
  return Object.freeze({
    port: values.PORT,
    host: values.HOST,
    dataDir: values.DATA_DIR,
    databaseUrl: values.DATABASE_URL,
    workers: values.WORKERS,
    publicUrl: values.PUBLIC_URL?.replace(/\/+$/, '') ?? listening(values.HOST, values.PORT),
    demo: values.KARTA_DEMO === 'on',
    logLevel: values.KARTA_LOG_LEVEL,
    zone: values.KARTA_ZONE,
    bodyLimit: values.KARTA_BODY_LIMIT,
    bundleLimit: values.KARTA_BUNDLE_LIMIT,
    conditionalDeletes: values.KARTA_CONDITIONAL_DELETES,
    fullText: values.KARTA_FULL_TEXT === 'on',
    readers: values.KARTA_READERS,
    searchers: values.KARTA_SEARCHERS,
    writers: values.KARTA_WRITERS,
    statementTimeout: values.KARTA_STATEMENT_TIMEOUT,
    slowStatement: values.KARTA_SLOW_STATEMENT,
    inFlight: values.KARTA_IN_FLIGHT,
    queue: values.KARTA_QUEUE,
    corsOrigins: Object.freeze(origins(values.KARTA_CORS_ORIGINS)),
    stopPatience: values.KARTA_STOP_PATIENCE
  })
}
