// What the searches and histories of one Bundle may bring together: each is bounded by itself, and a Bundle may hold thousands.
import { tooLarge } from '../fhir/outcome.js'
import { isStreamed, type Answer } from './exchange.js'

export class RoomForAnswers {
  readonly #most: number
  #taken = 0

  /** `most`: characters, after which no further answer begins. */
  constructor (most: number) {
    this.#most = most
  }

  /** The answer that `act` gives. Throws FhirError 413 where those before have filled the room, and what `act` throws. */
  async answer (act: () => Promise<Answer>): Promise<Answer> {
    if (this.#taken >= this.#most) throw tooLarge(`the answers of this Bundle are longer than ${this.#most} characters together: ask for this one in another`)
    const answer = await act()
    this.#taken += answer.body === undefined || isStreamed(answer.body) ? 0 : answer.body.length
    return answer
  }
}
