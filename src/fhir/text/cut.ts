// Leaving out members of a stored resource, whose remaining tokens stay as they are. https://hl7.org/fhir/R4/search.html#summary
// https://hl7.org/fhir/R4/search.html#elements
import { membersOf } from '../elements.js'
import type { Key } from '../json-key.js'
import { JsonScanner } from '../json-scanner.js'
import { resourceText } from '../json.js'
import { invalid } from '../outcome.js'

/** What becomes of a member by its JSON name: true keeps it, false drops it, a Keep cuts the objects in it by their members. */
export type Keep = (member: string) => boolean | Keep

const SUBSETTED = '{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}'
const HEAD = resourceText('', '', '', '', '')
const [BRACKET, BRACE] = [91, 123] as const

/** The stored form without what `keep` drops, SUBSETTED among the tags of its meta, which is kept whole. */
export const cut = (tail: string, keep: Keep): string => new Cutter(HEAD + tail).cut(keep).slice(HEAD.length)

/** `_summary=true`: the elements marked isSummary, at every depth. */
export const summaryText = (type: string, tail: string): string => cut(tail, summaryOf(type))

/** `_summary=data`: all but the narrative. */
export const dataText = (_type: string, tail: string): string => cut(tail, member => member !== 'text')

/** `_summary=text`: the narrative and the mandatory elements. A modifier extension is never dropped. */
export function textText (type: string, tail: string): string {
  const members = membersOf(type)
  return cut(tail, member => member === 'text' || member === 'modifierExtension' || members.get(bare(member))?.element.mandatory === true)
}

/**
 * `_elements`: the named top-level elements, and those that are mandatory or modify what the resource means.
 *
 * @throws FhirError 400 for a name that is no element of the type
 */
export function elementsText (type: string, tail: string, names: readonly string[]): string {
  const members = membersOf(type)
  const known = new Set(['resourceType', ...[...members].flatMap(([name, { element }]) => [name, element.name])])
  const unknown = names.find(name => !known.has(name))
  if (unknown !== undefined) throw invalid(`_elements: ${type} has no element ${JSON.stringify(unknown)}`)
  return cut(tail, member => {
    const { element } = members.get(bare(member)) ?? {}
    return element !== undefined && (element.mandatory || element.modifier || names.includes(element.name) || names.includes(bare(member)))
  })
}

/** `_birthDate` is the rest of `birthDate`: its id and extensions. */
const bare = (member: string): string => member.startsWith('_') ? member.slice(1) : member

const summaries = new Map<string, Keep>()

/** The isSummary flags of a holder, and of what its members hold. A type in which nothing is marked (Extension) is kept whole. */
function summaryOf (holder: string): Keep {
  const known = summaries.get(holder)
  if (known !== undefined) return known
  const members = membersOf(holder)
  const keep: Keep = member => {
    const found = members.get(bare(member))
    if (found === undefined || !found.element.summary) return false
    return member.startsWith('_') || !marked(found.type) || summaryOf(found.type)
  }
  summaries.set(holder, keep)
  return keep
}

const marked = (holder: string): boolean => [...membersOf(holder).values()].some(({ element }) => element.summary && element.name !== 'modifierExtension')

type ReadText = (key: Key, start: number, end: number) => string | undefined

class Cutter extends JsonScanner {
  cut (keep: Keep): string {
    return this.document(() => this.#object((key, start, end) => {
      if (key.name === 'meta') return this.text.slice(start, end) + ':' + this.#meta()
      return this.#member(key, start, end, key.name === 'resourceType' || key.name === 'id' || keep(key.name))
    }))
  }

  /** The object whose brace stands here, of the members for which there is a text. */
  #object (read: ReadText): string {
    const members: string[] = []
    this.object((key, start, end) => {
      const text = read(key, start, end)
      if (text !== undefined) members.push(text)
      return null
    })
    return `{${members.join(',')}}`
  }

  #member (key: Key, start: number, end: number, keep: boolean | Keep): string | undefined {
    const value = this.#kept(key, keep)
    return value === undefined ? undefined : `${this.text.slice(start, end)}:${value}`
  }

  /** What is left of the value that stands here; undefined when nothing is, since FHIR knows no empty object and no empty array. */
  #kept (key: Key, keep: boolean | Keep): string | undefined {
    const first = this.units[this.at]
    if (typeof keep === 'boolean' || (first !== BRACE && first !== BRACKET)) return this.#whole(key, keep !== false)
    if (first === BRACE) {
      const object = this.#object((key, start, end) => this.#member(key, start, end, keep(key.name)))
      return object === '{}' ? undefined : object
    }
    const items: string[] = []
    this.array(key, () => {
      const item = this.#kept(key, keep)
      if (item !== undefined) items.push(item)
      return null
    })
    return items.length === 0 ? undefined : `[${items.join(',')}]`
  }

  #whole (key: Key, wanted: boolean): string | undefined {
    const start = this.at
    this.value(key)
    return wanted ? this.text.slice(start, this.at) : undefined
  }

  /** The meta, whole, with the tag that says that the resource is not. */
  #meta (): string {
    let tagged = false
    const meta = this.#object((key, start, end) => {
      if (key.name !== 'tag' || this.units[this.at] !== BRACKET) return this.#member(key, start, end, true)
      tagged = true
      return `${this.text.slice(start, end)}:${withSubsetted(this.#whole(key, true) ?? '[]')}`
    })
    return tagged ? meta : `${meta.slice(0, -1)},"tag":[${SUBSETTED}]}`
  }
}

function withSubsetted (tags: string): string {
  if (/"SUBSETTED"/.test(tags)) return tags
  return tags === '[]' ? `[${SUBSETTED}]` : `${tags.slice(0, -1)},${SUBSETTED}]`
}
