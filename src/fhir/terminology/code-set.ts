// Sets of codes, as value sets expand to them. A set may be all codes of a system that nobody can list.
// https://hl7.org/fhir/R4/valueset.html#compositions

/** Codes of one system: those listed, or with `all` every code of it but those. */
export interface Codes { readonly all: boolean, readonly listed: ReadonlySet<string> }

/** Codes by their system; the system of a code that has none is the empty text. */
export type CodeSet = ReadonlyMap<string, Codes>

export const NONE: ReadonlySet<string> = new Set()
export const EVERY: Codes = { all: true, listed: NONE }
export const listed = (codes: Iterable<string>): Codes => ({ all: false, listed: codes instanceof Set ? codes : new Set(codes) })

const minus = (left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> =>
  right.size === 0 ? left : new Set([...left].filter(code => !right.has(code)))

const common = (left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> => {
  const [few, many] = left.size < right.size ? [left, right] : [right, left]
  return new Set([...few].filter(code => many.has(code)))
}

const joined = (left: ReadonlySet<string>, right: ReadonlySet<string>): ReadonlySet<string> =>
  left.size === 0 ? right : right.size === 0 ? left : new Set([...left, ...right])

/** The codes that are in both. */
export function both (left: Codes, right: Codes): Codes {
  if (left.all) return right.all ? { all: true, listed: joined(left.listed, right.listed) } : { all: false, listed: minus(right.listed, left.listed) }
  return { all: false, listed: right.all ? minus(left.listed, right.listed) : common(left.listed, right.listed) }
}

/** The codes that are in any: in time that grows with the sum of what is listed. */
function anyOf (each: readonly Codes[]): Codes {
  const [first] = each
  if (first !== undefined && each.length === 1) return first
  const included = new Set<string>()
  for (const { all, listed } of each) if (!all) for (const code of listed) included.add(code)
  const [fewest, ...others] = each.filter(({ all }) => all).map(({ listed }) => listed).sort((left, right) => left.size - right.size)
  if (fewest === undefined) return listed(included)
  return { all: true, listed: new Set([...fewest].filter(code => !included.has(code) && others.every(other => other.has(code)))) }
}

/** The codes of the first that are not in the second. */
export const without = (left: Codes, right: Codes): Codes => both(left, { all: !right.all, listed: right.listed })

const isEmpty = ({ all, listed }: Codes): boolean => !all && listed.size === 0

function combined (left: CodeSet, right: CodeSet, systems: Iterable<string>, how: (left: Codes, right: Codes) => Codes): CodeSet {
  const found = new Map<string, Codes>()
  const nothing = listed(NONE)
  for (const system of systems) {
    const codes = how(left.get(system) ?? nothing, right.get(system) ?? nothing)
    if (!isEmpty(codes)) found.set(system, codes)
  }
  return found
}

/** What is in any of these sets. */
export function union (sets: readonly CodeSet[]): CodeSet {
  const systems = new Map<string, Codes[]>()
  for (const set of sets) {
    for (const [system, codes] of set) {
      const known = systems.get(system)
      if (known === undefined) systems.set(system, [codes])
      else known.push(codes)
    }
  }
  return new Map(Array.from(systems, ([system, each]) => [system, anyOf(each)]))
}

export const intersection = (left: CodeSet, right: CodeSet): CodeSet => combined(left, right, left.keys(), both)

export const difference = (left: CodeSet, right: CodeSet): CodeSet => right.size === 0 ? left : combined(left, right, left.keys(), without)

/** How many codes are listed in a set. */
export const sizeOf = (set: CodeSet): number => [...set.values()].reduce((sum, { listed }) => sum + listed.size, 0)
