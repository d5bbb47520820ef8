// A body that is made while it is sent. https://hl7.org/fhir/R4/http.html
import { pipeline, Readable } from 'node:stream'
import { compressing, type Encoding } from './compress.js'
import { tooLarge } from '../fhir/outcome.js'
import type { Streamed } from './exchange.js'

/** The texts as a stream that asks for the next one when the one before is taken. `onError` hears of what a text threw; the stream is then destroyed. */
export function streamOf (texts: Streamed, encoding: Encoding | undefined, onError: (error: unknown) => void): Readable {
  const stream = Readable.from(texts, { highWaterMark: 1 })
  const told = (error?: Error | null): void => {
    // A client that hangs up is no error.
    if (error !== undefined && error !== null && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') onError(error)
  }
  if (encoding === undefined) return stream.on('error', told)
  return pipeline(stream, compressing(encoding), told)
}

/** The same as one text, for an entry of a Bundle. Throws FhirError 413 beyond so many characters, and what a text throws. */
export async function textOfStream (texts: Streamed, most: number): Promise<string> {
  const pieces: string[] = []
  let length = 0
  for await (const text of texts) {
    length += text.length
    if (length > most) throw tooLarge(`the answer is longer than ${most} characters: ask for it outside of a Bundle, or page by page with _count`)
    pieces.push(text)
  }
  return pieces.join('')
}

/** Asks for the next value while the one before is used, and for the first at once. */
export function ahead<Value> (values: AsyncGenerator<Value, void>): AsyncGenerator<Value, void> {
  const next = (): ReturnType<typeof values.next> => {
    const asked = values.next()
    // It is waited for later: until then nobody hears of its failure.
    asked.catch(() => {})
    return asked
  }
  return taken(values, next(), next)
}

async function * taken<Value> (values: AsyncGenerator<Value, void>, first: ReturnType<typeof values.next>, next: () => typeof first): AsyncGenerator<Value, void> {
  let asked = first
  try {
    for (;;) {
      const { value, done } = await asked
      if (done === true) return
      asked = next()
      yield value
    }
  } finally {
    await values.return()
  }
}
