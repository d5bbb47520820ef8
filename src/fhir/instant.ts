// Points and spans of time as FHIR writes them. https://hl7.org/fhir/R4/datatypes.html#dateTime

const DATE_TIME = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?$/

/**
 * The milliseconds [from, to) that a date, dateTime or instant covers: `2026` is a year, `...:00Z` a second,
 * `...:00.5Z` that millisecond. A date without a zone is one of UTC. undefined: the text is none.
 */
export function spanOf (text: string): readonly [from: number, to: number] | undefined {
  // A plus that the client did not escape has become a space on its way here.
  const [whole, year, month, day, hour, , , fraction] = DATE_TIME.exec(text.replace(' ', '+')) ?? []
  if (whole === undefined || year === undefined) return undefined
  const from = Date.parse(hour === undefined ? `${year}-${month ?? '01'}-${day ?? '01'}T00:00:00Z` : whole)
  if (Number.isNaN(from) || (day !== undefined && !isDay(Number(year), Number(month), Number(day)))) return undefined
  if (hour !== undefined) return [from, from + (fraction === undefined ? 1000 : 1)]
  if (day !== undefined) return [from, from + 86_400_000]
  return [from, month === undefined ? Date.UTC(Number(year) + 1, 0) : Date.UTC(Number(year), Number(month))]
}

// Date.parse takes 31 February for a day in March.
const isDay = (year: number, month: number, day: number): boolean => day <= new Date(Date.UTC(year, month, 0)).getUTCDate()

/** The milliseconds of an instant: a time with seconds and a zone. undefined: the text is none. */
export const instantOf = (text: string): number | undefined => text.includes('T') ? spanOf(text)?.[0] : undefined
