// Appends lines to the journal without ever making the caller wait: lines gather in memory while one write is in
// flight, and the next write takes all of them. What cannot be written is dropped, counted, and reported in the
// journal itself by a `dropped` line at the place where lines are missing; the node goes on.
//
// A file with a torn last line is left as it is and a new one begins, so that no byte that was read by somebody
// ever changes. The writer does not sync unless asked: a process that is killed loses nothing that was flushed.

import { type FileHandle, mkdir, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { HeraldError } from '../core/common/errors.ts'
import type { DroppedLine, JournalLine } from '../core/common/journal-lines.ts'
import { sealLine } from '../core/common/line-seal.ts'
import { toDiskFailure, toReason } from './disk-failure.ts'
import {
  inspectJournalFile,
  type JournalPosition,
  listJournalFiles,
  toJournalFileName,
} from './journal-files.ts'

/** Characters of lines that may wait for the disk: some 30 s of a busy journal. */
const waitingCharactersMax = 16 * 1024 * 1024

export interface JournalWriterOptions {
  /** The journal's folder; created if it does not exist. */
  readonly directory: string
  /** A file that has reached this is closed and the next begun. */
  readonly fileBytesMax: number
  /** Files kept; the oldest goes first. */
  readonly filesMax: number
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** The disk refuses: called once per episode, until a write succeeds again. */
  readonly onFailure: (error: HeraldError) => void
  /** So many lines are not in the journal and will not be. */
  readonly onDropped: (lines: number) => void
  /** For tests; the default is a named limit of this file. */
  readonly waitingCharactersMax?: number
}

/** What became of the lines and files since the writer was opened. */
export interface JournalCounters {
  readonly writtenLines: number
  readonly writtenBytes: number
  /** Files that were found with a torn last line. */
  readonly tornFiles: number
  /** Files removed because there were more than `filesMax`. */
  readonly expiredFiles: number
}

interface Waiter {
  /** Lines that must be settled (written or dropped) before the waiter goes on. */
  readonly settledLines: number
  readonly resolve: () => void
}

/** Lines on their way into the file together. */
interface Chunk {
  readonly lines: string[]
  characters: number
  /** How many of the lines are `dropped` lines, and what they report: if they fail as well, it is reported again. */
  dropped: { readonly lines: number; readonly reported: number }
}

/** The one writer of a node's journal. */
export class JournalWriter {
  readonly #options: JournalWriterOptions
  readonly #waitingMax: number
  #handle: FileHandle | undefined
  /** Number of the file that is written, and its whole lines' bytes. */
  #file: number
  #fileBytes: number
  /** What the next write takes. */
  #waiting: Chunk = emptyChunk()
  /** Lines dropped and not yet reported by a `dropped` line. */
  #unreportedLines = 0
  /** Lines taken, and those of them that are written or dropped. */
  #takenLines = 0
  #settledLines = 0
  #waiters: Waiter[] = []
  /** The work on the files that is under way; there is never more than one. */
  #working: Promise<void> | undefined
  #isClosed = false
  /** Why the disk refuses; undefined from the next write that succeeds on. */
  #failure: string | undefined
  readonly #counters = {
    writtenLines: 0,
    writtenBytes: 0,
    tornFiles: 0,
    expiredFiles: 0,
  }

  private constructor(options: JournalWriterOptions, file: number, fileBytes: number) {
    this.#options = options
    this.#waitingMax = options.waitingCharactersMax ?? waitingCharactersMax
    this.#file = file
    this.#fileBytes = fileBytes
  }

  /** Opens the journal at its end. Throws DISK_FAILED if the folder cannot be used at all. */
  static async open(options: JournalWriterOptions): Promise<JournalWriter> {
    try {
      await mkdir(options.directory, { recursive: true })
      const newest = (await listJournalFiles(options.directory)).at(-1)
      if (newest === undefined) return new JournalWriter(options, 1, 0)
      const { bytes, isTorn } = await inspectJournalFile(options.directory, newest)
      const writer = new JournalWriter(options, isTorn ? newest + 1 : newest, isTorn ? 0 : bytes)
      if (isTorn) writer.#counters.tornFiles++
      return writer
    } catch (cause) {
      throw toDiskFailure(options.directory, cause)
    }
  }

  get counters(): JournalCounters {
    return this.#counters
  }

  /** Why nothing can be written at present; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Everything flushed lies before this place. */
  get position(): JournalPosition {
    return { file: this.#file, offset: this.#fileBytes }
  }

  /** Takes a line; never waits, never throws. Lines after `close` are ignored. */
  append(line: JournalLine): void {
    if (this.#isClosed) return
    const text = JSON.stringify(line)
    if (this.#waiting.characters + text.length > this.#waitingMax) {
      this.#drop(1)
      return
    }
    this.#reportDropped()
    this.#take(text)
  }

  /** Resolves when every line so far is in the file, or dropped. With `sync`, also on the disk. */
  async flush(options: { readonly sync?: boolean } = {}): Promise<void> {
    this.#reportDropped()
    if (this.#settledLines < this.#takenLines) {
      await new Promise<void>((resolve) => {
        this.#waiters.push({ settledLines: this.#takenLines, resolve })
      })
    }
    if (options.sync !== true) return
    try {
      await this.#handle?.datasync()
    } catch (cause) {
      this.#fail(cause)
    }
  }

  /** Writes what waits, syncs and closes. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#reportDropped()
    this.#isClosed = true
    await this.flush({ sync: true })
    while (this.#working !== undefined) await this.#working
    await this.#handle?.close()
    this.#handle = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** Removes all files and goes on in a new one; its number is higher than any before. */
  async clear(): Promise<{ readonly files: number; readonly bytes: number }> {
    while (this.#working !== undefined) await this.#working
    const clearing = this.#clearFiles()
    this.#working = clearing.catch(() => undefined).then(() => this.#writeWaiting())
    return await clearing
  }

  #take(text: string): void {
    this.#takenLines++
    this.#waiting.lines.push(text)
    this.#waiting.characters += text.length
    this.#working ??= this.#writeWaiting()
  }

  /** Puts a `dropped` line where lines are missing: with the next line or flush, so a failing disk is not hammered. */
  #reportDropped(): void {
    if (this.#unreportedLines === 0 || this.#isClosed) return
    const lines = this.#unreportedLines
    this.#unreportedLines = 0
    const { dropped } = this.#waiting
    this.#waiting.dropped = { lines: dropped.lines + 1, reported: dropped.reported + lines }
    this.#take(JSON.stringify({ t: 'dropped', at: this.#options.now(), lines } satisfies DroppedLine))
  }

  async #writeWaiting(): Promise<void> {
    // Lines of the same turn of the event loop go into one write.
    await undefined
    while (this.#waiting.lines.length > 0) {
      const chunk = this.#waiting
      this.#waiting = emptyChunk()
      await this.#write(chunk)
      this.#settle(chunk.lines.length)
    }
    this.#working = undefined
  }

  async #write(chunk: Chunk): Promise<void> {
    // Numbered as they are written, so that a line that was dropped leaves no hole in the numbers.
    const lines = chunk.lines.map((text, index) => sealLine(text, this.#counters.writtenLines + index + 1))
    const bytes = Buffer.from(`${lines.join('\n')}\n`)
    try {
      if (this.#fileBytes >= this.#options.fileBytesMax) await this.#beginFile()
      this.#handle ??= await this.#openFile()
      await this.#handle.appendFile(bytes)
      this.#fileBytes += bytes.length
      this.#counters.writtenLines += chunk.lines.length
      this.#counters.writtenBytes += bytes.length
      this.#failure = undefined
    } catch (cause) {
      this.#drop(chunk.lines.length - chunk.dropped.lines)
      this.#unreportedLines += chunk.dropped.reported
      this.#fail(cause)
      await this.#cutTail()
    }
  }

  #drop(lines: number): void {
    this.#unreportedLines += lines
    if (lines > 0) this.#options.onDropped(lines)
  }

  #settle(lines: number): void {
    this.#settledLines += lines
    const settled = this.#waiters.filter((waiter) => waiter.settledLines <= this.#settledLines)
    if (settled.length === 0) return
    this.#waiters = this.#waiters.filter((waiter) => waiter.settledLines > this.#settledLines)
    for (const waiter of settled) waiter.resolve()
  }

  #fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    this.#failure = `the journal in ${this.#options.directory} cannot be written: ${toReason(cause)}`
    this.#options.onFailure(new HeraldError('DISK_FAILED', this.#failure, { cause }))
  }

  /** After a failed write, part of it may stand in the file. */
  async #cutTail(): Promise<void> {
    try {
      await this.#handle?.truncate(this.#fileBytes)
    } catch {
      await this.#handle?.close().catch(() => undefined)
      this.#handle = undefined
      this.#file++
      this.#fileBytes = 0
    }
  }

  async #openFile(): Promise<FileHandle> {
    const { directory, filesMax } = this.#options
    const handle = await open(join(directory, toJournalFileName(this.#file)), 'a')
    const numbers = await listJournalFiles(directory)
    for (const number of numbers.slice(0, Math.max(0, numbers.length - filesMax))) {
      await rm(join(directory, toJournalFileName(number)), { force: true })
      this.#counters.expiredFiles++
    }
    return handle
  }

  async #beginFile(): Promise<void> {
    const full = this.#handle
    this.#handle = undefined
    this.#file++
    this.#fileBytes = 0
    await full?.datasync()
    await full?.close()
  }

  async #clearFiles(): Promise<{ readonly files: number; readonly bytes: number }> {
    const { directory } = this.#options
    const removed = { files: 0, bytes: 0 }
    await this.#beginFile()
    for (const number of await listJournalFiles(directory)) {
      const path = join(directory, toJournalFileName(number))
      removed.bytes += (await stat(path)).size
      await rm(path)
      removed.files++
    }
    // The new file exists from now on, so that a restart does not begin again at number 1.
    this.#handle = await this.#openFile()
    return removed
  }
}

function emptyChunk(): Chunk {
  return { lines: [], characters: 0, dropped: { lines: 0, reported: 0 } }
}
