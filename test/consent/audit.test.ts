import t from 'tap'
import { AuditWriter } from '../../src/consent/audit.js'
import { verifyAudit } from '../../src/consent/verify-audit.js'
import { readCurrent } from '../../src/consent/visible.js'
import { validate } from '../../src/fhir/validate.js'
import { resourceText, scanResource } from '../../src/fhir/json.js'
import { OPERATOR, put, self, treating, world } from '../world.js'

const SHOWN = { interaction: 'read', type: 'Observation', status: 200 } as const

t.test('what was recorded is durable when record resolves, with the versions that were shown', async t => {
  const { audit, store, patient, pool } = await world(t)
  const anna = await patient('anna')
  const [rid = ''] = await store([put('Observation', 'pulse', anna)])

  await audit.record(treating('77'), { ...SHOWN, rows: [{ rid, owner: anna, owners: undefined, class: 1 }] })

  const { rows } = await pool.query('select owner, actor, caller, status, shown from karta.audit where interaction = 1')
  t.same(rows, [{ owner: anna, actor: '77', caller: 3, status: 200, shown: [rid] }])
})

t.test('requests that end together share a flush', async t => {
  const { audit } = await world(t)

  await Promise.all(Array.from({ length: 100 }, () => audit.record(OPERATOR, { ...SHOWN, rows: [] })))

  t.ok(audit.flushes <= 3, `${audit.flushes} flushes`)
  t.equal(audit.rows, 100)
})

t.test('reads and writes are sealed, and verify finds an edit, a missing row and a missing link', async t => {
  const { audit, store, patient, pool } = await world(t)
  const anna = await patient('anna')
  await store([put('Observation', 'pulse', anna)])
  for (let i = 0; i < 3; i++) await audit.record(OPERATOR, { ...SHOWN, rows: [] })
  const client = await pool.connect()
  t.teardown(() => { client.release() })
  const attempt = async (sql: string): Promise<readonly string[]> => {
    await client.query('begin; ' + sql)
    const { faults } = await verifyAudit(client)
    await client.query('rollback')
    return faults.map(({ what }) => what)
  }

  const whole = await verifyAudit(pool)

  t.same(whole, { links: 3, faults: [], unsealed: 0 })
  t.same(await attempt('update karta.audit set status = 404 where interaction = 1 and seq = 4'), ['the rows are not those that were sealed'])
  t.same(await attempt('delete from karta.audit where interaction = 9'), ['the rows are not those that were sealed'])
  t.same(await attempt("update karta.audit set at = at + interval '1 second' where seq = 5"), ['the rows are not those that were sealed'])
  t.same(await attempt('delete from karta.audit_link where link = 2'), ['a link is missing'])
})

t.test('a failed flush shows nothing, and the chain goes on when the database is back', async t => {
  const { audit, pool, errors } = await world(t)
  await audit.record(OPERATOR, { ...SHOWN, rows: [] })
  await pool.query('alter table karta.audit rename to gone')

  await t.rejects(audit.record(OPERATOR, { ...SHOWN, rows: [] }), { name: 'FhirError', message: 'the audit trail cannot be written' })
  await pool.query('alter table karta.gone rename to audit')
  await audit.record(OPERATOR, { ...SHOWN, rows: [] })

  t.equal(errors.length, 1)
  t.match(await verifyAudit(pool), { links: 2, faults: [] })
})

t.test('each process has a chain of its own', async t => {
  const { audit, pool } = await world(t)
  const other = await AuditWriter.start(pool, 'another', () => {})

  await Promise.all([audit, other].map(writer => writer.record(OPERATOR, { ...SHOWN, rows: [] })))
  await other.end()

  t.not(other.writer, audit.writer)
  t.match(await verifyAudit(pool), { links: 2, faults: [] })
})

t.test('an AuditEvent is rendered from the trail for the operator, and for nobody else', async t => {
  const { audit, readers, store, patient } = await world(t)
  const [anna, boris] = [await patient('anna'), await patient('boris')]
  const [rid = ''] = await store([put('Observation', 'pulse', anna)])
  await audit.record(treating('77'), { ...SHOWN, rows: [{ rid, owner: anna, owners: undefined, class: 1 }] })
  const id = `audit-${audit.writer}-4`

  const event = await readCurrent(readers, OPERATOR, 'AuditEvent', id)

  const { value } = scanResource(resourceText('AuditEvent', id, event?.rid ?? '', '2026-01-01T00:00:00Z', event?.tail ?? ''))
  t.match(value, { action: 'R', subtype: [{ code: 'read' }], agent: [{ altId: '77', requestor: true }] })
  t.same(validate('AuditEvent', value), [])
  t.equal(await readCurrent(readers, self(anna), 'AuditEvent', id), undefined)
  t.equal(await readCurrent(readers, self(boris), 'AuditEvent', id), undefined)
  t.equal(await readCurrent(readers, treating('77'), 'AuditEvent', id), undefined)
})
