// Reading a log after a start. What cannot be read at its end was never durable, or nobody can know: it is cut off. What cannot be read
// in the middle was durable once, for a later write began only after that, and so was what was noted elsewhere: this is damage, and nothing
// may be decided as if it were not there (Alagappan et al., "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018).

import { HeraldError } from '../common/errors.ts'
import {
  type ChainPosition,
  type Checksum,
  type FoundWrite,
  findLaterWrite,
  isOlderFormat,
  readWrite,
} from './write-format.ts'

/** Something in the log that was durable and cannot be read. */
export interface Damage {
  readonly file: string
  /** Where it begins. */
  readonly offset: number
  /** Numbers of the writes that are lost with it. */
  readonly from: number
  readonly to: number
}

/** The end of the last file, which is no whole write. */
export interface TornTail {
  readonly file: string
  readonly offset: number
  readonly bytes: number
}

/** Reads the files of a log one after the other, in order of their names. */
export class LogScanner {
  readonly damages: Damage[] = []
  tail: TornTail | undefined = undefined
  readonly #checksum: Checksum
  readonly #onWrite: (body: Uint8Array, number: number) => void
  /** Number of the next write; undefined before the first file. */
  #number: number | undefined
  /** Number of the log; undefined before its first write. */
  #log: number | undefined
  /** What it is where it begins here. */
  readonly #newLog: number
  /** Checksum that the next write names; undefined where what it names is not there. */
  #previous: number | undefined = 0
  /** Where the last file that was read ends, or its torn tail begins. */
  #last: { readonly file: string; readonly offset: number } | undefined

  /** `onWrite` gets every write that can be read, in order. `newLog` is drawn, for a log that has no write yet. */
  constructor(checksum: Checksum, onWrite: (body: Uint8Array, number: number) => void, newLog: number) {
    this.#checksum = checksum
    this.#newLog = newLog
    this.#onWrite = onWrite
  }

  /** Where the log goes on. */
  get next(): ChainPosition {
    return { log: this.#log ?? this.#newLog, number: this.#expected, previous: this.#previous ?? 0 }
  }

  /**
   * Reads a file. `following` is the one behind it: it was begun when everything in this one was durable. Throws DATA_OUTDATED where it is of the
   * format before: that would pass for a torn tail, and be cut off.
   */
  scan(file: string, bytes: Uint8Array, following: string | undefined): void {
    if (isOlderFormat(bytes, this.#checksum))
      throw new HeraldError('DATA_OUTDATED', `${file} is of the format before this one`)
    this.#begin(numberOf(file) ?? 1)
    let offset = 0
    while (offset < bytes.length) {
      let write = readWrite(bytes, offset, this.#checksum)
      if (write === undefined || !this.#isNext(write)) {
        const after = { log: this.#log, number: this.#expected }
        const later = findLaterWrite(bytes, offset, after, this.#checksum)
        if (later === undefined) return this.#end(file, offset, bytes.length, following)
        this.damages.push({ file, offset, from: this.#expected, to: later.number - 1 })
        write = later
      }
      this.#log = write.log
      this.#onWrite(write.body, write.number)
      this.#number = write.number + 1
      this.#previous = write.checksum
      offset = write.end
    }
    this.#end(file, offset, bytes.length, following)
  }

  /** All files are read. Where a write is noted elsewhere as durable, and the log ends before it, the end is no torn tail, but lost. */
  finish(noted: number): void {
    if (noted < this.#expected) return
    const { file, offset } = this.#last ?? { file: segmentName(1), offset: 0 }
    this.damages.push({ file, offset, from: this.#expected, to: noted })
    this.tail = undefined
  }

  get #expected(): number {
    return this.#number ?? 1
  }

  #begin(first: number): void {
    if (this.#number !== undefined) return
    this.#number = first
    // Files before the first one were dropped on purpose, and with them what its first write names.
    if (first !== 1) this.#previous = undefined
  }

  #isNext({ log, number, previous }: FoundWrite): boolean {
    if (log !== (this.#log ?? log)) return false
    return number === this.#expected && (this.#previous === undefined || previous === this.#previous)
  }

  /** No write can be read from here on: the end of the log, or damage up to where the next file begins. */
  #end(file: string, offset: number, bytes: number, following: string | undefined): void {
    this.#last = { file, offset }
    const next = following === undefined ? undefined : numberOf(following)
    if (next === undefined) {
      if (offset < bytes) this.tail = { file, offset, bytes: bytes - offset }
    } else if (next !== this.#expected) {
      this.damages.push({ file, offset, from: this.#expected, to: next - 1 })
      this.#number = next
      this.#previous = undefined
    }
  }
}

const digits = 16

/** The name of the file whose first write this is; names sort like numbers. */
export function segmentName(firstNumber: number): string {
  return `${String(firstNumber).padStart(digits, '0')}.log`
}

/** The first write of a file, by its name; undefined where the name is none of the log's. */
export function numberOf(file: string): number | undefined {
  return /^\d{16}\.log$/.test(file) ? Number(file.slice(0, digits)) : undefined
}
