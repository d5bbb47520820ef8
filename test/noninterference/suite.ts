// Random questions about random cities, counted for each feature; a question that is answered otherwise is made as small as it can be.
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import type { Test } from 'tap'
import { FEATURES, type Question } from './features.js'
import { answers, trials, type Trial } from './oracle.js'

/** How often a feature was asked, and how often what is hidden would have changed the answer. */
export interface Count { cases: number, changed: number }

export interface Difference { readonly feature: string, readonly asker: string, readonly question: Question, readonly seed: number, readonly expected: unknown, readonly told: unknown }

export interface Outcome { readonly counts: ReadonlyMap<string, Count>, readonly differences: readonly Difference[] }

const OF_A_CITY = 300

/** `first`: it ends at the first difference. */
export interface Asked { readonly cases: number, readonly seed: number, readonly say?: (difference: Difference) => void, readonly first?: boolean }

/** Asks `cases` questions, some hundred about each city; the first city has the seed, the next ones those that follow. */
export async function suite ({ cases, seed, say = () => {}, first = false }: Asked): Promise<Outcome> {
  const counts = new Map(Object.keys(FEATURES).map(name => [name, { cases: 0, changed: 0 }]))
  const differences: Difference[] = []
  for (let asked = 0; asked < cases; asked += OF_A_CITY) {
    const closing: (() => unknown)[] = []
    const teardown = ((close: () => unknown) => { closing.unshift(close) }) as Test['teardown']
    try {
      const number = seed + asked / OF_A_CITY
      const own = await trials({ teardown }, number)
      for await (const difference of questions(own, number, Math.min(OF_A_CITY, cases - asked), counts)) {
        say(difference)
        differences.push(difference)
        if (first) return { counts, differences }
      }
    } finally {
      for (const close of closing) await close()
    }
  }
  return { counts, differences }
}

// Features and askers take turns, so that each meets each.
async function * questions (own: readonly Trial[], seed: number, cases: number, counts: ReadonlyMap<string, Count>): AsyncGenerator<Difference> {
  const names = Object.keys(FEATURES)
  for (let place = 0; place < cases; place++) {
    const feature = names[place % names.length] ?? ''
    const trial = own[(place + Math.floor(place / names.length)) % own.length]
    const count = counts.get(feature)
    if (trial === undefined || count === undefined) continue
    const difference = await asked(trial, feature, seed, seed * OF_A_CITY + place, count)
    if (difference !== undefined) yield difference
  }
}

async function asked (trial: Trial, feature: string, city: number, seed: number, count: Count): Promise<Difference | undefined> {
  const questions = FEATURES[feature]
  if (questions === undefined) return undefined
  let [fresh, broken]: [boolean, unknown] = [true, undefined]
  const same = async (question: Question): Promise<boolean> => {
    const { told, expected } = await both(trial, question)
    if (fresh) await counted(trial, question, told, count)
    fresh = false
    return isDeepStrictEqual(told, expected)
  }
  const result = await fc.check(fc.asyncProperty(questions, async question => await same(question).catch(error => { broken ??= error })), { seed, numRuns: 1 })
  if (broken !== undefined) throw broken
  if (!result.failed || result.counterexample === null) return undefined
  const [question] = result.counterexample
  return { feature, asker: trial.asker.name, question, seed: city, ...await both(trial, question) }
}

async function counted (trial: Trial, question: Question, told: unknown, count: Count): Promise<void> {
  const unhidden = await answers(trial.everything, question)
  refuseBad(question, unhidden)
  count.cases++
  if (!isDeepStrictEqual(told, unhidden)) count.changed++
}

// A question that nobody may ask tells nothing.
function refuseBad ({ method, path }: Question, [page]: readonly unknown[]): void {
  const { statusCode, body } = page as { statusCode: number, body: unknown }
  if (statusCode === 400) throw new Error(`${method} ${path} is refused: ${JSON.stringify(body)}`)
}

async function both (trial: Trial, question: Question): Promise<{ told: unknown, expected: unknown }> {
  const [told, expected] = await Promise.all([answers(trial.whole, question), answers(trial.part, question)])
  return { told, expected }
}

/** The least share of cases in which hiding must matter for the suite to mean anything. */
export const SHARE = 0.3

/** Whether nothing differs, and enough of it could have. */
export function holds ({ counts, differences }: Outcome): boolean {
  const { cases, changed } = total(counts)
  return differences.length === 0 && changed >= SHARE * cases && [...counts.values()].every(count => count.changed > 0)
}

export const total = (counts: Outcome['counts']): Count =>
  [...counts.values()].reduce((sum, { cases, changed }) => ({ cases: sum.cases + cases, changed: sum.changed + changed }), { cases: 0, changed: 0 })
