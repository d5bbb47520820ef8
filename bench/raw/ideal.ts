// FROZEN: a change here changes what all results are compared with, and needs a decision record. docs/decisions/0015-benchmark.md
// The ideal baseline: a body under a key, the least that a server which keeps resources can do.
import { randomUUID } from 'node:crypto'
import { texts } from './arrays.js'
import type { Run } from './connections.js'
import type { Item, RowSet } from './rows.js'
import type { Baseline, Stored } from './server.js'

const textOf = (type: string, id: string, body: string): string => `{"resourceType":"${type}","id":"${id}","meta":{"versionId":"1"${body}`

/** The baseline over these connections. */
export function ideal (reads: Run, writes: Run, items: readonly Item[]): Baseline {
  const rowOf = (item: number): RowSet => {
    const row = items[item]?.[0]
    if (row === undefined) throw new RangeError(`there is no item ${item}`)
    return row
  }
  const stored = (row: RowSet, id: string): Stored => ({ id, rid: '1', text: textOf(row.typeName, id, row.body) })
  return {
    async read (typeName, _, id) {
      const [row] = await reads<{ body: string }>({ name: 'select', text: 'select body from raw.resource where id = $1', values: [id] })
      return row === undefined ? undefined : { id, rid: '1', text: textOf(typeName, id, row.body) }
    },
    async create (item) {
      const [row, id] = [rowOf(item), randomUUID()]
      await writes({ name: 'insert', text: 'insert into raw.resource (id, body) values ($1, $2)', values: [id, row.body] })
      return stored(row, id)
    },
    async update (item, id) {
      const row = rowOf(item)
      await writes({ name: 'update', text: 'update raw.resource set body = $2 where id = $1', values: [id, row.body] })
      return stored(row, id)
    },
    async remove (_, id) {
      await writes({ name: 'delete', text: 'delete from raw.resource where id = $1', values: [id] })
    },
    async bundle (item) {
      const rows = items[item] ?? []
      const ids = rows.map(() => randomUUID())
      await writes({
        name: 'insert-many',
        text: 'insert into raw.resource (id, body) select * from unnest($1::text[], $2::text[])',
        values: [texts(ids), texts(rows.map(row => row.body))]
      })
      return rows.map((row, place) => ({ type: row.typeName, id: ids[place] ?? '', rid: '1' }))
    }
  }
}
