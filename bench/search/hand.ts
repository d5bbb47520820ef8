// Searches as somebody writes them by hand who knows the tables, the data and how often each value occurs. docs/decisions/0015-benchmark.md
import type { Statement } from '../raw/statements.js'

/** Who asks: everything, or what belongs to those whom he treats. */
export type Asker = { readonly kind: 'operator' } | { readonly kind: 'treating', readonly actor: string }

/** Collects the parameters of one statement. */
export class Hand {
  readonly values: unknown[] = []

  readonly asker: Asker

  constructor (asker: Asker) {
    this.asker = asker
  }

  bind (value: unknown, type: string): string {
    this.values.push(value)
    return `$${this.values.length}::${type}`
  }

  /** `c`'s row is for the asker. */
  allowed (c = 'c'): string {
    if (this.asker.kind === 'operator') return 'true'
    const actor = this.bind(this.asker.actor, 'int8')
    return `not exists (select from karta.rule d where d.owner = ${c}.owner and d.actor in (${actor}, 0) and d.effect = 'deny' and d.valid @> karta.clock()
      and (d.label is null or d.label = any (${c}.labels)))`
  }

  /** Whom the asker treats now, as an int8[]. */
  treated (): string {
    if (this.asker.kind === 'operator') throw new Error('the operator treats nobody')
    return `array(select r.owner from karta.rule r where r.actor = ${this.bind(this.asker.actor, 'int8')} and r.effect = 'permit' and r.valid @> karta.clock())`
  }

  statement (name: string, text: string): Statement {
    return { name, text, values: this.values }
  }
}

/** Where the rows of a page come from. */
export type Source =
  /** Along the order of the page until it is full: what is dense. */
  | { readonly by: 'walk' }
  /** By an index that finds what meets the condition: SQL about the row `c`. */
  | { readonly by: 'index', readonly where: (hand: Hand) => string }

export interface Page {
  readonly table: string
  readonly source: Source
  readonly where: (hand: Hand) => string
  /** `rid desc` where it is left out. */
  readonly order?: string
  readonly count?: number
  /** Belongs to one patient, or to nobody in particular: a treating asker is not narrowed to those whom he treats first. */
  readonly narrow?: boolean
}

/** A page of resources with their bodies. */
export function page (hand: Hand, { table, source, where, order = 'rid desc', count = 20, narrow = false }: Page): string {
  const ordered = `order by ${order.replace(/(\w+)( desc)?/g, 'c.$1$2')}`
  const treating = hand.asker.kind === 'treating' && !narrow
  const from = treating
    ? `(select * from karta.${table} c where c.owner = any (${hand.treated()}) offset 0) c`
    : source.by === 'walk' ? `(select * from karta.${table} c ${ordered} offset 0) c` : `(select * from karta.${table} c where ${source.where(hand)} offset 0) c`
  return bodies(`select c.rid, c.owner, ${order.replace(/ desc/g, '').split(', ').map((name, place) => `c.${name} as k${place}`).join(', ')} from ${from}
    where ${where(hand)} and ${hand.allowed()} ${ordered} limit ${count}`, order)
}

/** The bodies of rows of `p` (rid, owner, k0, k1, ...) in their order. */
export const bodies = (p: string, order: string): string => `
  with p as materialized (${p})
  select v.type, v.id, v.rid, v.owner, v.body from p, lateral (select * from karta.version n where n.owner = p.owner and n.rid = p.rid offset 0) v
  order by ${order.split(', ').map((key, place) => `p.k${place}${key.endsWith(' desc') ? ' desc' : ''}`).join(', ')}`
