// A disk in memory that forgets what was not synced, and can be damaged, held up and made to fail.

import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { type Damage, LogScanner, numberOf, type TornTail } from '../../../node/core/wal/scan.ts'
import { headerBytes } from '../../../node/core/wal/write-format.ts'
import {
  type LogPorts,
  type LogStart,
  LogWriter,
  type LogWriterOptions,
} from '../../../node/core/wal/writer.ts'

/** What a log says when it is opened. */
export interface OpenedLog {
  readonly texts: readonly string[]
  readonly damages: readonly Damage[]
  readonly tail: TornTail | undefined
  readonly start: LogStart
}

export class MemoryDisk {
  readonly files: Map<string, Buffer> = new Map()
  /** Bytes of each file that are durable. */
  readonly #durable = new Map<string, number>()
  #turn: (() => void)[] = []
  /** The write under way, until a test ends it. */
  #underWay: ((failure: unknown) => void) | undefined
  writes = 0
  /** The log that begins here. */
  readonly #log: number
  /** The last write that is noted elsewhere. */
  noted = 0

  readonly ports: LogPorts = {
    write: (file, parts, onDone) => {
      assert.equal(this.#underWay, undefined)
      this.writes++
      this.files.set(file, Buffer.concat([this.files.get(file) ?? Buffer.alloc(0), ...parts]))
      this.#underWay = (failure) => {
        if (failure === undefined) this.#durable.set(file, this.bytesOf(file).length)
        onDone(failure)
      }
    },
    remove: (file) => this.files.delete(file),
    endOfTurn: (callback) => this.#turn.push(callback),
    checksum: (bytes, seed) => crc32(bytes, seed),
  }

  constructor(log = 1) {
    this.#log = log
  }

  bytesOf(file: string): Buffer {
    const bytes = this.files.get(file)
    assert.ok(bytes, `${file} is there`)
    return bytes
  }

  /** The turn ends. */
  endTurn(): void {
    const turn = this.#turn
    this.#turn = []
    for (const callback of turn) callback()
  }

  /** The write under way is durable, or has failed. */
  finish(failure?: unknown): void {
    const done = this.#underWay
    this.#underWay = undefined
    done?.(failure)
  }

  get isWriting(): boolean {
    return this.#underWay !== undefined
  }

  /** Whoever waits for the write under way is gone. */
  abandon(): void {
    this.#underWay = undefined
  }

  /** Everything that was asked for is durable. */
  settle(): void {
    this.endTurn()
    while (this.#underWay !== undefined) this.finish()
  }

  /** The power fails: only what was durable is left, and so many bytes of what was not. */
  crash(moreBytes: number): void {
    for (const [file, bytes] of this.files)
      this.files.set(file, bytes.subarray(0, (this.#durable.get(file) ?? 0) + moreBytes))
  }

  /** Turns one bit over. */
  flip(file: string, offset: number, bit: number): void {
    const bytes = Buffer.from(this.bytesOf(file))
    bytes[offset] = (bytes[offset] ?? 0) ^ (1 << bit)
    this.files.set(file, bytes)
  }

  /** Reads the log and cuts a torn tail off. */
  open(): OpenedLog {
    const files = [...this.files.keys()].filter((file) => numberOf(file) !== undefined).sort()
    const texts: string[] = []
    const scanner = new LogScanner(this.ports.checksum, (body) => texts.push(body.toString()), this.#log)
    for (const [at, file] of files.entries()) scanner.scan(file, this.bytesOf(file), files[at + 1])
    scanner.finish(this.noted)
    const { tail, damages, next } = scanner
    if (tail !== undefined) this.files.set(tail.file, this.bytesOf(tail.file).subarray(0, tail.offset))
    const last = files.at(-1)
    const start = { file: last, bytes: last === undefined ? 0 : this.bytesOf(last).length, next }
    return { texts, damages, tail, start }
  }

  /** A writer that goes on behind what is there. */
  writer(options: Partial<LogWriterOptions> = {}): LogWriter {
    const { start } = this.open()
    const { ports } = this
    const limits = { segmentBytes: 1_000_000, waitingBytesMax: 1000 }
    return new LogWriter({ ports, start, ...limits, onFailed: () => undefined, ...options })
  }

  /** Writes texts, each by itself. */
  append(texts: readonly string[], options: Partial<LogWriterOptions> = {}): this {
    const writer = this.writer(options)
    for (const text of texts) {
      writer.write([Buffer.from(text)], () => undefined)
      this.settle()
    }
    return this
  }
}

/** Bytes of a file with so many writes of one letter. */
export function bytesOfWrites(count: number): number {
  return count * (headerBytes + 1)
}
