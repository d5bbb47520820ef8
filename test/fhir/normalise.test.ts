import fc from 'fast-check'
import t from 'tap'
import { beginning, contactValue, folded } from '../../src/fhir/normalise.js'

t.test('case, accents and doubled spaces do not matter', async t => {
  t.equal(folded('  O\u2019Brien   ANN '), 'o\u2019brien ann')
  t.equal(folded('Zoë Müller-Strauß'), 'zoe muller-strauss')
  t.equal(folded('Łódź, Ærø'), 'lodz, aero')
  t.equal(folded('ΟΔΥΣΣΕΎΣ'), 'οδυσσευσ')
})

t.test('in Russian, yo is found by ye, but short i is a letter of its own', async t => {
  t.equal(folded('Ёлкин'), 'елкин')
  t.equal(folded('Андрей'), 'андрей')
  t.not(folded('мой'), folded('мои'))
  t.equal(folded('Андре\u0438\u0306'), 'андрей', 'composed or not')
})

t.test('folding twice is folding once, and what is equal in any case folds alike', async t => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), text => folded(folded(text)) === folded(text)))
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...'абвгдеёжзийклмнопрстуфхцчшщъыьэюяАЁЙ éÉüßł') }), text =>
    folded(text) === folded(text.normalize('NFD')) && folded(text) === folded(text.toUpperCase())))
})

t.test('a beginning never ends in half a character', async t => {
  t.equal(beginning('abc', 2), 'ab')
  t.equal(beginning('a😀', 2), 'a')
  t.equal(beginning('a😀', 3), 'a😀')
})

t.test('telephone numbers are compared without their punctuation', async t => {
  t.equal(contactValue('+7 (495) 123-45-67'), '+74951234567')
  t.equal(contactValue(' Anna.Petrova@Example.ORG '), 'anna.petrova@example.org')
})
