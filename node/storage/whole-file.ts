// Files that are replaced as a whole: after a crash at any moment there is either the old content or the new, never
// a part of either. Temporary file, sync, rename, sync of the folder, in this order.

import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Ending of temporary files; what a crash leaves behind is removed when the data directory is opened. */
export const temporaryEnding = '.tmp'

let temporaryCount = 0

/** Replaces a file's content. Throws what the file system throws; the old content is then still there. */
export async function writeWholeFile(path: string, content: string): Promise<void> {
  temporaryCount++
  const temporaryPath = `${path}.${process.pid}-${temporaryCount}${temporaryEnding}`
  try {
    const handle = await open(temporaryPath, 'wx')
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporaryPath, path)
  } catch (cause) {
    await rm(temporaryPath, { force: true })
    throw cause
  }
  await syncDirectory(dirname(path))
}

/** Makes a rename in a folder durable. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/**
 * Saves a value again and again: one write at a time, and of the values that come meanwhile only the last is
 * written. `save` resolves when its value, or a later one, is in the file.
 */
export class LatestFile {
  readonly #path: string
  /** Makes the content at the moment of writing; undefined while nothing waits. */
  #next: (() => string) | undefined
  #writing: Promise<void> | undefined
  /** The write that follows the one under way; everybody who saved meanwhile waits for it. */
  #following: Promise<void> | undefined

  constructor(path: string) {
    this.#path = path
  }

  async save(toContent: () => string): Promise<void> {
    this.#next = toContent
    if (this.#writing === undefined) {
      this.#writing = this.#writeNext()
      return await this.#writing
    }
    this.#following ??= this.#writing
      .catch(() => undefined)
      .then(() => {
        this.#following = undefined
        this.#writing = this.#writeNext()
        return this.#writing
      })
    return await this.#following
  }

  async #writeNext(): Promise<void> {
    const toContent = this.#next
    this.#next = undefined
    try {
      if (toContent !== undefined) await writeWholeFile(this.#path, toContent())
    } finally {
      if (this.#following === undefined) this.#writing = undefined
    }
  }
}
