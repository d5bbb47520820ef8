// What the process is like: how soon it answers, and how much memory it holds while it works.
import { cpuOf, rssOf } from './cpu.js'
import { wrongBody } from './content.js'
import { drive } from './driver.js'
import type { Postgres } from './postgres.js'
import { freePort, startKarta, targetOf, token } from './processes.js'
import { brief, report, type Report } from './report.js'
import { seed, transactionAsk } from './seed.js'
import { synthea } from './synthea.js'
import { createAsk } from './workloads/write.js'

const STARTS = 7
const SLOWEST_START = 1000
const MOST_RSS = 400

/** From starting the program on a database that is migrated to the first right read. */
export async function coldStart (postgres: Postgres): Promise<Report> {
  const options = { dataDir: postgres.folder, databaseUrl: postgres.url('karta') }
  const first = await startKarta(options)
  const bearer = token(options, '--client', 'bench')
  const [stored] = (await seed(targetOf(first, bearer), await synthea(1))).flat()
  await first.stop()
  if (stored === undefined) throw new Error('nothing is stored')
  const times: number[] = []
  for (let start = 0; start < STARTS; start++) {
    const port = await freePort()
    const began = performance.now()
    const running = await startKarta({ ...options, port })
    const reply = await fetch(`${running.base}/${stored.type}/${stored.id}`, { headers: { authorization: `Bearer ${bearer}` } })
    const text = await reply.text()
    times.push(performance.now() - began)
    if (wrongBody({ status: reply.status, headers: {}, text }, stored.type, stored.id, stored.body.tail) !== undefined) throw new Error('the first read is wrong')
    await running.stop()
  }
  times.sort((a, b) => a - b)
  const median = times[STARTS >> 1] ?? Number.NaN
  return report('cold-start', postgres.version, {
    method: { starts: STARTS, database: 'migrated, running', until: 'the first right read by HTTP' },
    rows: [{ 'median ms': brief(median), 'least ms': brief(times[0] ?? 0), 'most ms': brief(times.at(-1) ?? 0) }],
    results: times,
    verdicts: [{ floor: `start to first right read <= ${SLOWEST_START} ms`, measured: `${brief(median)} ms`, met: median <= SLOWEST_START }]
  })
}

/** Memory of the server under creates, reads and Bundles by turns. */
export async function rss (postgres: Postgres, seconds: number): Promise<Report> {
  const options = { dataDir: postgres.folder, databaseUrl: postgres.url('karta') }
  const running = await startKarta(options)
  try {
    const target = targetOf(running, token(options, '--client', 'bench'))
    const idle = rssOf(running.pid) / 1e6
    const bundles = await synthea(20)
    const stored = (await seed(target, bundles)).flat()
    const began = performance.now()
    const samples: { readonly second: number, readonly mb: number, readonly cpu: number }[] = []
    const sampling = setInterval(() => { samples.push({ second: (performance.now() - began) / 1000, mb: rssOf(running.pid) / 1e6, cpu: cpuOf(running.pid) }) }, 500)
    let next = 0
    const measured = await drive(target, {
      users: 20,
      warmUp: 0,
      seconds,
      turn: async send => {
        const step = next++
        const [bundle, one] = [bundles[step % bundles.length], stored[step % stored.length]]
        if (bundle === undefined || one === undefined) return
        if (step % 40 === 0) await send(transactionAsk(bundle.compact, bundle.entries.length))
        else if (step % 2 === 0 || one.type === 'Patient') await send({ method: 'GET', path: `/${one.type}/${one.id}`, check: reply => wrongBody(reply, one.type, one.id, one.body.tail) })
        else await send(createAsk(one.type, one.body.text, one.body.tail, 0))
      }
    })
    clearInterval(sampling)
    const third = Math.floor(samples.length / 3)
    const mean = (part: typeof samples): number => part.reduce((sum, { mb }) => sum + mb, 0) / part.length
    const [early, late] = [mean(samples.slice(third, 2 * third)), mean(samples.slice(2 * third))]
    const most = Math.max(...samples.map(({ mb }) => mb))
    return report('rss', postgres.version, {
      method: { users: 20, seconds, work: 'reads and creates by turns, a Synthea Bundle in each forty' },
      rows: [{ 'idle MB': brief(idle), 'most MB': brief(most), 'second third MB': brief(early), 'last third MB': brief(late), requests: measured.ok, errors: Object.keys(measured.errors).join(', ') || 0 }],
      results: { samples, errors: measured.errors },
      verdicts: [
        { floor: `RSS <= ${MOST_RSS} MB under load`, measured: `${brief(most)} MB`, met: most <= MOST_RSS },
        { floor: 'flat: the last third holds at most 10 % more than the second', measured: `${brief(late)} MB after ${brief(early)} MB`, met: late <= early * 1.1 }
      ]
    })
  } finally {
    await running.stop()
  }
}
