// So many at a time, and the others in the order in which they came.

export class Lanes {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor (lanes: number) {
    this.#free = lanes
  }

  /** Runs `work` when a lane is free; what it throws is thrown here. */
  async run<T> (work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }
}
