// Arrays as PostgreSQL reads them: in the binary form, so that nothing is printed here to be parsed there, and a body is neither
// escaped nor unescaped. https://www.postgresql.org/docs/15/protocol-message-formats.html

const [INT2, INT4, INT8, FLOAT8, TEXT] = [21, 23, 20, 701, 25] as const
const HEADER = 20
const NULL = -1

// Making a buffer takes longer than printing a few numbers.
const FEW = 4

/** An array of numbers under construction: they are added in order, as many as were said. */
abstract class Numbers {
  readonly #type: number
  readonly #count: number
  readonly #bytes: Buffer | undefined
  #nulls = 0
  #text = ''
  protected readonly view: DataView | undefined
  protected at = HEADER

  constructor (type: number, width: number, count: number) {
    this.#type = type
    this.#count = count
    if (count <= FEW) return
    this.#bytes = Buffer.allocUnsafe(HEADER + count * (4 + width))
    this.view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length)
  }

  addNull (): void {
    this.#nulls = 1
    if (this.view === undefined) return this.print('null')
    this.view.setInt32(this.at, NULL)
    this.at += 4
  }

  /** The array, as the value of a parameter. */
  end (): Buffer | string {
    const { view } = this
    if (view === undefined || this.#bytes === undefined) return `{${this.#text.slice(1)}}`
    view.setInt32(0, 1) // dimensions
    view.setInt32(4, this.#nulls)
    view.setInt32(8, this.#type)
    view.setInt32(12, this.#count)
    view.setInt32(16, 1) // lower bound
    return this.#nulls === 0 ? this.#bytes : this.#bytes.subarray(0, this.at)
  }

  protected print (value: number | string): void {
    this.#text += `,${value}`
  }
}

/** An int2[]. */
export class Int2s extends Numbers {
  constructor (count: number) {
    super(INT2, 2, count)
  }

  add (value: number): void {
    if (this.view === undefined) return this.print(value)
    this.view.setInt32(this.at, 2)
    this.view.setInt16(this.at + 4, value)
    this.at += 6
  }
}

/** An int4[]. */
export class Int4s extends Numbers {
  constructor (count: number) {
    super(INT4, 4, count)
  }

  add (value: number): void {
    if (this.view === undefined) return this.print(value)
    this.view.setInt32(this.at, 4)
    this.view.setInt32(this.at + 4, value)
    this.at += 8
  }
}

const HIGH = 0x1_0000_0000

/** An int8[]. */
export class Int8s extends Numbers {
  constructor (count: number) {
    super(INT8, 8, count)
  }

  /** An integer that a double holds exactly. */
  add (value: number): void {
    if (this.view === undefined) this.print(value)
    else this.addHalves(Math.floor(value / HIGH), value | 0)
  }

  /** Decimal text. */
  addText (value: string): void {
    if (this.view === undefined) return this.print(value)
    // Up to 15 digits a double holds it exactly.
    if (value.length < 16) return this.add(Number(value))
    this.view.setInt32(this.at, 8)
    this.view.setBigInt64(this.at + 4, BigInt(value))
    this.at += 12
  }

  /** The high and the low half, as of a hash. */
  addHalves (high: number, low: number): void {
    if (this.view === undefined) return this.print(hashText(high, low))
    this.view.setInt32(this.at, 8)
    this.view.setInt32(this.at + 4, high)
    this.view.setInt32(this.at + 8, low)
    this.at += 12
  }
}

/** A float8[]. */
export class Float8s extends Numbers {
  constructor (count: number) {
    super(FLOAT8, 8, count)
  }

  add (value: number): void {
    if (this.view === undefined) return this.print(value)
    this.view.setInt32(this.at, 8)
    this.view.setFloat64(this.at + 4, value)
    this.at += 12
  }
}

const NO_TEXTS = Buffer.alloc(12)
NO_TEXTS.writeInt32BE(TEXT, 8)

function head (buffer: Buffer, length: number, nulls: number): void {
  buffer.writeInt32BE(1, 0) // dimensions
  buffer.writeInt32BE(nulls, 4)
  buffer.writeInt32BE(TEXT, 8)
  buffer.writeInt32BE(length, 12)
  buffer.writeInt32BE(1, 16) // lower bound
}

/** Texts as a text[]. */
export function texts (values: readonly (string | null)[]): Buffer {
  if (values.length === 0) return NO_TEXTS
  const lengths = new Int32Array(values.length)
  let size = HEADER
  let nulls = 0
  for (let place = 0; place < values.length; place++) {
    const value = values[place] ?? null
    const length = value === null ? NULL : Buffer.byteLength(value)
    lengths[place] = length
    if (value === null) nulls = 1
    size += 4 + Math.max(0, length)
  }
  const buffer = Buffer.allocUnsafe(size)
  head(buffer, values.length, nulls)
  let at = HEADER
  for (let place = 0; place < values.length; place++) {
    const value = values[place] ?? null
    const length = lengths[place] ?? NULL
    buffer.writeInt32BE(length, at)
    at += 4
    if (value !== null) at += buffer.write(value, at, length, 'utf8')
  }
  return buffer
}

/** Texts of ASCII alone, such as ids, as a text[]: each takes as many bytes as it has characters. */
export function asciis (values: readonly (string | null)[]): Buffer {
  if (values.length === 0) return NO_TEXTS
  let size = HEADER
  let nulls = 0
  for (const value of values) {
    if (value === null) nulls = 1
    size += 4 + (value === null ? 0 : value.length)
  }
  const buffer = Buffer.allocUnsafe(size)
  head(buffer, values.length, nulls)
  let at = HEADER
  for (const value of values) {
    buffer.writeInt32BE(value === null ? NULL : value.length, at)
    at += 4
    if (value !== null) at += buffer.write(value, at, 'latin1')
  }
  return buffer
}

/** Numbers or bigint texts as an array literal for any numeric array. */
export const numbers = (values: readonly (number | string | null)[]): string =>
  `{${values.map(value => value === null ? 'null' : value).join(',')}}`

/** A hash's two halves as the decimal text of its int8. */
export const hashText = (high: number, low: number): string => String((BigInt(high) << 32n) | BigInt(low >>> 0))
