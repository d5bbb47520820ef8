// Room on the disk of our own database. Every read leaves a row in the audit trail, and is refused when that cannot be written: so
// writes end before the disk is full, and reads go on. docs/operators.md
import { statfs } from 'node:fs/promises'

/** What is kept free: this share of the disk, but no more than a burst of PostgreSQL's log and a long time of audit rows need. */
const SHARE = 0.05
const MOST = 8 * 1024 ** 3
const EVERY = 1000

/** True when a disk has less room than is kept free for reads. Sizes are in blocks of `bsize` bytes. */
export const isFull = ({ bsize, blocks, bavail }: { readonly bsize: number, readonly blocks: number, readonly bavail: number }): boolean =>
  bavail * bsize < Math.min(blocks * bsize * SHARE, MOST)

/** Looks every second how much room there is. */
export class Room {
  /** Whether writes have to wait until there is room again. */
  full = false
  readonly #timer: NodeJS.Timeout

  private constructor (folder: string) {
    this.#timer = setInterval(() => { void this.#look(folder) }, EVERY).unref()
  }

  /** Watches the disk that holds a folder. A folder that is not there says nothing. */
  static async watch (folder: string): Promise<Room> {
    const room = new Room(folder)
    await room.#look(folder)
    return room
  }

  async #look (folder: string): Promise<void> {
    this.full = await statfs(folder).then(isFull, () => false)
  }

  end (): void {
    clearInterval(this.#timer)
  }
}
