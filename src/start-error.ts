/** Why the server does not start, in words for the operator: printed without a stack, and the process ends with status 1. */
export class StartError extends Error {
  override name = 'StartError'
}

/** The code of a system or PostgreSQL error (`EACCES`, `57P03`), or undefined. */
export const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  // What Node says of a folder that it cannot make on such a file system.
  ENOENT: 'a folder above does not exist, or the file system is read-only',
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the disk quota is used up',
  ENOTDIR: 'a part of the path is not a folder'
}

/** Runs work on files and says which path it was about when the system refuses. */
export function onPath<T> (path: string, work: () => T): T {
  try {
    return work()
  } catch (thrown) {
    const reason = REASONS[codeOf(thrown) ?? '']
    if (reason === undefined) throw thrown
    throw new StartError(`Cannot write ${path}: ${reason}. Set DATA_DIR to a folder that this account may write.`, { cause: thrown })
  }
}
