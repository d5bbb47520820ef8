// One step of the index of words: some current resources that are not in it yet. It shows nobody anything, so no policy stands in it. What two processes
// index at the same time is there once. docs/decisions/0024-full-text.md
import type pg from 'pg'
import { resourceText } from '../../fhir/json.js'
import type { JsonObject } from '../../fhir/json-value.js'
import { typeOf } from '../../fhir/resource-types.js'
import { numbers, texts } from '../binary.js'
import { textsOf } from './texts.js'

const STEP = 100
// Bodies that are read at once are not many more bytes than these.
const MOST_BYTES = 4_000_000

export type Client = Pick<pg.Pool, 'query'>

/** How far the index reaches. `done` of `total`: of what was there at first. `horizon`: all transactions before it have ended. */
export interface Progress { readonly place: string | undefined, readonly total: number, readonly done: number, readonly horizon: bigint }

/** `due`: how many there would be, were it not for their size. */
interface Found { readonly rid: string, readonly owner: string, readonly type: number, readonly id: string, readonly body: string, readonly due: string }

// The first of some rows (`rid`, `owner`, `type`, `id`, `body`) in an order of theirs, as far as their size allows; at least one.
const bounded = (rows: string, order: string): string => `
  select x.* from (select r.*, count(*) over () as due, sum(octet_length(r.body)) over (order by ${order} rows unbounded preceding) - octet_length(r.body) as before from (${rows}) r) x
  where x.before < ${MOST_BYTES} order by ${order}`

/** Begins an index, where there is none. */
export async function begin (client: Client): Promise<void> {
  await client.query(`
    insert into karta.full_text_progress (since, total)
      select pg_snapshot_xmin(pg_current_snapshot()), (select count(*) from karta.current) where not exists (select from karta.full_text_progress)
      on conflict do nothing`)
}

/** undefined: it has not begun. */
export async function progressOf (client: Client): Promise<Progress | undefined> {
  const { rows: [row] } = await client.query<{ place: string | null, total: string, done: string, horizon: string }>({
    name: 'full_text_progress', text: 'select place, total, done, pg_snapshot_xmin(pg_current_snapshot())::text as horizon from karta.full_text_progress'
  })
  return row && { place: row.place ?? undefined, total: Number(row.total), done: Number(row.done), horizon: BigInt(row.horizon) }
}

/** Takes the next resources of those that were there at first. False: there are no more. */
export async function walkStep (client: Client, place: string): Promise<boolean> {
  const { rows: found } = await client.query<Found>({
    name: 'full_text_walk',
    text: bounded(`
      select v.rid, v.owner, v.type, v.id, v.body from (select t.rid, t.owner from karta.current t where t.rid > $1::int8 order by t.rid limit ${STEP}) c,
        lateral (select * from karta.version n where n.owner = c.owner and n.rid = c.rid offset 0) v`, 'rid'),
    values: [place]
  })
  await add(client, found)
  await client.query({
    name: 'full_text_place', text: 'update karta.full_text_progress set place = $2::int8, done = done + $3::int4 where place = $1::int8', values: [place, found.at(-1)?.rid ?? null, found.length]
  })
  return found.length > 0
}

// What has become current since, in the order of transactions: where there is more than a step takes, all before the last of it was seen. Row by row, so that no
// plan reads a whole table for it.
const PENDING = bounded(`
  select v.rid, v.owner, v.type, v.id, v.body, h.xid
  from (select * from karta.change h where h.xid >= (select p.since from karta.full_text_progress p) and h.state = 0 order by h.xid offset 0) h,
    lateral (select * from karta.version n where n.owner = h.owner and n.rid = h.rid offset 0) v
  where (select f.rid from karta.full_text f where f.rid = h.rid) is null
    and (select n.ver from karta.version n where n.id = v.id and n.type = v.type and n.ver > v.ver limit 1) is null
  limit ${STEP}`, 'xid, rid')

// All changes of transactions before $1 need not be looked at again; what they have replaced is taken out.
const ADVANCE = `
  with gone as (
    delete from karta.full_text where rid = any (array(
      select o.rid from karta.full_text_progress p, lateral (select * from karta.change h where h.xid >= p.since and h.xid < $1::xid8 offset 0) h,
        lateral (select * from karta.version n where n.owner = h.owner and n.rid = h.rid offset 0) v,
        lateral (select * from karta.version n where n.id = v.id and n.type = v.type and n.ver between v.ver - 2 and v.ver - 1 offset 0) o)))
  update karta.full_text_progress set since = $1::xid8 where since < $1::xid8`

interface Pending { readonly more: boolean, readonly last: bigint }

/** Takes what has been written since; of which transaction the last of it was, and whether something that was committed before is left. */
async function pendingStep (client: Client): Promise<Pending> {
  const { rows: found } = await client.query<Found & { readonly xid: string }>({ name: 'full_text_pending', text: PENDING })
  await add(client, found)
  return { more: Number(found[0]?.due ?? 0) === STEP || found.length < Number(found[0]?.due ?? 0), last: BigInt(found.at(-1)?.xid ?? 0) }
}

/** Takes what has been written since. False: nothing is left that was committed before. */
export const catchUpStep = async (client: Client): Promise<boolean> => (await pendingStep(client)).more

/** The same, and goes on from there the next time. `horizon`: one of before. */
export async function followStep (client: Client, horizon: bigint): Promise<boolean> {
  const { more, last } = await pendingStep(client)
  await client.query({ name: 'full_text_advance', text: ADVANCE, values: [String(more && last < horizon ? last : horizon)] })
  return more
}

async function add (client: Client, found: readonly Found[]): Promise<void> {
  if (found.length === 0) return
  const all = found.map(({ type, id, body }) => textsOf(JSON.parse(resourceText(typeOf(type), id, '', '', body)) as JsonObject))
  await client.query({
    name: 'full_text_add',
    text: `
      insert into karta.full_text (rid, owner, narrative, content)
        select x.rid, x.owner, to_tsvector('karta.words', x.narrative), to_tsvector('karta.words', x.content)
        from unnest($1::int8[], $2::int8[], $3::text[], $4::text[]) x(rid, owner, narrative, content)
        on conflict do nothing`,
    values: [
      numbers(found.map(({ rid }) => rid)), numbers(found.map(({ owner }) => owner)),
      texts(all.map(({ narrative }) => narrative ?? null)), texts(all.map(({ content }) => content))
    ]
  })
}
