// npm run conformance [-- us-core-311 | testscripts | fhirpath]: runs the public suites, keeps what came out in conformance/results, and exits 1 where
// something passed before and does not now, or is missed without a reason.
import { existsSync, writeFileSync } from 'node:fs'
import { testCluster } from '../test/database.js'
import { kept, resultsOf, report, summary, worseThan, type Suite } from './suite.js'
import { SUITES } from './suites.js'

const names = process.argv.slice(2)
const unknown = names.find(name => !SUITES.some(suite => suite.name === name))
if (unknown !== undefined) throw new RangeError(`${unknown} is no suite: they are ${SUITES.map(({ name }) => name).join(', ')}`)

const cluster = process.env['KARTA_TEST_DATABASE_URL'] === undefined ? await testCluster() : undefined
if (cluster !== undefined) process.env['KARTA_TEST_DATABASE_URL'] = cluster.url
try {
  for (const suite of SUITES) if (names.length === 0 || names.includes(suite.name)) await act(suite)
} finally {
  await cluster?.stop()
}

async function act ({ name, title, folder, run }: Suite): Promise<void> {
  if (!existsSync(folder)) {
    console.log(`${name}: skipped, ${folder} is not here`)
    return
  }
  const cases = await run()
  const { passes, misses, unexplained, reasons } = summary(cases)
  const worse = worseThan(kept(name), cases)
  console.log(`${name}: ${cases.length} cases, ${passes} pass, ${misses} miss, ${unexplained.length} of these without a reason`)
  for (const [reason, missed] of reasons) console.log(`  ${String(missed.length).padStart(4)} ${reason}`)
  for (const each of unexplained) console.log(`  WITHOUT A REASON ${each.name}`)
  for (const each of worse) console.log(`  WORSE THAN BEFORE ${each}`)
  if (worse.length > 0 || unexplained.length > 0) process.exitCode = 1
  writeFileSync(resultsOf(name), `[\n${cases.map(each => JSON.stringify(each)).join(',\n')}\n]\n`)
  writeFileSync(`conformance/results/${name}.md`, report(title, cases))
}
