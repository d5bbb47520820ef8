// npm run noninterference -- --cases N --seed S [--first] [--mutate]
//   --first: ends at the first difference;  --mutate: asks the same of the server without its policy, at one place after the other
// Asks whether anybody can tell what is hidden from him. The last line is `N cases, D differences, H where hiding changed the answer`.
import { parseArgs } from 'node:util'
import { testCluster } from '../database.js'
import { mutate } from './mutants.js'
import { holds, suite, total, type Difference, type Outcome } from './suite.js'

const { values } = parseArgs({ options: { cases: { type: 'string', default: '3000' }, seed: { type: 'string', default: String(Date.now() % 1_000_000) }, first: { type: 'boolean', default: false }, mutate: { type: 'boolean', default: false } } })

function whole (name: 'cases' | 'seed'): number {
  const number = Number(values[name])
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`--${name} takes a whole number`)
  return number
}

function tell ({ feature, asker, question, seed, expected, told }: Difference): void {
  console.log(`DIFFERENCE in ${feature}, city ${seed}: npm run noninterference -- --cases 300 --seed ${seed}`)
  console.log(`  ${asker} asks ${question.method} ${question.path} ${JSON.stringify(question.headers ?? {})} ${question.body ?? ''}`)
  const [there, here] = [expected, told].map(answer => JSON.stringify(answer))
  const at = [...there ?? ''].findIndex((letter, place) => letter !== here?.[place])
  for (const [label, text] of [['there is only what he may see', there], ['there is more', here]]) console.log(`  where ${label}: ...${text?.slice(Math.max(0, at - 100), at + 200)}`)
}

function print ({ counts, differences }: Outcome): void {
  for (const [feature, { cases, changed }] of counts) console.log(`${feature.padEnd(28)} ${String(cases).padStart(6)} cases ${String(changed).padStart(6)} where hiding changed the answer`)
  const { cases, changed } = total(counts)
  console.log(`${cases} cases, ${differences.length} differences, ${changed} where hiding changed the answer`)
}

const [cases, seed] = [whole('cases'), whole('seed')]
const given = process.env['KARTA_TEST_DATABASE_URL']
const cluster = given === undefined ? await testCluster() : undefined
if (cluster !== undefined) process.env['KARTA_TEST_DATABASE_URL'] = cluster.url
try {
  if (values.mutate) {
    if (!await mutate(cases, seed)) process.exitCode = 1
  } else {
    console.log(`seed ${seed}`)
    const outcome = await suite({ cases, seed, say: tell, first: values.first })
    print(outcome)
    if (!holds(outcome)) process.exitCode = 1
  }
} finally {
  await cluster?.stop()
}
