// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// Arrays in PostgreSQL's binary form. https://www.postgresql.org/docs/15/protocol-message-formats.html

function header (size: number, oid: number, length: number, nulls: boolean): Buffer {
  const buffer = Buffer.allocUnsafe(size)
  buffer.writeInt32BE(length === 0 ? 0 : 1, 0)
  buffer.writeInt32BE(nulls ? 1 : 0, 4)
  buffer.writeInt32BE(oid, 8)
  if (length > 0) {
    buffer.writeInt32BE(length, 12)
    buffer.writeInt32BE(1, 16)
  }
  return buffer
}

/** Decimal texts as an int8[]. */
export function int8s (values: readonly string[]): Buffer {
  const buffer = header(values.length === 0 ? 12 : 20 + values.length * 12, 20, values.length, false)
  values.forEach((value, index) => {
    buffer.writeInt32BE(8, 20 + index * 12)
    buffer.writeBigInt64BE(BigInt(value), 24 + index * 12)
  })
  return buffer
}

/** Texts as a text[]. */
export function texts (values: readonly (string | null)[]): Buffer {
  const size = values.reduce((sum, value) => sum + 4 + (value === null ? 0 : Buffer.byteLength(value)), 0)
  const buffer = header(values.length === 0 ? 12 : 20 + size, 25, values.length, values.includes(null))
  let at = 20
  for (const value of values) {
    const written = value === null ? -1 : buffer.write(value, at + 4, 'utf8')
    buffer.writeInt32BE(written, at)
    at += 4 + Math.max(0, written)
  }
  return buffer
}
