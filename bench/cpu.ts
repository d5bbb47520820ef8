// What a tree of processes has cost: CPU and memory, from /proc. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
import { readdirSync, readFileSync } from 'node:fs'

// The kernel counts in hundredths of a second on every Linux that Node runs on.
const MS_PER_TICK = 10
const PAGE = 4096

interface Usage {
  readonly parent: number
  /** Milliseconds of CPU, those of children that ended included. */
  readonly cpu: number
  readonly rss: number
}

function usageOf (pid: number): Usage | undefined {
  try {
    // The name may hold blanks and brackets: the fields begin after the last bracket.
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ').map(Number)
    const [, parent = 0] = fields
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0)
    return { parent, cpu: ticks * MS_PER_TICK, rss: (fields[21] ?? 0) * PAGE }
  } catch {
    return undefined
  }
}

function tree (root: number): Map<number, Usage> {
  const all = new Map<number, Usage>()
  for (const name of readdirSync('/proc')) {
    const usage = /^\d+$/.test(name) ? usageOf(Number(name)) : undefined
    if (usage !== undefined) all.set(Number(name), usage)
  }
  const within = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at !== 0; at = all.get(at)?.parent) if (at === root) return true
    return false
  }
  return new Map([...all].filter(([pid]) => within(pid)))
}

/** A process and its descendants. */
export const processesOf = (root: number): number[] => [...tree(root).keys()]

/** Milliseconds of CPU that a process and its descendants have used so far; 0 when it is not on this machine. */
export const cpuOf = (root: number | undefined): number => root === undefined ? 0 : [...tree(root).values()].reduce((sum, { cpu }) => sum + cpu, 0)

/** Bytes of memory that a process and its descendants hold; shared pages count for each. */
export const rssOf = (root: number | undefined): number => root === undefined ? 0 : [...tree(root).values()].reduce((sum, { rss }) => sum + rss, 0)

/** The load of the machine in the last minute: other programs running beside a measurement are part of its result. */
export const loadOf = (): number => Number(readFileSync('/proc/loadavg', 'latin1').split(' ')[0])
