import type { Knex } from 'knex'

// karta.write cut each version's tokens out of a variable, which copies the whole variable each time: work that grew with the square of a
// Bundle. Out of a row they are taken where they lie. Everything else of the function stays as it is. docs/decisions/0009-store.md
const [INSERT, FROM, SLICE] = ['insert into karta.current (', 'from unnest(v_rids, p_op, p_owner, p_dlo,', 'p_tokens[coalesce(']
const COPIED = [INSERT, FROM, SLICE]
const IN_PLACE = [`with t as materialized (select p_tokens as tokens)\n    ${INSERT}`, FROM.replace('from ', 'from t, '), SLICE.replace('p_tokens[', 't.tokens[')]

const edited = async (db: Knex, from: readonly string[], to: readonly string[]): Promise<void> => {
  const { rows: [{ text }] } = await db.raw<{ rows: [{ text: string }] }>("select pg_get_functiondef('karta.write'::regproc) as text")
  const become = from.reduce((text, part, place) => {
    if (text.split(part).length !== 2) throw new Error(`karta.write is not the one that this migration changes: it should have ${part} once`)
    return text.replace(part, () => to[place] ?? part)
  }, text)
  // Not as knex.raw reads it: a question mark would be a parameter.
  await db.raw(become.replaceAll('?', '\\?'))
}

export const up = async (db: Knex): Promise<void> => await edited(db, COPIED, IN_PLACE)

export const down = async (db: Knex): Promise<void> => await edited(db, IN_PLACE, COPIED)
