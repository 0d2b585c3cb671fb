// The files of a node's log: one folder, files that grow, one write under way. What is written is synced before anybody hears of it, and
// so is the name of a new file.

import { randomInt } from 'node:crypto'
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

/** Numbers of logs are below it. */
const logNumbers = 2 ** 32

/** Where something is synced: by the write itself, as the system opens the file for that, or by a call behind it. */
export type SyncedBy = 'write' | 'fdatasync'

/** One call less, and one turn of Node's threads. Elsewhere `O_DSYNC` is missing or does not reach the disk, as `fdatasync` does (macOS). */
const syncedByDefault: SyncedBy = process.platform === 'linux' ? 'write' : 'fdatasync'

export interface LogFilesOptions {
  /** The last write that was noted; 0 by default. A log that ends before it is damaged. */
  readonly noted?: number
  /** Notes a write, outside of the log: the first one of a file is acknowledged when that is done. */
  readonly note?: (write: number) => Promise<void>
  readonly syncedBy?: SyncedBy
}

export class LogFiles implements LogPorts {
  readonly #directory: string
  readonly #syncedBy: SyncedBy
  readonly #note: (write: number) => Promise<void>
  #durable: number
  /** Resolves when nothing is being removed. */
  #removed: Promise<void> = Promise.resolve()
  /** The file that is written to. */
  #file: { readonly name: string; readonly handle: FileHandle } | undefined
  #isWriting = false
  /** Hears that no write is under way any more; nothing is written from when it is there. */
  #onClosed: (() => void) | undefined

  private constructor(directory: string, durable: number, { note, syncedBy }: LogFilesOptions) {
    this.#directory = directory
    this.#durable = durable
    this.#note = note ?? (async () => undefined)
    this.#syncedBy = syncedBy ?? syncedByDefault
  }

  /**
   * Opens a folder, which is created where it does not exist, reads everything, oldest first, and cuts off a torn tail, unless there is
   * damage. `onWrite` gets every write that can be read. Throws DISK_FAILED, and the HeraldError that `onWrite` throws.
   */
  static async open(
    directory: string,
    onWrite: (body: Uint8Array, number: number) => void,
    options: LogFilesOptions = {},
  ): Promise<OpenedLogFiles> {
    try {
      await mkdir(directory, { recursive: true })
      const names = (await readdir(directory)).filter((name) => numberOf(name) !== undefined).sort()
      const scanner = new LogScanner(crc32, onWrite, randomInt(1, logNumbers))
      let bytes = 0
      for (const [at, name] of names.entries()) {
        const content = await readFile(join(directory, name))
        bytes = content.length
        scanner.scan(name, content, names[at + 1])
      }
      scanner.finish(options.noted ?? 0)
      const { tail, damages, next } = scanner
      if (tail !== undefined && damages.length === 0) {
        bytes = tail.offset
        await truncate(join(directory, tail.file), bytes)
      }
      const file = names.at(-1)
      // A process that was killed may have left bytes that can be read and are not on the disk yet: they count from now on.
      if (file !== undefined) await syncFile(join(directory, file))
      return {
        files: new LogFiles(directory, next.number - 1, options),
        start: { file, bytes, next, files: names },
        damages,
        tail,
      }
    } catch (cause) {
      if (cause instanceof HeraldError) throw cause
      throw toDiskFailure(directory, cause)
    }
  }

  readonly checksum: LogPorts['checksum'] = crc32

  /** Number of the last write that is durable. */
  get durable(): number {
    return this.#durable
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }

  write(file: string, parts: readonly Uint8Array[], onDone: (failure: unknown) => void): void {
    if (this.#onClosed !== undefined) return
    this.#isWriting = true
    const report = (cause: unknown): void => {
      this.#isWriting = false
      if (cause === null) this.#durable++
      this.#onClosed?.()
      onDone(cause === null ? undefined : toDiskFailure(join(this.#directory, file), cause))
    }
    const syncedBy = this.#syncedBy
    if (this.#file?.name === file) writeDurably(this.#file.handle.fd, parts, syncedBy, report)
    else
      this.#open(file).then(
        ({ fd }) => writeDurably(fd, parts, syncedBy, this.#notedFirst(file, report)),
        report,
      )
  }

  /** One after the other, so that no crash brings an older one back without those behind it. What cannot be removed is found at the next start. */
  remove(file: string): void {
    this.#removed = this.#removed.then(() => this.#remove(file)).catch(() => undefined)
  }

  async #remove(file: string): Promise<void> {
    await rm(join(this.#directory, file), { force: true })
    await syncDirectory(this.#directory)
  }

  /** Who hears of a write when it is durable, and noted if a file begins with it: a file that has anything acknowledged in it is missed. */
  #notedFirst(file: string, report: (cause: unknown) => void): (cause: unknown) => void {
    const number = this.#durable + 1
    if (numberOf(file) !== number) return report
    return (cause) => {
      if (cause === null) this.#note(number).then(() => report(null), report)
      else report(cause)
    }
  }

  /** Nothing is written any more when this resolves: a write under way ends first, for its file must not be closed under it. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#onClosed = resolve
    if (this.#isWriting) await promise
    await this.#removed
    await this.#file?.handle.close()
    this.#file = undefined
  }

  async #open(name: string): Promise<FileHandle> {
    await this.#file?.handle.close()
    const { O_APPEND, O_CREAT, O_DSYNC, O_WRONLY } = constants
    const flags = O_APPEND | O_CREAT | O_WRONLY | (this.#syncedBy === 'write' ? O_DSYNC : 0)
    const handle = await open(join(this.#directory, name), flags)
    this.#file = { name, handle }
    await syncDirectory(this.#directory)
    return handle
  }
}

async function syncFile(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
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
