// The log of a node on disk, for reading while the node may go on: it appends to the last file, and drops the first ones. All files are
// held open from the beginning, so that what is read is what there was.

import { type FileHandle, open, readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { numberOf } from '../../node/core/wal/scan.ts'
import { type Identity, readIdentity } from '../../node/storage/identity.ts'
import { CommandError, exitCodes } from '../cli/outcome.ts'
import { isFolder } from '../collection/folder.ts'

/** So often are the files listed again where one has gone before it could be opened. A node drops one every 64 MiB at most. */
const listingsMax = 20

export class LogFolder implements AsyncDisposable {
  readonly path: string
  /** Of the files, oldest first. */
  readonly names: readonly string[]
  /** Of the data directory that the folder is the log of, read before the files were listed: what it notes of them is among them. */
  readonly identity: Identity | undefined
  readonly #handles: readonly FileHandle[]

  constructor(path: string, files: ReadonlyMap<string, FileHandle>, identity: Identity | undefined) {
    this.path = path
    this.names = [...files.keys()]
    this.identity = identity
    this.#handles = [...files.values()]
  }

  /** All bytes of the file that is `at` in `names`. */
  async read(at: number): Promise<Uint8Array> {
    const handle = this.#handles[at]
    if (handle === undefined) throw new RangeError(`there are ${this.names.length} files, and no ${at}`)
    return await handle.readFile()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await closeAll(this.#handles)
  }
}

/**
 * Of a data directory, of its folder `log`, or of one that was set aside. A log that is not there at all, although the directory's
 * identity has noted one, has no files.
 *
 * @throws CommandError where there is no log.
 */
export async function openLogFolder(directory: string): Promise<LogFolder> {
  for (const path of [join(directory, 'log'), directory]) {
    if (!(await isFolder(path))) continue
    // Read before the files are listed: what it says of them was so then. Where there are none, it is of no interest.
    const [identity] = await Promise.allSettled([identityOf(path)])
    const files = await openFiles(path)
    if (files.size === 0) continue
    if (identity.status === 'fulfilled') return new LogFolder(path, files, identity.value)
    await closeAll([...files.values()])
    throw identity.reason
  }
  const identity = await readIdentity(directory).catch(() => undefined)
  if (identity?.logReaches !== undefined) return new LogFolder(join(directory, 'log'), new Map(), identity)
  const isThere = await isFolder(directory)
  const message = isThere ? `there is no log in ${directory}` : `there is no folder ${directory}`
  throw new CommandError(exitCodes.failure, message, {
    next: 'give the data directory of a node, as .herald/data/A, or its folder log/',
  })
}

async function openFiles(path: string): Promise<ReadonlyMap<string, FileHandle>> {
  for (let listing = 1; ; listing++) {
    const names = (await readdir(path).catch(() => [])).filter((name) => numberOf(name) !== undefined)
    const files = new Map<string, FileHandle>()
    try {
      for (const name of names.toSorted()) files.set(name, await open(join(path, name), 'r'))
      return files
    } catch (error) {
      await closeAll([...files.values()])
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || listing === listingsMax) throw error
    }
  }
}

async function closeAll(handles: readonly FileHandle[]): Promise<void> {
  await Promise.all(handles.map((handle) => handle.close()))
}

/** Of the data directory that the folder is the log of: one that was set aside is nobody's. */
async function identityOf(folder: string): Promise<Identity | undefined> {
  const path = resolve(folder)
  return basename(path) === 'log' ? await readIdentity(dirname(path)) : undefined
}
