// Finds any edit, gap or reordering in the audit trail: every link is computed again from its rows. docs/decisions/0008-audit.md
import type pg from 'pg'

export interface AuditFault {
  readonly writer: string
  readonly link: string
  readonly what: 'the rows are not those that were sealed' | 'a link is missing'
}

export interface AuditReport {
  readonly links: number
  readonly faults: readonly AuditFault[]
  /** Rows of writes that no link covers: the last moments of a process that was killed, or not flushed yet. */
  readonly unsealed: number
}

/** Walks all chains, link by link, in pages of 1,000. */
export async function verifyAudit (db: pg.Pool | pg.ClientBase): Promise<AuditReport> {
  const faults: AuditFault[] = []
  let links = 0
  let [writer, link] = ['0', '0']
  for (;;) {
    const { rows } = await db.query<{ writer: string, link: string, follows: boolean, same: boolean }>(PAGE, [writer, link])
    for (const row of rows) {
      links++
      if (!row.follows) faults.push({ writer: row.writer, link: row.link, what: 'a link is missing' })
      else if (!row.same) faults.push({ writer: row.writer, link: row.link, what: 'the rows are not those that were sealed' })
    }
    const last = rows.at(-1)
    if (last === undefined) break
    writer = last.writer
    link = last.link
  }
  const { rows: [left] } = await db.query<{ count: string }>(UNSEALED)
  return { links, faults, unsealed: Number(left?.count ?? 0) }
}

const PAGE = `
  select l.writer, l.link, (l.link = 1 or b.link is not null) as follows,
         l.hash = karta.audit_hash(coalesce(b.hash, decode(repeat('00', 32), 'hex')), l.writer, l.seqs) as same
  from karta.audit_link l left join karta.audit_link b on b.writer = l.writer and b.link = l.link - 1
  where (l.writer, l.link) > ($1::int8, $2::int8)
  order by l.writer, l.link limit 1000`

const UNSEALED = `
  select count(*) from karta.audit a
  where not exists (select from karta.audit_link l where l.writer = a.writer and l.seqs @> a.seq)`
