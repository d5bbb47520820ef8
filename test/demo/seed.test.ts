import pg from 'pg'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.js'
import { city } from '../../src/demo/city.js'
import { seed } from '../../src/demo/seed.js'
import { validate } from '../../src/fhir/validate.js'
import { isObject, parseJson } from '../../src/fhir/json.js'
import { testDatabase } from '../database.js'

const config = readConfig({ KARTA_READERS: '1', KARTA_WRITERS: '2' })
const resources = city().flatMap(({ entry = [] }) => entry.flatMap(({ resource }) => resource === undefined ? [] : [resource]))

async function database (t: Test): Promise<{ url: string, count: (where: string) => Promise<number>, query: (text: string) => Promise<unknown> }> {
  const url = await testDatabase(t)
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  t.teardown(async () => { await pool.end() })
  return {
    url,
    count: async where => Number((await pool.query<{ count: string }>(`select count(*) from ${where}`)).rows[0]?.count),
    query: async text => await pool.query(text)
  }
}

t.test('every resource of the city is valid', async t => {
  for (const resource of resources) {
    const value = parseJson(JSON.stringify(resource))

    t.same(isObject(value) ? validate(resource.resourceType, value) : undefined, [], `${resource.resourceType}/${resource.id ?? ''}`)
  }
})

t.test('a new database gets the city once, wholly, and each record its owner', async t => {
  const { url, count } = await database(t)

  t.equal(await seed(config, url), resources.length)
  t.equal(await seed(config, url), 0)

  t.equal(await count('karta.current'), resources.length)
  t.equal(await count('karta.version'), resources.length)
  t.equal(await count('karta.current where class = 0'), 0)
  t.equal(await count('karta.owner'), 9)
  t.ok(await count("karta.current where labels = '{PSY}'") > 5)
})

t.test('two processes that start at once write it once', async t => {
  const { url, count } = await database(t)

  const written = await Promise.all([seed(config, url), seed(config, url)])

  t.same(written.sort((a, b) => a - b), [0, resources.length])
  t.equal(await count('karta.version'), resources.length)
})

t.test('what was interrupted is completed', async t => {
  const { url, count, query } = await database(t)
  await seed(config, url)
  await query("update karta.loaded set resources = 0 where key = 'demo city'")

  t.equal(await seed(config, url), resources.length)

  t.equal(await count('karta.version'), resources.length, 'and nothing is written twice')
})

t.test('a database with records of its own is left alone', async t => {
  const { url, query } = await database(t)
  await seed(config, url)
  await query('delete from karta.loaded')

  t.equal(await seed(config, url), 0)
})
