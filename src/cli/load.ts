import { join } from 'node:path'
import type { Config } from '../config.js'
import { load } from '../load/load.js'
import { progressOn } from '../load/progress.js'
import { number } from '../load/tally.js'
import { openServer } from '../resources/open-server.js'
import { StartError } from '../start-error.js'
import type { Say } from '../main.js'
import { withDatabase } from './database.js'

export interface LoadOptions {
  readonly errors?: string
  readonly writers: string
}

const MAX_WRITERS = 64

/** Loads what the paths name and says what came of it. Answers whether everything was stored. Throws StartError for what cannot be loaded. */
export async function loadPaths (config: Config, paths: readonly string[], options: LoadOptions, out: Say, aside: Say): Promise<boolean> {
  const writers = Number(options.writers)
  if (!Number.isInteger(writers) || writers < 1 || writers > MAX_WRITERS) {
    throw new StartError(`--writers is "${options.writers}". Allowed: a whole number from 1 to ${MAX_WRITERS}.`)
  }
  const errorFile = options.errors ?? join(config.dataDir, 'load-errors.ndjson')
  return await withDatabase(config, aside, async (pool, url) => {
    const server = await openServer(config, url, error => aside(`karta: ${error instanceof Error ? error.message : String(error)}`))
    try {
      const { tally, seconds, settled, ownerless, examples } = await load({ server, pool, writers, errorFile, progress: progressOn(process.stderr) }, paths)
      out(tally.table(seconds))
      if (settled > 0) out(`${number(settled)} were read before their patient and are his now.`)
      if (ownerless > 0) out(`${number(ownerless)} are nobody's, so that only the operator sees them: ${examples.join(', ')}${ownerless > examples.length ? `, ...; all are in ${errorFile}` : ''}`)
      if (tally.total.failed > 0) out(`What failed, and why: ${errorFile}. Load the same again when it is mended: only that is tried.`)
      return tally.total.failed === 0
    } finally {
      await server.close()
    }
  })
}
