// The files of a node's log: one folder, files that grow, one write under way. What is written is synced before anybody hears of it, and
// so is the name of a new file.

import { constants, fdatasync, writev } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { HeraldError } from '../core/common/errors.ts'
import { type Damage, LogScanner, numberOf, type TornTail } from '../core/wal/scan.ts'
import type { LogPorts, LogStart } from '../core/wal/writer.ts'
import { toDiskFailure } from './disk-failure.ts'
import { syncDirectory } from './whole-file.ts'

/** What a log says when it is opened. */
export interface OpenedLogFiles {
  readonly files: LogFiles
  readonly start: LogStart
  readonly damages: readonly Damage[]
  /** What was cut off its end. */
  readonly tail: TornTail | undefined
}

/** Where something is synced: by the write itself, as the system opens the file for that, or by a call behind it. */
export type SyncedBy = 'write' | 'fdatasync'

/** One call less, and one turn of Node's threads. Elsewhere `O_DSYNC` is missing or does not reach the disk, as `fdatasync` does (macOS). */
const syncedByDefault: SyncedBy = process.platform === 'linux' ? 'write' : 'fdatasync'

export class LogFiles implements LogPorts {
  readonly #directory: string
  readonly #syncedBy: SyncedBy
  /** Is done before a file is begun. */
  readonly #onBegin: () => Promise<void>
  /** Resolves when nothing is being removed. */
  #removed: Promise<void> = Promise.resolve()
  /** The file that is written to. */
  #file: { readonly name: string; readonly handle: FileHandle } | undefined

  private constructor(directory: string, onBegin: () => Promise<void>, syncedBy: SyncedBy) {
    this.#directory = directory
    this.#onBegin = onBegin
    this.#syncedBy = syncedBy
  }

  /**
   * Opens a folder, which is created where it does not exist, reads everything, oldest first, and cuts off a torn tail. `onWrite` gets every
   * write that can be read; `onBegin` is waited for before a file is begun. Throws DISK_FAILED, and the HeraldError that `onWrite` throws.
   */
  static async open(
    directory: string,
    onWrite: (body: Uint8Array, number: number) => void,
    onBegin: () => Promise<void> = async () => undefined,
    syncedBy: SyncedBy = syncedByDefault,
  ): Promise<OpenedLogFiles> {
    try {
      await mkdir(directory, { recursive: true })
      const names = (await readdir(directory)).filter((name) => numberOf(name) !== undefined).sort()
      const scanner = new LogScanner(crc32, onWrite)
      let bytes = 0
      for (const [at, name] of names.entries()) {
        const content = await readFile(join(directory, name))
        bytes = content.length
        scanner.scan(name, content, names[at + 1])
      }
      const { tail, damages, next } = scanner
      if (tail !== undefined) {
        bytes = tail.offset
        await truncate(join(directory, tail.file), bytes)
      }
      return {
        files: new LogFiles(directory, onBegin, syncedBy),
        start: { file: names.at(-1), bytes, next, files: names },
        damages,
        tail,
      }
    } catch (cause) {
      if (cause instanceof HeraldError) throw cause
      throw toDiskFailure(directory, cause)
    }
  }

  readonly checksum: LogPorts['checksum'] = crc32

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }

  write(file: string, parts: readonly Uint8Array[], onDone: (failure: unknown) => void): void {
    const report = (cause: unknown): void =>
      onDone(cause === null ? undefined : toDiskFailure(join(this.#directory, file), cause))
    const syncedBy = this.#syncedBy
    if (this.#file?.name === file) writeDurably(this.#file.handle.fd, parts, syncedBy, report)
    else this.#open(file).then(({ fd }) => writeDurably(fd, parts, syncedBy, report), report)
  }

  /** One after the other, so that no crash brings an older one back without those behind it. What cannot be removed is found at the next start. */
  remove(file: string): void {
    this.#removed = this.#removed.then(() => this.#remove(file)).catch(() => undefined)
  }

  async #remove(file: string): Promise<void> {
    await rm(join(this.#directory, file), { force: true })
    await syncDirectory(this.#directory)
  }

  async close(): Promise<void> {
    await this.#removed
    await this.#file?.handle.close()
    this.#file = undefined
  }

  async #open(name: string): Promise<FileHandle> {
    await this.#file?.handle.close()
    await this.#onBegin()
    const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants
    const flags = O_APPEND | O_CREAT | O_WRONLY | (this.#syncedBy === 'write' ? O_DSYNC : 0)
    const handle = await open(join(this.#directory, name), flags)
    this.#file = { name, handle }
    await syncDirectory(this.#directory)
    return handle
  }
}

/** Writes and has it synced; `report` gets null or what went wrong. Promises would take a tenth of what a small write takes. */
function writeDurably(
  fd: number,
  parts: readonly Uint8Array[],
  syncedBy: SyncedBy,
  report: (cause: unknown) => void,
): void {
  writev(fd, parts, (cause, bytesWritten) => {
    if (cause !== null) return report(cause)
    const bytes = parts.reduce((sum, { length }) => sum + length, 0)
    if (bytesWritten === bytes) return syncedBy === 'write' ? report(null) : fdatasync(fd, report)
    // A write may end early, where the disk is nearly full for one.
    writeDurably(fd, [Buffer.concat(parts).subarray(bytesWritten)], syncedBy, report)
  })
}
