import fc from 'fast-check'
import t from 'tap'
import { add, addUnit, finish, hash, high, low, resume, seed } from '../../src/store/hash.js'

t.test('the hash is what it was when the first row was stored', async t => {
  t.same(hash(''), [1251691413, -315476852])
  t.same(hash('Patient|name|'), [-843312838, 1852484638])
  t.same(hash('Observation|code|shttp://loinc.org|8480-6'), [1102043624, 869045221])
  t.same(hash('Ёлкин 😀'), [1774579987, -1157886352])
})

t.test('a text in pieces has the hash of the whole', async t => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (left, right) => {
    const whole = hash(left + right)

    t.same(hash(right, seed(left)), whole)
    resume(seed(left))
    for (let at = 0; at < right.length; at++) addUnit(right.charCodeAt(at))
    finish()
    t.same([high, low], whole)
  }))
})

t.test('texts that differ have different hashes', async t => {
  const seen = new Map<string, string>()

  for (let number = 0; number < 200_000; number++) {
    const text = `Encounter/${number.toString(36)}`
    const key = hash(text).join()
    if (seen.has(key)) t.fail(`${text} and ${seen.get(key) ?? ''} have one hash`)
    seen.set(key, text)
  }

  t.equal(seen.size, 200_000)
})

t.test('halves are signed 32-bit integers', async t => {
  fc.assert(fc.property(fc.string(), text => hash(text).every(half => half === (half | 0))))
  resume(seed(''))
  add('a')
  finish()
  t.equal(high, high | 0)
})
