import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, onPath, StartError } from './start-error.js'

/**
 * A secret of this installation, 32 random bytes as base64url: made on first use and kept in the data folder with mode 0600.
 * Two processes that start at once get the same one, since only one of them can link the file to its name.
 */
export function secret (dataDir: string, name: string): string {
  const path = join(dataDir, name)
  try {
    return kept(path)
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown
  }
  return onPath(path, () => {
    mkdirSync(dataDir, { recursive: true, mode: 0o711 })
    const fresh = `${path}.${process.pid}`
    writeFileSync(fresh, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    try {
      linkSync(fresh, path)
    } catch (thrown) {
      if (codeOf(thrown) !== 'EEXIST') throw thrown
    } finally {
      rmSync(fresh)
    }
    return kept(path)
  })
}

function kept (path: string): string {
  const text = readFileSync(path, 'utf8').trim()
  if (text.length < 43) throw new StartError(`${path} holds no secret (43 characters are expected). Restore it from a backup.`)
  return text
}
