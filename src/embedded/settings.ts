import { totalmem } from 'node:os'

const MB = 1024 * 1024
const clamp = (least: number, value: number, most: number): number => Math.max(least, Math.min(value, most))

// In a container the limit of the container, not what the machine has.
function memory (): number {
  const limit = process.constrainedMemory?.() ?? 0
  return limit > 0 && limit < totalmem() ? limit : totalmem()
}

/** The settings of the embedded PostgreSQL; an operator's `local.conf` in the same folder is read after them. */
export function settings (): Record<string, string> {
  const total = memory() / MB
  return {
    shared_buffers: `${Math.round(clamp(128, total / 8, 4096))}MB`,
    effective_cache_size: `${Math.round(clamp(256, total / 2, 65536))}MB`,
    maintenance_work_mem: `${Math.round(clamp(64, total / 32, 1024))}MB`,
    work_mem: '16MB',
    max_connections: '200',
    // A record that was acknowledged is on the disk.
    fsync: 'on',
    synchronous_commit: 'on',
    full_page_writes: 'on',
    wal_compression: 'on',
    max_wal_size: '4GB',
    min_wal_size: '256MB',
    checkpoint_timeout: '15min',
    // The statements are short; compiling one costs more than running it.
    jit: 'off',
    random_page_cost: '1.1',
    autovacuum_vacuum_insert_scale_factor: '0.05',
    autovacuum_analyze_scale_factor: '0.02',
    timezone: "'UTC'",
    lc_messages: "'C'",
    // The log says what failed, never a value of a record: neither the statement nor the key that was taken.
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_checkpoints: 'off',
    logging_collector: 'on',
    log_directory: "'log'",
    log_filename: "'postgresql-%a.log'",
    log_rotation_age: '1d',
    log_rotation_size: '0',
    log_truncate_on_rotation: 'on'
  }
}

/** The text of a PostgreSQL configuration file. */
export const conf = (values: Readonly<Record<string, string>>): string =>
  Object.entries(values).map(([name, value]) => `${name} = ${value}\n`).join('')
