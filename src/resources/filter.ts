// _filter: its comparisons as the conditions of ordinary parameters, its paths as chains. https://hl7.org/fhir/R4/search_filter.html
import { FhirError, invalid } from '../fhir/outcome.js'
import type { ResourceType } from '../fhir/resource-types.js'
import { atPosition, type Filter, type PathStep } from '../fhir/search/filter.js'
import { TerminologyError } from '../fhir/terminology/terminology-error.js'
import { UnknownParameter } from '../store/search/build.js'
import { and, not, or, type Condition } from '../store/search/condition.js'
import { criterionOf, operatorCondition, type Operation } from '../store/search/operator.js'
import { resolved, through, type Way } from './chain.js'

type Test = Extract<Filter, { kind: 'test' }>

/** The condition of a filter. Throws FhirError 400 that names the place, and what is wrong there. */
export async function filtered (way: Way, type: ResourceType, filter: Filter): Promise<Condition> {
  switch (filter.kind) {
    case 'not': return not(await filtered(way, type, filter.of))
    case 'test': return await tested(way, type, filter)
    default: {
      const sides = await Promise.all([filtered(way, type, filter.left), filtered(way, type, filter.right)])
      return filter.kind === 'and' ? and(sides) : or(sides)
    }
  }
}

async function tested (way: Way, type: ResourceType, test: Test): Promise<Condition> {
  try {
    return await followed(way, type, test, test.path)
  } catch (thrown) {
    if (thrown instanceof UnknownParameter) {
      throw invalid(atPosition(test.at, `${thrown.parameter} is no search parameter of ${thrown.type}. It has ${way.context.parameters.codesOf(thrown.type).join(', ')}`))
    }
    if (!(thrown instanceof FhirError) || thrown.status !== 400 || thrown.message.startsWith('_filter, ')) throw thrown
    const [issue] = thrown.issues
    const told = atPosition(test.at, issue?.diagnostics ?? '')
    throw thrown instanceof TerminologyError ? new TerminologyError(issue?.code ?? 'invalid', told) : new FhirError(400, [{ severity: 'error', code: issue?.code ?? 'invalid', diagnostics: told }])
  }
}

async function followed (way: Way, type: ResourceType, test: Test, [step, ...rest]: readonly PathStep[]): Promise<Condition> {
  if (step === undefined) throw invalid('a path has a name')
  if (rest.length === 0) return await compared(way, type, { code: step.name, operator: test.operator, value: test.value })
  const group = step.filter === undefined ? undefined : GROUPS[type]?.[step.name]
  if (group !== undefined) return await grouped(way, type, group, test, step, rest)
  const refusals: unknown[] = []
  let answers = 0
  const condition = await through(way, type, { kind: 'chain', code: step.name, type: undefined }, step.name, async next => {
    try {
      const asked = [...step.filter === undefined ? [] : [await filtered(way, next, step.filter)], await followed(way, next, test, rest)]
      answers++
      return and(asked)
    } catch (thrown) {
      refusals.push(thrown)
      throw thrown
    }
  })
  // What one of several types has not, another may have; where none has it that is said.
  if (answers === 0 && refusals.length > 0) throw refusals.find(each => each instanceof FhirError) ?? refusals[0]
  return condition
}

async function compared (way: Way, type: ResourceType, operation: Operation): Promise<Condition> {
  const criterion = criterionOf(type, operation, way.context)
  return criterion === undefined ? operatorCondition(type, operation, way.context) : await resolved(way, type, criterion)
}

/** A name for elements that have two parameters, of which a composite knows which belong together. https://hl7.org/fhir/R4/search_filter.html#params */
interface Group { readonly composite: string, readonly members: Readonly<Record<string, string>> }

const GROUPS: Readonly<Record<string, Readonly<Record<string, Group>>>> = {
  Group: { characteristic: { composite: 'characteristic-value', members: { code: 'characteristic', value: 'value' } } },
  DocumentReference: { relatesTo: { composite: 'relationship', members: { target: 'relatesto', code: 'relation' } } }
}

/** `relatesTo[code eq replaces].target re DocumentReference/1`: one element has both. */
async function grouped (way: Way, type: ResourceType, { composite, members }: Group, test: Test, { name, filter }: PathStep, rest: readonly PathStep[]): Promise<Condition> {
  const [last, ...more] = rest
  const [inner] = filter?.kind === 'test' && filter.path.length === 1 ? filter.path : []
  if (filter?.kind !== 'test' || inner === undefined || last === undefined || more.length > 0 || last.name === inner.name || !EQUAL.includes(filter.operator)) {
    throw invalid(`${name} takes one comparison by eq or re in brackets, and after them the other of ${Object.keys(members).join(' and ')}`)
  }
  const [known, asked] = [members[inner.name], members[last.name]]
  if (known === undefined || asked === undefined) throw invalid(`${name} has ${Object.keys(members).join(' and ')}, not ${known === undefined ? inner.name : last.name}`)
  // The other is always there, so that it is asks nothing more.
  if (test.operator === 'pr' && test.value === 'true') return await compared(way, type, { code: known, operator: filter.operator, value: filter.value })
  if (!EQUAL.includes(test.operator)) throw invalid(`${name}[...].${last.name} is compared by eq, re or pr true, not by ${test.operator}`)
  const values = new Map([[inner.name, filter.value], [last.name, test.value]])
  return await compared(way, type, { code: composite, operator: 'eq', value: Object.keys(members).map(member => (values.get(member) ?? '').replaceAll('$', '\\$')).join('$') })
}

const EQUAL: readonly string[] = ['eq', 're']
