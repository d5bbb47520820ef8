// What :in, :not-in, :above and :below of a search mean: codes, looked up for the caller before the condition is made.
// https://hl7.org/fhir/R4/search.html#token docs/decisions/0021-terminology.md
import type { Caller } from '../auth/caller.js'
import { usedCodes } from '../consent/search/used-codes.js'
import { parseReference } from '../fhir/reference.js'
import type { Criterion } from '../fhir/search/parameter.js'
import { listed, type CodeSet } from '../fhir/terminology/code-set.js'
import { expand } from '../fhir/terminology/expand.js'
import { contradictory, TerminologyError, tooCostly, unknown } from '../fhir/terminology/terminology-error.js'
import type { SearchParameterRow } from '../generated/search-parameters.js'
import { hashText } from '../store/binary.js'
import { paramOf } from '../store/index/rows.js'
import { conditionOf, unescaped, type SearchContext } from '../store/search/build.js'
import { asksCodes, conceptAsked, isMediaType } from '../store/search/codes.js'
import { homeOf, partsIn } from '../store/search/known.js'
import { definitionsFor, type CallerDefinitions } from './definitions.js'
import type { Server } from './server.js'

/** The codes that one request asks for. */
export interface Terminology {
  /**
   * With what a criterion is read. Throws FhirError 400 for what is wrong with it, TerminologyError where the codes cannot all be told, FhirError 403 where a
   * scope is missing.
   */
  readonly contextOf: (type: string, criterion: Criterion, context: SearchContext) => Promise<SearchContext>
}

// Fewer are bound as they are; of more only those that the dictionary knows are asked for. docs/decisions/0021-terminology.md
const FEW = 200

export function terminologyFor (server: Server, caller: Caller): Terminology {
  const definitions = definitionsFor(server, caller)
  return {
    contextOf: async (type, criterion, context) => {
      const { name, code, modifier, values } = criterion
      const row = context.parameters.of(type, code)
      if (row?.type !== 'token' || !asksCodes(modifier)) return context
      conditionOf(type, criterion, context)
      const keys = partsIn(type, row).map(part => hashText(...paramOf(homeOf(type, part.code), part.code).terms))
      const codes = await Promise.all(values.map(async raw => {
        const set = await named(name, raw, async () => modifier === 'above' || modifier === 'below'
          ? await hierarchical(definitions, { name, raw, row, modifier })
          : await ofValueSet(definitions, unescaped(raw), context.base))
        return [raw, await narrowed(server, set, row, keys)] as const
      }))
      return { ...context, codes: new Map(codes) }
    }
  }
}

// What is wrong with a definition is said with the parameter that asked for it.
async function named<Result> (name: string, raw: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (thrown) {
    if (!(thrown instanceof TerminologyError)) throw thrown
    const [issue] = thrown.issues
    throw new TerminologyError(issue?.code ?? 'processing', `${name}=${raw}: ${issue?.diagnostics ?? ''}`)
  }
}

/** Where a text can be the address of a resource here it is that, else a canonical url. */
async function ofValueSet (definitions: CallerDefinitions, text: string, base: string): Promise<CodeSet> {
  const target = parseReference(text, base)
  const literal = target.kind === 'literal'
  if (literal && target.type !== 'ValueSet') throw contradictory(`a ${target.type} is no value set`)
  if (literal && target.version !== undefined) throw contradictory('a value set is asked as it is now, not by a version of its resource')
  const found = literal ? await definitions.valueSetById(target.id) : await definitions.valueSet(text)
  if (found === undefined) throw unknown('this server holds no such value set: it takes the canonical url of one, perhaps with |version, or ValueSet/id')
  return await expand(found, definitions)
}

interface Hierarchical { readonly name: string, readonly raw: string, readonly row: SearchParameterRow, readonly modifier: 'above' | 'below' }

/** The codes above or below one; without a system it is a code of the systems to which the element is bound. */
async function hierarchical (definitions: CallerDefinitions, asked: Hierarchical): Promise<CodeSet> {
  const { systems, code } = conceptAsked(asked)
  if (isMediaType(asked, systems)) return new Map()
  const held = await Promise.all(systems.map(async url => {
    const system = await definitions.codeSystem(url)
    if (system === undefined) throw unknown(`this server does not hold the code system ${url}, so what stands ${asked.modifier} ${code} is not known`)
    system.requireComplete()
    return system
  }))
  const having = held.filter(({ codes }) => codes.has(code))
  if (having.length === 0) throw contradictory(`the code system ${systems.join(' or ')} has no code ${code}`)
  return new Map(having.map(system => {
    const codes = asked.modifier === 'above' ? system.above(code) : system.below(code)
    definitions.budget.codes -= codes.size
    if (definitions.budget.codes < 0) throw tooCostly('too many codes are asked for at once')
    return [system.url, listed(codes)]
  }))
}

/** Of large sets the codes that are used at all. */
async function narrowed (server: Server, set: CodeSet, row: SearchParameterRow, keys: readonly string[]): Promise<CodeSet> {
  // A `code` element is not in the dictionary with its system.
  const large = [...set].filter(([system, { all, listed: codes }]) => !all && codes.size > FEW && row.systems?.includes(system) !== true)
  const used = await usedCodes(server.readers, keys, large.map(([system]) => system))
  const few = large.flatMap(([system, { listed: codes }], place) => {
    const found = used[place]
    return found === undefined ? [] : [[system, listed(found.filter(code => codes.has(code)))] as const]
  })
  return new Map([...set, ...few])
}
