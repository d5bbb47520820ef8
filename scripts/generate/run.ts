// Writes src/generated from the published definitions. Each generator is a file here that exports `generate(outDir)`.
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const outDir = join(here, '../../src/generated')
mkdirSync(outDir, { recursive: true })
// Named generators only, or all of them.
const wanted = process.argv.slice(2)
for (const file of readdirSync(here).filter(name => name.startsWith('write-') && (wanted.length === 0 || wanted.includes(name))).sort()) {
  const { generate } = await import(pathToFileURL(join(here, file)).href) as { generate: (outDir: string) => void | Promise<void> }
  const start = performance.now()
  await generate(outDir)
  process.stdout.write(`${file}: ${Math.round(performance.now() - start)} ms\n`)
}
