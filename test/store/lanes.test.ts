import t from 'tap'
import { Lanes } from '../../src/store/lanes.js'

t.test('no more run at a time than there are lanes, and all run in the order in which they came', async t => {
  const lanes = new Lanes(3)
  const started: number[] = []
  let running = 0
  let most = 0

  const results = await Promise.all(Array.from({ length: 20 }, async (_, index) => await lanes.run(async () => {
    started.push(index)
    most = Math.max(most, ++running)
    await new Promise(resolve => { setImmediate(resolve) })
    running--
    return index
  })))

  t.equal(most, 3)
  t.same(started, results)
})

t.test('what throws gives its lane back', async t => {
  const lanes = new Lanes(1)

  await t.rejects(lanes.run(async () => { throw new Error('no') }), { message: 'no' })

  t.equal(await lanes.run(async () => 7), 7)
})
