// What is asked while a statement is under way is sent together when that is answered: one system call, one statement, one
// reply for all who ask at once. Where enough are waiting they do not wait for it, but take another connection. An idle
// server sends at the end of the turn of the event loop. docs/decisions/0013-together.md

// From here on a statement costs little more than the reads in it.
const ENOUGH = 16

interface Asked<Ask, Answer> {
  readonly ask: Ask
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Gathers questions of one kind. `send` answers them in the order asked; what it throws, each of them throws. */
export class Turn<Ask, Answer> {
  readonly #send: (asks: readonly Ask[]) => Promise<readonly Answer[]>
  readonly #atOnce: number
  #waiting: Asked<Ask, Answer>[] = []
  #due = false
  #sent = 0

  /** `atOnce`: how many sends may be under way, at least 1. */
  constructor (send: (asks: readonly Ask[]) => Promise<readonly Answer[]>, atOnce: number) {
    this.#send = send
    this.#atOnce = atOnce
  }

  ask (ask: Ask): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject })
      this.#schedule()
    })
  }

  #schedule (): void {
    if (this.#due || this.#waiting.length < this.#least) return
    this.#due = true
    setImmediate(() => { void this.#flush() })
  }

  /** How many must wait for the next statement to leave. */
  get #least (): number {
    if (this.#sent === 0) return 1
    return this.#sent < this.#atOnce ? ENOUGH : Infinity
  }

  async #flush (): Promise<void> {
    const asked = this.#waiting
    this.#waiting = []
    this.#due = false
    this.#sent++
    try {
      const answers = await this.#send(asked.map(({ ask }) => ask))
      asked.forEach(({ resolve }, place) => resolve(answers[place] as Answer))
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
    this.#sent--
    this.#schedule()
  }
}
