// Parameters that hold nothing of their own because others hold it: `combo-code` is `code` and `component-code`, `patient` is `subject` where it
// names a Patient, `phone` is a part of `telecom`. What is found under another parameter is stored once; search asks there.
import { SEARCH_PARAMETERS, type SearchParameterRow } from '../../generated/search-parameters.js'
import { ROWS } from '../types.js'

/** Where values of a parameter stand: under this code; of a reference only those that point to `only`. */
export interface Part { readonly code: string, readonly only?: string }

interface Branch { readonly expression: string, readonly only: string | undefined }

const RESOLVED = /\.where\(resolve\(\) is (\w+)\)$/

function branchesOf (row: SearchParameterRow): Branch[] {
  return row.expression.split(' | ').map(text => ({ expression: text.trim().replace(RESOLVED, ''), only: RESOLVED.exec(text.trim())?.[1] }))
}

// What a branch holds, as a text. Composites are the same when their components are.
const shape = (row: SearchParameterRow, branch: Branch): string =>
  `${row.type} ${branch.expression} ${(row.components ?? []).map(component => `${component.type} ${component.expression}`).join()}`

/** A parameter, and what each of its branches holds. `plain`: whatever the targets of its references are. */
interface Holder { readonly code: string, readonly shapes: readonly string[], readonly plain: boolean }

const holderOf = (row: SearchParameterRow): Holder => {
  const branches = branchesOf(row)
  return { code: row.code, shapes: branches.map(branch => shape(row, branch)), plain: branches.every(branch => branch.only === undefined) }
}

/** The other parameters that together hold what this one does; of two that hold the same, the first by its code is kept. */
function partsAmong (row: SearchParameterRow, holders: readonly Holder[]): readonly Part[] | undefined {
  const branches = branchesOf(row)
  const shapes = branches.map(branch => shape(row, branch))
  const smaller = holders.filter(other => other.plain && other.code !== row.code && other.shapes.every(each => shapes.includes(each)) &&
    (other.shapes.length < shapes.length || other.code < row.code || !branches.every(branch => branch.only === undefined)))
  const parts = smaller.filter(other => !smaller.some(third => third.shapes.length > other.shapes.length && other.shapes.every(each => third.shapes.includes(each))))
  if (parts.length === 0 || !shapes.every(each => parts.some(other => other.shapes.includes(each)))) return undefined
  return parts.map(({ code, shapes: held }) => partOf(code, branches.find((_, index) => held.includes(shapes[index] ?? ''))?.only))
}

const partOf = (code: string, only: string | undefined): Part => only === undefined ? { code } : { code, only }

// What stands in a name or an address besides the members that have parameters of their own stays with `name` and `address`.
const REST: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  name: { family: 'family', given: 'given' },
  address: { 'address-city': 'city', 'address-country': 'country', 'address-postalcode': 'postalCode', 'address-state': 'state' },
  telecom: { email: 'email', phone: 'phone' }
}

interface Folds { readonly parts: ReadonlyMap<string, readonly Part[]>, readonly without: ReadonlyMap<string, readonly string[]> }

function foldsOf (type: string): Folds {
  const rows = Object.values(SEARCH_PARAMETERS[type] ?? {}).filter(row => row.expression !== '').sort((left, right) => left.code < right.code ? -1 : 1)
  const holders = rows.map(holderOf)
  const parts = new Map<string, readonly Part[]>()
  const without = new Map<string, readonly string[]>()
  for (const row of rows) {
    const others = Object.entries(REST[row.code] ?? {}).filter(([code]) => SEARCH_PARAMETERS[type]?.[code] !== undefined)
    const found = others.length > 0 ? [{ code: row.code }, ...others.map(([code]) => ({ code }))] : partsAmong(row, holders)
    if (found) parts.set(row.code, found)
    if (others.length > 0) without.set(row.code, others.map(([, member]) => member))
  }
  return { parts: chased(parts), without }
}

/** `phonetic` is `name`, which is `name`, `family` and `given`. */
function chased (parts: ReadonlyMap<string, readonly Part[]>): ReadonlyMap<string, readonly Part[]> {
  const whole = (code: string): readonly Part[] => (parts.get(code) ?? [{ code }]).flatMap(part => part.code === code || part.only !== undefined ? [part] : whole(part.code))
  return new Map(Array.from(parts.keys(), code => [code, whole(code)]))
}

const folds = new Map<string, Folds>()

/** Parameters of resources that others contain stand under `#Type`: as whose they are asked. */
export const typeIn = (type: string): string => type.startsWith('#') ? type.slice(1) : type
export const isContained = (type: string): boolean => type.startsWith('#')

function folded (type: string): Folds {
  let found = folds.get(type)
  if (!found) {
    found = foldsOf(type)
    folds.set(type, found)
  }
  return found
}

/** Under which parameters the values of one stand; itself alone for most. */
export const partsOf = (type: string, code: string): readonly Part[] => folded(typeIn(type)).parts.get(code) ?? [{ code }]

/** Whether a parameter has rows under its own code. */
export const isStored = (type: string, code: string): boolean => partsOf(type, code).some(part => part.code === code)

/** Members of a name or address, or systems of a telecom, that stand under other parameters. */
export const withoutOf = (type: string, code: string): readonly string[] => folded(type).without.get(code) ?? []

const owners = new Map<string, string | undefined>()

/**
 * The reference parameter whose Patients are the resource's owners and so stand in the owner columns, not among the tokens: where a type names
 * owners in one element only. undefined: no such parameter.
 */
export function ownerParameter (type: string): string | undefined {
  if (!owners.has(type)) owners.set(type, findOwner(type))
  return owners.get(type)
}

function findOwner (type: string): string | undefined {
  const row = ROWS.get(type)
  const [path, ...more] = row?.owners ?? []
  if (path === undefined || more.length > 0 || row?.class !== 'patient-data') return undefined
  return Object.values(SEARCH_PARAMETERS[type] ?? {})
    .find(({ type: kind, code, paths }) => kind === 'reference' && isStored(type, code) && paths?.length === 1 && paths[0] === path)?.code
}
