import fc from 'fast-check'
import t from 'tap'
import { Ids, isServerId } from '../../src/store/id.js'
import { isRid, lastUpdatedOf, millisecondsOf, ridAt } from '../../src/store/rid.js'

const SECRET = Buffer.alloc(32, 3)

t.test('an id is a UUID of version 8 and names its owner to whoever has the secret', t => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 48 - 1 }), fc.integer({ min: 0, max: 2 ** 47 }), (owner, now) => {
    const ids = new Ids(SECRET)

    const id = ids.next(String(owner), now)

    return isServerId(id) && ids.ownerIn(id) === String(owner)
  }))
  t.end()
})

t.test('ids made together are those of their owners, each its own, however many', t => {
  const ids = new Ids(SECRET)
  const owners = Array.from({ length: 3000 }, (_, place) => String(place % 7 + 2 ** 40))

  const made = ids.many(owners)

  t.same(made.map(id => ids.ownerIn(id)), owners)
  t.equal(new Set(made).size, owners.length)
  t.ok(made.every(isServerId))
  t.same(ids.many([]), [])
  t.end()
})

t.test('ids of one owner cannot be linked without the secret', t => {
  const ids = new Ids(SECRET)

  const tails = Array.from({ length: 1000 }, () => ids.next('1000', 0).slice(-12))

  t.equal(new Set(tails).size, 1000)
  t.not(new Ids(Buffer.alloc(32, 4)).ownerIn(ids.next('1000')), '1000')
  t.end()
})

t.test('ids sort by the time at which they were made', t => {
  const ids = new Ids(SECRET)

  const made = [1, 1000, 1e12, 2e12].map(now => ids.next('7', now))

  t.same([...made].sort(), made)
  t.end()
})

t.test('as many ids as a large Bundle takes, of one owner at one moment, are all different', t => {
  const ids = new Ids(SECRET)

  const made = ids.many(new Array<string>(50_000).fill('1000'), 1e12)

  t.equal(new Set(made).size, made.length)
  t.end()
})

t.test('what is no id of the server names no owner', t => {
  const ids = new Ids(SECRET)

  for (const id of ['anna', '01a20542-51b6-4c95-b306-b208d0a4ec5b', '01A20542-51B6-8C95-B306-B208D0A4EC5B', '']) t.equal(ids.ownerIn(id), undefined, id)
  t.end()
})

t.test('a rid tells its millisecond', t => {
  const time = Date.UTC(2026, 10, 22, 10, 0, 0, 123)

  t.equal(lastUpdatedOf(ridAt(time)), '2026-11-22T10:00:00.123Z')
  t.equal(millisecondsOf(String(BigInt(ridAt(time)) + 77n)), time)
  for (const text of ['1', '9223372036854775807']) t.ok(isRid(text), text)
  for (const text of ['0', '-1', '01', '9223372036854775808', '99999999999999999999', '1.0', 'a', '']) t.notOk(isRid(text), text)
  t.end()
})
