import fc from 'fast-check'
import t from 'tap'
import type { Caller } from '../../src/auth/caller.js'
import { FhirError } from '../../src/fhir/outcome.js'
import { Cursors } from '../../src/resources/cursor.js'

const statusOf = (act: () => unknown): number | undefined => {
  try {
    act()
  } catch (error) {
    return error instanceof FhirError ? error.status : undefined
  }
}

const token = { client: 'app', scopes: [], jti: '', expires: 0 }
const ANNA: Caller = { ...token, kind: 'self', patient: 'anna', owner: '7' }
const DOCTOR: Caller = { ...token, kind: 'treating', actor: '7' }

t.test('a cursor opens for whom and for what it was sealed', async t => {
  const cursors = new Cursors('secret')

  fc.assert(fc.property(fc.string(), fc.string(), (place, query) =>
    cursors.open(cursors.seal(place, { caller: ANNA, query }), { caller: ANNA, query }) === place), { verbose: 1 })
})

t.test('it opens for nobody else, and nothing in it can be read or changed', async t => {
  const cursors = new Cursors('secret')
  const sealed = cursors.seal('1234567890', { caller: ANNA, query: 'q' })

  t.notMatch(Buffer.from(sealed, 'base64url').toString('latin1'), /1234567890|anna/)
  for (const bound of [{ caller: DOCTOR, query: 'q' }, { caller: { ...ANNA, owner: '8' }, query: 'q' }, { caller: { ...ANNA, client: 'other' }, query: 'q' }, { caller: ANNA, query: 'p' }]) {
    t.equal(statusOf(() => cursors.open(sealed, bound)), 400)
  }
  t.equal(statusOf(() => new Cursors('another').open(sealed, { caller: ANNA, query: 'q' })), 400)
  fc.assert(fc.property(fc.nat(Buffer.from(sealed, 'base64url').length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
    const bytes = Buffer.from(sealed, 'base64url')
    bytes[at] = (bytes[at] ?? 0) ^ bits
    t.equal(statusOf(() => cursors.open(bytes.toString('base64url'), { caller: ANNA, query: 'q' })), 400)
  }), { verbose: 1 })
  fc.assert(fc.property(fc.string({ maxLength: 60 }), text => { t.equal(statusOf(() => cursors.open(text, { caller: ANNA, query: 'q' })), 400) }), { verbose: 1 })
})

t.test('it expires', async t => {
  const cursors = new Cursors('secret')
  const now = Date.now()
  const sealed = cursors.seal('7', { caller: ANNA, query: '' }, now)

  t.equal(cursors.open(sealed, { caller: ANNA, query: '' }, now + 3_599_000), '7')
  t.throws(() => cursors.open(sealed, { caller: ANNA, query: '' }, now + 3_601_000), /expired/)
})
