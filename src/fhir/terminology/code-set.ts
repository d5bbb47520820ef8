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

/** The codes that are in either. */
export function either (left: Codes, right: Codes): Codes {
  if (left.all) return { all: true, listed: right.all ? common(left.listed, right.listed) : minus(left.listed, right.listed) }
  return right.all ? { all: true, listed: minus(right.listed, left.listed) } : { all: false, listed: joined(left.listed, right.listed) }
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

export const union = (left: CodeSet, right: CodeSet): CodeSet =>
  left.size === 0 ? right : right.size === 0 ? left : combined(left, right, new Set([...left.keys(), ...right.keys()]), either)

export const intersection = (left: CodeSet, right: CodeSet): CodeSet => combined(left, right, left.keys(), both)

export const difference = (left: CodeSet, right: CodeSet): CodeSet => right.size === 0 ? left : combined(left, right, left.keys(), without)

/** How many codes are listed in a set. */
export const sizeOf = (set: CodeSet): number => [...set.values()].reduce((sum, { listed }) => sum + listed.size, 0)
