// JSON values whose numbers keep their text. https://hl7.org/fhir/R4/json.html#decimal

/** A number whose text is not what JavaScript prints for it: 1.10, 72.0, 1e3, 0.1234567890123456789. */
export class Decimal {
  readonly text: string

  constructor (text: string) {
    this.text = text
  }

  valueOf (): number {
    return Number(this.text)
  }

  toString (): string {
    return this.text
  }
}

export type Json = null | boolean | number | string | Decimal | Json[] | JsonObject
export interface JsonObject { [member: string]: Json }

/** True for a JSON object, as against an array, a Decimal or a primitive. */
export function isObject (value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Decimal)
}

/** Serialises a value, a Decimal as its own text. */
export function jsonText (value: Json): string {
  if (value instanceof Decimal) return value.text
  if (Array.isArray(value)) return `[${value.map(jsonText).join(',')}]`
  if (!isObject(value)) return JSON.stringify(value)
  return `{${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${jsonText(member)}`).join(',')}}`
}
