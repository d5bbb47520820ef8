import t from 'tap'
import { asciis, Float8s, Int2s, Int4s, Int8s, texts } from '../../src/store/binary.js'
import { world } from '../world.js'

const EXACT = [0, -1, 1, 2 ** 31, -(2 ** 31) - 1, 2 ** 32 - 1, -(2 ** 32), 2 ** 53 - 1, -9e15, 9e15]

t.test('arrays are read as what was added, be they few or many', async t => {
  const { pool } = await world(t)
  const read = async (type: string, value: unknown): Promise<unknown> => (await pool.query<{ read: unknown }>(`select $1::${type}[]::text[] as read`, [value])).rows[0]?.read

  for (const count of [0, 1, 4, 5, EXACT.length]) {
    const [small, middle, large, real] = [new Int2s(count + 1), new Int4s(count + 1), new Int8s(count + 1), new Float8s(count + 1)]
    for (const value of EXACT.slice(0, count)) {
      small.add(value % 32_768)
      middle.add(value | 0)
      large.add(value)
      real.add(value / 8)
    }
    for (const column of [small, middle, large, real]) column.addNull()

    const expected = EXACT.slice(0, count)
    t.same(await read('int2', small.end()), [...expected.map(value => String(value % 32_768 + 0)), null])
    t.same(await read('int4', middle.end()), [...expected.map(value => String(value | 0)), null])
    t.same(await read('int8', large.end()), [...expected.map(String), null])
    t.same((await read('float8', real.end()) as (string | null)[]).map(value => value === null ? null : Number(value)), [...expected.map(value => value / 8), null])
  }
})

t.test('decimal texts beyond what a double holds, and halves of hashes, are exact', async t => {
  const { pool } = await world(t)
  const rids = ['9223372036854775807', '-9223372036854775808', '1863000000000000001', '999999999999999', '-99999999999999', '7']
  const column = new Int8s(rids.length + 2)

  for (const rid of rids) column.addText(rid)
  column.addHalves(-1, -1)
  column.addHalves(0x7fffffff, -2)

  const { rows: [row] } = await pool.query<{ read: string[] }>('select $1::int8[]::text[] as read', [column.end()])
  t.same(row?.read, [...rids, '-1', '9223372036854775806'])
})

t.test('texts keep every character, and none is not an empty one', async t => {
  const { pool } = await world(t)
  const given = ['', null, 'é😀"\\{},', 'null', ' ']

  const { rows: [row] } = await pool.query<{ all: unknown, ids: unknown, none: unknown }>('select $1::text[] as all, $2::text[] as ids, $3::text[] as none', [texts(given), asciis(['a-1.B', null, '']), asciis([])])

  t.same(row, { all: given, ids: ['a-1.B', null, ''], none: [] })
})
