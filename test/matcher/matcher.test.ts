// A matcher in memory, which knows nothing of src, and the server find the same in random cities: what meets a search, in its order, what comes along,
// how many there are, and page by page what the whole is. https://hl7.org/fhir/R4/search.html
import fc from 'fast-check'
import t from 'tap'
import { found as foundBy, walked } from '../found.js'
import { server } from '../server.js'
import { found, included, nameOf, type World } from './matcher.js'
import { searches } from './queries.js'
import { awkward } from './world.js'

const CITIES = Number(process.env['MATCHER_CITIES'] ?? 3)
const SEARCHES = Number(process.env['MATCHER_SEARCHES'] ?? 250)
const seed = Number(process.env['SEED'] ?? 20_261_125)

// As a client writes it: a plus is escaped.
const urlOf = (type: string, query: string): string => `/fhir/${type}?${encodeURI(query).replaceAll('+', '%2B').replaceAll('#', '%23')}`

t.test('the matcher and the server agree', { timeout: 3_600_000 }, async t => {
  for (let city = 0; city < CITIES; city++) {
    const resources = awkward(seed + city)
    // In every second city a chain over more than one is followed row by row, as one over hundreds is.
    const made = await server(t, {}, city % 2 === 1 ? { named: 1, followed: { first: 3, most: 20_000 } } : {})
    const entry = resources.map(resource => ({ resource, request: { method: 'PUT', url: nameOf(resource) } }))
    const { statusCode, body } = await made.ask('POST', '/fhir', { resourceType: 'Bundle', type: 'transaction', entry })
    if (statusCode !== 200) throw new Error(`the city is not stored: ${body}`)
    const lastUpdated = new Date().toISOString()
    const world: World = { resources: resources.map(each => ({ ...each, meta: { ...each['meta'] as object, lastUpdated } })), base: 'http://karta.test/fhir', now: Date.now() }

    let hits = 0
    const result = await fc.check(fc.asyncProperty(searches, fc.integer({ min: 1, max: 7 }), async ({ type, query }, size) => {
      const parameters = new URLSearchParams(query.replaceAll('+', '%2B'))
      const expected = found(world, type, parameters)
      const told = await foundBy(made, `${urlOf(type, query)}&_count=1000`)
      const pages = await walked(made, `${urlOf(type, query)}&_count=${size}`)
      const matches = expected.map(nameOf)
      if (expected.length > 0) hits++
      const differs = [
        ...told.status === 200 ? [] : [told.told], ...same('found', told.matches, matches), ...same('page by page', pages, matches), ...same('counted', told.total, matches.length), ...same('included', told.included, included(world, expected, parameters))
      ]
      if (differs.length > 0) throw new Error(`city ${seed + city}, ${type}?${query}: ${differs.join('; ')}`)
    }), { seed: seed + city, numRuns: SEARCHES })

    t.comment(`city ${seed + city}: ${result.numRuns} searches, ${hits} found something`)
    t.notOk(result.failed, fc.defaultReportMessage(result) ?? '')
    t.ok(hits > SEARCHES / 3, 'many searches find something')
  }
})

const same = (what: string, told: unknown, expected: unknown): string[] =>
  JSON.stringify(told) === JSON.stringify(expected) ? [] : [`${what} ${JSON.stringify(told)}, expected ${JSON.stringify(expected)}`]
