// The code systems and value sets that HL7 published with R4, as scripts/generate/write-terminology.ts wrote them down. Of the file only the
// lines that are asked for are parsed. https://hl7.org/fhir/R4/terminologies-systems.html
import { readFile } from 'node:fs/promises'

interface Line { readonly version: string, readonly start: number, readonly end: number }
interface File { readonly bytes: Buffer, readonly lines: ReadonlyMap<string, Line> }

let file: Promise<File> | undefined

/** A definition by its url, parsed; undefined where there is none, or none of that version. */
export async function published (url: string, version?: string): Promise<object | undefined> {
  const { bytes, lines } = await (file ??= read())
  const line = lines.get(url)
  if (line === undefined || (version !== undefined && version !== line.version)) return undefined
  return JSON.parse(bytes.toString('utf8', line.start, line.end)) as object
}

const [TAB, NEWLINE] = [9, 10]

async function read (): Promise<File> {
  const bytes = await readFile(new URL('../../generated/terminology.tsv', import.meta.url))
  const lines = new Map<string, Line>()
  for (let start = 0; start < bytes.length;) {
    const tab = bytes.indexOf(TAB, start)
    const end = bytes.indexOf(NEWLINE, tab)
    const name = bytes.toString('utf8', start, tab)
    const bar = name.lastIndexOf('|')
    lines.set(name.slice(0, bar), { version: name.slice(bar + 1), start: tab + 1, end })
    start = end + 1
  }
  return { bytes, lines }
}
