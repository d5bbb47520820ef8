// Bodies in fewer bytes, for those who ask. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3
import { promisify } from 'node:util'
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip, type BrotliCompress, type Gzip } from 'node:zlib'

const brotli = promisify(brotliCompress)
const zip = promisify(gzip)

/** Below this, what is saved is less than what it costs. */
export const LEAST = 1024
// The levels at which a server still answers at once.
const GZIP = { level: 5 }
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 4, [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT } }

export type Encoding = 'br' | 'gzip'

// Clients send the same few headers for ever.
const KNOWN = new Map<string, Encoding | undefined>()
const MOST_KNOWN = 200

/** The encoding that an `Accept-Encoding` header admits and we have, the one it likes best. */
export function encodingFor (accept: string): Encoding | undefined {
  const known = KNOWN.get(accept)
  if (known !== undefined || KNOWN.has(accept)) return known
  const best = bestOf(accept)
  if (KNOWN.size < MOST_KNOWN) KNOWN.set(accept, best)
  return best
}

function bestOf (accept: string): Encoding | undefined {
  const qualities = new Map(accept.toLowerCase().split(',').map(part => {
    const [name = '', quality] = part.split(';').map(side => side.trim())
    return [name, quality?.startsWith('q=') === true ? Number(quality.slice(2)) : 1] as const
  }))
  const qualityOf = (name: Encoding): number => qualities.get(name) ?? qualities.get('*') ?? 0
  const [br, gz] = [qualityOf('br'), qualityOf('gzip')]
  if (br > 0 && br >= gz) return 'br'
  return gz > 0 ? 'gzip' : undefined
}

/** A text in an encoding. Runs outside the event loop. */
export const compressed = async (text: string, encoding: Encoding): Promise<Buffer> =>
  encoding === 'br' ? await brotli(text, BROTLI) : await zip(text, GZIP)

/** What compresses a stream; each text that it is given leaves it at once. */
export const compressing = (encoding: Encoding): BrotliCompress | Gzip => encoding === 'br'
  ? createBrotliCompress({ ...BROTLI, flush: constants.BROTLI_OPERATION_FLUSH })
  : createGzip({ ...GZIP, flush: constants.Z_SYNC_FLUSH })
