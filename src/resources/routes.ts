// Everything that is offered, one row each. The server routes by it, `Allow` and the CapabilityStatement are read off it:
// what has no row does not exist. https://hl7.org/fhir/R4/http.html#summary
import { bundled } from './bundled.js'
import { create } from './create.js'
import { conditionalDeletion, deletion } from './delete.js'
import { everything } from './everything.js'
import { history } from './history.js'
import { lastn } from './lastn.js'
import { metadata } from './metadata.js'
import { conditionalPatch, patch } from './patch.js'
import { read } from './read.js'
import { reindex, reindexAll, reindexing } from './reindex.js'
import type { Route } from './route.js'
import { search } from './search.js'
import { conditionalUpdate, update } from './update.js'
import { vread } from './vread.js'

// What may stand in an entry of a batch or transaction as well.
const ENTRIES: readonly Route[] = [
  { method: 'GET', path: '/metadata', interaction: 'capabilities', scope: undefined, anonymous: true, handler: metadata(() => ROUTES) },
  { method: 'GET', path: '/_history', interaction: 'history-system', scope: 's', handler: history },
  { method: 'GET', path: '/', interaction: 'search-system', scope: 's', handler: search },
  { method: 'GET', path: '/:type', interaction: 'search-type', scope: 's', handler: search },
  { method: 'POST', path: '/:type', interaction: 'create', scope: 'c', handler: create },
  { method: 'POST', path: '/_search', interaction: 'search-system', scope: 's', handler: search },
  { method: 'POST', path: '/:type/_search', interaction: 'search-type', scope: 's', handler: search },
  { method: 'PUT', path: '/:type', interaction: 'update', scope: 'u', handler: conditionalUpdate },
  { method: 'PATCH', path: '/:type', interaction: 'patch', scope: 'u', handler: conditionalPatch },
  { method: 'DELETE', path: '/:type', interaction: 'delete', scope: 'd', handler: conditionalDeletion },
  { method: 'GET', path: '/:type/_history', interaction: 'history-type', scope: 's', handler: history },
  { method: 'GET', path: '/:type/:id', interaction: 'read', scope: 'r', handler: read },
  { method: 'GET', path: '/:type/:id/:member', interaction: 'search-type', scope: 's', handler: search },
  { method: 'POST', path: '/:type/:id/:member/_search', interaction: 'search-type', scope: 's', handler: search },
  { method: 'GET', path: '/Patient/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'POST', path: '/Patient/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'GET', path: '/Patient/:id/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'POST', path: '/Patient/:id/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'GET', path: '/Encounter/:id/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'POST', path: '/Encounter/:id/$everything', interaction: 'operation', operation: 'everything', scope: 's', handler: everything },
  { method: 'GET', path: '/Observation/$lastn', interaction: 'operation', operation: 'lastn', scope: 's', handler: lastn },
  { method: 'POST', path: '/Observation/$lastn', interaction: 'operation', operation: 'lastn', scope: 's', handler: lastn },
  { method: 'PUT', path: '/:type/:id', interaction: 'update', scope: 'u', handler: update },
  { method: 'PATCH', path: '/:type/:id', interaction: 'patch', scope: 'u', handler: patch },
  { method: 'DELETE', path: '/:type/:id', interaction: 'delete', scope: 'd', handler: deletion },
  { method: 'GET', path: '/:type/:id/_history', interaction: 'history-instance', scope: 'r', handler: history },
  { method: 'GET', path: '/:type/:id/_history/:versionId', interaction: 'vread', scope: 'r', handler: vread }
]

/** The table. */
export const ROUTES: readonly Route[] = [
  ...ENTRIES,
  { method: 'GET', path: '/$reindex', interaction: 'operation', scope: 's', handler: reindexAll },
  { method: 'GET', path: '/:type/:id/$reindex', interaction: 'operation', scope: 's', handler: reindexing },
  { method: 'POST', path: '/:type/:id/$reindex', interaction: 'operation', scope: 'u', handler: reindex },
  { method: 'POST', path: '/', interaction: 'batch', scope: undefined, handler: bundled(ENTRIES) }
]
