// The name and the value of a search parameter, taken apart. https://hl7.org/fhir/R4/search.html#prefix
import { invalid } from '../outcome.js'

/** One step away from the resource that is searched for. https://hl7.org/fhir/R4/search.html#chaining */
export type Step =
  /** `subject:Patient.`: to what the resource refers to. */
  | { readonly kind: 'chain', readonly code: string, readonly type: string | undefined }
  /** `_has:Observation:patient:`: to what refers to the resource. */
  | { readonly kind: 'has', readonly type: string, readonly code: string }

/** One parameter as it was asked. Its values are alternatives; parameters that are repeated must all hold. */
export interface Criterion {
  /** As it stands in the URL, for messages. */
  readonly name: string
  readonly steps: readonly Step[]
  readonly code: string
  readonly modifier: string | undefined
  /** The alternatives, still escaped. */
  readonly values: readonly string[]
}

// With each step a chain that names no types fans out into more of them.
const MOST_STEPS = 4

/** Reads `name=value`. Throws FhirError 400 where the name is no parameter's, or there is no value. */
export function criterion (name: string, value: string): Criterion {
  const values = split(value, ',')
  if (value.includes('\0')) throw invalid(`${name}: U+0000 stands in no value`)
  if (values.some(one => one === '')) throw invalid(`${name} has no value${values.length > 1 ? ' between two commas' : ''}`)
  const asked = path(name, name, [])
  if (asked.steps.length > MOST_STEPS) throw invalid(`${name} leads over ${asked.steps.length} steps: at most ${MOST_STEPS} are followed`)
  return { name, values, ...asked }
}

function path (whole: string, name: string, steps: readonly Step[]): Pick<Criterion, 'steps' | 'code' | 'modifier'> {
  if (name.startsWith('_has:')) {
    const [, type = '', code = '', ...rest] = name.split(':')
    if (type === '' || code === '' || rest.length === 0) throw invalid(`${whole}: _has takes a type, a reference parameter of it and a parameter, such as _has:Observation:patient:code`)
    return path(whole, rest.join(':'), [...steps, { kind: 'has', type, code }])
  }
  const dot = name.indexOf('.')
  if (dot !== -1) {
    const [code = '', type] = name.slice(0, dot).split(':')
    if (code === '') throw invalid(`${whole} begins a chain without a parameter`)
    return path(whole, name.slice(dot + 1), [...steps, { kind: 'chain', code, type }])
  }
  const [code = '', modifier, ...more] = name.split(':')
  if (code === '' || modifier === '' || more.length > 0) throw invalid(`${whole} is no name of a parameter: it is a code, or a code and a modifier such as name:exact`)
  return { steps, code, modifier }
}

/** The parts between separators that are not escaped; escapes stay. https://hl7.org/fhir/R4/search.html#escaping */
export function split (text: string, separator: ',' | '|' | '$'): string[] {
  const parts: string[] = []
  let start = 0
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === separator) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  return [...parts, text.slice(start)]
}

/** A part without its escapes: `\,` `\$` `\|` and `\\`; any other backslash is one. */
export const unescaped = (part: string): string => part.replace(/\\([,$|\\])/g, '$1')
