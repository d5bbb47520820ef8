import fc from 'fast-check'
import fhirpath, { type Compile, type Model, type OptionVariants } from 'fhirpath'
import r4 from 'fhirpath/fhir-context/r4/index.js'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { isObject, type Json, type JsonObject } from '../../src/fhir/json.js'
import { validate } from '../../src/fhir/validate.js'

interface Invariant { readonly key: string, readonly path: string, readonly type: string, readonly expression: string, readonly fate: string, readonly undecided: boolean }

interface Definition {
  readonly kind: string
  readonly derivation?: string
  readonly snapshot: { readonly element: ReadonlyArray<{ readonly constraint?: ReadonlyArray<{ readonly key: string, readonly severity: string }> }> }
}

const require = createRequire(import.meta.url)
const INVARIANTS = require('../../src/generated/validators/invariants.json') as Invariant[]
const MEMBERS = require('../../src/generated/validators/messages.json') as Record<string, Record<string, string[]>>
const folder = dirname(require.resolve('hl7.fhir.r4.examples/package.json'))

const compiledAt = new Map<string, Invariant[]>()
for (const invariant of INVARIANTS) if (invariant.fate === 'compiled') compiledAt.set(invariant.path, [...compiledAt.get(invariant.path) ?? [], invariant])

// Nothing is fetched: a reference that is not to a contained resource does not resolve.
const options = { userInvocationTable: { resolve: { fn: () => [], arity: { 0: [] } } } } as unknown as OptionVariants
const expressions = new Map<string, Compile<OptionVariants>>()

/** Without traces; que-7's `answer is Boolean` means FHIR's boolean, which fhirpath.js does not take for its own. */
const plain = (expression: string): string => expression.replace(/\.trace\([^)]*\)/g, '').replace('is Boolean', 'is boolean')

/** fhirpath.js does not compare quantities without a unit; 57 to 18 is no range all the same (validate.test.ts). */
const NOT_COMPARED = new Set(['rng-2'])

/** How often each invariant is broken by fhirpath.js; `undefined` for those it cannot evaluate. */
class Oracle {
  readonly broken = new Map<string, number | undefined>()
  readonly resource: JsonObject
  evaluations = 0

  constructor (resource: JsonObject) {
    this.resource = resource
    this.visit(resource, [String(resource['resourceType'])])
  }

  /** `paths`: the structure an element is, and the element of its parent that it is. */
  private visit (node: Json, paths: readonly string[]): void {
    for (const path of new Set(paths)) for (const invariant of compiledAt.get(path) ?? []) this.evaluate(invariant, node)
    if (!isObject(node)) return
    const structure = paths[0] ?? ''
    for (const [member, value] of Object.entries(node)) {
      const known = MEMBERS[structure]?.[member.replace(/^_/, '')]
      if (!known) continue
      const element = `${structure}.${known[1]?.replace(/\..*/, '[x]') ?? member}`
      const inner = member.startsWith('_') ? ['Element'] : [known[0] ?? '', element]
      for (const one of Array.isArray(value) ? value : [value]) if (one !== null) this.visit(one, inner)
    }
  }

  private evaluate ({ key, type, expression, undecided }: Invariant, node: Json): void {
    const at = `${type} ${expression}`
    const compiled = expressions.get(at) ?? fhirpath.compile({ base: type, expression: plain(expression) }, r4 as Model, options) as Compile<OptionVariants>
    expressions.set(at, compiled)
    this.evaluations++
    try {
      const result = compiled(node, { resource: this.resource, rootResource: this.resource }) as unknown as unknown[]
      const isBroken = undecided ? result[0] === false : result[0] !== true
      if (this.broken.has(key) && this.broken.get(key) === undefined) return
      this.broken.set(key, (this.broken.get(key) ?? 0) + (isBroken ? 1 : 0))
    } catch {
      this.broken.set(key, undefined)
    }
  }
}

/** How often validate() says an invariant is broken. */
function told (resource: JsonObject): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { code, diagnostics } of validate(String(resource['resourceType']), resource)) {
    const key = /^([a-z]+-\w+):/.exec(diagnostics)?.[1]
    if (code === 'invariant' && key !== undefined) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function differences (resource: JsonObject, seen: Map<string, [number, number]>): string[] {
  const oracle = new Oracle(resource)
  const here = told(resource)
  return [...oracle.broken].flatMap(([key, count]) => {
    if (count === undefined || NOT_COMPARED.has(key)) return []
    const [yes, no] = seen.get(key) ?? [0, 0]
    seen.set(key, count > 0 ? [yes, no + 1] : [yes + 1, no])
    return count === (here.get(key) ?? 0) ? [] : [`${key}: ${count} by fhirpath.js, ${here.get(key) ?? 0} here`]
  })
}

/** Small examples, a few of each type; resources within resources are left to tests of their own. */
function examples (): JsonObject[] {
  const perType = new Map<string, number>()
  return readdirSync(folder).filter(file => /^[A-Z].*\.json$/.test(file) && statSync(join(folder, file)).size < 20_000).flatMap(file => {
    const type = file.slice(0, file.indexOf('-'))
    const count = (perType.get(type) ?? 0) + 1
    perType.set(type, count)
    const text = readFileSync(join(folder, file), 'utf8')
    return count > 5 || text.includes('"contained"') || type === 'Parameters' ? [] : [JSON.parse(text) as JsonObject]
  })
}

interface Place { readonly node: JsonObject, readonly structure: string }

/** All elements of a resource that have members, each with the structure it is. */
const places = (node: Json, structure: string): Place[] => !isObject(node)
  ? []
  : [{ node, structure }, ...Object.entries(node).flatMap(([member, value]) => {
      const inner = MEMBERS[structure]?.[member]?.[0] ?? ''
      return inner === '' ? [] : (Array.isArray(value) ? value : [value]).flatMap(one => places(one, inner))
    })]
const placesOf = (resource: JsonObject): Place[] => places(resource, String(resource['resourceType']))

/** Every value that any example gives a member, by structure: what may be grafted onto another. */
const pool = new Map<string, Array<[string, Json]>>()
for (const { node, structure } of examples().flatMap(placesOf)) {
  pool.set(structure, [...pool.get(structure) ?? [], ...Object.entries(node).filter(([member]) => member !== 'resourceType')])
}

/** Takes a member away from one of the elements, or gives it one that another example has. */
function change (resource: JsonObject, { place, member, graft }: { place: number, member: number, graft: boolean }): void {
  // Elements that have invariants, where there are any: the others have nothing to break.
  const whole = placesOf(resource)
  const ruled = whole.filter(({ structure }) => compiledAt.has(structure))
  const all = ruled.length > 0 ? ruled : whole
  const { node, structure } = all[place % all.length] ?? { node: {}, structure: '' }
  const donors = pool.get(structure) ?? []
  const names = Object.keys(node).filter(name => name !== 'resourceType')
  if (graft && donors.length > 0) {
    const [name, value] = donors[member % donors.length] ?? ['', null]
    node[name] = structuredClone(value)
  } else if (names.length > 1) delete node[names[member % names.length] ?? '']
}

const seen = new Map<string, [number, number]>()

t.test('every error-level invariant of R4 is compiled or written by hand', async t => {
  const fates = (fate: string): number => new Set(INVARIANTS.filter(one => one.fate === fate).map(({ key, expression }) => `${key} ${expression}`)).size
  const published = new Set(readdirSync(folder).filter(file => /^StructureDefinition-[A-Za-z0-9]+\.json$/.test(file)).flatMap(file => {
    const { kind, derivation, snapshot } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Definition
    return kind === 'logical' || kind === 'primitive-type' || derivation === 'constraint' ? [] : snapshot.element.flatMap(element => element.constraint ?? [])
  }).filter(({ severity }) => severity === 'error').map(({ key }) => key))

  for (const key of published) t.ok(INVARIANTS.some(one => one.key === key), key)
  t.comment(`${published.size} keys, ${fates('compiled')} expressions compiled, ${fates('by hand')} by hand`)
})

t.test('on examples, the compiled invariants say what fhirpath.js says', async t => {
  for (const resource of examples()) {
    const differing = differences(resource, seen)
    if (differing.length > 0) t.same(differing, [], `${String(resource['resourceType'])}/${String(resource['id'])}`)
  }
  t.pass()
})

t.test('on examples that lack something, or have too much', async t => {
  // Each type as often as any other.
  const all = examples()
  const types = [...new Set(all.map(one => one['resourceType']))]
  const changed = fc.record({
    resource: fc.constantFrom(...types).chain(type => fc.constantFrom(...all.filter(one => one['resourceType'] === type))),
    changes: fc.array(fc.record({ place: fc.nat(5000), member: fc.nat(5000), graft: fc.boolean() }), { minLength: 1, maxLength: 6 })
  })

  const result = fc.check(fc.property(changed, ({ resource, changes }) => {
    const copy = structuredClone(resource)
    for (const one of changes) change(copy, one)
    const differing = differences(copy, seen)
    if (differing.length > 0) throw new Error(`${differing.join('; ')}: ${JSON.stringify(copy)}`)
  }), { numRuns: 3000, endOnFailure: true })

  t.notOk(result.failed, `seed ${result.seed}: ${String(result.errorInstance)}`)
  const both = [...seen].filter(([, [yes, no]]) => yes > 0 && no > 0).map(([key]) => key)
  t.comment(`${seen.size} invariants met, ${both.length} both kept and broken, seed ${result.seed}`)
})
