// What is counted and timed, for Prometheus. Counts and times only: of nobody, and of no resource.
// https://prometheus.io/docs/instrumenting/exposition_formats/
import cluster from 'node:cluster'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Admission } from './admission.js'
import type { Store } from './open-server.js'

export interface Metrics {
  /** Counts one request and how long it took. */
  observe (interaction: string, status: number, milliseconds: number): void
  /** The page that is scraped. */
  text (): Promise<string>
  readonly contentType: string
}

const SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]

/** A registry of its own for each server, so that several can live in one process. */
export function makeMetrics (server: Store, admission: Admission): Metrics {
  const registry = new Registry()
  // With WORKERS a scrape reaches any of them: each tells its own figures, under its own name.
  if (cluster.worker !== undefined) registry.setDefaultLabels({ worker: cluster.worker.id })
  collectDefaultMetrics({ register: registry })
  const requests = new Histogram({
    name: 'karta_request_seconds', help: 'Time from request to answer, by interaction and class of status.', labelNames: ['interaction', 'status'], buckets: SECONDS, registers: [registry]
  })
  const { readers, searches, writer, audit } = server
  gauge(registry, 'karta_requests_in_flight', 'Requests that are worked on.', () => admission.inside)
  gauge(registry, 'karta_requests_waiting', 'Requests that wait for a slot.', () => admission.waiting)
  poolGauge(registry, server)
  gauge(registry, 'karta_write_queue', 'Groups of versions that wait for a connection.', () => writer.queued)
  gauge(registry, 'karta_audit_queue', 'Audit rows that wait for a flush.', () => audit.queued)
  counter(registry, 'karta_requests_refused_total', 'Requests turned away with 429.', () => admission.refused)
  counter(registry, 'karta_read_statements_total', 'Statements that read by key.', () => readers.trips)
  counter(registry, 'karta_search_statements_total', 'Statements that search.', () => searches.trips)
  counter(registry, 'karta_write_statements_total', 'Statements that write.', () => writer.trips)
  counter(registry, 'karta_write_groups_total', 'Groups of versions stored; several share a statement.', () => writer.groups)
  counter(registry, 'karta_audit_flushes_total', 'Flushes of the audit trail.', () => audit.flushes)
  counter(registry, 'karta_audit_rows_total', 'Audit rows stored by flushes.', () => audit.rows)
  return {
    observe: (interaction, status, milliseconds) => requests.observe({ interaction, status: `${Math.floor(status / 100)}xx` }, milliseconds / 1000),
    text: () => registry.metrics(),
    contentType: registry.contentType
  }
}

function gauge (registry: Registry, name: string, help: string, value: () => number): void {
  registry.registerMetric(new Gauge({ name, help, registers: [], collect () { this.set(value()) } }))
}

function poolGauge (registry: Registry, { pools }: Store): void {
  registry.registerMetric(new Gauge({
    name: 'karta_pool', help: 'Connections to the database that are busy and idle, and statements that wait for one; of the pipelined ones that read, statements on their way.',
    labelNames: ['pool', 'state'], registers: [], collect () {
      for (const [pool, figures] of Object.entries(pools())) for (const [state, value] of Object.entries(figures)) this.set({ pool, state }, value)
    }
  }))
}

// The count is kept where it is made; here it is only read.
function counter (registry: Registry, name: string, help: string, value: () => number): void {
  registry.registerMetric(new Counter({ name, help, registers: [], collect () {
    this.reset()
    this.inc(value())
  } }))
}
