// What the operations of this server take and give. https://hl7.org/fhir/R4/operationdefinition.html
import type { OperationDefinition } from '@medplum/fhirtypes'

const PART: NonNullable<OperationDefinition['parameter']> = [{
  name: 'searchParameter',
  use: 'out',
  min: 0,
  max: '*',
  documentation: 'A search parameter that was defined here; two while a changed one is being indexed.',
  part: [
    { name: 'reference', use: 'out', min: 1, max: '1', type: 'Reference', documentation: 'The SearchParameter.' },
    { name: 'code', use: 'out', min: 1, max: '1', type: 'code' },
    { name: 'base', use: 'out', min: 1, max: '*', type: 'code' },
    { name: 'state', use: 'out', min: 1, max: '1', type: 'code', documentation: 'pending, indexing, ready, or ended: its rows are being taken away.' },
    { name: 'total', use: 'out', min: 0, max: '1', type: 'decimal', documentation: 'Resources to go over, as counted when that began.' },
    { name: 'done', use: 'out', min: 1, max: '1', type: 'decimal' },
    { name: 'rate', use: 'out', min: 0, max: '1', type: 'Quantity', documentation: 'Resources a second, since that began, with the rests between the steps.' },
    { name: 'failures', use: 'out', min: 0, max: '1', type: 'decimal', documentation: 'Resources on which the expression fails; they are not found by it.' },
    { name: 'defined', use: 'out', min: 1, max: '1', type: 'instant' },
    { name: 'changed', use: 'out', min: 1, max: '1', type: 'instant' }
  ]
}]

const reindex = (id: string, more: Pick<OperationDefinition, 'title' | 'affectsState' | 'system' | 'instance' | 'description'>): OperationDefinition => ({
  resourceType: 'OperationDefinition', id, name: 'Reindex', status: 'active', kind: 'operation', code: 'reindex', type: false, resource: ['SearchParameter'], parameter: PART, ...more
})

/** They stand in the CapabilityStatement itself. */
export const OPERATION_DEFINITIONS: readonly OperationDefinition[] = [
  reindex('reindex', { title: 'Index again', affectsState: true, system: false, instance: true, description: 'POST: makes the rows of a search parameter again, while it answers by those that it has. For the operator.' }),
  reindex('reindex-progress', { title: 'Progress of indexing', affectsState: false, system: true, instance: true, description: 'GET: how far the index of search parameters that were defined here is. For the operator.' })
]
