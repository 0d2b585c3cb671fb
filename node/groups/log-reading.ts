// What the log of a node has, and whether the node may go on with it: where something that was durable is missing, it would vote on what it
// has forgotten. A start, `herald log inspect` and the simulator judge by this.

import type { Damage } from '../core/wal/scan.ts'
import { decodeRecords, type LogRecord } from '../wire/log-records.ts'
import { GroupRecovery } from './recovery.ts'

/** What was found in the folder of a log. */
export interface FoundLog {
  /** The folder. */
  readonly path: string
  /** Names of the files. */
  readonly files: readonly string[]
  readonly damages: readonly Damage[]
  /** The last write that is noted elsewhere as durable; 0 where none is. */
  readonly noted: number
}

export class LogReading {
  readonly recovery: GroupRecovery
  /** Hears the records of every write that can be read. */
  readonly #onRecords: ((records: readonly LogRecord[], write: number) => void) | undefined
  #first: number | undefined
  /** Number of the write that goes on with those before it. */
  #next: number | undefined
  /** Writes that are whole and no list of records. */
  readonly strange: number[] = []

  constructor(
    recovery: GroupRecovery = new GroupRecovery(),
    onRecords?: (records: readonly LogRecord[], write: number) => void,
  ) {
    this.recovery = recovery
    this.#onRecords = onRecords
  }

  /** Takes the next write that can be read. */
  onWrite(body: Uint8Array, number: number): void {
    const records = decodeRecords(body)
    if (records === undefined) {
      this.strange.push(number)
      return
    }
    this.#onRecords?.(records, number)
    this.#first ??= number
    // What lies behind a hole fits nothing.
    if (number !== (this.#next ?? number)) return
    this.#next = number + 1
    this.recovery.onRecords(records, number)
  }

  /** Why nobody may go on with the log, the first cause first; nothing where it is whole, but for a torn tail. */
  problems({ path, files, damages, noted }: FoundLog): string[] {
    if (files.length === 0 && noted > 0) return [`${path}: the log is missing`]
    const problems = [
      ...damages.map(
        ({ file, offset, from, to }) =>
          `${path}/${file} from byte ${offset}: writes ${from} to ${to} cannot be read`,
      ),
      ...this.strange.map((number) => `${path}: write ${number} is no list of records`),
    ]
    // What the groups lack then follows from that.
    return problems.length > 0 ? problems : [...this.#missing(path)]
  }

  *#missing(path: string): Generator<string> {
    const { keptFrom, incomplete } = this.recovery
    if (this.#first !== undefined && this.#first > keptFrom)
      yield `${path}: its first file, with write ${keptFrom}, is missing`
    for (const group of incomplete) yield `${path}: entries of group ${group} are missing`
  }
}
