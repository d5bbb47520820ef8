// Numbers that a seed decides, for worlds that can be made again.

export interface Random {
  /** A whole number below `limit`. */
  readonly below: (limit: number) => number
  readonly of: <Item>(items: readonly Item[]) => Item
  /** Whether the one case in `so many` is this. */
  readonly onceIn: (many: number) => boolean
}

export function random (seed: number): Random {
  let state = (seed ^ 0x9e3779b9) >>> 0
  // https://github.com/bryc/code/blob/master/jshash/PRNGs.md: mulberry32.
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    of: items => {
      const item = items[below(items.length)]
      if (item === undefined) throw new RangeError('there is nothing to choose from')
      return item
    },
    onceIn: many => below(many) === 0
  }
}
