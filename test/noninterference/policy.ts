// Who may see what, written down again from the policy's own text and nothing of src: the evaluator of the oracle.
import type { Resource } from '../server.js'
import type { Step } from './world.js'

export type Who =
  | { readonly kind: 'self', readonly patient: string }
  | { readonly kind: 'treating', readonly patients: readonly string[], readonly denied: string }

const DIRECTORY: readonly string[] = ['Organization', 'Practitioner', 'Location', 'Medication']
// Of control resources only whom they are about sees his own.
const CONTROL: readonly string[] = ['Provenance']

const referencesIn = (value: unknown): string[] => Array.isArray(value)
  ? value.flatMap(referencesIn)
  : typeof value === 'object' && value !== null ? [(value as { reference?: string }).reference ?? ''] : []

/** The patients whose permit a resource needs. */
function owners (resource: Resource): readonly string[] {
  if (resource.resourceType === 'Patient') return [resource.id]
  const members = (name: string, inner: string): unknown => (resource[name] as readonly Record<string, unknown>[] | undefined)?.map(each => each[inner])
  const named = [resource['subject'], resource['patient'], resource['target'], members('participant', 'actor'), members('member', 'entity')].flatMap(referencesIn)
  return [...new Set(named.filter(name => name.startsWith('Patient/')).map(name => name.slice('Patient/'.length)))]
}

const labels = (resource: Resource): readonly string[] => ((resource['meta'] as { security?: readonly { code: string }[] } | undefined)?.security ?? []).map(({ code }) => code)

function sees (who: Who, version: Resource, newest: Resource): boolean {
  if (DIRECTORY.includes(version.resourceType)) return true
  const needed = owners(version)
  if (who.kind === 'self') return needed.length === 1 && needed[0] === who.patient
  const closed = [version, newest].flatMap(labels).includes(who.denied)
  return !CONTROL.includes(version.resourceType) && !closed && needed.length > 0 && needed.every(patient => who.patients.includes(patient))
}

const nameOf = ({ resourceType, id }: Resource): string => `${resourceType}/${id}`

/** The part of a city that somebody may see. A version is judged by its own labels and by the newest version's; so is the end of a resource. */
export function visiblePart (who: Who, city: readonly Step[]): readonly Step[] {
  const newest = new Map(city.flatMap(step => 'put' in step ? [[nameOf(step.put), step.put] as const] : []))
  return city.filter(step => {
    if ('put' in step) return sees(who, step.put, newest.get(nameOf(step.put)) ?? step.put)
    const last = newest.get(step.end)
    return last !== undefined && sees(who, last, last)
  })
}
