import t from 'tap'
import { etag, httpDate, namesVersion, unmodifiedSince, versionToMatch } from '../../src/fhir/etag.js'
import { FhirError } from '../../src/fhir/outcome.js'

const statusOf = (act: () => unknown): number | undefined => {
  try {
    act()
  } catch (error) {
    return error instanceof FhirError ? error.status : undefined
  }
}

t.test('If-Match names one version, weakly or not', async t => {
  for (const ifMatch of ['W/"23"', '"23"', ' W/"23" ']) t.equal(versionToMatch(ifMatch), '23', ifMatch)
  for (const ifMatch of ['23', 'W/23', 'w/"23"', '*', '', '""', 'W/"23', 'W/"1","2"', '"a"b"']) t.equal(statusOf(() => versionToMatch(ifMatch)), 400, ifMatch)
})

t.test('If-None-Match names versions by one, by a list, or all of them', async t => {
  for (const header of [etag('23'), '"23"', '"1", W/"23"', 'W/"1",W/"23" ,"4"', '*', ' * ']) t.equal(namesVersion(header, '23'), true, header)
  for (const header of ['W/"2"', '"233"', '"2","3"', '"W/23"']) t.equal(namesVersion(header, '23'), false, header)
  for (const header of ['23', '"23" "24"', '"23",', ',"23"', '', '*, "23"']) t.equal(statusOf(() => namesVersion(header, '23')), 400, header)
})

t.test('a long header is read in time that grows with its length', async t => {
  const started = performance.now()

  t.equal(statusOf(() => namesVersion('"a" , '.repeat(3000) + 'x', '23')), 400)

  t.ok(performance.now() - started < 100)
})

t.test('If-Modified-Since counts in whole seconds, in all forms of a date, and says nothing when it is none', async t => {
  const at = Date.UTC(1994, 10, 6, 8, 49, 37, 999)

  for (const date of ['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994 GMT', httpDate(at)]) t.equal(unmodifiedSince(date, at), true, date)
  for (const date of ['Sun, 06 Nov 1994 08:49:36 GMT', 'yesterday', '2026-11-22', '', '0']) t.equal(unmodifiedSince(date, at), false, date)
})
