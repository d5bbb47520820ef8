// docs/decisions/0018-search.md
import t from 'tap'
import type { Caller } from '../../src/auth/caller.js'
import { planOf, rowsOf } from '../../src/consent/search/plan.js'
import { Statement } from '../../src/consent/search/statement.js'
import type { Density } from '../../src/store/density.js'
import type { ResourceType } from '../../src/fhir/resource-types.js'

const OPERATOR = { kind: 'operator', actor: '1' } as Caller
const TREATING = { kind: 'treating', actor: '2' } as Caller
const RARE: Density = { rows: 1_000_000, share: () => 0 }
const USUAL: Density = { rows: 1_000_000, share: () => 0.5 }

/** How one token is looked for: the SQL of its driver, and how far a walk goes. */
function way (caller: Caller, type: ResourceType, density: Density | undefined): unknown {
  const { driver, budget, isDense } = planOf(new Statement({ densityOf: () => density }, caller, 'a test'), rowsOf(type), [{ kind: 'tokens', any: ['7'], sparse: false }])
  return { says: driver?.says, sql: driver?.source('null', undefined).from, budget, isDense }
}

t.test('how often others have a code changes nothing for who sees a part only', async t => {
  t.notSame(way(OPERATOR, 'Observation', RARE), way(OPERATOR, 'Observation', USUAL), 'who sees everything goes the shortest way')

  t.same(way(TREATING, 'Observation', RARE), way(TREATING, 'Observation', undefined))
  t.same(way(TREATING, 'Observation', USUAL), way(TREATING, 'Observation', undefined))
  t.notSame(way(TREATING, 'Organization', RARE), way(TREATING, 'Organization', undefined), 'the directory is open to all')
})
