// The same searches over ten times as many people, and again: none may take longer for it, and none may read a table from its beginning to its end.
// docs/decisions/0026-search-benchmark.md
import { loadOf } from '../cpu.js'
import { drive, percentile, sendAll, type Ask } from '../driver.js'
import { ask, type Postgres } from '../postgres.js'
import { startKarta, targetOf, token } from '../processes.js'
import { brief, report, type Report, type Verdict } from '../report.js'
import type { Bundle } from '../synthea.js'
import { casesOf, type Case, type Values } from './classes.js'
import { check, pathOf, settle } from './run.js'
import { valuesOf } from './values.js'

/** Tables that grow with the people; dictionaries do not. */
const LARGE = "(relname like 'current\\_%' or relname in ('version', 'quantity_value', 'string_value', 'date_value', 'code_value'))"
const SLOWEST = 50
const WARM_UP = 30

interface Rung { readonly patients: number, readonly analysed: boolean, readonly p50: ReadonlyMap<string, number>, readonly scans: ReadonlyMap<string, readonly string[]>, readonly load: number }

const nameOf = ({ name, density }: Case): string => `${name} (${density})`

/** Measures on each number of people, freshly stored and analysed. */
export async function ladder (bundles: readonly Bundle[], postgres: Postgres, steps: readonly number[], seconds: number): Promise<Report> {
  const karta = { dataDir: postgres.folder, databaseUrl: postgres.url('karta') }
  const url = postgres.url('karta')
  const rungs: Rung[] = []
  let [from, values]: [number, Values | undefined] = [0, undefined]
  for (const patients of steps) {
    const loading = await startKarta(karta)
    const operator = token(karta, '--client', 'bench')
    await settle(targetOf(loading, operator), bundles, patients, from)
    await loading.stop()
    from = patients
    values ??= await valuesOf(url)
    for (const analysed of [false, true]) {
      if (analysed) await ask(url, 'vacuum analyze')
      // What a process knows of a table it has asked; a new one asks anew.
      const server = await startKarta(karta)
      rungs.push(await rungOf(casesOf(values), patients, analysed, url, seconds, { target: targetOf(server, operator) }))
      await server.stop()
    }
  }
  return told(rungs, postgres.version, seconds)
}

async function rungOf (cases: readonly Case[], patients: number, analysed: boolean, url: string, seconds: number, { target }: { readonly target: ReturnType<typeof targetOf> }): Promise<Rung> {
  const load = loadOf()
  // The program is as fast as it becomes before anything is measured.
  for (let pass = 0; pass < WARM_UP; pass++) await sendAll(target, 1, cases.map((each): Ask => ({ method: 'GET', path: pathOf(each), check })))
  const [p50, scans] = [new Map<string, number>(), new Map<string, readonly string[]>()]
  for (const each of cases) {
    const before = await scansOf(url)
    const turn = async (send: (ask: Ask) => Promise<unknown>): Promise<void> => { await send({ method: 'GET', path: pathOf(each), check }) }
    const { times, errors } = await drive(target, { users: 1, warmUp: seconds / 3, seconds, turn })
    if (Object.keys(errors).length > 0) throw new Error(`${nameOf(each)}: ${JSON.stringify(errors)}`)
    p50.set(nameOf(each), percentile(times, 0.5))
    // A connection tells what it has done a moment after.
    await new Promise(resolve => setTimeout(resolve, 1100))
    const after = await scansOf(url)
    const read = [...after].filter(([table, count]) => count > (before.get(table) ?? 0)).map(([table]) => table)
    if (read.length > 0) scans.set(nameOf(each), read)
  }
  return { patients, analysed, p50, scans, load }
}

async function scansOf (url: string): Promise<ReadonlyMap<string, number>> {
  const rows = await ask<{ relname: string, seq_scan: string }>(url, `select relname, seq_scan from pg_stat_user_tables where schemaname = 'karta' and ${LARGE}`)
  return new Map(rows.map(({ relname, seq_scan: scans }) => [relname, Number(scans)]))
}

function told (rungs: readonly Rung[], postgres: string, seconds: number): Report {
  const names = [...rungs[0]?.p50.keys() ?? []]
  const analysed = rungs.filter(rung => rung.analysed)
  const column = ({ patients, analysed }: Rung): string => `${patients.toLocaleString('en')} people${analysed ? '' : ', not analysed'}`
  const steps = analysed.slice(1).map((rung, place) => ({ rung, before: analysed[place] }))
  const grown = (name: string): number => Math.max(...steps.map(({ rung, before }) => (rung.p50.get(name) ?? NaN) / (before?.p50.get(name) ?? NaN)))
  const last = rungs.at(-1)
  const scanned = rungs.filter(({ patients }) => patients === last?.patients).flatMap(({ scans }) => [...scans])
  const slow = rungs.flatMap(({ p50 }) => [...p50]).filter(([, time]) => time > SLOWEST)
  const verdicts: Verdict[] = [
    { floor: 'p50 <= 1.1 x at each step, in each case', measured: `${names.filter(name => grown(name) <= 1.1).length} of ${names.length}`, met: names.every(name => grown(name) <= 1.1) },
    { floor: `nothing above ${SLOWEST} ms`, measured: slow.length === 0 ? 'nothing' : slow.map(([name, time]) => `${name}: ${brief(time)}`).join(', '), met: slow.length === 0 },
    { floor: `no table read whole with ${last?.patients.toLocaleString('en')} people, analysed or not`, measured: scanned.length === 0 ? 'none' : scanned.map(([name, tables]) => `${name}: ${tables.join(', ')}`).join('; '), met: scanned.length === 0 }
  ]
  return report('ladder', postgres, {
    method: { users: 1, 'measured s of each case': seconds, 'load of the machine before each step': rungs.map(({ load }) => load).join(', ') },
    rows: names.map(name => ({ class: name, ...Object.fromEntries(rungs.map(rung => [column(rung), brief(rung.p50.get(name) ?? NaN)])), 'most a step': brief(grown(name)) })),
    results: rungs.map(({ p50, scans, ...rest }) => ({ ...rest, p50: Object.fromEntries(p50), scans: Object.fromEntries(scans) })),
    verdicts
  })
}
