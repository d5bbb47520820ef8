// https://hl7.org/fhir/R4/search_filter.html
import t from 'tap'
import { parseFilter, testsIn, type Filter } from '../../../src/fhir/search/filter.js'

/** A filter with parentheses wherever it has parts. */
function told (filter: Filter): string {
  switch (filter.kind) {
    case 'not': return `not(${told(filter.of)})`
    case 'test': return `${filter.path.map(({ name, filter: inner }) => name + (inner === undefined ? '' : `[${told(inner)}]`)).join('.')} ${filter.operator} ${JSON.stringify(filter.value)}`
    default: return `(${told(filter.left)} ${filter.kind} ${told(filter.right)})`
  }
}

t.test('what the page shows is understood', async t => {
  const cases: ReadonlyArray<readonly [text: string, told: string]> = [
    ['name co "pet"', 'name co "pet"'],
    ['given eq "peter" and birthdate ge 2014-10-10', '(given eq "peter" and birthdate ge "2014-10-10")'],
    ['code eq http://loinc.org|1234-5', 'code eq "http://loinc.org|1234-5"'],
    ['subject.name co "pet"', 'subject.name co "pet"'],
    ['related[type eq "has-component"].target pr true', 'related[type eq "has-component"].target pr "true"'],
    ['related[type eq has-component].target re Observation/4', 'related[type eq "has-component"].target re "Observation/4"'],
    ['a eq 1 or b eq 2 and c eq 3', '((a eq "1" or b eq "2") and c eq "3")'],
    ['a eq 1 or (b eq 2 and c eq 3)', '(a eq "1" or (b eq "2" and c eq "3"))'],
    ['not (a eq 1)', 'not(a eq "1")'],
    ['not(a eq 1 and b eq 2) or c eq 3', '(not((a eq "1" and b eq "2")) or c eq "3")'],
    ['  ( a  eq\t1 )\nand\nnot (b eq "x) y] \\" \\u0041")  ', '(a eq "1" and not(b eq "x) y] \\" A"))'],
    ['a[b[c eq 1].d eq 2 or e eq 3].f.g-h EQ 4 AND _i eq 5', '(a[(b[c eq "1"].d eq "2" or e eq "3")].f.g-h eq "4" and _i eq "5")'],
    ['not eq 1', 'not eq "1"'], ['a eq (b', 'a eq "(b"']
  ]
  for (const [text, expected] of cases) t.equal(told(parseFilter(text)), expected, text)
  t.equal(testsIn(parseFilter('a[b eq 1].c eq 2 and not (d eq 3)')), 3)
})

t.test('what is wrong is refused with its place and what should stand there', async t => {
  const cases: ReadonlyArray<readonly [text: string, says: RegExp]> = [
    ['', /line 1, column 1: it ends where the name of a parameter/], ['name', /line 1, column 5: it ends where a blank after name should/], ['name is x', /line 1, column 6: "is x" stands where one of eq ne .* should/],
    ['name eq', /line 1, column 8: it ends where a blank after eq should/], ['name eq ', /line 1, column 9: it ends where a value should/], ['name eq x y', /line 1, column 11: "y" stands where and, or, or the end should/],
    ['name eq x and', /line 1, column 11: "and" stands where/], ['name eq x and ', /line 1, column 15: it ends where the name of a parameter/], ['(name eq x', /line 1, column 11: it ends where \) should/], ['name eq x)', /line 1, column 10: "\)" stands where/],
    ['name eq "x', /line 1, column 9: a text that begins with " ends with another/], ['name eq "\\x"', /line 1, column 9: this is no text of JSON/], ['name eq x and\n  1x eq y', /line 2, column 3: "1x eq y" stands where the name/],
    ['a[b eq 1] eq 2', /line 1, column 11: "eq 2" stands where \. and the name/], ['a[b eq 1.c eq 2', /line 1, column 12: "eq 2" stands where \] should|where and, or|where \] should/], ['a. eq 1', /line 1, column 3: " eq 1" stands where the name/],
    ['a:exact eq 1', /line 1, column 2: ":exact eq 1" stands where a blank after a should/], ['a eq \0', /U\+0000/], [`${'('.repeat(30)}a eq 1${')'.repeat(30)}`, /column 21: filters stand at most 20 deep/], ['a eq ]', /column 6: "\]" stands where a value should/]
  ]
  for (const [text, says] of cases) t.throws(() => parseFilter(text), { message: says, status: 400 }, JSON.stringify(text))
})
