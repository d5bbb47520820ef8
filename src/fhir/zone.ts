// Local time of a time zone. Intl is asked once for each zone and year; after that an offset is a table look-up.

/** A stretch of about a year: from each of `starts` on (milliseconds), the offset is `offsets` (milliseconds east). */
interface Stretch { readonly starts: readonly number[], readonly offsets: readonly number[] }

const LENGTH = 31_557_600_000
const WEEK = 604_800_000
const DAY = 86_400_000

class Zone {
  readonly #format: Intl.DateTimeFormat
  readonly #stretches = new Map<number, Stretch>()

  constructor (name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', era: 'short'
    })
  }

  /** The offset from UTC, in milliseconds east, at an instant. */
  offsetAt (instant: number): number {
    const number = Math.floor(instant / LENGTH)
    let stretch = this.#stretches.get(number)
    if (!stretch) {
      stretch = this.#read(number * LENGTH)
      this.#stretches.set(number, stretch)
    }
    const { starts, offsets } = stretch
    let at = starts.length - 1
    while (at > 0 && instant < (starts[at] ?? 0)) at--
    return offsets[at] ?? 0
  }

  // No zone has changed its clocks twice within a week since the invention of time zones.
  #read (from: number): Stretch {
    const starts = [from]
    const offsets = [this.#ask(from)]
    for (let before = from; before < from + LENGTH; before += WEEK) {
      const after = Math.min(before + WEEK, from + LENGTH)
      const [old, next] = [this.#ask(before), this.#ask(after)]
      if (old === next) continue
      starts.push(this.#change(before, after, old))
      offsets.push(next)
    }
    return { starts, offsets }
  }

  /** The first second after `before` at which the offset is no longer `old`. */
  #change (before: number, after: number, old: number): number {
    let [low, high] = [before, after]
    while (high - low > 1000) {
      const middle = Math.floor((low + high) / 2000) * 1000
      if (this.#ask(middle) === old) low = middle
      else high = middle
    }
    return high
  }

  #ask (instant: number): number {
    const part: Record<string, string> = {}
    for (const { type, value } of this.#format.formatToParts(instant)) part[type] = value
    const local = new Date(0)
    const year = Number(part['year'])
    local.setUTCFullYear(part['era'] === 'BC' ? 1 - year : year, Number(part['month']) - 1, Number(part['day']))
    local.setUTCHours(Number(part['hour']), Number(part['minute']), Number(part['second']))
    return local.getTime() - Math.floor(instant / 1000) * 1000
  }
}

const zones = new Map<string, Zone>()

/**
 * The instant at which the clocks of a zone (IANA name) show a local time, both as milliseconds (the local time as if it were
 * UTC). Of two instants the first; a time that the clocks skip is read with the offset before the change.
 *
 * @throws RangeError when there is no such zone
 */
export function instantOfLocal (zoneName: string, local: number): number {
  if (zoneName === 'UTC') return local
  let zone = zones.get(zoneName)
  if (!zone) {
    zone = new Zone(zoneName)
    zones.set(zoneName, zone)
  }
  const before = zone.offsetAt(local - DAY)
  const after = zone.offsetAt(local + DAY)
  if (before === after || zone.offsetAt(local - before) === before) return local - before
  return zone.offsetAt(local - after) === after ? local - after : local - before
}
