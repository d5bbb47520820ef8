// What a load has come to, counted by type, and the table that says so.
import type { Applied } from './apply.js'

const COLUMNS = ['read', 'created', 'updated', 'unchanged', 'deleted', 'failed'] as const
type Column = typeof COLUMNS[number]
export type Counts = Record<Column, number>

const nothing = (): Counts => ({ read: 0, created: 0, updated: 0, unchanged: 0, deleted: 0, failed: 0 })

export class Tally {
  readonly types = new Map<string, Counts>()
  readonly total = nothing()
  /** Resources of units that an earlier load has finished. */
  skipped = 0

  add ({ item, outcome }: Applied): void {
    const column: Column = typeof outcome === 'string' && outcome !== 'lost' ? outcome : 'failed'
    const type = item.type === '' ? '(not readable)' : item.type
    const counts = this.types.get(type) ?? nothing()
    this.types.set(type, counts)
    for (const target of [counts, this.total]) {
      target.read++
      target[column]++
    }
  }

  /** The summary: a line for each type, and what they are together. */
  table (seconds: number): string {
    const rows = [...this.types].sort(([a], [b]) => a < b ? -1 : 1)
    const cells = [
      ['type', ...COLUMNS],
      ...rows.map(([type, counts]) => [type, ...COLUMNS.map(column => number(counts[column]))]),
      ['all', ...COLUMNS.map(column => number(this.total[column]))]
    ]
    const widths = cells[0]?.map((_, column) => Math.max(...cells.map(row => row[column]?.length ?? 0))) ?? []
    const lines = cells.map(row => row.map((cell, column) => column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)).join('  '))
    const rate = seconds === 0 ? 0 : Math.round(this.total.read / seconds)
    return [...lines, `${number(this.total.read)} resources in ${seconds.toFixed(1)} s, ${number(rate)} a second${this.skipped === 0 ? '' : `; ${number(this.skipped)} were loaded before`}`].join('\n')
  }
}

export const number = (value: number): string => value.toLocaleString('en')
