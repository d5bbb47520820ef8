// The server as one request uses it: the same, with a count of the statements that the request waited for.
import { RequestSearches, RequestStatements, type Readers } from '../store/pool.js'
import { RequestWrites } from '../store/writer.js'
import type { Store } from './open-server.js'
import type { Server } from './server.js'

export interface Counted extends Server {
  readonly readers: RequestStatements<Readers>
  readonly searches: RequestSearches
  readonly writer: RequestWrites
}

export const counted = (server: Store): Counted =>
  ({ ...server, readers: new RequestStatements(server.readers), searches: new RequestSearches(server.searches), writer: new RequestWrites(server.writer) })

/** Round trips to the database, the shared flush of the audit trail apart. */
export const tripsOf = ({ readers, searches, writer }: Counted): number => readers.trips + searches.trips + writer.trips
