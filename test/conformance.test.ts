import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { kept } from '../conformance/suite.js'
import { SUITES } from '../conformance/suites.js'

const text = readFileSync('conformance/README.md', 'utf8')
const pageOf = (link: string): string => link.replace(/[#:,].*$/, '')

t.test('every file that the tables name is there', async t => {
  const named = [...text.matchAll(/`((?:src|test|scripts|conformance)\/[^`]+)`/g)].map(([, path = '']) => path)

  t.ok(named.length > 100)
  for (const path of new Set(named)) t.ok(existsSync(path), path)
})

t.test('every page that the code cites is in the tables', async t => {
  const pages = new Set([...text.matchAll(/hl7\.org\/fhir\/R4\/([^)\s]+)/g)].map(([, link = '']) => pageOf(link)))

  for (const folder of ['src/fhir', 'src/consent', 'src/resources']) {
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts'))) {
      const source = readFileSync(join(folder, name), 'utf8')
      for (const [, link = ''] of source.matchAll(/hl7\.org\/fhir\/R4\/([^\s)]+)/g)) t.ok(pages.has(pageOf(link)), `${name} cites ${link}`)
    }
  }
})

for (const { name, title, folder, run } of SUITES) {
  t.test(`${title}: what is recorded comes out, and each miss has its reason`, { skip: existsSync(folder) ? false : `${folder} is not here` }, async t => {
    const cases = await run()

    t.same(cases, kept(name), `otherwise: npm run conformance -- ${name}`)
    t.same(cases.filter(({ pass, because }) => !pass && because === undefined), [])
  })
}
