// Transactions: whole records of patients, and two entries at a time. https://hl7.org/fhir/R4/http.html#transaction
import { shuffled } from '../random.js'
import { seed, transactionAsk, transactionText } from '../seed.js'
import type { Job, Run, Stage, Workload } from '../workload.js'

const PAIRS = 1000

async function importing ({ target, bundles }: Stage): Promise<Job> {
  const stored = await seed(target, bundles)
  return {
    items: stored,
    patients: [],
    turn: () => {
      let next = 0
      return async send => {
        const item = next++ % bundles.length
        const bundle = bundles[item]
        if (bundle !== undefined) await send({ ...transactionAsk(bundle.compact, bundle.entries.length), headers: { 'x-item': String(item) } })
      }
    }
  }
}

async function pairing ({ target, bundles, scale }: Stage): Promise<Job> {
  const all = (await seed(target, bundles)).flat()
  const observations = shuffled(all.filter(({ type }) => type === 'Observation'))
  const pairs = Array.from({ length: Math.min(Math.round(PAIRS / scale), Math.floor(observations.length / 2)) }, (_, index) => observations.slice(index * 2, index * 2 + 2))
  const texts = pairs.map(pair => transactionText(pair.map(({ resource: { id, ...resource } }) => resource)))
  return {
    items: pairs,
    patients: all.filter(({ type }) => type === 'Patient').map(({ id }) => id),
    turn: (_: Run) => {
      let next = 0
      return async send => {
        const item = next++ % texts.length
        await send({ ...transactionAsk(texts[item] ?? '', 2), headers: { 'x-item': String(item) }, weight: 1 })
      }
    }
  }
}

/** Whole Synthea Bundles, which a treating caller may not store: they hold Patients. */
export const imports: Workload = {
  name: 'import', unit: 'resources', users: [20, 4], floor: { share: 0.5, rate: 8000 }, treating: false, bundles: 40, seconds: 5, warmUp: 5, prepare: importing
}

export const transactions: Workload = {
  name: 'transactions', unit: 'requests', users: [1, 8, 32, 128], treating: true, bundles: 24, prepare: pairing
}
