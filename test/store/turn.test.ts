import t from 'tap'
import { Turn } from '../../src/store/turn.js'

// A statement that is answered when the test says so.
function sends (): { send: (asks: readonly number[]) => Promise<number[]>, sent: number[][], answer: () => void, refuse: (error: Error) => void } {
  const sent: number[][] = []
  const waiting: { resolve: () => void, reject: (error: Error) => void }[] = []
  return {
    sent,
    async send (asks) {
      sent.push([...asks])
      await new Promise<void>((resolve, reject) => { waiting.push({ resolve, reject }) })
      return asks.map(ask => ask * 10)
    },
    answer: () => { waiting.shift()?.resolve() },
    refuse: error => { waiting.shift()?.reject(error) }
  }
}

const turn = async (): Promise<void> => { await new Promise(resolve => { setImmediate(() => { setImmediate(resolve) }) }) }

t.test('what is asked in one turn goes together, and what is asked while it is under way goes together after it', async t => {
  const { send, sent, answer } = sends()
  const asked = new Turn(send, 2)

  const first = [1, 2].map(async ask => await asked.ask(ask))
  await turn()
  const second = [3, 4, 5].map(async ask => await asked.ask(ask))
  await turn()
  t.same(sent, [[1, 2]])
  answer()
  t.same(await Promise.all(first), [10, 20])
  await turn()
  t.same(sent, [[1, 2], [3, 4, 5]])
  answer()
  t.same(await Promise.all(second), [30, 40, 50])
})

t.test('where enough are waiting they take another connection, but no more than there are', async t => {
  const { send, sent, answer } = sends()
  const asked = new Turn(send, 2)
  const many = Array.from({ length: 16 }, (_, place) => place)

  const all = [asked.ask(100)]
  await turn()
  all.push(...many.slice(1).map(async ask => await asked.ask(ask)))
  await turn()
  t.same(sent, [[100]], 'fifteen wait')
  all.push(asked.ask(16))
  await turn()
  t.same(sent.map(({ length }) => length), [1, 16])
  all.push(...many.map(async ask => await asked.ask(ask)))
  await turn()
  t.equal(sent.length, 2, 'both connections are at work')
  answer()
  await turn()
  t.same(sent.map(({ length }) => length), [1, 16, 16])
  answer()
  answer()
  t.equal((await Promise.all(all)).length, 33)
})

t.test('what a statement throws, each who shares it throws, and the next is sent', async t => {
  const { send, sent, answer, refuse } = sends()
  const asked = new Turn(send, 1)

  const [one, two] = [asked.ask(1), asked.ask(2)]
  await turn()
  const three = asked.ask(3)
  refuse(new Error('no'))
  await t.rejects(one, { message: 'no' })
  await t.rejects(two, { message: 'no' })
  await turn()
  answer()
  t.equal(await three, 30)
  t.same(sent, [[1, 2], [3]])
})
