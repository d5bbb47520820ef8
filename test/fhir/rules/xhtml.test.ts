import fc from 'fast-check'
import t from 'tap'
import { xhtml } from '../../../src/fhir/rules/xhtml.js'

const div = (inner: string): string => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`

t.test('a narrative of what R4 allows', async t => {
  const allowed = ['text', '<p>a<br/>b</p>', '<table class="grid" border="1"><tr><td colspan=\'2\' nowrap="nowrap">a &amp; b &lt; &#160; &#x41;</td></tr></table>',
    '<a href="http://a.example/?b=c&amp;d=e" name="x">a</a>', '<img src="#pic" alt="x"/>', '<!-- note --><b>x</b>', '<![CDATA[a < b]]>', '<span style="color:red" xml:lang="de" id="a">x</span>',
    '<ul>\n<li>a</li>\n</ul>', '<p xmlns="http://www.w3.org/1999/xhtml">a</p>']

  for (const inner of allowed) t.equal(xhtml(div(inner)), undefined, inner)
  t.equal(xhtml(` ${div('x')}\n`), undefined)
})

t.test('what a narrative may not have', async t => {
  const refused: Array<[string, RegExp]> = [
    [div('<script>alert(1)</script>'), /<script> is not allowed/],
    [div('<b onclick="x">a</b>'), /onclick is not allowed on <b>/],
    [div('<a href="java\tscript:alert(1)">a</a>'), /active content/],
    [div('<a href="&#106;avascript:alert(1)">a</a>'), /active content/],
    [div('<a href="data:text/html,x">a</a>'), /active content/],
    [div('<form><input/></form>'), /<form> is not allowed/],
    [div('<object/>'), /<object> is not allowed/],
    [div('<iframe src="x"/>'), /<iframe> is not allowed/],
    [div('<P>a</P>'), /<P> is not allowed/],
    [div('<p>a'), /<\/p> expected, not <\/div>/],
    [div('<p>a</b></p>'), /<\/p> expected, not <\/b>/],
    [div('a</div>'), /nothing may follow/],
    [div('a & b'), /character references/],
    [div('a &nbsp; b'), /character references/],
    [div('a &amp b'), /character references/],
    [div('&#1114112;'), /character references/],
    [div('1 < 2'), /'<' must begin an element/],
    [div('<p class=x>a</p>'), /attributes of <p> are malformed/],
    [div('<p class="a" class="b">a</p>'), /class stands twice/],
    [div('<p class="a"title="b">a</p>'), /malformed/],
    [div('<?php ?>'), /'<' must begin an element/],
    [div('<!-- a -- b --> x'), /not closed/],
    [div(''), /txt-2/],
    [div(' \n <p> </p>'), /txt-2/],
    ['<div>a</div>', /namespace/],
    ['<div xmlns="http://www.w3.org/1999/html">a</div>', /namespace must be/],
    ['<p xmlns="http://www.w3.org/1999/xhtml">a</p>', /must be one <div>/],
    ['text', /must be one <div>/],
    ['<div xmlns="http://www.w3.org/1999/xhtml">a', /<div> is not closed/],
    ['<div xmlns="http://www.w3.org/1999/xhtml', /malformed|namespace/]
  ]

  for (const [text, says] of refused) t.match(xhtml(text), says, text)
})

t.test('what was nested right stays right, whatever the text', async t => {
  const tree = fc.letrec<{ node: string }>(tie => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.string().map(text => text.replace(/[<>&]/g, one => `&#${one.charCodeAt(0)};`)),
      fc.tuple(fc.constantFrom('p', 'span', 'b', 'table', 'li'), fc.array(tie('node'), { maxLength: 4 })).map(([name, inner]) => `<${name} class="x">${inner.join('')}</${name}>`)
    )
  })).node

  const result = fc.check(fc.property(tree, inner => xhtml(div(`x${inner}`)) === undefined), { numRuns: 500 })

  t.notOk(result.failed, `seed ${result.seed}: ${JSON.stringify(result.counterexample)}`)
})

t.test('the time is linear in the text', async t => {
  const start = performance.now()
  for (const text of ['<p'.repeat(300_000), `<p ${'a="'.repeat(300_000)}`, `<p${' '.repeat(500_000)}`, '<!--'.repeat(300_000), '&'.repeat(500_000), '<b>'.repeat(300_000), `<p ${'title="x" '.repeat(100_000)}>`]) {
    xhtml(`<div xmlns="http://www.w3.org/1999/xhtml">${text}`)
  }
  t.ok(performance.now() - start < 3000, 'linear')
})
