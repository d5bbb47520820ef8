// What of the data at hand a benchmark asks for: values that few have and that most have.
import { KIND, paramOf } from '../../src/store/index/rows.js'
import { hashText } from '../../src/store/binary.js'
import { ask } from '../postgres.js'
import type { Values } from './classes.js'

interface Coded { readonly text: string, readonly count: string }

/** Looks for them. Throws where the data is too little. */
export async function valuesOf (url: string): Promise<Values> {
  const codes = await ask<Coded>(url, `
    select substr(t.text, 2) as text, (select count(*) from karta.current_observation c where c.tokens && array[t.token]) as count
    from karta.term t where t.key = ${hashText(...paramOf('Observation', 'code').terms)} and left(t.text, 1) = '${KIND.coding}' order by count desc, text`)
  const few = codes.filter(({ count }) => Number(count) >= 5).at(-1)
  const [patient] = await ask<{ id: string, owner: string, family: string, ssn: string }>(url, `
    select v.id, v.owner, substring(v.body from '"family":"([^"]+)"') as family, substring(v.body from 'us-ssn","value":"([^"]+)"') as ssn
    from karta.current_patient c join karta.version v on v.owner = c.owner and v.rid = c.rid
    where v.body ~ '"family":"[A-Za-z]{3}' and (select count(*) from karta.current_observation o where o.owner = c.owner) > 40 order by c.rid offset 7 limit 1`)
  const [high] = await ask<{ value: number }>(url, 'select value from karta.quantity_value order by value desc offset 40 limit 1')
  const [first] = await ask<{ dlo: string, encounter: string }>(url, `
    select c.dlo, substring(v.body from '"reference":"Encounter/([^"]+)"') as encounter
    from karta.current_observation c join karta.version v on v.owner = c.owner and v.rid = c.rid where v.body like '%"reference":"Encounter/%' order by c.rid offset 1000 limit 1`)
  if (few === undefined || codes[0] === undefined || patient === undefined || high === undefined || first === undefined) throw new Error('there is too little data to search in')
  return { dense: codes[0].text, few: few.text, patient, encounter: first.encounter, high: Math.floor(high.value), day: new Date(Number(first.dlo)).toISOString().slice(0, 10) }
}
