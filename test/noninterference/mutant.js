// node --import ./test/noninterference/mutant.js: loads one file of src with one piece of it replaced, as KARTA_MUTANT says.
// Before tsx, which then compiles what it is given here. https://nodejs.org/docs/latest-v20.x/api/module.html#hooks
import { register } from 'node:module'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) register(import.meta.url, { data: JSON.parse(process.env['KARTA_MUTANT'] ?? '{}') })

let mutant = {}

export const initialize = data => { mutant = data }

export async function load (url, context, nextLoad) {
  const loaded = await nextLoad(url, context)
  if (url.split('?')[0] !== mutant.url) return loaded
  const source = String(loaded.source)
  process.stderr.write(`mutated ${mutant.line}\n`)
  return { ...loaded, source: source.slice(0, mutant.start) + mutant.text + source.slice(mutant.end) }
}
