import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

// The order in which a request meets the code, after what the process itself needs. A folder may import itself and those before it.
const LAYERS = [
  'start-error.ts', 'secret.ts', 'config.ts', 'log.ts', 'embedded', 'database.ts',
  'generated', 'fhir', 'store', 'notify', 'auth', 'consent', 'resources', 'load', 'demo', 'app.ts', 'workers.ts', 'main.ts', 'cli', 'cli.ts'
]
// The process hands these to the layers as arguments; nobody between reaches for them.
const PROCESS_ONLY = ['embedded', 'database.ts', 'secret.ts']
const MAY_OPEN = ['embedded', 'database.ts', 'main.ts', 'cli', 'cli.ts']

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter(name => name.endsWith('.ts') && !name.endsWith('.d.ts')).map(name => join('src', name)).sort()
const nameOf = (path: string) => relative('src', path).split('/')[0] ?? ''
const layerOf = (path: string) => LAYERS.indexOf(nameOf(path))

function importsOf (file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/(?:from |import\(|import )'(\.[^']+)\.js'/g)].map(([, target = '']) => `${join(dirname(file), target)}.ts`)
}

t.test('imports go one way', async t => {
  for (const file of sources) {
    t.not(layerOf(file), -1, `${file} has a layer`)
    for (const imported of importsOf(file)) t.ok(layerOf(imported) <= layerOf(file), `${file} imports ${imported}`)
  }
})

t.test('only the process opens a database or reads a secret', async t => {
  for (const file of sources) {
    for (const imported of importsOf(file)) {
      if (PROCESS_ONLY.includes(nameOf(imported))) t.ok(MAY_OPEN.includes(nameOf(file)), `${file} imports ${imported}`)
    }
  }
})

t.test('only config.ts reads the environment', async t => {
  for (const file of sources.filter(file => file !== 'src/config.ts')) {
    t.notMatch(readFileSync(file, 'utf8'), /process\.env/, file)
  }
})

// Who reads rows reads them through the policy. The others are tools of whoever holds the machine: what `karta token` asks of a
// Patient, the list of what a load left ownerless, and whether the demo city is there.
const READERS = ['src/consent/visible.ts', 'src/consent/canonical.ts', 'src/consent/chart.ts', 'src/consent/history.ts', 'src/consent/search/latest.ts', 'src/consent/search/matches.ts', 'src/consent/search/order.ts', 'src/consent/search/page.ts', 'src/consent/search/predicate.ts', 'src/consent/search/several.ts']
// Index rows are made of what is stored: what goes over it shows nobody anything.
const WALKS = ['src/store/custom/walk.ts', 'src/store/full-text/step.ts']
const TOOLS = ['src/consent/grant.ts', 'src/load/ownerless.ts', 'src/demo/seed.ts']

t.test('rows of the record are named in the SQL of the readers only, of the tools of who holds the machine and of what indexes', async t => {
  const naming = sources.filter(file => /karta\.(version|current)\b/.test(readFileSync(file, 'utf8')))

  t.same(naming.sort(), [...READERS, ...TOOLS, ...WALKS].sort())
})

t.test('a file has at most 400 lines', async t => {
  for (const file of sources) {
    const lines = readFileSync(file, 'utf8').split('\n').length - 1
    t.ok(lines <= 400, `${file}: ${lines}`)
  }
})
