// The files of a load, in the order in which they can be read: people and places before what refers to them.
import { readdirSync, realpathSync, statSync, type Stats } from 'node:fs'
import { basename, join } from 'node:path'
import { StartError } from '../start-error.js'

export type Packing = 'none' | 'gz' | 'xz'
/** One resource or Bundle, one of them a line, or an archive of such files. */
export type Form = 'json' | 'ndjson' | 'tar'

export interface Source {
  readonly path: string
  readonly form: Form
  readonly packing: Packing
  readonly size: number
  /** Names this file with this content: another size or date is another file. */
  readonly key: string
}

const ENDINGS: ReadonlyArray<readonly [ending: string, form: Form, packing: Packing]> = [
  ['.json', 'json', 'none'], ['.json.gz', 'json', 'gz'], ['.json.xz', 'json', 'xz'],
  ['.ndjson', 'ndjson', 'none'], ['.ndjson.gz', 'ndjson', 'gz'], ['.ndjson.xz', 'ndjson', 'xz'],
  ['.tar', 'tar', 'none'], ['.tar.gz', 'tar', 'gz'], ['.tgz', 'tar', 'gz'], ['.tar.xz', 'tar', 'xz'], ['.txz', 'tar', 'xz']
]

/** What a file's name says of its content; undefined for a file that is none of a load. */
export function formOf (name: string): { readonly form: Form, readonly packing: Packing } | undefined {
  const found = ENDINGS.find(([ending]) => name.endsWith(ending))
  return found && { form: found[1], packing: found[2] }
}

// Synthea's hospitals and practitioners, and the types of a bulk export, by name: what others refer to by search comes
// first, Patients before their data.
const FIRST: readonly RegExp[] = [/^(hospitalInformation|Organization|Location|Endpoint|Medication\b)/, /^(practitionerInformation|Practitioner)/, /^Patient\b/]

/** The place of a file among others by its name: 0, 1 and 2 come before the rest. */
export function rankOf (name: string): number {
  const rank = FIRST.findIndex(pattern => pattern.test(basename(name)))
  return rank === -1 ? FIRST.length : rank
}
export const isFirst = (name: string): boolean => rankOf(name) < FIRST.length

const inOrder = (a: Source, b: Source): number => rankOf(a.path) - rankOf(b.path) || (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)

/** The files behind the paths, each once, folders with all that is in them. Throws StartError for a path that is not there or no input. */
export function sourcesOf (paths: readonly string[]): Source[] {
  const sources = new Map<string, Source>()
  for (const path of paths) {
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats === undefined) throw new StartError(`There is no file or folder ${path}.`)
    const found = stats.isDirectory() ? folder(path) : [file(path, stats)].filter(source => source !== undefined)
    if (found.length === 0) throw new StartError(`${path} holds nothing to load: files end in ${ENDINGS.map(([ending]) => ending).join(', ')}.`)
    for (const source of found) sources.set(source.path, source)
  }
  return [...sources.values()].sort(inOrder)
}

function folder (path: string): Source[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).flatMap(name => {
    const stats = statSync(join(path, name), { throwIfNoEntry: false })
    const source = stats?.isFile() === true ? file(join(path, name), stats) : undefined
    return source === undefined ? [] : [source]
  })
}

function file (path: string, { size, mtimeMs }: Stats): Source | undefined {
  const form = formOf(path)
  return form && { path, ...form, size, key: `${realpathSync(path)} ${size} ${Math.trunc(mtimeMs)}` }
}
