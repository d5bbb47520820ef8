// More patients than there are: each copy of a Synthea Bundle has other ids, identifiers, names and dates, and the same medicine. The same
// number and seed make the same people.
import type { Bundle } from './synthea.js'
import { random, SEED } from './random.js'

const DAY = 86_400_000
const UUID = /(?<!\|)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const DATE = /"(\d{4}-\d{2}-\d{2})(?=[T"])/g

const shiftedDate = (date: string, days: number): string => new Date(Date.parse(date) + days * DAY).toISOString().slice(0, 10)

/** A Bundle as that of another person: copy 0 is the Bundle itself. */
export function rekeyed ({ compact }: Pick<Bundle, 'compact'>, copy: number, seed = SEED): string {
  if (copy === 0) return compact
  const next = random(seed + copy)
  const mask = Math.floor(next() * 0x100000000)
  const days = Math.floor(next() * 700) - 350
  const dates = new Map<string, string>()
  return compact
    .replace(UUID, id => ((parseInt(id.slice(0, 8), 16) ^ mask) >>> 0).toString(16).padStart(8, '0') + id.slice(8))
    .replace(DATE, (_, date: string) => {
      let shifted = dates.get(date)
      if (shifted === undefined) dates.set(date, shifted = shiftedDate(date, days))
      return `"${shifted}`
    })
    .replace(/"family":"([^"]*)"/g, (_, family: string) => `"family":"${family}${copy}"`)
    .replace(/"999-(\d\d)-(\d{4})"/g, (_, middle: string, end: string) => `"999-${middle}-${end}-${copy}"`)
}

/** This many people: the Bundles in turn, each time as copies of their own. */
export function * people (bundles: readonly Bundle[], many: number): Generator<{ readonly text: string, readonly size: number }> {
  for (let place = 0; place < many; place++) {
    const bundle = bundles[place % bundles.length]
    if (bundle !== undefined) yield { text: rekeyed(bundle, Math.floor(place / bundles.length)), size: bundle.entries.length }
  }
}
