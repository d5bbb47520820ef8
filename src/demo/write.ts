import type { Config } from '../config.js'
import { apply } from '../load/apply.js'
import { groupsOf } from '../load/entries.js'
import { OPERATOR } from '../load/operator.js'
import { openServer } from '../resources/open-server.js'
import { city } from './city.js'

/** Writes the demo city through the server's own write path. Answers how many resources that were. Throws what refuses one. */
export async function writeCity (config: Config, url: string): Promise<number> {
  const server = await openServer(config, url, () => {})
  let written = 0
  try {
    for (const bundle of city()) {
      for (const group of groupsOf({ name: 'demo city', key: '', line: undefined, texts: [JSON.stringify(bundle)] })) {
        for (const { outcome } of await apply(server, OPERATOR, group)) {
          if (outcome instanceof Error) throw outcome
          written++
        }
      }
    }
  } finally {
    await server.close()
  }
  return written
}
