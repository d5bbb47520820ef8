import { deepEqual } from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import t from 'tap'
import { parseJson, resourceText, scanResource } from '../../src/fhir/json.js'
import { dataText, elementsText, summaryText, textText } from '../../src/fhir/text/cut.js'
import { pretty } from '../../src/fhir/text/pretty.js'
import { parseTree, treeText } from '../../src/fhir/text/tree.js'

const folder = dirname(createRequire(import.meta.url).resolve('hl7.fhir.r4.examples/package.json'))
// Larger ones are definitions, much alike.
const LARGEST = 24_000
const files = readdirSync(folder).filter(file => file.endsWith('.json') && !/^(package|\.index)/.test(file) && statSync(join(folder, file)).size < LARGEST)

/** A text without the whitespace between its tokens. */
const tokens = (text: string): string => (text.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g) ?? []).join('')

t.test('published examples keep their tokens through scan, edit and layout, and can be cut', async t => {
  t.ok(files.length > 4000, `${files.length} examples`)
  const changed: string[] = []
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8').replace(/^\ufeff/, '')
    const { resourceType = '', id = '', tail, value } = scanResource(text)
    const whole = resourceText(resourceType, id, '1', 'now', tail)

    const again = scanResource(whole, link => link)
    const same = [treeText(parseTree(text)) === tokens(text), again.tail === tail, tokens(pretty(whole)) === whole, treeText(parseTree(whole)) === whole]
    const { meta, ...rest } = value
    const cuts = [summaryText, dataText, textText].map(cut => cut(resourceType, tail)).concat(elementsText(resourceType, tail, Object.keys(rest).filter(name => !name.startsWith('_'))))

    if (same.includes(false)) changed.push(file)
    for (const cut of cuts) parseJson(resourceText(resourceType, id, '1', 'now', cut))
    const { meta: _, ...stored } = JSON.parse(whole) as Record<string, unknown>
    deepEqual(stored, (({ meta: _, ...all }) => ({ resourceType, id, ...all }))(JSON.parse(text) as Record<string, unknown>), file)
  }
  t.same(changed, [])
})
