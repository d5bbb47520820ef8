// All of Synthea, loaded by the command that operators use: how fast, whether all of it is there, what it takes on disk.
import { existsSync } from 'node:fs'
import { RESOURCE_TYPES, numberOf } from '../src/fhir/resource-types.js'
import { ask, type Postgres } from './postgres.js'
import { karta } from './processes.js'
import { brief, report, type Report } from './report.js'
import { ARCHIVE, synthea } from './synthea.js'

const MOST = 2000

interface Size { readonly name: string, readonly kind: 'table' | 'index', readonly bytes: string }

const SIZES = `
  select coalesce(p.relname, t.relname) as name, 'table' as kind, sum(pg_table_size(t.oid))::text as bytes
  from pg_class t left join pg_inherits i on i.inhrelid = t.oid left join pg_class p on p.oid = i.inhparent
  where t.relnamespace = 'karta'::regnamespace and t.relkind = 'r' group by 1
  union all
  select coalesce(p.relname, t.relname) || ' (' || string_agg(distinct a.columns, ' / ') || ')', 'index', sum(pg_relation_size(x.indexrelid))::text
  from pg_index x join pg_class t on t.oid = x.indrelid left join pg_inherits i on i.inhrelid = t.oid left join pg_class p on p.oid = i.inhparent,
       lateral (select string_agg(att.attname, ', ' order by k.place) as columns from unnest(x.indkey) with ordinality k(number, place)
                join pg_attribute att on att.attrelid = t.oid and att.attnum = k.number) a
  where t.relnamespace = 'karta'::regnamespace and t.relkind = 'r' group by coalesce(p.relname, t.relname), a.columns
  order by 2 desc, 1`

const COUNTS = 'select c.type, count(*)::text as count from karta.current c group by 1'

/** Loads the archive into an empty database and measures what became of it. */
export async function disk (postgres: Postgres): Promise<Report> {
  if (!existsSync(ARCHIVE)) throw new Error('the Synthea archive is not here')
  const wanted = new Map<string, number>()
  // The same clinics and practitioners stand in the Bundles of several patients.
  const distinct = new Map((await synthea()).flatMap(({ entries }) => entries).map(({ fullUrl, type }) => [fullUrl, type]))
  for (const type of distinct.values()) wanted.set(type, (wanted.get(type) ?? 0) + 1)
  const url = postgres.url('karta')
  const began = performance.now()
  karta({ dataDir: postgres.folder, databaseUrl: url }, 'load', ARCHIVE)
  const seconds = (performance.now() - began) / 1000
  const total = [...wanted.values()].reduce((sum, count) => sum + count, 0)
  const counts = await ask<{ type: number, count: string }>(url, COUNTS)
  const different = RESOURCE_TYPES.filter(type => (wanted.get(type) ?? 0) !== Number(counts.find(row => row.type === numberOf(type))?.count ?? 0))
  await ask(url, 'vacuum analyze')
  await ask(url, 'checkpoint')
  const sizes = await ask<Size>(url, SIZES)
  const each = (size: Size): number => Number(size.bytes) / total
  // The record itself; the audit trail and the feed grow with use, not with what is kept.
  const record = sizes.filter(({ name }) => !/^(audit|change)/.test(name))
  const bytes = record.reduce((sum, size) => sum + each(size), 0)
  return report('disk', postgres.version, {
    method: { loaded: `${total} resources by karta load in ${brief(seconds)} s`, 'resources/s, start and ANALYZE included': brief(total / seconds) },
    rows: [
      ...sizes.filter(size => each(size) >= 0.5).map(size => ({ what: `${size.kind} ${size.name}`, 'bytes a resource': brief(each(size)) })),
      { what: 'all but audit and feed', 'bytes a resource': brief(bytes) },
      { what: 'all', 'bytes a resource': brief(sizes.reduce((sum, size) => sum + each(size), 0)) }
    ],
    results: { total, seconds, counts: Object.fromEntries(wanted), sizes },
    verdicts: [
      { floor: `disk <= ${brief(MOST)} bytes a resource with all indexes`, measured: brief(bytes), met: bytes <= MOST },
      { floor: 'counts by type equal the files\'', measured: different.length === 0 ? `${wanted.size} types equal` : `different: ${different.join(', ')}`, met: different.length === 0 }
    ]
  })
}
