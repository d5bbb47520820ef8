// Reads by id of resources that nobody has read before, and conditional reads that find them unchanged.
// https://hl7.org/fhir/R4/http.html#read https://hl7.org/fhir/R4/http.html#cread
import { wrongBody } from '../content.js'
import type { Ask } from '../driver.js'
import { shuffled } from '../random.js'
import { seed, seedResources, type Stored } from '../seed.js'
import type { Job, Run, Stage, Workload } from '../workload.js'

// Around 1.7 KB: the size at which peers measure.
const [LEAST, MOST] = [1300, 2200]
const MANY = 12_000

async function stored ({ target, bundles, scale }: Stage): Promise<{ readonly all: readonly Stored[], readonly patients: readonly string[] }> {
  const first = (await seed(target, bundles)).flat()
  const fitting = first.filter(({ body, type }) => body.text.length >= LEAST && body.text.length <= MOST && type !== 'Patient')
  const copies = Array.from({ length: Math.round(MANY / scale) }, (_, index) => fitting[index % fitting.length]?.resource ?? {})
  const patients = first.filter(({ type }) => type === 'Patient').map(({ id }) => id)
  return { all: shuffled(await seedResources(target, copies)), patients }
}

async function job (stage: Stage, askOf: (stored: Stored, run: Run) => Ask): Promise<Job> {
  const { all, patients } = await stored(stage)
  return {
    items: [],
    patients,
    turn: run => {
      let next = 0
      return async send => {
        const one = all[next++ % all.length]
        if (one === undefined) throw new RangeError('there is nothing to read')
        await send(askOf(one, run))
      }
    }
  }
}

const readAsk = ({ type, id, body }: Stored): Ask => ({
  method: 'GET', path: `/${type}/${id}`, check: reply => reply.status === 200 ? wrongBody(reply, type, id, body.tail) : `status ${reply.status}`
})

// The ideal baseline keeps one version of everything.
const conditionalAsk = ({ type, id, etag }: Stored, { kind }: Run): Ask => ({
  method: 'GET',
  path: `/${type}/${id}`,
  headers: { 'if-none-match': kind === 'ideal' ? 'W/"1"' : etag },
  check: ({ status, text }) => status !== 304 ? `status ${status}` : text === '' ? undefined : 'a body'
})

export const read: Workload = {
  name: 'read', unit: 'requests', users: [32], floor: { share: 0.75 }, treating: true, bundles: 24, prepare: async stage => await job(stage, readAsk)
}

export const readNotModified: Workload = {
  name: 'read-304', unit: 'requests', users: [32], floor: { share: 0.9 }, treating: true, bundles: 24, prepare: async stage => await job(stage, conditionalAsk)
}
