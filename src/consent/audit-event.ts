// An AuditEvent is rendered from the audit trail's row when it is read. https://hl7.org/fhir/R4/auditevent.html
import type { Caller } from '../auth/caller.js'
import { typeOf } from '../fhir/resource-types.js'
import type { Reads } from '../store/pool.js'
import { ridAt } from '../store/rid.js'
import { CLASS_NUMBER } from '../store/types.js'
import { CALLERS, INTERACTIONS } from './audit.js'
import type { VersionRow } from './row.js'

interface AuditRow {
  readonly at: Date
  readonly owner: string
  readonly owners: readonly string[] | null
  readonly actor: string
  readonly caller: number
  readonly interaction: number
  readonly type: number
  readonly status: number
  readonly client: string
  readonly shown: readonly string[] | null
}

// `audit-7-12`: row 12 of writer 7.
const ID = /^audit-([1-9][0-9]{0,17})-([1-9][0-9]{0,17})$/

// The operator only, until the patient's view of the log exists: the ids count, and from the gaps between his own rows a
// patient could read how much the server does.
const mayRead = (caller: Caller): boolean => caller.kind === 'operator'

export const auditEvents = {
  holds: (id: string): boolean => ID.test(id),

  async read (db: Reads, caller: Caller, id: string): Promise<VersionRow | undefined> {
    const [, writer, seq] = ID.exec(id) ?? []
    if (writer === undefined || seq === undefined || !mayRead(caller)) return undefined
    const [row] = await db.query<AuditRow>({
      name: 'audit-event',
      text: `select a.at, a.owner, a.owners, a.actor, a.caller, a.interaction, a.type, a.status, a.client, a.shown
             from karta.audit a where a.writer = $1::int8 and a.seq = $2::int8`,
      values: [writer, seq]
    })
    return row === undefined ? undefined : rendered(id, row)
  }
}

const rendered = (id: string, row: AuditRow): VersionRow => ({
  type: 'AuditEvent',
  id,
  rid: ridAt(row.at.getTime()),
  ver: 1,
  deleted: false,
  tail: `}${JSON.stringify(auditEvent(row)).replace(/^\{/, ',')}`,
  owner: row.owner,
  owners: row.owners ?? undefined,
  class: CLASS_NUMBER.control
})

const ACTIONS: Readonly<Record<string, string>> = { create: 'C', update: 'U', patch: 'U', delete: 'D', transaction: 'E', batch: 'E', operation: 'E' }

function auditEvent ({ at, caller, interaction, type, status, client, actor, shown }: AuditRow): object {
  const name = INTERACTIONS[interaction - 1] ?? 'operation'
  return {
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest', display: 'Restful Operation' },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: name }],
    action: ACTIONS[name] ?? 'R',
    recorded: at.toISOString(),
    outcome: status < 400 ? '0' : status < 500 ? '4' : '8',
    agent: [{ who: { display: client }, altId: actor, name: CALLERS[caller - 1], requestor: true }],
    source: { observer: { display: 'Karta' } },
    ...(shown !== null && shown.length > 0 && {
      entity: [{
        type: { system: 'http://terminology.hl7.org/CodeSystem/audit-entity-type', code: '2', display: 'System Object' },
        detail: [
          ...(type === 0 ? [] : [{ type: 'type', valueString: typeOf(type) }]),
          ...shown.map(rid => ({ type: 'versionId', valueString: rid }))
        ]
      }]
    })
  }
}
