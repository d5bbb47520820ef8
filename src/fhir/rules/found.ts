// The lists of findings that generated validators build: never longer than what is told.
import type { Finding } from './context.js'

/** How many findings are told of one resource. */
export const MOST = 100

/** Adds one finding. */
export function add (found: Finding[] | null, one: Finding): Finding[] {
  if (found === null) return [one]
  if (found.length < MOST) found.push(one)
  return found
}

/** Adds what a validator further in found, which it tells from its own value on. `at`: where that value is. */
export function merge (found: Finding[] | null, inner: Finding[] | null, at: string): Finding[] {
  const all = found ?? []
  for (const one of inner ?? []) add(all, { ...one, instancePath: at + one.instancePath })
  return all
}

/** Are objects and arrays where they belong? Only then are invariants evaluated; wrong formats and codes do not matter to them. */
export const isSound = (found: readonly Finding[]): boolean => found.every(({ keyword }) => keyword !== 'type' && keyword !== 'told')
