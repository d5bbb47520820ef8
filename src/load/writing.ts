// The order of a load: several units at a time; what refers by search to what is not there yet is read again at the end.
import type { Caller } from '../auth/caller.js'
import { FhirError } from '../fhir/outcome.js'
import { apply, type Applied } from './apply.js'
import { groupsOf, type Group, type Item } from './entries.js'
import type { ErrorFile } from './error-file.js'
import { done, remember, type Done } from './journal.js'
import type { Loading } from './loading.js'
import { partsOf } from './parts.js'
import { isFirst, type Source } from './sources.js'
import type { Tally } from './tally.js'
import { unitsOf, type Unit } from './units.js'

interface Read { readonly source: Source, readonly unit: Unit }

export class Writing {
  readonly #loading: Loading
  readonly #caller: Caller
  readonly #tally: Tally
  readonly #errors: ErrorFile
  /** Files of which something has to be read again, and what of them has been written already. */
  readonly #postponed = new Set<Source>()
  readonly #finished = new Set<string>()
  readonly #missing = new Map<string, readonly number[]>()
  #last = false

  constructor (loading: Loading, caller: Caller, tally: Tally, errors: ErrorFile) {
    this.#loading = loading
    this.#caller = caller
    this.#tally = tally
    this.#errors = errors
  }

  /** Writes all that is in the files. */
  async all (sources: readonly Source[]): Promise<void> {
    await this.#pass(sources)
    const again = sources.filter(source => this.#postponed.has(source))
    if (again.length === 0) return
    this.#last = true
    this.#loading.progress.extend(again.reduce((sum, { size }) => sum + size, 0))
    await this.#pass(again)
  }

  // Each lane takes the next unit when it has written the one before: so much is in memory, and no more.
  async #pass (sources: readonly Source[]): Promise<void> {
    const units = this.#units(sources)
    const lane = async (): Promise<void> => {
      for (let next = await units.next(); next.done !== true; next = await units.next()) await this.#write(next.value)
    }
    try {
      await Promise.all(Array.from({ length: this.#loading.writers }, lane))
    } finally {
      await units.return(undefined)
    }
  }

  async * #units (sources: readonly Source[]): AsyncGenerator<Read> {
    for (const source of sources) {
      const reading = {
        onBytes: (count: number) => this.#loading.progress.advance(count),
        // Once something is missing, an archive is only searched for what others refer to.
        leavesOut: (member: string) => !this.#last && this.#postponed.has(source) && !isFirst(member)
      }
      for await (const part of partsOf(source, reading)) {
        for await (const unit of unitsOf(part)) if (!this.#finished.has(unit.key)) yield { source, unit }
      }
    }
  }

  async #write ({ source, unit }: Read): Promise<void> {
    const { pool, server } = this.#loading
    const begun = this.#missing.get(unit.key)
    const before = await done(pool, unit.key)
    if (begun === undefined && before !== undefined) this.#tally.skipped += before.resources - before.failed.length
    const left = begun ?? before?.failed
    if (left?.length === 0) {
      this.#finished.add(unit.key)
      return
    }
    const applied: Applied[] = []
    for (const group of groupsOf(unit)) applied.push(...await apply(server, this.#caller, left === undefined ? group : only(group, left)))
    const missing = this.#last ? [] : missingOf(applied)
    if (missing.length > 0) {
      this.#postponed.add(source)
      this.#missing.set(unit.key, missing.map(({ item }) => numberOf(item)))
    } else this.#finished.add(unit.key)
    const settled = applied.filter(one => !missing.includes(one))
    for (const one of settled) this.#tally.add(one)
    this.#errors.add(unit, settled)
    await remember(pool, unit.key, doneOf(applied, before, left))
  }
}

/** What a later load finds: how many there are, and what is to be tried again. */
function doneOf (applied: readonly Applied[], before: Done | undefined, left: readonly number[] | undefined): Done {
  const failed = applied.filter(({ outcome }) => outcome instanceof FhirError || outcome === 'lost').map(({ item }) => numberOf(item))
  const untouched = before === undefined ? [] : before.failed.filter(number => left !== undefined && !left.includes(number))
  return { resources: before?.resources ?? applied.length, failed: [...untouched, ...failed] }
}

// A line may hold a Bundle: then all of it is tried again.
const numberOf = ({ line, entry }: Item): number => line ?? entry ?? 0

const only = ({ atomic, items }: Group, numbers: readonly number[]): Group =>
  ({ atomic, items: items.filter(item => numbers.includes(numberOf(item))) })

// A search in a reference that matches nothing may match when all is read; a transaction waits as a whole.
function missingOf (applied: readonly Applied[]): Applied[] {
  const found = applied.filter(({ outcome }) => outcome instanceof FhirError && outcome.status === 412 && outcome.issues[0]?.code === 'not-found')
  return found.length === 0 ? [] : [...found, ...applied.filter(({ outcome }) => outcome === 'lost')]
}
