// What every suite of conformance/ tells: a verdict on each of its cases, and for each miss why.
import { existsSync, readFileSync } from 'node:fs'

export interface Case {
  readonly name: string
  /** Whether it came out as the suite asks. */
  readonly pass: boolean
  /** Why not; what has no reason is a fault. Of a pass: what it was held by, where that is not the plain rule. */
  readonly because?: string
}

export interface Suite {
  readonly name: string
  readonly title: string
  /** The data that it needs. */
  readonly folder: string
  readonly run: () => Promise<readonly Case[]>
}

export const DATA = '../shared/data'

/** Where the verdicts of a suite are kept. */
export const resultsOf = (name: string): string => `conformance/results/${name}.json`

/** What came out before. */
export const kept = (name: string): readonly Case[] => existsSync(resultsOf(name)) ? JSON.parse(readFileSync(resultsOf(name), 'utf8')) as Case[] : []

/** The names of what passed before and does not now. A name may come more than once. */
export function worseThan (before: readonly Case[], after: readonly Case[]): string[] {
  const passes = (cases: readonly Case[], name: string): number => cases.filter(each => each.name === name && each.pass).length
  return [...new Set(before.map(({ name }) => name))].filter(name => passes(after, name) < passes(before, name))
}

/** How many came out each way, and the misses by their reasons. */
export function summary (cases: readonly Case[]): { readonly passes: number, readonly misses: number, readonly unexplained: readonly Case[], readonly reasons: ReadonlyMap<string, readonly Case[]> } {
  const missed = cases.filter(({ pass }) => !pass)
  const reasons = new Map<string, Case[]>()
  for (const each of missed) if (each.because !== undefined) reasons.set(each.because, [...reasons.get(each.because) ?? [], each])
  return { passes: cases.length - missed.length, misses: missed.length, unexplained: missed.filter(({ because }) => because === undefined), reasons }
}

/** A table of what was missed and why, for people. */
export function report (title: string, cases: readonly Case[]): string {
  const { passes, misses, unexplained, reasons } = summary(cases)
  const notes = new Map<string, number>()
  for (const { pass, because } of cases) if (pass && because !== undefined) notes.set(because, (notes.get(because) ?? 0) + 1)
  return [
    `# ${title}`, '', `${cases.length} cases: ${passes} pass, ${misses} miss, ${unexplained.length} of these without a reason.`, '',
    ...(notes.size > 0 ? ['Of the passes, held by another rule than the plain one:', '', ...[...notes].map(([note, count]) => `- ${count}: ${note}`), ''] : []),
    ...(misses > 0 ? ['| miss | why |', '| --- | --- |'] : []),
    ...[...reasons].flatMap(([reason, missed]) => missed.map(({ name }) => `| \`${name.replaceAll('|', '\\|')}\` | ${reason} |`)),
    ...unexplained.map(({ name }) => `| \`${name.replaceAll('|', '\\|')}\` | |`), ''
  ].join('\n')
}
