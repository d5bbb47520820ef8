// The small policy that `karta token` can make until accounts and Consents exist: rules are rows. docs/decisions/0005-policy-columns.md
import type pg from 'pg'
import { numberOf } from '../fhir/resource-types.js'

/** The surrogate of a live Patient; undefined where there is none. */
export async function ownerOf (pool: pg.Pool, patient: string): Promise<string | undefined> {
  const { rows: [row] } = await pool.query<{ owner: string, state: number }>(
    'select v.owner, v.state from karta.version v where v.type = $1::int2 and v.id = $2 order by v.ver desc limit 1', [numberOf('Patient'), patient])
  return row?.state === 0 ? row.owner : undefined
}

/** A number for a new actor. */
export async function newActor (pool: pg.Pool): Promise<string> {
  const { rows: [row] } = await pool.query<{ actor: string }>("select nextval('karta.actor_sequence') as actor")
  if (row === undefined) throw new Error('the actor has no number')
  return row.actor
}

/** What `grantTreating` writes: `until` in milliseconds; `denied`: the label that stays closed to this actor. */
export interface Treating {
  readonly owners: readonly string[]
  readonly actor: string
  readonly until: number
  readonly denied: string
}

/** Lets an actor treat these owners until a moment, but for one label. */
export async function grantTreating (pool: pg.Pool, { owners, actor, until, denied }: Treating): Promise<void> {
  await pool.query(
    `insert into karta.rule (owner, effect, actor, label, valid)
     select o, e.effect, $2::int8, e.label, tstzrange(karta.clock(), to_timestamp($3::float8 / 1000))
     from unnest($1::int8[]) o, (values ('permit', null), ('deny', $4::text)) e(effect, label)`,
    [owners, actor, until, denied])
}
