import { readFileSync } from 'node:fs'
import t from 'tap'
import { KEYS, onPort, readConfig } from '../src/config.js'

t.test('an empty environment gives a complete, frozen configuration', async t => {
  const config = readConfig({})

  t.match(config, { port: 8080, host: '127.0.0.1', dataDir: './data', workers: 1, demo: true, publicUrl: 'http://127.0.0.1:8080', corsOrigins: [] })
  t.equal(config.databaseUrl, undefined)
  t.ok(Object.isFrozen(config))
})

t.test('the environment is read', async t => {
  const config = readConfig({ PORT: '0', HOST: '::', KARTA_DEMO: 'off', PUBLIC_URL: 'https://fhir.example.org/', KARTA_CORS_ORIGINS: 'https://a.example, https://b.example', HOME: '/x' })

  t.match(config, { port: 0, demo: false, publicUrl: 'https://fhir.example.org', corsOrigins: ['https://a.example', 'https://b.example'] })
})

t.test('a key that is set to nothing is not set', async t => {
  t.equal(readConfig({ PORT: '', KARTA_ZONE: '' }).port, 8080)
})

t.test('an unknown KARTA_ key is refused by name', async t => {
  t.throws(() => readConfig({ KARTA_DEMOO: 'off' }), { name: 'StartError', message: /KARTA_DEMOO.*KARTA_DEMO\b/ })
})

const BAD: Array<[string, string, RegExp]> = [
  ['PORT', 'http', /a whole number from 0 to 65535/],
  ['PORT', '70000', /a whole number/],
  ['PORT', '80.5', /a whole number/],
  ['WORKERS', '0', /from 1 to 64/],
  ['HOST', 'a b', /address/],
  ['DATABASE_URL', 'mysql://x', /postgres:/],
  ['PUBLIC_URL', 'fhir.example.org', /http/],
  ['KARTA_DEMO', 'yes', /on, off/],
  ['KARTA_LOG_LEVEL', 'loud', /trace, debug/],
  ['KARTA_ZONE', 'Mars/Olympus', /IANA/],
  ['KARTA_CORS_ORIGINS', 'example.org', /origins/]
]

t.test('a bad value is refused with its key and what is allowed', async t => {
  for (const [key, value, allowed] of BAD) {
    t.throws(() => readConfig({ [key]: value }), { name: 'StartError', message: new RegExp(`^${key} is "${value}"`) }, `${key}=${value}`)
    t.throws(() => readConfig({ [key]: value }), { message: allowed }, `${key}=${value} says what is allowed`)
  }
})

t.test('all bad values are named at once', async t => {
  t.throws(() => readConfig({ PORT: 'x', WORKERS: 'y' }), { message: /PORT is "x"[^]*WORKERS is "y"/ })
})

t.test('the base of links follows the port that was found', async t => {
  t.equal(onPort(readConfig({ PORT: '0' }), 4711).publicUrl, 'http://127.0.0.1:4711')
  t.equal(onPort(readConfig({ PORT: '0', PUBLIC_URL: 'https://x.example' }), 4711).publicUrl, 'https://x.example')
})

t.test('docs/configuration.md has one row for each key, with its default', async t => {
  const rows = [...readFileSync('docs/configuration.md', 'utf8').matchAll(/^\| `([A-Z_]+)` \| ([^|]*) \|/gm)]
  const documented = Object.fromEntries(rows.map(([, key, text = '']) => [key, text.trim().replaceAll('`', '')]))
  const expected = Object.fromEntries(Object.entries(KEYS).map(([key, row]) => [key, 'default' in row && row.default !== '' ? String(row.default) : '']))

  t.same(documented, expected)
})
