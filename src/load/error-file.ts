import { once } from 'node:events'
import { createWriteStream, rmSync } from 'node:fs'
import { FhirError } from '../fhir/outcome.js'
import { reasonOf, type Applied } from './apply.js'
import type { Unit } from './units.js'

/** What a load could not store, a line of JSON each: file, place and reason; and what is nobody's. The file is only there if it has a line. */
export class ErrorFile {
  readonly #path: string
  #stream: ReturnType<typeof createWriteStream> | undefined

  /** What an earlier load has left there goes: this load tries it again. */
  constructor (path: string) {
    this.#path = path
    rmSync(path, { force: true })
  }

  add ({ name }: Unit, applied: readonly Applied[]): void {
    const lost = applied.filter(({ outcome }) => outcome === 'lost').length
    for (const { item, outcome } of applied) {
      if (!(outcome instanceof FhirError)) continue
      this.#write({
        file: name,
        ...(item.line !== undefined && { line: item.line }),
        ...(item.entry !== undefined && { entry: item.entry }),
        ...(item.type !== '' && { resource: item.id === undefined ? item.type : `${item.type}/${item.id}` }),
        reason: reasonOf(outcome),
        // The other entries of a transaction that this one has stopped.
        ...(lost > 0 && { alsoLost: lost })
      })
    }
  }

  /** A resource that is stored, but nobody's. */
  addOwnerless (resource: string): void {
    this.#write({ resource, ownerless: true })
  }

  #write (line: object): void {
    this.#stream ??= createWriteStream(this.#path)
    this.#stream.write(`${JSON.stringify(line)}\n`)
  }

  async end (): Promise<void> {
    if (this.#stream === undefined) return
    this.#stream.end()
    await once(this.#stream, 'finish')
  }
}
