// Interactions that have nothing to do with each other, in one request. https://hl7.org/fhir/R4/http.html#brules
import type { Caller } from '../auth/caller.js'
import { readMany, type VersionRow } from '../consent/visible.js'
import type { Json } from '../fhir/json.js'
import { isId } from '../fhir/reference.js'
import type { Entry } from './bundle.js'
import { answeredEntry, refusedEntry } from './entry-answer.js'
import { entryRequest, turnOf, type Bundled, type EntryRequest } from './entry.js'
import { isStreamed, type Answer } from './exchange.js'
import { refuseForbidden } from './gate.js'
import { currentAnswer } from './read.js'
import { RoomForAnswers } from './room-for-answers.js'
import type { Server } from './server.js'
import { textOfStream } from './stream.js'

// A batch takes no more of the server than this at a time.
const AT_ONCE = 16

const TURNS = [0, 1, 2, 3]

/** Answers every entry; what one comes to changes nothing for another. Reads are one round trip together. */
export async function batch (
  server: Server, caller: Caller, common: Bundled, entries: readonly Json[]
): Promise<{ readonly entries: readonly Entry[], readonly shown: readonly VersionRow[] }> {
  const answers: Entry[] = new Array(entries.length)
  const shown: VersionRow[] = []
  const answer = async (index: number, act: () => Answer | Promise<Answer>, request: EntryRequest): Promise<void> => {
    try {
      const answer = await act()
      shown.push(...answer.shown ?? [])
      answers[index] = answeredEntry(common.base, request, answer)
    } catch (error) {
      answers[index] = refusedEntry(error)
    }
  }
  const room = new RoomForAnswers(server.config.bodyLimit)
  const requests = requestsOf(caller, common, entries, (index, error) => { answers[index] = refusedEntry(error) })
  for (const turn of TURNS) {
    const inTurn = requests.filter(request => turnOf(request) === turn)
    const reads = inTurn.filter(isRead)
    const rows = await readMany(server.readers, caller, reads.map(({ asked: { type, id } }) => ({ type, id: isId(id) ? id : '' })))
    await Promise.all(reads.map((request, place) => answer(request.index, () => currentAnswer(request.asked, rows[place]), request)))
    await bounded(inTurn.filter(request => !isRead(request)), request => answer(request.index, async () => {
      const act = async (): Promise<Answer> => await asText(await request.route.handler(server, caller, request.asked), server.config.bodyLimit)
      return await (turn === 3 ? room.answer(act) : act())
    }, request))
  }
  return { entries: answers, shown }
}

// A Bundle is sent at once: what would be a stream is a part of it.
const asText = async (answer: Answer, most: number): Promise<Answer> => isStreamed(answer.body) ? { ...answer, body: await textOfStream(answer.body, most) } : answer

const isRead = ({ route }: EntryRequest): boolean => route.interaction === 'read'

function requestsOf (caller: Caller, common: Bundled, entries: readonly Json[], refuse: (index: number, error: unknown) => void): EntryRequest[] {
  // Before anything is done: what is no JSON is refused as a whole.
  const bodies = common.bundle.resources.map(resource => resource?.read())
  return entries.flatMap((entry, index) => {
    try {
      const request = entryRequest(common, entry, index)
      refuseForbidden(caller, request.route, request.asked.type)
      return [{ ...request, asked: { ...request.asked, body: bodies[index] } }]
    } catch (error) {
      refuse(index, error)
      return []
    }
  })
}

async function bounded<Item> (items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const left = items.values()
  const lane = async (): Promise<void> => { for (const item of left) await act(item) }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane))
}
