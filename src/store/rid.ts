// A version's number: the clock's milliseconds above 20 node and sequence bits. docs/decisions/0003-ids.md

/** When a version was stored: its rid (decimal text) as an instant, `2026-11-22T10:00:00.123Z`. */
export function lastUpdatedOf (rid: string): string {
  const milliseconds = millisecondsOf(rid)
  if (milliseconds !== last.milliseconds) last = { milliseconds, instant: new Date(milliseconds).toISOString() }
  return last.instant
}

// All that one statement has written is of the same moment.
let last = { milliseconds: 0, instant: new Date(0).toISOString() }

/** The milliseconds of a rid. */
export const millisecondsOf = (rid: string): number => Number(BigInt(rid) >> 20n)

/** The smallest rid of a millisecond: `rid >= ridAt(ms)` says "at or after". */
export const ridAt = (milliseconds: number): string => String(BigInt(Math.ceil(milliseconds)) << 20n)

// 19 digits are enough until the year 2248.
const RID = /^[1-9][0-9]{0,18}$/

/** Whether a versionId in a URL or ETag can be one of ours; what cannot be is not asked of the database. */
export const isRid = (text: string): boolean => RID.test(text) && BigInt(text) <= 9223372036854775807n
