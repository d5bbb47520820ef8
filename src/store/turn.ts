// What is asked in the same turn of the event loop is sent together: one system call, one statement, one reply for all
// who ask at once, and nobody waits longer than the turn. docs/decisions/0013-together.md

interface Asked<Ask, Answer> {
  readonly ask: Ask
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Gathers questions of one kind. `send` answers them in the order asked; what it throws, each of them throws. */
export class Turn<Ask, Answer> {
  readonly #send: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  #waiting: Asked<Ask, Answer>[] = []

  constructor (send: (asks: readonly Ask[]) => Promise<readonly Answer[]>) {
    this.#send = send
  }

  ask (ask: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject })
      if (this.#waiting.length === 1) setImmediate(() => { void this.#flush() })
    })
  }

  async #flush (): Promise<void> {
    const asked = this.#waiting
    this.#waiting = []
    try {
      const answers = await this.#send(asked.map(({ ask }) => ask))
      asked.forEach(({ resolve }, place) => resolve(answers[place] as Answer))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
}
