import type pg from 'pg'
import type { Server } from '../resources/server.js'
import type { Progress } from './progress.js'

/** What a load works with. */
export interface Loading {
  readonly server: Server
  /** For the load's own rows and for what takes its time: without a statement timeout. */
  readonly pool: pg.Pool
  /** Units written at a time. */
  readonly writers: number
  /** Where what fails is written, one JSON object a line. */
  readonly errorFile: string
  readonly progress: Progress
}
