// Makes records durable, those of all groups together: while one write is under way the next gathers, and goes out when that is
// durable. Nobody waits for a timer; the slower the disk, the more a write carries. A write that fails ends the log: pages that could not be
// written may look clean to the system afterwards, so trying again could succeed without being true (Rebello et al., ATC 2020).

import { assert } from '../common/assert.ts'
import { gather } from './gather.ts'
import { segmentName } from './scan.ts'
import { type ChainPosition, type Checksum, headerBytes, sealWrite } from './write-format.ts'

/** What the log needs of its surroundings. */
export interface LogPorts {
  /**
   * Writes the parts behind the end of a file, which is created where it does not exist, and makes them and its name durable. Calls back
   * once, later, with what went wrong or with undefined. One call at a time.
   */
  write(file: string, parts: readonly Uint8Array[], onDone: (failure: unknown) => void): void
  /** Removes a file that nobody needs; whether that works out, nobody waits for. */
  remove(file: string): void
  /** Calls back when the current turn has ended: what it still brings travels along. */
  endOfTurn(callback: () => void): void
  readonly checksum: Checksum
}

export interface LogWriterOptions {
  readonly ports: LogPorts
  /** Where an existing log goes on: its last file with its size, and the chain. */
  readonly start: LogStart
  /** A file that has reached this is left, and the next write begins another one. */
  readonly segmentBytes: number
  /** Bytes that may wait for the write under way. */
  readonly waitingBytesMax: number
  /** Called once: the disk refused, and nothing that is not durable by now ever will be. */
  readonly onFailed: (cause: unknown) => void
}

export interface LogStart {
  readonly file: string | undefined
  readonly bytes: number
  readonly next: ChainPosition
  /** Names of all files, oldest first; if left out, there is no other one. */
  readonly files?: readonly string[]
}

/** Something that is to be durable, and who hears when it is. */
interface Waiting {
  readonly parts: readonly Uint8Array[]
  readonly onDurable: (number: number) => void
}

type State = 'idle' | 'gathering' | 'writing' | 'failed'

export class LogWriter {
  readonly #options: LogWriterOptions
  readonly #files: string[]
  #state: State = 'idle'
  #next: ChainPosition
  #file: string | undefined
  #fileBytes: number
  #waiting: Waiting[] = []
  #waitingBytes = 0

  constructor(options: LogWriterOptions) {
    this.#options = options
    const { next, file, bytes, files } = options.start
    this.#files = [...(files ?? (file === undefined ? [] : [file]))]
    this.#next = next
    this.#file = file
    this.#fileBytes = bytes
  }

  /** Whether more waits than should: who makes it should stop for a while. */
  get isFull(): boolean {
    return this.#waitingBytes >= this.#options.waitingBytesMax
  }

  get hasFailed(): boolean {
    return this.#state === 'failed'
  }

  /** Names of the files that there are, oldest first. */
  get files(): readonly string[] {
    return this.#files
  }

  /** Forgets the oldest file, which the caller removes. */
  forgetOldest(): void {
    this.#files.shift()
  }

  /**
   * Makes parts durable, in the order of the calls; `onDurable` hears in which write they are, and is never called after a failure. `isOwn`:
   * they do not count for `isFull`.
   */
  write(parts: readonly Uint8Array[], onDurable: (number: number) => void, isOwn = false): void {
    if (this.#state === 'failed') return
    this.#waiting.push({ parts, onDurable })
    if (!isOwn) for (const { length } of parts) this.#waitingBytes += length
    if (this.#state !== 'idle') return
    this.#state = 'gathering'
    this.#options.ports.endOfTurn(() => this.#begin())
  }

  /** Writes everything that waits. */
  #begin(): void {
    const { ports, segmentBytes } = this.#options
    const batch = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#state = 'writing'
    const parts = gather(batch.flatMap((each) => each.parts))
    const { header, next } = sealWrite(parts, this.#next, ports.checksum)
    if (this.#file === undefined || this.#fileBytes >= segmentBytes) {
      this.#file = segmentName(this.#next.number)
      this.#files.push(this.#file)
      this.#fileBytes = 0
    }
    this.#fileBytes += parts.reduce((sum, { length }) => sum + length, headerBytes)
    const { number } = this.#next
    this.#next = next
    ports.write(this.#file, [header, ...parts], (failure) => this.#onDone(batch, number, failure))
  }

  #onDone(batch: readonly Waiting[], number: number, failure: unknown): void {
    assert(this.#state === 'writing', 'one write is under way at a time')
    if (failure !== undefined) {
      this.#state = 'failed'
      this.#waiting = []
      this.#waitingBytes = 0
      return this.#options.onFailed(failure)
    }
    // What these bring to be written is not another turn's: it travels with what waits already.
    for (const { onDurable } of batch) onDurable(number)
    if (this.#waiting.length > 0) this.#begin()
    else this.#state = 'idle'
  }
}
