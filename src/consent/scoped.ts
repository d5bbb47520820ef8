// Who may see which rows, as SQL. One text per kind of caller, so that it is prepared once; it never depends on what a
// rule says. The alias must offer the policy's columns (owner, owners, class, label_state, labels): every version and
// every current row does. docs/decisions/0005-policy-columns.md
import type { Caller } from '../auth/caller.js'

// Directory and conformance resources are for every authenticated caller.
const OPEN = (a: string): string => `${a}.class in (2, 3)`

const permitted = (owner: string, actor: string): string =>
  `exists (select from karta.rule p where p.owner = ${owner} and p.actor = ${actor} and p.effect = 'permit' and p.valid @> karta.clock())`

const denied = (owner: string, actor: string, labels: string): string =>
  `exists (select from karta.rule d where d.owner = ${owner} and d.actor in (${actor}, 0) and d.effect = 'deny' and d.valid @> karta.clock()
           and (d.label is null or d.label = any (${labels})))`

// Patient data of one owner, or of several who all permit it and none of whom denies it.
const treating = (a: string, actor: string): string => `(${OPEN(a)} or (${a}.class = 1 and ${a}.label_state = 0 and
  case when ${a}.owners is null
    then ${permitted(`${a}.owner`, actor)} and not ${denied(`${a}.owner`, actor, `${a}.labels`)}
    else not exists (select from unnest(${a}.owners) o where not ${permitted('o', actor)} or ${denied('o', actor, `${a}.labels`)})
  end))`

// What belongs to this patient alone. Where several patients own a resource, it names the others too: not until it can be cut.
const self = (a: string, owner: string): string => `(${OPEN(a)} or (${a}.class in (1, 4) and ${a}.owner = ${owner} and ${a}.owners is null))`

/** The caller as the predicates know him: a surrogate (decimal text), or null where no predicate asks. */
export function subjectOf (caller: Caller): string | null {
  switch (caller.kind) {
    case 'operator': return null
    case 'self': return caller.owner
    case 'treating': return caller.actor
  }
}

/** The rows of alias `alias` that a caller of this kind may see; `subject` is SQL for his `subjectOf`, an int8. */
export function scoped (alias: string, kind: Caller['kind'], subject: string): string {
  switch (kind) {
    case 'operator': return `(${subject} is null)`
    case 'self': return self(alias, subject)
    case 'treating': return treating(alias, subject)
  }
}

/**
 * Where patient data can be that a caller of this kind may see: an index condition that narrows a walk before `scoped`
 * decides. undefined: anywhere.
 */
export function reachable (alias: string, kind: Caller['kind'], subject: string): string | undefined {
  switch (kind) {
    case 'operator': return undefined
    case 'self': return `${alias}.owner = ${subject}`
    case 'treating': return `${alias}.owner = any (array(select r.owner from karta.rule r where r.actor = ${subject} and r.effect = 'permit'))`
  }
}
