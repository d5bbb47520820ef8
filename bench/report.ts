// What is told of a measurement: a table, and two files with the machine and the method. No host names, no paths.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SEED } from './random.js'

const FOLDER = fileURLToPath(new URL('./results/', import.meta.url))
const ROOT = fileURLToPath(new URL('..', import.meta.url))

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly node: string
  readonly postgres: string
  readonly commit: string
}

export interface Verdict { readonly floor: string, readonly measured: string, readonly met: boolean }

export interface Report {
  readonly name: string
  readonly date: string
  readonly machine: Machine
  readonly method: Readonly<Record<string, string | number>>
  /** Rows of the table, each with the same members. */
  readonly rows: readonly Readonly<Record<string, string | number>>[]
  readonly verdicts: readonly Verdict[]
  /** The measurement itself, in full. */
  readonly results: unknown
}

const commit = (): string => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** What a result is worth only together with. */
export const machine = (postgres: string): Machine => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: cpus().length,
  memoryGb: Math.round(totalmem() / 1e9),
  node: process.version,
  postgres,
  commit: commit()
})

/** A report with what every one has. */
export const report = (name: string, postgres: string, parts: Pick<Report, 'method' | 'rows' | 'results'> & { readonly verdicts?: readonly Verdict[] }): Report => ({
  name, date: new Date().toISOString(), machine: machine(postgres), verdicts: [], ...parts, method: { ...parts.method, seed: SEED }
})

/** A number with three significant digits. */
export const brief = (value: number): string => !Number.isFinite(value)
  ? '-'
  : value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)))

const percent = (share: number): string => Number.isFinite(share) ? `${Math.round(share * 100)} %` : '-'
export { percent }

function table (rows: Report['rows']): string {
  const names = Object.keys(rows[0] ?? {})
  const line = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
  return [line(names), line(names.map(name => typeof rows[0]?.[name] === 'number' || /^[\d-]/.test(String(rows[0]?.[name])) ? '--:' : '---')), ...rows.map(row => line(names.map(name => row[name] ?? '')))].join('\n')
}

export function markdown ({ name, date, machine: m, method, rows, verdicts }: Report): string {
  const facts = Object.entries(method).map(([what, value]) => `${what}: ${value}`).join('; ')
  const floors = verdicts.map(({ floor, measured, met }) => `- ${met ? 'met' : '**not met**'}: ${floor}; measured ${measured}`).join('\n')
  return `# ${name}

${date}; ${m.cpu}, ${m.cores} cores, ${m.memoryGb} GB; Node ${m.node}, PostgreSQL ${m.postgres}; commit ${m.commit}.
${facts}. The method: docs/decisions/0015-benchmark.md

${table(rows)}
${floors === '' ? '' : `\n${floors}\n`}`
}

/** Prints a report, and keeps it in bench/results unless it was a smoke test. */
export function tell (told: Report, keep: boolean): void {
  const text = markdown(told)
  process.stdout.write(`${text}\n`)
  if (!keep) return
  mkdirSync(FOLDER, { recursive: true })
  writeFileSync(join(FOLDER, `${told.name}.md`), text)
  writeFileSync(join(FOLDER, `${told.name}.json`), `${JSON.stringify(told, null, 1)}\n`)
}

/** The version of a dependency as installed. */
export const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version
