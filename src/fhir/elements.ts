// The elements of every resource, data type and backbone element. https://hl7.org/fhir/R4/elementdefinition.html
import { elements } from '../generated/elements.js'

export interface Element {
  readonly name: string
  /** FHIR type names; a backbone element's type is its path (`Patient.contact`). */
  readonly types: readonly string[]
  readonly choice: boolean
  readonly many: boolean
  readonly summary: boolean
  readonly mandatory: boolean
  readonly modifier: boolean
}

/** A JSON member: for a choice `valueQuantity` of element `value`. */
export interface Member { readonly element: Element, readonly type: string }

const NONE: ReadonlyMap<string, Member> = new Map()
const read = new Map<string, ReadonlyMap<string, Member>>()

/** The members of a holder (`Patient`, `HumanName`, `Patient.contact`) by their JSON names; none when it is not known. */
export function membersOf (holder: string): ReadonlyMap<string, Member> {
  const text = Object.hasOwn(elements, holder) ? elements[holder] : undefined
  if (text === undefined) return NONE
  const found = read.get(holder)
  if (found !== undefined) return found
  const members = new Map(text.split(' ').map(elementOf).flatMap(expanded))
  read.set(holder, members)
  return members
}

/** The member of a choice that holds a type: `value`, `dateTime` -> `valueDateTime`. */
export const choiceMember = (name: string, type: string): string => name + type.charAt(0).toUpperCase() + type.slice(1)

function elementOf (text: string): Element {
  const [, name = '', marks = '', types = ''] = /^(\w+)(\W*):(.*)$/.exec(text) ?? []
  const marked = (mark: string): boolean => marks.includes(mark)
  return { name, types: types.split('|'), choice: marked('?'), many: marked('*'), summary: marked('+'), mandatory: marked('!'), modifier: marked('~') }
}

const expanded = (element: Element): Array<[string, Member]> =>
  element.types.map(type => [element.choice ? choiceMember(element.name, type) : element.name, { element, type }])
