// Arrays as PostgreSQL reads them. Texts and hashes go in the binary form, so that a body is neither escaped here nor
// unescaped there; short numbers go as text. https://www.postgresql.org/docs/15/protocol-message-formats.html

const INT8 = 20
const TEXT = 25
const HEADER = 20

function header (buffer: Buffer, oid: number, length: number, nulls: boolean): void {
  buffer.writeInt32BE(1, 0) // dimensions
  buffer.writeInt32BE(nulls ? 1 : 0, 4)
  buffer.writeInt32BE(oid, 8)
  buffer.writeInt32BE(length, 12)
  buffer.writeInt32BE(1, 16) // lower bound
}

function empty (oid: number): Buffer {
  const buffer = Buffer.alloc(12)
  buffer.writeInt32BE(oid, 8)
  return buffer
}

/** Numbers or bigint texts as an array literal for any numeric array. */
export const numbers = (values: readonly (number | string | null)[]): string =>
  `{${values.map(value => value === null ? 'null' : value).join(',')}}`

/** Texts as a text[]. */
export function texts (values: readonly (string | null)[]): Buffer {
  if (values.length === 0) return empty(TEXT)
  let size = HEADER
  let nulls = false
  const lengths = values.map(value => {
    if (value === null) {
      nulls = true
      size += 4
      return -1
    }
    const length = Buffer.byteLength(value)
    size += 4 + length
    return length
  })
  const buffer = Buffer.allocUnsafe(size)
  header(buffer, TEXT, values.length, nulls)
  let at = HEADER
  values.forEach((value, index) => {
    const length = lengths[index] ?? -1
    buffer.writeInt32BE(length, at)
    at += 4
    if (value !== null) at += buffer.write(value, at, length, 'utf8')
  })
  return buffer
}

/** Hashes, each as its high and its low half, as an int8[]. */
export function hashes (parts: readonly (Int32Array | readonly number[])[]): Buffer {
  let count = 0
  for (const part of parts) count += part.length
  if (count === 0) return empty(INT8)
  const buffer = Buffer.allocUnsafe(HEADER + count * 6)
  header(buffer, INT8, count / 2, false)
  let at = HEADER
  for (const part of parts) {
    for (let i = 0; i < part.length; i += 2) {
      buffer.writeInt32BE(8, at)
      buffer.writeInt32BE(part[i] ?? 0, at + 4)
      buffer.writeInt32BE(part[i + 1] ?? 0, at + 8)
      at += 12
    }
  }
  return buffer
}

/** A hash's two halves as the decimal text of its int8. */
export const hashText = (high: number, low: number): string => String((BigInt(high) << 32n) | BigInt(low >>> 0))
