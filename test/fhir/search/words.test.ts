import t from 'tap'
import { wordQuery, wordsOf } from '../../../src/fhir/search/words.js'
import { textOfXhtml } from '../../../src/fhir/text/xhtml.js'

const QUERIES: readonly (readonly [asked: string, query: string])[] = [
  ['fever', "('fever')"],
  ['Fever COUGH', "(('fever') & ('cough'))"],
  ['(bone OR liver) and metastases', "((('bone') | ('liver')) & ('metastases'))"],
  ['"chest pain" -trauma', "(('chest' <-> 'pain') & !('trauma'))"],
  ['fever -(cough or "runny nose")', "(('fever') & !(('cough') | ('runny' <-> 'nose')))"],
  ['a or b c', "(('a') | (('b') & ('c')))"],
  ['боль «в груди»', "(('боль') & ('в' <-> 'груди'))"],
  ['Ёлка café', "(('елка') & ('cafe'))"],
  ["patient's mg/dL 8480-6", "(('patients') & ('mg' <-> 'dl') & ('8480' <-> '6'))"],
  ['or fever or', "('fever')"],
  ['fever & ! | <-> :* \\', "('fever')"],
  ['() fever ""', "('fever')"],
  ['- fever', "('fever')"]
]

t.test('words, phrases, or, brackets and what must not be there become what PostgreSQL takes', async t => {
  for (const [asked, query] of QUERIES) t.equal(wordQuery('_text', asked), query, asked)
})

t.test('what asks nothing, or only for what must not be there, is refused', async t => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['...', /no words/], ['or', /no words/], ['-fever', /only what must not/], ['fever or -cough', /each of its alternatives/], ['(fever', /not closed/], ['fever)', /closes no bracket/], ['"fever', /quote/],
    ['x'.repeat(101), /letters/], ['fever '.repeat(200), /1000/]
  ]

  for (const [asked, message] of refused) t.throws(() => wordQuery('_text', asked), { message }, asked)
})

t.test('words of a text are those between everything else', async t => {
  t.same(wordsOf('Hepatitis-A (no fever), 5.4 mg/dL; Ёжик'), ['hepatitis', 'a', 'no', 'fever', '5', '4', 'mg', 'dl', 'ежик'])
  t.same(wordsOf('\u0000\ud800 x'), ['x'])
  t.same(wordsOf(`${'y'.repeat(101)} x`), ['x'])
})

t.test('the text of a narrative is what it shows', async t => {
  t.same(wordsOf(textOfXhtml('<div xmlns="http://www.w3.org/1999/xhtml"><p title="a>b">Fe<b>ver</b> &amp; chills</p><table><tr><td>one</td><td>two</td></tr></table><!-- not <b>this</b> -->&#1073;&#x43e;ль</div>')),
    ['fever', 'chills', 'one', 'two', 'боль'])
})
