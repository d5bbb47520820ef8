// A text's UTF-16 units in a typed array: reading one there takes half the time of charCodeAt.

// One array is kept for the next text: allocating one costs more than scanning a small resource.
const KEPT = 1 << 20
let spare: Uint16Array | undefined = new Uint16Array(1 << 16)

/** The units of a text and a 0 after them, at least. Give them back when done. */
export function takeUnits (text: string): Uint16Array {
  const wanted = text.length + 1
  const units = spare !== undefined && spare.length >= wanted ? spare : new Uint16Array(Math.max(wanted, 1 << 16))
  if (units === spare) spare = undefined
  Buffer.from(units.buffer).write(text, 'utf16le')
  units[text.length] = 0
  return units
}

export function giveBack (units: Uint16Array): void {
  if (units.length <= KEPT) spare = units
}
