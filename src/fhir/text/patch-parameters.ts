// The operations of a FHIRPath Patch as a Parameters holds them. https://hl7.org/fhir/R4/fhirpatch.html
import { choiceMember, type Member } from '../elements.js'
import { type FhirError, invalid, unprocessable } from '../outcome.js'
import { type Content, insertItem, lengthOf, memberFor, setElement } from './element-place.js'
import { type ObjectTree, type Tree, memberOf } from './tree.js'

const NEEDED = {
  add: ['path', 'name', 'value'],
  insert: ['path', 'value', 'index'],
  delete: ['path'],
  replace: ['path', 'value'],
  move: ['path', 'source', 'destination']
} as const satisfies Record<string, readonly string[]>

export type OperationType = keyof typeof NEEDED

// Each of these is a Quantity, and may stand where one is expected. https://hl7.org/fhir/R4/datatypes.html#quantity
const QUANTITIES: readonly string[] = ['Age', 'Count', 'Distance', 'Duration', 'MoneyQuantity', 'SimpleQuantity']

const isOperationType = (text: string): text is OperationType => Object.hasOwn(NEEDED, text)

/** One operation; its methods read its parameters and refuse by naming it and the parameter. */
export class Operation {
  readonly type: OperationType
  readonly path: string
  #place: string
  readonly #expression: string
  readonly #parts: ReadonlyMap<string, ObjectTree>

  constructor (parameter: Tree, index: number) {
    this.#place = `operation[${index}]`
    this.#expression = `Parameters.parameter[${index}]`
    if (textIn(parameter, 'name') !== 'operation') throw this.malformed('name', 'must be "operation"')
    this.#parts = new Map(partsOf(parameter).map(part => [textIn(part, 'name') ?? '', part]))
    const type = this.text('type')
    if (!isOperationType(type)) throw this.malformed('type', `must be one of ${Object.keys(NEEDED).join(', ')}`)
    this.type = type
    this.#place += ` (${type})`
    this.#checkParts(['type', ...NEEDED[type]], partsOf(parameter).length)
    this.path = this.text('path')
  }

  /** 400: the parameter is not what the specification says. */
  malformed (parameter: string, problem: string): FhirError {
    return invalid(`${this.#place}: ${parameter} ${problem}`, this.#expression)
  }

  /** 422: the parameter does not fit the resource. */
  refusal (parameter: string, problem: string): FhirError {
    return unprocessable(`${this.#place}: ${parameter}: ${problem}`, this.#expression)
  }

  text (parameter: string): string {
    const value = this.#valueOf(parameter)
    if (typeof value !== 'string' || value === '') throw this.malformed(parameter, 'must be a string')
    return value
  }

  /** A place in a list of this many. */
  count (parameter: string, most: number): number {
    const value = this.#valueOf(parameter)
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw this.malformed(parameter, 'must be an integer from 0')
    if (value > most) throw this.refusal(parameter, `the list has no place ${value}`)
    return value
  }

  /** The member that an element name means for this operation's value. */
  member (holderType: string, name: string): [string, Member] {
    return this.#memberFor('value', holderType, name, this.#parts.get('value'))
  }

  /** The value as the content of a member. */
  content (member: Member): Content {
    return this.#contentOf('value', member, this.#parts.get('value'))
  }

  #checkParts (wanted: readonly string[], given: number): void {
    const missing = wanted.find(name => !this.#parts.has(name))
    if (missing !== undefined) throw this.malformed(missing, 'is missing')
    const unknown = [...this.#parts.keys()].find(name => !wanted.includes(name))
    if (unknown !== undefined) throw this.malformed(JSON.stringify(unknown), `is not known; the parameters are ${wanted.join(', ')}`)
    if (given > this.#parts.size) throw this.malformed('part', 'is there twice by the same name')
  }

  #valueOf (parameter: string): unknown {
    const part = this.#parts.get(parameter)
    if (part === undefined) throw this.malformed(parameter, 'is missing')
    const value = part.members.find(({ name }) => /^value[A-Z]/.test(name))?.tree
    return value?.kind === 'leaf' ? value.value : undefined
  }

  #memberFor (parameter: string, holderType: string, name: string, part: ObjectTree | undefined): [string, Member] {
    const type = typeIn(part)
    const found = memberFor(holderType, name, type)
    if (found !== undefined) return found
    throw this.refusal(parameter, `${holderType} has no element ${name}${type === undefined ? '' : ` of type ${type}`}`)
  }

  /** A value of a data type has a member of its own; a backbone element is given by its parts, a resource as one. */
  #contentOf (parameter: string, { element, type }: Member, part: ObjectTree | undefined): Content {
    const parts = part && partsOf(part)
    if (parts !== undefined && parts.length > 0) return { value: this.#anonymous(parameter, type, parts), rest: undefined }
    const given = typeIn(part)
    if (part === undefined || given === undefined) throw this.malformed(parameter, 'has no value')
    const name = given === 'Resource' ? 'resource' : `value${given}`
    const content = { value: memberOf(part, name)?.tree, rest: memberOf(part, `_${name}`)?.tree }
    const primitive = content.value === undefined || content.value.kind === 'leaf'
    const fits = primitive && !/^[A-Z]/.test(type) ? true : choiceMember('', type) === given || (type === 'Quantity' && QUANTITIES.includes(given))
    if (!fits) throw this.refusal(parameter, `of type ${given}, but ${element.name} is of type ${type}`)
    return content
  }

  /** An element without a data type of its own, from one part for each of its members. */
  #anonymous (parameter: string, type: string, parts: readonly ObjectTree[]): ObjectTree {
    const object: ObjectTree = { kind: 'object', members: [] }
    for (const part of parts) {
      const element = textIn(part, 'name') ?? ''
      const within = `${parameter}.${element}`
      const [name, member] = this.#memberFor(within, type, element, part)
      const content = this.#contentOf(within, member, part)
      if (member.element.many) insertItem(object, name, lengthOf(object, name), content)
      else if (memberOf(object, name) ?? memberOf(object, `_${name}`)) throw this.refusal(within, 'is there twice')
      else setElement(object, name, content)
    }
    return object
  }
}

function textIn (tree: Tree, name: string): string | undefined {
  const member = tree.kind === 'object' ? memberOf(tree, name)?.tree : undefined
  return member?.kind === 'leaf' && typeof member.value === 'string' ? member.value : undefined
}

function partsOf (tree: Tree): ObjectTree[] {
  const parts = tree.kind === 'object' ? memberOf(tree, 'part')?.tree : undefined
  return parts?.kind === 'array' ? parts.items.filter(part => part.kind === 'object') : []
}

/** The type of a part's value as a choice spells it: `Quantity`, `String`. */
function typeIn (part: ObjectTree | undefined): string | undefined {
  const found = part?.members.map(({ name }) => name === 'resource' ? 'Resource' : /^_?value([A-Z].*)$/.exec(name)?.[1])
  return found?.find(type => type !== undefined)
}
