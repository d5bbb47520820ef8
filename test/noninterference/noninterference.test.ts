// A small part of what `npm run noninterference` asks. docs/decisions/0005-policy-columns.md
import t from 'tap'
import { killer, mutants } from './mutants.js'
import { SHARE, suite, total } from './suite.js'

const seed = Number(process.env['SEED'] ?? 11)

t.test('what is asked is answered as if there were nothing but what the caller may see', async t => {
  const outcome = await suite({ cases: 300, seed, say: difference => { t.comment(JSON.stringify(difference)) } })

  const { cases, changed } = total(outcome.counts)
  t.comment(`seed ${seed}: ${cases} cases, ${outcome.differences.length} differences, ${changed} where hiding changed the answer`)
  t.same(outcome.differences, [])
  t.ok(changed >= cases * SHARE, 'hiding changes enough of the answers; of every feature some, says npm run noninterference')
})

t.test('where the policy is left out of a statement the suite sees it', async t => {
  const places = mutants()
  const mutant = places.find(({ file, callee }) => callee === 'scoped' && file.endsWith('search/plan.ts'))

  t.ok(places.length >= 7)
  t.ok(mutant !== undefined && await killer(mutant, 300, seed), 'as it does in each place in turn: npm run noninterference -- --mutate')
})
