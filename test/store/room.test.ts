import t from 'tap'
import { isFull, Room } from '../../src/store/room.js'

const GB = 1024 ** 3
const disk = (size: number, free: number) => ({ bsize: 4096, blocks: size / 4096, bavail: free / 4096 })

t.test('a disk is full when a twentieth is left, or of a large one 8 GB', async t => {
  t.notOk(isFull(disk(10 * GB, 0.6 * GB)))
  t.ok(isFull(disk(10 * GB, 0.4 * GB)))
  t.notOk(isFull(disk(1000 * GB, 9 * GB)))
  t.ok(isFull(disk(1000 * GB, 7 * GB)))
})

t.test('a folder that is not there does not stop a write', async t => {
  const room = await Room.watch('/there/is/no/such/folder')
  t.teardown(() => room.end())

  t.equal(room.full, false)
})
