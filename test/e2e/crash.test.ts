// Killed under write load: what was acknowledged is there afterwards, whole.
import t from 'tap'
import { crash } from '../../bench/crash.js'

const ROUNDS = 5
const SEED = Number(process.env['SEED'] ?? Date.now() % 0x7fffffff)

t.test('no acknowledged version is lost when server or PostgreSQL is killed', { timeout: 240_000 }, async t => {
  t.comment(`SEED=${SEED}`)

  const report = await crash({ rounds: ROUNDS, seed: SEED, users: 8, say: line => { t.comment(line) } })

  t.same(report.losses, [])
  t.ok(report.versions > 0, `${report.versions} versions were acknowledged`)
  t.ok(report.bundles > 0, `${report.bundles} Bundles have all their entries`)
  t.match(report.audit, / 0 faults/, 'the audit trail holds together')
})
