// What is written and remembered together: a document, or so many lines. The same file always falls into the same units.
import { malformed, tooLarge, type FhirError } from '../fhir/outcome.js'
import type { Part } from './parts.js'

/** Texts that are written together; one that is no text says why. */
export interface Unit {
  readonly name: string
  readonly key: string
  /** The number of the first line, from 1; undefined for a document. */
  readonly line: number | undefined
  readonly texts: ReadonlyArray<string | FhirError>
}

const MAX_LINES = 256
const MAX_BYTES = 4 * 1024 * 1024
/** A string of V8 ends at half a gigabyte, and a value tree is several times its text. */
const MAX_DOCUMENT = 256 * 1024 * 1024
const NEWLINE = 10

/** The units of a part, read as they are asked for. */
export async function * unitsOf (part: Part): AsyncGenerator<Unit> {
  if (part.form === 'json') yield { name: part.name, key: part.key, line: undefined, texts: [await document(part.bytes)] }
  else yield * chunks(part)
}

async function document (bytes: Part['bytes']): Promise<string | FhirError> {
  const pieces: Uint8Array[] = []
  let size = 0
  for await (const piece of bytes) {
    size += piece.length
    if (size <= MAX_DOCUMENT) pieces.push(piece)
  }
  return size <= MAX_DOCUMENT ? decoded(Buffer.concat(pieces)) : tooLarge(`a document of ${size} bytes is over ${MAX_DOCUMENT}: make it ndjson, one resource a line`)
}

async function * chunks ({ name, key, bytes }: Part): AsyncGenerator<Unit> {
  let texts: Array<string | FhirError> = []
  let [line, next, size] = [1, 1, 0]
  for await (const text of lines(bytes)) {
    next++
    texts.push(text)
    size += typeof text === 'string' ? text.length : 0
    if (texts.length < MAX_LINES && size < MAX_BYTES) continue
    yield { name, key: `${key}:${line}`, line, texts }
    ;[texts, line, size] = [[], next, 0]
  }
  if (texts.length > 0) yield { name, key: `${key}:${line}`, line, texts }
}

/** Lines by their bytes, so that one that is no UTF-8 spoils no other. Empty ones count, and are empty. */
async function * lines (bytes: Part['bytes']): AsyncGenerator<string | FhirError> {
  let begun: Uint8Array[] = []
  for await (const piece of bytes) {
    let start = 0
    for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, start)) {
      begun.push(piece.subarray(start, end))
      yield decoded(Buffer.concat(begun))
      begun = []
      start = end + 1
    }
    if (start < piece.length) begun.push(piece.subarray(start))
  }
  if (begun.length > 0) yield decoded(Buffer.concat(begun))
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decoded (bytes: Uint8Array): string | FhirError {
  try {
    return utf8.decode(bytes)
  } catch {
    return malformed('the text is not UTF-8')
  }
}
