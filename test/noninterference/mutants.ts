// What the suite is worth: each place where the policy stands in a statement is in turn replaced by true, in a process of its own and nowhere on the
// disk, and the suite must see it.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SRC = join(ROOT, 'src')

/** A call that makes the policy's SQL: where it stands, and what stands there instead. */
export interface Mutant { readonly file: string, readonly line: number, readonly callee: string, readonly start: number, readonly end: number, readonly text: string }

// `reachable` says where a caller may see anything at all; `scoped` decides each row of it afterwards. Without it a statement only takes longer.
const NARROWING = 'reachable'
const CALLEES: readonly string[] = ['scoped', NARROWING]

/** Every call site in src, found in its syntax. */
export function mutants (): Mutant[] {
  const names = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts') && !name.startsWith('generated')).sort()
  return names.flatMap(name => mutantsIn(join(SRC, name)))
}

function mutantsIn (file: string): Mutant[] {
  const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true)
  const found: Mutant[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && CALLEES.includes(node.expression.text)) found.push(mutantOf(file, source, node, node.expression.text))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

// True of every row; the caller stays in the text, so that no statement fails for want of him.
function mutantOf (file: string, source: ts.SourceFile, call: ts.CallExpression, callee: string): Mutant {
  const subject = call.arguments[2]?.getText()
  if (subject === undefined) throw new Error(`${file}: ${callee} is called without a subject`)
  const [start, end] = [call.getStart(), call.getEnd()]
  const all = `('(' + (${subject}) + ' is null or true)')`
  // Where it is undefined anybody may be reached already.
  const text = callee === NARROWING ? `(${call.getText()} === undefined ? undefined : ${all})` : all
  return { file, line: source.getLineAndCharacterOfPosition(start).line + 1, callee, start, end, text }
}

/** Whether the suite fails for each. Says so for each, and how many there are. */
export async function mutate (cases: number, seed: number): Promise<boolean> {
  let [killed, narrowing, missed] = [0, 0, 0]
  for (const mutant of mutants()) {
    const where = `${mutant.file.slice(ROOT.length)}:${mutant.line} ${mutant.callee}`
    const by = await killer(mutant, cases, seed)
    if (by !== undefined) killed++
    else if (mutant.callee === NARROWING) narrowing++
    else missed++
    console.log(`${where.padEnd(44)} ${by === undefined ? mutant.callee === NARROWING ? 'not seen: it only narrows' : 'NOT SEEN' : `seen by ${by}`}`)
  }
  console.log(`${killed + narrowing + missed} call sites replaced by true: the suite failed ${killed} times, ${narrowing} only narrow, ${missed} were not seen`)
  return missed === 0
}

/** The feature that tells a mutant from the server; undefined where none does. Rejects where the suite does not run to its end. */
export async function killer (mutant: Mutant, cases: number, seed: number): Promise<string | undefined> {
  const child = spawn(process.execPath, [
    '--import', './test/noninterference/mutant.js', '--import', 'tsx', 'test/noninterference/run.ts', '--cases', String(cases), '--seed', String(seed), '--first'
  ], { cwd: ROOT, env: { ...process.env, KARTA_MUTANT: JSON.stringify({ ...mutant, url: pathToFileURL(mutant.file).href }) }, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = await output(child)
  if (!text.includes(`mutated ${mutant.line}`)) throw new Error(`the mutant was not loaded: ${text.slice(-2000)}`)
  const differences = /, (\d+) differences, /.exec(text)?.[1]
  if (differences === undefined) throw new Error(`the suite did not end: ${text.slice(-2000)}`)
  return differences === '0' ? undefined : /DIFFERENCE in (.*), city/.exec(text)?.[1]
}

async function output (child: ReturnType<typeof spawn>): Promise<string> {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part: string) => { text += part })
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  return text
}
