// The demo city: what a new server shows before it has anybody's records. Nobody in it lives; every word follows from the seed.
import type { Bundle, Resource } from '@medplum/fhirtypes'
import { allergy } from './allergy.js'
import { dischargeLetter } from './document.js'
import { RESIDENTS, SOKOLOVS, WEBERS, familyResources, type Resident } from './families.js'
import { LIVES } from './lives.js'
import { places } from './places.js'
import { seeded } from './random.js'
import { visitResources } from './visit.js'

/**
 * The city as transaction Bundles, in the order in which they can be written: places and doctors, each family's
 * register, then one Bundle for each resident's record. The ids are the same whatever the seed; it only moves values.
 */
export function city (seed = 'karta'): Bundle[] {
  return [
    transaction(places()),
    ...[SOKOLOVS, WEBERS].map(family => transaction(familyResources(family))),
    ...RESIDENTS.map(resident => transaction(record(resident, seed)))
  ]
}

function record (resident: Resident, seed: string): Resource[] {
  const life = LIVES[resident.id]
  if (life === undefined) return []
  const random = seeded(`${seed} ${resident.id}`)
  return [
    ...(life.allergies ?? []).map(name => allergy(resident, name)),
    ...life.visits.flatMap(visit => visitResources(resident, life, visit, random)),
    ...(resident.id === 'boris' ? dischargeLetter(resident) : [])
  ]
}

// PUT, so that the ids are the ones that the documentation names, and a second seeding changes nothing.
function transaction (resources: readonly Resource[]): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map(resource => {
      const url = `${resource.resourceType}/${resource.id ?? ''}`
      return { resource, request: { method: 'PUT', url } }
    })
  }
}
