// The texts of a file, unpacked as they are read: an archive is never whole in memory.
import { createReadStream } from 'node:fs'
import { pipeline, Readable, Transform } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { createGunzip } from 'node:zlib'
import { createTarDecoder } from 'modern-tar'
import xz from 'xz-decompress'
import { formOf, type Form, type Packing, type Source } from './sources.js'

type Bytes = AsyncIterable<Uint8Array>

/** One JSON or ndjson text. Its bytes must be read to their end, or not at all, before the next part is asked for. */
export interface Part {
  /** What a person reads: the path, and the member of an archive. */
  readonly name: string
  readonly key: string
  readonly form: Exclude<Form, 'tar'>
  readonly bytes: Bytes
}

/** What is asked of a reading: how much of the file itself has been read, and which members of an archive to leave out. */
export interface Reading {
  readonly onBytes: (count: number) => void
  readonly leavesOut: (member: string) => boolean
}

/** The parts of a file, in order. */
export async function * partsOf (source: Source, { onBytes, leavesOut }: Reading): AsyncGenerator<Part> {
  const { path, key, form, packing } = source
  if (form !== 'tar') {
    yield { name: path, key, form, bytes: opened(path, packing, onBytes) }
    return
  }
  // Strict: what is no archive is refused, and not taken for an empty one.
  for await (const { header, body } of opened(path, packing, onBytes).pipeThrough(createTarDecoder({ strict: true }))) {
    const inner = header.type === 'file' ? formOf(header.name) : undefined
    if (inner === undefined || inner.form === 'tar' || leavesOut(header.name)) {
      await body.cancel()
      continue
    }
    yield { name: `${path}!${header.name}`, key: `${key}!${header.name}`, form: inner.form, bytes: unpacked(body as ReadableStream<Uint8Array>, inner.packing) }
  }
}

const opened = (path: string, packing: Packing, onBytes: (count: number) => void): ReadableStream<Uint8Array> => {
  const counted = new Transform({
    transform (chunk: Buffer, _encoding, done) {
      onBytes(chunk.length)
      done(null, chunk)
    }
  })
  // What fails here is thrown where the end of the pipeline is read.
  return unpacked(web(pipeline(createReadStream(path, { highWaterMark: 1 << 18 }), counted, () => {})), packing)
}

const web = (stream: Readable): ReadableStream<Uint8Array> => Readable.toWeb(stream) as ReadableStream<Uint8Array>

function unpacked (bytes: ReadableStream<Uint8Array>, packing: Packing): ReadableStream<Uint8Array> {
  switch (packing) {
    case 'none': return bytes
    // Node's own DecompressionStream stops after the first member of a gzip file that has several.
    case 'gz': return web(pipeline(Readable.fromWeb(bytes), createGunzip(), () => {}))
    case 'xz': return new xz.XzReadableStream(bytes as globalThis.ReadableStream<Uint8Array>) as ReadableStream<Uint8Array>
  }
}
